/*
 * FUSE operations over the tree: path -> node -> bytes. Python puts these functions into fusepy's table.
 *
 * The few types of libfuse 2.9 that are needed stand here, as they stand in fusepy for ctypes, so that
 * the core builds without its headers. Nothing here waits but the files of .fakeproc, for the interpreter, those of
 * adopted processes, for whoever they are about, and in a lab the kernel log, for its next record: then another thread
 * stands in, see stand_in.h.
 */
#define _GNU_SOURCE
#include "fakeproc.h"

#include "adopt.h"
#include "cred.h"
#include "follow.h"
#include "oom_adj.h"
#include "real.h"
#include "run.h"
#include "stand_in.h"
#include "surface.h"
#include "ticker.h"
#include "tree/file.h"
#include "tree/tree.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

struct fuse_file_info {
	int flags;
	unsigned long fh_old;
	int writepage;
	unsigned int direct_io : 1;
	unsigned int other_bits : 31;
	uint64_t fh;
	uint64_t lock_owner;
};

struct fuse_context {
	void *fuse;
	uid_t uid;
	gid_t gid;
	pid_t pid;
	void *private_data;
	mode_t umask;
};

typedef int (*fill_dir)(void *buffer, const char *name, const struct stat *status, off_t next);
typedef struct fuse_context *(*context_getter)(void);
typedef int (*notifier)(void *handle);
typedef void (*destroyer)(void *handle);

struct mount {
	struct world *world;
	int caps_policy;
	int proc;		/* a directory of the real procfs: /proc may be ourselves by now */
	int64_t looked;		/* host_nanoseconds(), when the world was last looked at */
	struct ticker ticker;
	struct follower follower;
	struct stand_ins *stand_ins;	/* NULL: nothing may wait, and no real procfs is hidden at HIDDEN */
	pthread_mutex_t serve_lock;	/* it ticks for one world at a time */
	int64_t speed;		/* thousandths */
	int64_t owed;		/* time that has passed for the host, but not yet for the world */
	int64_t horizon;
	pthread_mutex_t poll_lock;
	struct poller *pollers;
	size_t poller_count;
};

/* Who polls an open file, until there is more in it. */
struct poller {
	struct file *file;
	void *handle;		/* libfuse's */
};

/* Functions of libfuse: the same for every mount of this process. */
static context_getter get_context;
static notifier notify_poll;
static destroyer destroy_handle;

/* ---- who asks ---- */

