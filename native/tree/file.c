/* See file.h. */
#define _GNU_SOURCE
#include "tree/file.h"

#include "cred.h"
#include "task.h"
#include "tree/cgroup_tree.h"
#include "tree/task_files.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* generic_file_llseek() stops at s_maxbytes of procfs. */
enum { LIMITED_SEEK = 0x7fffffff };

static bool is_path_only(const struct file *f)
{
	return f->flags & O_PATH;
}

static bool may_read(const struct file *f)
{
	int mode = f->flags & O_ACCMODE;

	return !is_path_only(f) && (mode == O_RDONLY || mode == O_RDWR);
}

static bool may_write(const struct file *f)
{
	int mode = f->flags & O_ACCMODE;

	return !is_path_only(f) && (mode == O_WRONLY || mode == O_RDWR);
}

/* What open(2) needs: O_ACCMODE 3 asks for both and gives neither; O_TRUNC writes. */
static int wanted_access(int flags)
{
	static const int masks[4] = { R_OK, W_OK, R_OK | W_OK, R_OK | W_OK };

	return masks[flags & O_ACCMODE] | (flags & O_TRUNC ? W_OK : 0);
}

static bool is_temporary(int flags)
{
	return (flags & O_TMPFILE) == O_TMPFILE;
}

/* build_open_flags(): what no file is looked for with. An O_PATH open has no flags but those that find the file. */
static int check_flags(const struct world *w, int *flags)
{
	if (*flags & O_PATH)
		*flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	if (is_temporary(*flags))
		return (*flags & O_ACCMODE) == O_RDONLY || (*flags & O_CREAT) ? -EINVAL : 0;
	if ((*flags & O_CREAT) && (*flags & O_DIRECTORY) && w->rules.creating_refuses_directory)
		return -EINVAL;
	return 0;
}

/* A temporary file is made in the directory: whoever may not write there hears of that first. */
static int check_temporary(const struct world *w, const struct caller *who, const struct node *directory)
{
	int error = tree_permission(w, directory, who, W_OK | X_OK);

	return error ? error : -EOPNOTSUPP;
}

static int check_type(uint32_t mode, int flags)
{
	if ((flags & O_CREAT) && (flags & O_EXCL))
		return -EEXIST;
	if ((flags & O_DIRECTORY) && !S_ISDIR(mode))
		return -ENOTDIR;
	if (S_ISLNK(mode))
		return flags & O_PATH ? 0 : -ELOOP;
	if (S_ISDIR(mode) && !(flags & O_PATH) && ((wanted_access(flags) & W_OK) || (flags & O_CREAT)))
		return -EISDIR;
	return 0;
}

/* do_open(), may_open(), do_dentry_open(): type, permission, O_NOATIME, the file's own, O_DIRECT, in that order. */
int check_open(const struct world *w, const struct caller *who, const struct node *node, int flags)
{
	int error;

	if (is_temporary(flags) && node->entry->directory)
		return check_temporary(w, who, node);
	error = check_type(node->entry->mode, flags);
	if (error || (flags & O_PATH))
		return error;
	error = tree_permission(w, node, who, wanted_access(flags));
	if (error)
		return error;
	if ((node->entry->flags & SYSLOG) && !(who->caps & (CAP_BIT(CAP_SYSLOG) | CAP_BIT(CAP_SYS_ADMIN))))
		return -EPERM;
	if ((flags & O_NOATIME) && !tree_is_owner(w, node, who))
		return -EPERM;
	if ((node->entry->flags & NEEDS_RESOURCE) && (flags & O_ACCMODE) && !(who->caps & CAP_BIT(CAP_SYS_RESOURCE)))
		return -EPERM;
	error = tree_guard(w, node, who);
	return error || !(flags & O_DIRECT) ? error : -EINVAL;
}

int open_node(struct world *w, const struct caller *who, const struct node *node, int flags, struct file **out)
{
	int error = check_open(w, who, node, flags);
	struct file *f;

	if (error)
		return error;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->world = w;
	f->entry = node->entry;
	f->level = node->level;
	f->place = node->place;
	f->number = node->number;
	f->pid = node->task ? node->task->pid : 0;
	f->serial = node->task ? node->task->serial : 0;
	f->flags = flags;
	f->record = klog_first(&w->log);
	f->caps = who->caps;
	f->real = -1;
	text_init(&f->text);
	w->open_files++;
	w->cgroups.watched += (node->entry->flags & NOTIFIES) != 0;
	*out = f;
	return 0;
}

int open_path(struct world *w, const struct caller *who, const char *path, int flags, struct file **out)
{
	struct node node;
	int error = check_flags(w, &flags);

	if (!error)
		error = tree_resolve(w, who, path, !(flags & O_NOFOLLOW), &node);
	return error ? error : open_node(w, who, &node, flags, out);
}

