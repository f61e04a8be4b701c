/*
 * See adopt.h.
 *
 * Who is looked at here is usually blocked in a request of ours, and whatever locks it holds, it holds until we have
 * answered. So with the world's lock only `status`, `comm`, the links `exe` and `cwd` and the names in `task` are read
 * of the real procfs, which need none of them. For cmdline, environ and maps see real.h.
 */
#define _GNU_SOURCE
#include "adopt.h"

#include "candidates.h"
#include "charge.h"
#include "extra.h"
#include "pid.h"
#include "tree/tree.h"
#include "world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
	MOST_PROCESSES = 512,	/* each holds a descriptor, of which a process has 1024 */
	MOST_THREADS = 256,	/* of one of them */
	MOST_PARENTS = 32	/* that come with one */
};

/* What each counts as, in pages: 1 MiB resident. Its real size would make the world's sums depend on who looks. */
static const struct memory size_of_all = { .anon = 64, .file = 192, .ptes = 1, .pmds = 1, .total_vm = 856 };

struct real {
	int32_t pid;
	bool is_condemned;	/* it was sent SIGKILL, since the world has killed it, and has not ended yet */
	uint64_t serial;	/* of its task in the world */
	char comm[COMM_SIZE];	/* as it was last: what the world made of it since stays until the next exec */
};

struct adopter {
	int proc;
	bool kills;			/* whoever dies in the world dies; and who has not asked is taken in, too */
	int64_t looked;			/* when drop_ended() last ran */
	nfds_t count;
	struct real real[MOST_PROCESSES];
	struct pollfd end[MOST_PROCESSES];	/* pidfds: readable once the process has ended */
	uint8_t stands_in[PID_LIMIT / 8];	/* a bit for each pid that a placeholder has */
};

int adopter_new(struct world *w, int proc, bool kills)
{
	struct adopter *a;
	int own = fcntl(proc, F_DUPFD_CLOEXEC, 0);

	if (own < 0)
		return -errno;
	a = w->adopter ? w->adopter : calloc(1, sizeof(*a));
	if (!a) {
		close(own);
		return -ENOMEM;
	}
	if (w->adopter)
		close(a->proc);
	a->proc = own;
	a->kills = kills;
	w->adopter = a;
	return 0;
}

void adopter_drop(struct world *w)
{
	struct adopter *a = w->adopter;

	if (!a)
		return;
	for (nfds_t i = 0; i < a->count; i++)
		close(a->end[i].fd);
	close(a->proc);
	free(a);
	w->adopter = NULL;
}

int adopter_proc(const struct world *w) { return w->adopter->proc; }

void adopter_leave_out(struct world *w, int pid, bool stands_in)
{
	uint8_t *bits = &w->adopter->stands_in[pid / 8], bit = (uint8_t)(1 << pid % 8);

	*bits = stands_in ? *bits | bit : *bits & (uint8_t)~bit;
}

static bool is_placeholder(const struct adopter *a, int pid)
{
	return a->stands_in[pid / 8] & 1 << pid % 8;
}

/* ---- what the real procfs says ---- */