/* The text of a file of the host's procfs, or "". */
static void host_file(const struct mount *m, pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "%d/%s", (int)pid, name);
	fd = openat(m->proc, path, O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? 0 : read(fd, text, size - 1);
	text[length > 0 ? length : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

static bool in_our_user_namespace(const struct mount *m, pid_t pid)
{
	struct stat ours, theirs;
	char path[64];

	snprintf(path, sizeof(path), "%d/ns/user", (int)pid);
	return !fstatat(m->proc, "self/ns/user", &ours, 0) && !fstatat(m->proc, path, &theirs, 0)
		&& ours.st_ino == theirs.st_ino;
}

static uint64_t caps_of_process(const struct mount *m, pid_t pid)
{
	char text[8192];
	const char *line;

	host_file(m, pid, "status", text, sizeof(text));
	line = strstr(text, "\nCapEff:\t");
	return line && in_our_user_namespace(m, pid) ? strtoull(line + 9, NULL, 16) : 0;
}

static uint64_t caps_of(const struct mount *m, const struct fuse_context *context)
{
	if (m->caps_policy == CAPS_CALLER)
		return caps_of_process(m, context->pid);
	return context->uid == 0 ? CAPS_ALL : 0;
}

static struct mount *current_mount(void)
{
	return get_context()->private_data;
}

static struct caller real_caller(void)
{
	const struct fuse_context *context = get_context();
	const struct mount *m = context->private_data;

	return (struct caller){
		.pid = context->pid, .uid = context->uid, .gid = context->gid,
		.caps = caps_of(m, context), .mems = UINT64_MAX,
	};
}

/* The deprecation line of oom_adj, once a boot, and that of a kill by memory.max: who else writes is not worth 5 us. */
static bool is_writer_named(const struct file *f)
{
	return (f->entry->flags & KERNFS) || (f->entry->write == oom_adj_write && oom_adj_names_writer(f->world));
}

static void name_writer(const struct mount *m, const struct file *f, struct caller *who)
{
	if (who->comm[0] || !is_writer_named(f))
		return;
	host_file(m, who->pid, "comm", who->comm, sizeof(who->comm));
	who->comm[strcspn(who->comm, "\n")] = '\0';
}

/* .fakeproc, but for the cgroups, is always judged by who really asks, so that a policy cannot lock its setter out. */
static struct caller caller_of(const struct world *w, bool is_control)
{
	return w->has_caller && !is_control ? w->caller : real_caller();
}

static bool is_control_path(const char *path)
{
	return !strncmp(path, "/.fakeproc", 10) && (!path[10] || (path[10] == '/' && strncmp(path + 11, "cgroup", 6)));
}

/* ---- wall time ---- */

static int64_t at_its_speed(const struct mount *m, int64_t nanoseconds)
{
	return nanoseconds / 1000 * m->speed + nanoseconds % 1000 * m->speed / 1000;
}

static void pass_time(struct mount *m, struct world *w)
{
	int64_t now = host_nanoseconds(), left = m->horizon - w->now, step;

	m->owed += at_its_speed(m, now - m->looked);
	m->looked = now;
	step = m->owed < left ? m->owed : left;
	if (step < 0)
		step = 0;
	m->owed -= step;
	run_until(w, w->now + step);
}

static struct world *enter(struct mount *m)
{
	struct world *w = m->world;

	world_lock(w);
	pass_time(m, w);
	w->alarm.now = w->now;
	return w;
}

/* The start of every request. */
static struct world *arrive(struct mount *m)
{
	pid_t client = get_context()->pid;
	struct world *w;

	follow_client(&m->follower, m->proc, client);
	w = enter(m);
	adopt_caller(w, client);
	return w;
}

/* ---- poll: nothing waits here. Whatever finds something new wakes who polls: a request, or the ticker ---- */

static bool is_ready(const struct file *f)
{
	bool ready;

	world_lock(f->world);
	ready = file_is_ready(f);
	world_unlock(f->world);
	return ready;
}

static void remove_poller(struct mount *m, size_t i)
{
	destroy_handle(m->pollers[i].handle);
	m->pollers[i] = m->pollers[--m->poller_count];
}

static void wake_pollers(struct mount *m)
{
	pthread_mutex_lock(&m->poll_lock);
	for (size_t i = m->poller_count; i--;)
		if (is_ready(m->pollers[i].file)) {
			notify_poll(m->pollers[i].handle);
			remove_poller(m, i);
		}
	pthread_mutex_unlock(&m->poll_lock);
}

static void forget_poller(struct mount *m, const struct file *f)
{
	pthread_mutex_lock(&m->poll_lock);
	for (size_t i = m->poller_count; i--;)
		if (m->pollers[i].file == f)
			remove_poller(m, i);
	pthread_mutex_unlock(&m->poll_lock);
}

/* Without memory for it nobody is woken: the poll ends with its timeout. */
static void remember_poller(struct mount *m, struct file *f, void *handle)
{
	struct poller *grown;

	pthread_mutex_lock(&m->poll_lock);
	grown = realloc(m->pollers, (m->poller_count + 1) * sizeof(*grown));
	if (grown) {
		m->pollers = grown;
		m->pollers[m->poller_count++] = (struct poller){ f, handle };
	} else {
		destroy_handle(handle);
	}
	pthread_mutex_unlock(&m->poll_lock);
}

/* Every request lets the world go on first: victims exit and the reaper reaps by themselves. */
static struct world *look(struct mount *m)
{
	struct world *w = arrive(m);

	world_unlock(w);
	wake_pollers(m);
	return w;
}

static int64_t at_hosts_speed(const struct mount *m, int64_t nanoseconds)
{
	return nanoseconds / m->speed * 1000 + nanoseconds % m->speed * 1000 / m->speed;
}

/* When the world's next event is due, by the host's clock: never while its clock does not get there. */
static int64_t due_on_host(const struct mount *m, const struct world *w)
{
	int64_t next = next_event(w), left = next - w->now;

	if (next > m->horizon || !m->speed || left > INT64_MAX / 2000)
		return INT64_MAX;
	return m->looked + at_hosts_speed(m, left);
}

static int64_t tick(void *mount)
{
	struct mount *m = mount;
	struct world *w;
	int64_t due;

	pthread_mutex_lock(&m->serve_lock);
	w = enter(m);
	due = due_on_host(m, w);
	alarm_set(w, m->ticker.bell);
	world_unlock(w);
	wake_pollers(m);
	pthread_mutex_unlock(&m->serve_lock);
	return due;
}

/* ---- operations on paths ---- */

static void fill_stat(const struct status *s, struct stat *out)
{
	memset(out, 0, sizeof(*out));
	out->st_ino = s->ino;
	out->st_mode = s->mode;
	out->st_nlink = s->nlink;
	out->st_uid = s->uid;
	out->st_gid = s->gid;
	out->st_blksize = s->block_size;
	out->st_size = s->size;
	out->st_atim = out->st_mtim = out->st_ctim
		= (struct timespec){ s->time / 1000000000, s->time % 1000000000 };
}

/* The shape of all of them: w and who for the path, and the result of a call of fakeproc.h. */
#define ON_PATH(path, call) \
	({ \
		struct world *w = look(current_mount()); \
		struct caller caller = caller_of(w, is_control_path(path)), *who = &caller; \
		(call); \
	})

static int fuse_getattr(const char *path, struct stat *out)
{
	struct status status;
	int error = ON_PATH(path, path_stat(w, who, path, &status));

	if (!error)
		fill_stat(&status, out);
	return error;
}

/* ---- adopted processes: links and contents of the real procfs ---- */

#define HIDDEN ".fakeproc/real"

static bool has_flag(const struct node *node, unsigned int flag)
{
	return (node->entry->flags & flag) && node->task && is_adopted(node->task);
}

/* From a link of the mount to the same one of the hidden procfs, which the kernel then follows as only it can. */
static ssize_t hidden_link(const char *path, char *buffer, size_t size)
{
	size_t length = 0;

	for (const char *slash = strchr(path + 1, '/'); slash && length + 3 < size; slash = strchr(slash + 1, '/'), length += 3)
		memcpy(buffer + length, "../", 3);
	return (ssize_t)length + snprintf(buffer + length, size - length, HIDDEN "%s", path);
}

static ssize_t real_link(const struct mount *m, const char *path, char *buffer, size_t size)
{
	if (m->stand_ins && !reads_link(m->proc, get_context()->pid))
		return hidden_link(path, buffer, size);
	return real_readlink(m->proc, path, buffer, size);
}

/* The world's own namespaces have none of the real kernel behind them. */
static bool is_in_our_namespaces(const struct node *node)
{
	const struct task *t = node->task;

	return (node->entry->flags & OF_PLACEHOLDER) && t && !t->signal->namespace && !t->cred->in_user_namespace;
}

/* Who has no placeholder (yet) keeps what the world says. */
static ssize_t link_of_placeholder(const struct mount *m, const char *path, char *buffer, size_t size, ssize_t told)
{
	ssize_t length = real_link(m, path, buffer, size);

	return length < 0 ? told : length;
}

static bool is_of_adopted(const struct file *f)
{
	struct node node;

	return !file_node(f, &node) && has_flag(&node, REAL) && is_itself(f->world, node.task);
}

/* Whose it is can be said once it is open: until then the number may have become another's. */
static int open_real(const struct mount *m, const struct file *f, const char *path)
{
	int fd;

	if (!LOCKED(f->world, is_of_adopted(f)) || !stand_in_for_me(m->stand_ins))
		return -1;
	fd = real_open(m->proc, path);
	back_again(m->stand_ins);
	if (fd < 0 || LOCKED(f->world, is_of_adopted(f)))
		return fd;
	close(fd);
	return -1;
}

static ssize_t read_real(const struct mount *m, const struct file *f, char *buffer, size_t size, off_t offset)
{
	ssize_t length;

	if (!stand_in_for_me(m->stand_ins))
		return -ENOMEM;
	length = pread(f->real, buffer, size, offset);
	length = length < 0 ? -errno : length;
	back_again(m->stand_ins);
	return length;
}

static int fuse_readlink(const char *path, char *buffer, size_t size)
{
	struct mount *m = current_mount();
	ssize_t length = size ? ON_PATH(path, path_readlink(w, who, path, buffer, size - 1)) : -EINVAL;

	if (length >= 0 && ON_PATH(path, WITH_NODE(w, who, path, false, has_flag(&node, MAGIC))) > 0)
		length = real_link(m, path, buffer, size - 1);
	else if (length >= 0 && m->stand_ins && ON_PATH(path, WITH_NODE(w, who, path, false, is_in_our_namespaces(&node))) > 0)
		length = link_of_placeholder(m, path, buffer, size - 1, length);
	if (length < 0)
		return (int)length;
	buffer[length] = '\0';
	return 0;
}

static int create_name(const char *path, mode_t mode) { return ON_PATH(path, path_create(w, who, path, mode)); }
static int fuse_mkdir(const char *path, mode_t mode) { return create_name(path, S_IFDIR | (mode & 07777)); }
static int fuse_mknod(const char *path, mode_t mode, dev_t device) { (void)device; return create_name(path, mode); }
static int fuse_symlink(const char *target, const char *path) { (void)target; return create_name(path, S_IFLNK); }
static int fuse_link(const char *from, const char *path) { (void)from; return create_name(path, 0); }
static int fuse_unlink(const char *path) { return ON_PATH(path, path_unlink(w, who, path)); }
static int fuse_rmdir(const char *path) { return ON_PATH(path, path_rmdir(w, who, path)); }
static int fuse_rename(const char *from, const char *to) { return ON_PATH(from, path_rename(w, who, from, to)); }
static int fuse_access(const char *path, int mask) { return ON_PATH(path, path_access(w, who, path, mask)); }

static int fuse_create(const char *path, mode_t mode, struct fuse_file_info *info)
{
	(void)info;
	return create_name(path, S_IFREG | mode);
}

static int fuse_chmod(const char *path, mode_t mode)
{
	return ON_PATH(path, path_chmod(w, who, path, mode));
}

static int fuse_chown(const char *path, uid_t uid, gid_t gid)
{
	return ON_PATH(path, path_chown(w, who, path, uid, gid));
}

static int fuse_utimens(const char *path, const struct timespec times[2])
{
	(void)times;
	return ON_PATH(path, path_utimens(w, who, path));
}

static int fuse_truncate(const char *path, off_t size)
{
	(void)size;
	return ON_PATH(path, path_truncate(w, who, path));
}

static int fuse_statfs(const char *path, struct statvfs *out)
{
	(void)path;
	memset(out, 0, sizeof(*out));
	out->f_bsize = out->f_frsize = 4096;
	out->f_namemax = 255;
	return 0;
}

static int fuse_getxattr(const char *path, const char *name, char *value, size_t size)
{
	return (int)ON_PATH(path, path_getxattr(w, who, path, name, value, size));
}

static int fuse_setxattr(const char *path, const char *name, const char *value, size_t size, int flags)
{
	return ON_PATH(path, path_setxattr(w, who, path, name, value, size, flags));
}

static int fuse_removexattr(const char *path, const char *name)
{
	return ON_PATH(path, path_removexattr(w, who, path, name));
}

static int fuse_listxattr(const char *path, char *list, size_t size)
{
	return (int)ON_PATH(path, path_listxattr(w, who, path, list, size));
}

/* ---- operations on open files ---- */

static struct file *file_of(const struct fuse_file_info *info)
{
	return (struct file *)(uintptr_t)info->fh;
}

static int fuse_open(const char *path, struct fuse_file_info *info)
{
	struct mount *m = current_mount();
	struct world *w = arrive(m);
	struct caller who = caller_of(w, is_control_path(path));
	struct file *f;
	int error = open_path(w, &who, path, info->flags | O_NOFOLLOW, &f);

	world_unlock(w);
	if (error)
		return error;
	if (m->stand_ins && (f->entry->flags & REAL))
		f->real = open_real(m, f, path);
	info->fh = (uint64_t)(uintptr_t)f;
	info->direct_io = 1;
	return 0;
}

/* At the end of a log, where a kernel has its reader wait; bytes from the middle of one just end. */
static bool awaits_record(const struct mount *m, const struct file *f)
{
	bool is_log = f->entry->behaviour == RECORDS || f->entry->behaviour == TAKEN;

	return m->stand_ins && is_log && !(f->flags & O_NONBLOCK) && !file_is_ready(f);
}

/* What the model says; NO_RECORD_YET is none of its answers. */
enum { NO_RECORD_YET = INT_MIN };

static int read_model(const struct mount *m, const struct fuse_file_info *info, char *buffer, size_t size, off_t offset)
{
	struct file *f = file_of(info);
	struct caller who;
	ssize_t result;

	world_lock(f->world);
	who = caller_of(f->world, f->entry->flags & CONTROL);
	f->flags = (f->flags & ~O_NONBLOCK) | (info->flags & O_NONBLOCK);
	result = read_at(f, &who, buffer, size, offset);
	if (result > 0)
		f->position += result;
	if (!result && size && awaits_record(m, f))
		result = NO_RECORD_YET;
	world_unlock(f->world);
	return (int)result;
}

/* 0 once there is one; -EINTR. Nobody tells this thread of either. */
static int wait_for_record(const struct mount *m, const struct file *f)
{
	const struct timespec moment = { .tv_nsec = 10000000 };
	bool is_interrupted = false;

	while (!is_interrupted && !is_ready(f)) {
		nanosleep(&moment, NULL);
		is_interrupted = m->stand_ins->requests.is_interrupted();
	}
	return is_interrupted ? -EINTR : 0;
}

static int fuse_read(const char *path, char *buffer, size_t size, off_t offset, struct fuse_file_info *info)
{
	struct mount *m = current_mount();
	struct file *f = file_of(info);
	int result;

	(void)path;
	look(m);
	if (f->real >= 0)
		return (int)read_real(m, f, buffer, size, offset);
	while ((result = read_model(m, info, buffer, size, offset)) == NO_RECORD_YET) {
		if (!stand_in_for_me(m->stand_ins))
			return 0;
		result = wait_for_record(m, f);
		back_again(m->stand_ins);
		if (result)
			return result;
	}
	return result;
}

static int fuse_write(const char *path, const char *bytes, size_t size, off_t offset, struct fuse_file_info *info)
{
	struct mount *m = current_mount();
	struct file *f = file_of(info);
	struct caller who;
	ssize_t result;

	(void)path;
	look(m);
	world_lock(f->world);
	who = caller_of(f->world, f->entry->flags & CONTROL);
	name_writer(m, f, &who);
	result = write_to(f, &who, bytes, size, offset);
	world_unlock(f->world);
	wake_pollers(m);
	return (int)result;
}

static int fuse_poll(const char *path, struct fuse_file_info *info, void *handle, unsigned int *events)
{
	struct mount *m = current_mount();
	struct file *f = file_of(info);

	(void)path;
	look(m);
	forget_poller(m, f);
	if (handle)
		remember_poller(m, f, handle);
	world_lock(f->world);
	*events = poll_file(f);
	world_unlock(f->world);
	return 0;
}

static int fuse_release(const char *path, struct fuse_file_info *info)
{
	(void)path;
	forget_poller(current_mount(), file_of(info));
	close_file(file_of(info));
	return 0;
}

static int fuse_fsync(const char *path, int data_only, struct fuse_file_info *info)
{
	(void)path, (void)data_only;
	return file_fsync(file_of(info));
}

static int fuse_ftruncate(const char *path, off_t size, struct fuse_file_info *info)
{
	(void)path, (void)size;
	return file_truncate(file_of(info));
}

static int fuse_fgetattr(const char *path, struct stat *out, struct fuse_file_info *info)
{
	struct status status;
	int error;

	(void)path;
	look(current_mount());
	error = file_stat(file_of(info), &status);
	if (!error)
		fill_stat(&status, out);
	return error;
}

static int fuse_opendir(const char *path, struct fuse_file_info *info)
{
	int flags = info->flags;
	int error;

	info->flags = (flags & ~O_ACCMODE) | O_RDONLY | O_DIRECTORY;
	error = fuse_open(path, info);
	info->flags = flags;
	info->direct_io = 0;
	return error;
}

static int fuse_readdir(const char *path, void *buffer, fill_dir fill, off_t offset, struct fuse_file_info *info)
{
	struct file *f = file_of(info);
	int64_t at = offset;
	char name[256];
	struct node node;
	int found;

	(void)path;
	look(current_mount());
	world_lock(f->world);
	while ((found = directory_entry(f, &at, name, &node)) > 0) {
		struct stat status = { .st_ino = tree_ino(&node), .st_mode = node.entry->mode };

		if (fill(buffer, name, &status, at))
			break;
	}
	world_unlock(f->world);
	return found < 0 ? found : 0;
}

/* ---- the table ---- */

static const struct { const char *name; void (*address)(void); } operations[] = {
#define OPERATION(name) { #name, (void (*)(void))fuse_##name }
	OPERATION(getattr), OPERATION(readlink), OPERATION(mknod), OPERATION(mkdir), OPERATION(unlink),
	OPERATION(rmdir), OPERATION(symlink), OPERATION(rename), OPERATION(link), OPERATION(chmod), OPERATION(chown), OPERATION(truncate),
	OPERATION(open), OPERATION(read), OPERATION(write), OPERATION(statfs), OPERATION(release), OPERATION(fsync),
	OPERATION(setxattr), OPERATION(getxattr), OPERATION(listxattr), OPERATION(removexattr),
	OPERATION(opendir), OPERATION(readdir),
	{ "releasedir", (void (*)(void))fuse_release },
	OPERATION(access), OPERATION(create), OPERATION(ftruncate), OPERATION(fgetattr), OPERATION(utimens),
	OPERATION(poll),
};

size_t fuse_operation_count(void) { return sizeof(operations) / sizeof(operations[0]); }
const char *fuse_operation_name(size_t i) { return i < fuse_operation_count() ? operations[i].name : NULL; }

void *fuse_operation_address(size_t i)
{
	void *address = NULL;

	if (i < fuse_operation_count())
		memcpy(&address, &operations[i].address, sizeof(address));
	return address;
}

struct mount *mount_new(struct world *w, void *getter, int caps_policy, int proc)
{
	struct mount *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	memcpy(&get_context, &getter, sizeof(get_context));
	m->caps_policy = caps_policy;
	m->horizon = INT64_MAX;
	m->proc = fcntl(proc, F_DUPFD_CLOEXEC, 0);
	pthread_mutex_init(&m->poll_lock, NULL);
	pthread_mutex_init(&m->serve_lock, NULL);
	m->world = w;
	m->looked = host_nanoseconds();
	return m;
}

int mount_start(struct mount *m)
{
	int error = ticker_start(&m->ticker, tick, m);	/* first: its thread need not follow */

	follow_begin(&m->follower);
	return error;
}

int mount_reveal(struct mount *m, void *session, void *channel, size_t size, void *receive, void *process,
		 void *is_interrupted)
{
	struct requests requests = { .session = session, .channel = channel, .size = size };
	struct stand_ins *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	memcpy(&requests.receive, &receive, sizeof(receive));
	memcpy(&requests.process, &process, sizeof(process));
	memcpy(&requests.is_interrupted, &is_interrupted, sizeof(is_interrupted));
	stand_ins_begin(s, &requests);
	m->stand_ins = s;
	return 0;
}

static void forget_alarm(struct world *w)
{
	world_lock(w);
	w->alarm.is_set = false;
	world_unlock(w);
}

void mount_stop(struct mount *m)
{
	follow_end(&m->follower);
	ticker_stop(&m->ticker);
	forget_alarm(m->world);
	while (m->poller_count)
		remove_poller(m, m->poller_count - 1);
}

void mount_free(struct mount *m)
{
	if (m) {
		if (m->proc >= 0)
			close(m->proc);
		pthread_mutex_destroy(&m->poll_lock);
		pthread_mutex_destroy(&m->serve_lock);
		free(m->pollers);
		free(m->stand_ins);
	}
	free(m);
}

void fuse_set_poll(void *notify, void *destroy)
{
	memcpy(&notify_poll, &notify, sizeof(notify_poll));
	memcpy(&destroy_handle, &destroy, sizeof(destroy_handle));
}

void mount_serve(struct mount *m, struct world *w)
{
	pthread_mutex_lock(&m->serve_lock);
	forget_alarm(m->world);
	m->looked = host_nanoseconds();
	m->owed = 0;
	m->horizon = INT64_MAX;
	m->world = w;
	pthread_mutex_unlock(&m->serve_lock);
	ticker_ring(&m->ticker);
}

void mount_set_speed(struct mount *m, int64_t thousandths)
{
	struct world *w = enter(m);

	m->speed = thousandths;
	world_unlock(w);
	ticker_ring(&m->ticker);
}

void mount_set_horizon(struct mount *m, int64_t time)
{
	struct world *w = enter(m);

	m->horizon = time;
	world_unlock(w);
	ticker_ring(&m->ticker);
}

/* Nobody asks: whoever calls this is no thread of libfuse's. */
void mount_look(struct mount *m)
{
	world_unlock(enter(m));
	wake_pollers(m);
}

void fuse_set_caller(struct world *w, const struct caller *who)
{
	world_lock(w);
	w->has_caller = who != NULL;
	if (who)
		w->caller = *who;
	world_unlock(w);
}