int open_below(struct file *directory, const struct caller *who, const char *name, int flags, struct file **out)
{
	struct node here, found;
	int error;

	error = check_flags(directory->world, &flags);
	if (error)
		return error;
	if (!directory->entry->directory)
		return -ENOTDIR;
	error = file_node(directory, &here);
	if (!error)
		error = tree_search(directory->world, &here, who);
	if (!error)
		error = tree_lookup(directory->world, &here, name, strlen(name), &found);
	return error ? error : open_node(directory->world, who, &found, flags, out);
}

void close_file(struct file *f)
{
	struct world *w = f->world;
	bool is_last;

	world_lock(w);
	psi_trigger_destroy(f->trigger);
	w->cgroups.watched -= (f->entry->flags & NOTIFIES) != 0;
	is_last = !--w->open_files && w->is_left;
	world_unlock(w);
	if (is_last)
		world_drop(w);
	if (f->real >= 0)
		close(f->real);
	text_drop(&f->text);
	free(f);
}

/* get_proc_task(): the task behind the pid that the file was opened for. */
static struct task *task_of(const struct file *f)
{
	struct task *t = f->pid ? pid_find(&f->world->pids, f->pid) : NULL;

	return t && t->serial == f->serial ? t : NULL;
}

int file_node(const struct file *f, struct node *out)
{
	*out = (struct node){ f->entry, task_of(f), f->level, f->place, f->number };
	return f->pid && !out->task ? -ESRCH : 0;
}

/* ---- read ---- */

/* Entries of a task that lack a function are the VFS's, those of the machine procfs' own. */
static int no_function(const struct file *f)
{
	return f->pid ? -EINVAL : -EIO;
}

static int generate(struct file *f, const struct caller *who)
{
	struct node node;
	int error = file_node(f, &node);

	text_drop(&f->text);
	if (error && !(f->entry->flags & OUTLIVES))
		return error;
	if (f->entry->flags & NOTIFIES)
		f->version = cgroup_version(f->world, &node);
	return f->entry->read ? f->entry->read(f->world, &node, who, &f->text) : no_function(f);
}

ssize_t copy_out(const struct file *f, void *buffer, size_t count, int64_t offset)
{
	size_t left = offset < (int64_t)f->text.length ? f->text.length - (size_t)offset : 0;

	if (count > left)
		count = left;
	if (!count)
		return 0;
	if (!buffer)
		return -EFAULT;
	memcpy(buffer, f->text.bytes + offset, count);
	return (ssize_t)count;
}

static ssize_t read_fresh(struct file *f, const struct caller *who, void *buffer, size_t count, int64_t offset)
{
	int error = generate(f, who);

	return error ? error : copy_out(f, buffer, count, offset);
}

/* kernfs has generic_file_llseek() for all files, and gives pwrite(2) back. */
static bool is_seq_file(const struct file *f)
{
	return f->entry->behaviour == SHOWN && !(f->entry->flags & KERNFS);
}

/* Where that fails, the file starts over. */
static int show(struct file *f, const struct caller *who)
{
	int error = generate(f, who);

	f->shown = !error;
	if (error)
		f->shown_to = 0;
	return error;
}

/* seq_read(): nothing is shown for nothing; another position than the expected one starts over. */
static ssize_t read_shown(struct file *f, const struct caller *who, void *buffer, size_t count, int64_t offset)
{
	ssize_t result;

	if (!count)
		return 0;
	if (!offset || !f->shown || offset != f->shown_to) {
		int error = show(f, who);

		if (error)
			return error;
	}
	result = copy_out(f, buffer, count, offset);
	if (result >= 0)
		f->shown_to = offset + result;
	return result;
}

/* rw_verify_area() */
static bool is_position(int64_t offset, size_t count)
{
	int64_t end;

	return offset >= 0 && count <= INT64_MAX && !__builtin_add_overflow(offset, (int64_t)count, &end);
}

ssize_t read_at(struct file *f, const struct caller *who, void *buffer, size_t count, int64_t offset)
{
	if (!may_read(f))
		return -EBADF;
	if (f->entry->directory)
		return -EISDIR;
	if (!is_position(offset, count))
		return -EINVAL;
	if (f->entry->behaviour == RECORDS)
		return kmsg_read(f, buffer, count, offset);
	if (f->entry->behaviour == TAKEN)
		return proc_kmsg_read(f, buffer, count);
	if (f->entry->behaviour == AT_START && offset)
		return 0;
	if (f->entry->behaviour == SHOWN)
		return read_shown(f, who, buffer, count, offset);
	return read_fresh(f, who, buffer, count, offset);
}

/* ---- write ---- */