/* The first `size` - 1 bytes of a file, or "". */
static void read_real(const struct adopter *a, const char *path, char *text, size_t size)
{
	int fd = openat(a->proc, path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? 0 : read(fd, text, size - 1);

	text[length > 0 ? length : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

static void read_comm(const struct adopter *a, int pid, int tid, char comm[COMM_SIZE])
{
	char path[64], text[64];
	size_t length;

	snprintf(path, sizeof(path), "%d/task/%d/comm", pid, tid);
	read_real(a, path, text, sizeof(text));
	length = strcspn(text, "\n");
	memset(comm, 0, COMM_SIZE);
	memcpy(comm, text, length < COMM_SIZE ? length : COMM_SIZE - 1);
}

/* Of status. */
struct identity {
	int64_t tgid, ppid, threads, uid[3], gid[3];
};

static bool read_numbers(const char *text, const char *line, int64_t *out, int count)
{
	const char *at = strstr(text, line);
	char *end;

	if (!at)
		return false;
	at += strlen(line);
	for (int i = 0; i < count; i++, at = end) {
		out[i] = strtoll(at, &end, 10);
		if (end == at)
			return false;
	}
	return true;
}

/* The name stands in the first line, its newlines escaped: it cannot make lines of its own. */
static bool read_identity(const struct adopter *a, int pid, struct identity *out)
{
	char path[32], text[4096];

	snprintf(path, sizeof(path), "%d/status", pid);
	read_real(a, path, text, sizeof(text));
	return read_numbers(text, "\nTgid:\t", &out->tgid, 1) && read_numbers(text, "\nPPid:\t", &out->ppid, 1)
		&& read_numbers(text, "\nUid:\t", out->uid, 3) && read_numbers(text, "\nGid:\t", out->gid, 3)
		&& read_numbers(text, "\nThreads:\t", &out->threads, 1);
}

/* ---- who has ended ---- */

static bool has_ended(int end)
{
	struct pollfd polled = { .fd = end, .events = POLLIN };

	return poll(&polled, 1, 0) != 0;
}

static struct task *leader_of(const struct world *w, const struct real *real)
{
	struct task *t = pid_find(&w->pids, real->pid);

	return t && t->serial == real->serial ? t : NULL;
}

/* It leaves without anybody waiting for it, and whatever the world has done to it. */
static void leave(struct world *w, struct task *leader)
{
	struct task *t;

	while ((t = live_thread(leader->signal)))
		thread_dies(w, t);
	reap(w, leader);
}

static void forget(struct world *w, nfds_t i)
{
	struct adopter *a = w->adopter;
	struct task *leader = leader_of(w, &a->real[i]);

	if (leader)
		leave(w, leader);
	close(a->end[i].fd);
	a->count--;
	a->real[i] = a->real[a->count];
	a->end[i] = a->end[a->count];
}

static bool has_left(const struct world *w, const struct real *real)
{
	const struct task *leader = leader_of(w, real);

	return !leader || !live_thread(leader->signal);
}

static bool is_killed(const struct world *w, const struct real *real)
{
	const struct task *leader = leader_of(w, real);

	return has_left(w, real) || (leader->flags & TASK_KILLED);
}

/* Itself, whoever may have its number. It stays known until it has ended, and is not taken in again. */
static void condemn(struct adopter *a, nfds_t i)
{
	if (!a->real[i].is_condemned)
		syscall(SYS_pidfd_send_signal, a->end[i].fd, SIGKILL, NULL, 0);
	a->real[i].is_condemned = true;
}

static bool is_condemned(const struct adopter *a, int pid)
{
	for (nfds_t i = 0; i < a->count; i++)
		if (a->real[i].pid == pid && a->real[i].is_condemned)
			return true;
	return false;
}

void drop_ended(struct world *w)
{
	struct adopter *a = w->adopter;
	int ended = poll(a->end, a->count, 0);

	for (nfds_t i = a->count; i--;) {
		if ((ended > 0 && a->end[i].revents) || (!a->kills && has_left(w, &a->real[i])))
			forget(w, i);
		else if (a->kills && is_killed(w, &a->real[i]))
			condemn(a, i);
	}
}

static struct task *any_adopted(const struct world *w)
{
	for (struct signal *s = NULL; (s = process_after(w, s));)
		if (is_adopted(s->leader))
			return s->leader;
	return NULL;
}

void drop_adopted(struct world *w)
{
	for (struct task *leader; (leader = any_adopted(w));)
		leave(w, leader);
}

/* ---- taking in ---- */

static struct real *find_real(const struct world *w, const struct task *leader)
{
	struct adopter *a = w->adopter;

	for (nfds_t i = 0; i < a->count; i++)
		if (a->real[i].serial == leader->serial)
			return &a->real[i];
	return NULL;
}

static void add_thread(struct world *w, struct task *leader, int tid)
{
	struct task *t;

	if (pid_find(&w->pids, tid) || leader->signal->threads >= MOST_THREADS)
		return;
	if (clone_task(w, leader, CORE_CLONE_VM | CORE_CLONE_SIGHAND | CORE_CLONE_THREAD, tid, &t))
		return;
	t->flags |= TASK_ADOPTED;
	read_comm(w->adopter, leader->pid, tid, t->comm);
}

static void add_threads(struct world *w, struct task *leader)
{
	char path[32];
	struct dirent *entry;
	DIR *tasks;
	int fd;

	snprintf(path, sizeof(path), "%d/task", leader->pid);
	fd = openat(w->adopter->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	tasks = fd < 0 ? NULL : fdopendir(fd);
	if (!tasks)
		return;
	while ((entry = readdir(tasks)))
		if (entry->d_name[0] != '.')
			add_thread(w, leader, atoi(entry->d_name));
	closedir(tasks);
}

static void drop_ended_threads(struct world *w, struct task *leader)
{
	char path[64];

	for (struct task *t = leader->next, *next; t; t = next) {
		next = t->next;
		snprintf(path, sizeof(path), "%d/task/%d", leader->pid, t->pid);
		if (is_adopted(t) && faccessat(w->adopter->proc, path, F_OK, 0))
			thread_dies(w, t);
	}
}

/* uid 0 has every capability, others none, as on an ordinary machine. */
static void take_ids(struct world *w, struct task *t, const struct identity *identity)
{
	struct cred *cred = cred_new();

	if (!cred)
		return;
	cred->uid = (uint32_t)identity->uid[0];
	cred->euid = (uint32_t)identity->uid[1];
	cred->suid = (uint32_t)identity->uid[2];
	cred->gid = (uint32_t)identity->gid[0];
	cred->egid = (uint32_t)identity->gid[1];
	cred->sgid = (uint32_t)identity->gid[2];
	if (cred->euid)
		cred->effective = cred->permitted = 0;
	cred_put(t->cred);
	t->cred = cred;
	candidate_update(w, t->signal);
}

static bool has_ids(const struct cred *cred, const struct identity *identity)
{
	return cred->uid == (uint32_t)identity->uid[0] && cred->euid == (uint32_t)identity->uid[1]
		&& cred->suid == (uint32_t)identity->uid[2] && cred->gid == (uint32_t)identity->gid[0]
		&& cred->egid == (uint32_t)identity->gid[1] && cred->sgid == (uint32_t)identity->gid[2];
}

static struct task *adopt(struct world *w, int pid, int parents);

/* init, where its real parent is not in the namespace, or the world has another process of that pid. */
static struct task *parent_of(struct world *w, const struct identity *identity, int parents)
{
	int pid = (int)identity->ppid;
	struct task *parent = pid > 0 ? pid_find(&w->pids, pid) : NULL;

	if (!parent && pid > 0 && parents < MOST_PARENTS)
		parent = adopt(w, pid, parents + 1);
	if (!parent || !is_adopted(parent))
		parent = pid_find(&w->pids, 1);
	return parent && live_thread(parent->signal) ? live_thread(parent->signal) : NULL;
}

static bool descends_from(const struct task *t, const struct signal *ancestor)
{
	while (t && t->signal != ancestor)
		t = t->signal->parent;
	return t;
}

static void take_parent(struct world *w, struct task *leader, const struct identity *identity)
{
	struct task *parent = parent_of(w, identity, 0), *before = leader->signal->parent;

	if (parent && (!before || before->signal != parent->signal) && !descends_from(parent, leader->signal))
		set_parent(leader, parent);
}

/* The target of a real link, or "". */
static void read_link(const struct adopter *a, int pid, const char *name, char target[PATH_MAX])
{
	char path[64];
	ssize_t length;

	snprintf(path, sizeof(path), "%d/%s", pid, name);
	length = readlinkat(a->proc, path, target, PATH_MAX - 1);
	target[length > 0 ? length : 0] = '\0';
}

/* What is no path, or longer than one may be, is left as it was. */
static void take_paths(struct world *w, struct task *leader)
{
	char target[PATH_MAX];

	read_link(w->adopter, leader->pid, "exe", target);
	set_exe(leader->signal, target);
	read_link(w->adopter, leader->pid, "cwd", target);
	set_cwd(leader->signal, target);
}

/* What else can change in its life: who it is, its name by an exec, its threads. */
static void refresh(struct world *w, struct task *leader, struct real *real, const struct identity *identity)
{
	char comm[COMM_SIZE];

	if (!has_ids(leader->cred, identity))
		take_ids(w, leader, identity);
	read_comm(w->adopter, real->pid, real->pid, comm);
	if (memcmp(comm, real->comm, COMM_SIZE))
		set_comm(leader, comm, COMM_SIZE - 1);
	memcpy(real->comm, comm, COMM_SIZE);
	take_paths(w, leader);
	if (leader->signal->threads != identity->threads) {
		drop_ended_threads(w, leader);
		add_threads(w, leader);
	}
}

/* A fork of its parent that has exec'ed: with an mm of its own, and no arguments but its name. */
static struct task *create(struct world *w, int pid, const struct identity *identity, int parents)
{
	struct task *parent = parent_of(w, identity, parents), *t;

	if (!parent || pid_find(&w->pids, pid) || clone_task(w, parent, 0, pid, &t))
		return NULL;
	if (exec_task(w, t) < 0) {
		leave(w, t);
		return NULL;
	}
	mm_set_memory(w, t->mm, &size_of_all);
	t->flags |= TASK_ADOPTED;
	take_ids(w, t, identity);
	return t;
}

static void remember(struct world *w, struct task *leader, int end, const struct identity *identity)
{
	struct adopter *a = w->adopter;
	struct real *real = &a->real[a->count];

	*real = (struct real){ .pid = leader->pid, .serial = leader->serial };
	a->end[a->count++] = (struct pollfd){ .fd = end, .events = POLLIN };
	refresh(w, leader, real, identity);
}

/* A placeholder outlives for a moment him in the world behind whom it stands. */
static bool may_be_adopted(const struct adopter *a, int pid)
{
	return a->count < MOST_PROCESSES && !is_condemned(a, pid) && !is_placeholder(a, pid);
}

/* Its end is watched from before it is read, so that it is one process that all of this is about. */
static struct task *adopt_process(struct world *w, int pid, int parents)
{
	struct identity identity;
	struct task *t = NULL;
	int end = may_be_adopted(w->adopter, pid) ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

	if (end < 0)
		return NULL;
	if (!has_ended(end) && read_identity(w->adopter, pid, &identity))
		t = create(w, pid, &identity, parents);
	if (t && w->adopter->count < MOST_PROCESSES) {
		remember(w, t, end, &identity);
		return t;
	}
	if (t)
		leave(w, t);
	close(end);
	return NULL;
}

static struct task *adopt(struct world *w, int pid, int parents)
{
	struct identity identity;
	struct task *leader;

	if (!read_identity(w->adopter, pid, &identity))
		return NULL;
	if (identity.tgid == pid)
		return adopt_process(w, pid, parents);
	leader = pid_find(&w->pids, (int)identity.tgid);
	if (!leader)
		leader = adopt_process(w, (int)identity.tgid, parents);
	if (leader && is_adopted(leader) && is_leader(leader))
		add_thread(w, leader, pid);
	return pid_find(&w->pids, pid);
}

/* ---- doors ---- */

static int64_t coarse_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

bool is_itself(const struct world *w, const struct task *t)
{
	const struct adopter *a = w->adopter;
	const struct real *real = live_thread(t->signal) ? find_real(w, t->signal->leader) : NULL;

	if (!real)
		return false;
	return !has_ended(a->end[real - a->real].fd);
}

/* Once a tick of the host, whoever asks. */
static void look_after_all(struct world *w)
{
	int64_t now = coarse_now();

	if (w->adopter->looked != now)
		drop_ended(w);
	w->adopter->looked = now;
}

void adopt_caller(struct world *w, int pid)
{
	struct task *t;

	if (!w->adopter)
		return;
	look_after_all(w);
	t = pid > 0 ? pid_find(&w->pids, pid) : NULL;
	if (pid <= 0 || (t && !is_adopted(t)))
		return;
	if (!t || !is_itself(w, t))
		drop_ended(w);
	if (!pid_find(&w->pids, pid))
		adopt(w, pid, 0);
}

/* ---- who has not asked, in a lab ---- */

struct task *adopt_unasked(struct world *w, int pid)
{
	const struct adopter *a = w->adopter;

	return a && a->kills && may_be_adopted(a, pid) ? adopt(w, pid, 0) : NULL;
}

void adopt_all(struct world *w)
{
	struct dirent *entry;
	DIR *processes;
	int fd;

	if (!w->adopter || !w->adopter->kills)
		return;
	fd = openat(w->adopter->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	processes = fd < 0 ? NULL : fdopendir(fd);
	if (!processes)
		return;
	while ((entry = readdir(processes))) {
		int pid = parse_pid(entry->d_name, strlen(entry->d_name));

		if (pid && !pid_find(&w->pids, pid))
			adopt_unasked(w, pid);
	}
	closedir(processes);
}

struct task *adopted_now(struct world *w, struct task *t)
{
	int32_t pid = t->pid;
	struct identity identity;
	struct task *leader;
	struct real *real;

	drop_ended(w);
	t = pid_find(&w->pids, pid);
	leader = t ? t->signal->leader : NULL;
	real = leader && is_adopted(leader) ? find_real(w, leader) : NULL;
	if (real && read_identity(w->adopter, real->pid, &identity)) {
		take_parent(w, leader, &identity);
		refresh(w, leader, real, &identity);
	}
	return pid_find(&w->pids, pid);
}