bool refuses_pwrite(const struct file *f)
{
	return is_seq_file(f) && !is_path_only(f);
}

/* Only the files of sys look at the position, but no write may pass the last one there is. */
ssize_t write_to(struct file *f, const struct caller *who, const void *buffer, size_t count, int64_t offset)
{
	struct node node;

	if (!may_write(f))
		return -EBADF;
	if (!is_position(offset, count))
		return -EINVAL;
	if (!f->entry->write && !(f->entry->flags & PRESSURE))
		return no_function(f);
	if (!buffer && count)
		return -EFAULT;
	if (is_halted(f->world) && !(f->entry->flags & CONTROL))
		return -EHOSTDOWN;
	if (f->entry->flags & PRESSURE)
		return pressure_write(f, buffer ? buffer : "", count);
	file_node(f, &node);
	return f->entry->write(f->world, &node, who, buffer ? buffer : "", count, offset);
}

/* ---- lseek ---- */

static bool is_limited(const struct file *f)
{
	return f->entry->behaviour == FRESH_LIMITED || (f->entry->flags & KERNFS);
}

/* seq_lseek(): another position than the expected one is shown at once, not by the read that follows. */
static int64_t seek_shown(struct file *f, const struct caller *who, int64_t position)
{
	int error;

	if (position == f->shown_to)
		return f->position = position;
	f->shown = false;
	f->shown_to = position;
	error = position ? show(f, who) : 0;
	f->position = f->shown_to;
	return error ? error : position;
}

static int64_t seek_to(struct file *f, const struct caller *who, int64_t position)
{
	if (position < 0 || (is_limited(f) && position > LIMITED_SEEK))
		return -EINVAL;
	return is_seq_file(f) ? seek_shown(f, who, position) : (f->position = position);
}

/* generic_file_llseek() compares unsigned; default_llseek() signed, and finds the hole at 0 before that. */
static int64_t seek_data_or_hole(struct file *f, const struct caller *who, int64_t offset, int whence)
{
	if (is_seq_file(f))
		return -EINVAL;
	if (offset >= 0 || is_limited(f))
		return -ENXIO;
	return whence == SEEK_HOLE ? seek_to(f, who, 0) : -EINVAL;
}

/* The size is 0: there is no data and no hole behind any position. */
int64_t seek(struct file *f, const struct caller *who, int64_t offset, int whence)
{
	int64_t from = whence == SEEK_CUR ? f->position : 0, position;

	if (is_path_only(f))
		return -EBADF;
	if (f->entry->behaviour == RECORDS)
		return kmsg_seek(f, offset, whence);
	if (whence == SEEK_DATA || whence == SEEK_HOLE)
		return seek_data_or_hole(f, who, offset, whence);
	if (whence < SEEK_SET || whence > SEEK_END || (whence == SEEK_END && is_seq_file(f)))
		return -EINVAL;
	if (__builtin_add_overflow(from, offset, &position))
		return -EINVAL;
	return seek_to(f, who, position);
}

/* ---- poll ---- */

/* kernfs_generic_poll() */
static bool has_changed(const struct file *f)
{
	struct node node;
	uint64_t version;

	file_node(f, &node);
	version = cgroup_version(f->world, &node);
	return !version || version != f->version;
}

/* Every other file is always ready. */
unsigned int poll_file(struct file *f)
{
	if (f->entry->flags & NOTIFIES)
		return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | (has_changed(f) ? POLLERR | POLLPRI : 0);
	if (f->entry->flags & PRESSURE)
		return psi_trigger_poll(f->trigger);
	if (f->entry->behaviour == RECORDS)
		return kmsg_poll(f);
	if (f->entry->behaviour == TAKEN)
		return proc_kmsg_poll(f);
	return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM;
}

/* A trigger or a change is waited for with POLLPRI: that its file can be read and written, too, wakes nobody. */
bool file_is_ready(const struct file *f)
{
	if (f->entry->flags & NOTIFIES)
		return has_changed(f);
	if (f->entry->flags & PRESSURE)
		return !f->trigger || psi_trigger_is_ready(f->trigger);
	if (f->entry->behaviour == TAKEN)
		return proc_kmsg_poll(f);
	return f->entry->behaviour != RECORDS || kmsg_poll(f);
}

int directory_entry(const struct file *f, int64_t *at, char name[256], struct node *out)
{
	struct node here;

	if (is_path_only(f))
		return -EBADF;
	if (!f->entry->directory)
		return -ENOTDIR;
	if (!may_read(f))
		return -EBADF;
	if (file_node(f, &here))
		return -ENOENT;
	if (f->entry->directory == &net_directory && !has_files(here.task))
		return -EINVAL;
	return tree_entry(f->world, &here, at, name, out);
}
