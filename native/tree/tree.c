/* See tree.h: the tables, and the way from a path to a node. */
#include "tree.h"

#include "cred.h"
#include "task.h"
#include "text.h"
#include "world.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct directory {
	const struct entry *entries;
	size_t count;
	/* Names that are numbers: the task of that id, and the first listed one at or after it. */
	struct task *(*find)(struct world *w, const struct node *directory, int pid);
	struct task *(*next)(struct world *w, const struct node *directory, int64_t *at);
	const struct entry *numbered;
	enum level level;
	uint32_t links;		/* st_nlink: what a real kernel shows, whose tree has more directories than ours yet */
};

enum { FIRST_NUMBER = 256, NUMBER_NAME = 16, NAME_MAX_BYTES = 255 };

static struct task *find_any(struct world *w, const struct node *directory, int pid)
{
	(void)directory;
	return pid_find(&w->pids, pid);
}

/* Threads are reachable in the root by their id, and not listed. */
static struct task *next_leader(struct world *w, const struct node *directory, int64_t *at)
{
	struct task *t = pid_first_from(&w->pids, (int)*at);

	(void)directory;
	while (t && !is_leader(t))
		t = pid_first_from(&w->pids, t->pid + 1);
	*at = t ? t->pid + 1 : PID_LIMIT;
	return t;
}

static struct task *find_thread(struct world *w, const struct node *directory, int pid)
{
	struct task *t = pid_find(&w->pids, pid);

	return t && t->signal == directory->task->signal ? t : NULL;
}

/* In the order of creation, leader first: the position counts them. */
static struct task *next_thread(struct world *w, const struct node *directory, int64_t *at)
{
	struct task *t = directory->task->signal->leader;

	(void)w;
	for (int64_t i = 0; t && i < *at; i++)
		t = t->next;
	(*at)++;
	return t;
}

static const struct directory thread_directory, threads_directory, process_directory, control_directory, sys_directory,
	vm_directory;

static const struct entry task_entries[] = {
	/* name            mode             behaviour      level    read                 write */
	{ "task",          S_IFDIR | 0555,  FRESH,         PROCESS, NULL,                NULL, &threads_directory, 0 },
	{ "cgroup",        S_IFREG | 0444,  SHOWN,         BOTH,    cgroup_read,         NULL, NULL, 0 },
	{ "cmdline",       S_IFREG | 0444,  FRESH,         BOTH,    cmdline_read,        NULL, NULL, 0 },
	{ "comm",          S_IFREG | 0644,  SHOWN,         BOTH,    comm_read,           comm_write, NULL, 0 },
	{ "oom_adj",       S_IFREG | 0644,  FRESH_LIMITED, BOTH,    oom_adj_read,        oom_adj_write, NULL, 0 },
	{ "oom_score",     S_IFREG | 0444,  SHOWN,         BOTH,    oom_score_read,      NULL, NULL, 0 },
	{ "oom_score_adj", S_IFREG | 0644,  FRESH,         BOTH,    oom_score_adj_read,  oom_score_adj_write, NULL, 0 },
	{ "stat",          S_IFREG | 0444,  SHOWN,         BOTH,    stat_read,           NULL, NULL, 0 },
	{ "statm",         S_IFREG | 0444,  SHOWN,         BOTH,    statm_read,          NULL, NULL, 0 },
	{ "status",        S_IFREG | 0444,  SHOWN,         BOTH,    status_read,         NULL, NULL, 0 },
};

static const struct entry root_entries[] = {
	{ "sys",           S_IFDIR | 0555,  FRESH,         BOTH,    NULL,                NULL, &sys_directory, SYSCTL },
	{ "vmstat",        S_IFREG | 0444,  SHOWN,         BOTH,    vmstat_read,         NULL, NULL, 0 },
	{ "meminfo",       S_IFREG | 0444,  SHOWN,         BOTH,    meminfo_read,        NULL, NULL, 0 },
	{ "sysrq-trigger", S_IFREG | 0200,  FRESH,         BOTH,    NULL,                sysrq_trigger_write, NULL, 0 },
	{ "self",          S_IFLNK | 0777,  FRESH,         BOTH,    self_read,           NULL, NULL, 0 },
	{ "thread-self",   S_IFLNK | 0777,  FRESH,         BOTH,    thread_self_read,    NULL, NULL, 0 },
	{ ".fakeproc",     S_IFDIR | 0555,  FRESH,         BOTH,    NULL,                NULL, &control_directory, UNLISTED | CONTROL },
};

static const struct entry sys_entries[] = {
	{ "vm",            S_IFDIR | 0555,  FRESH,         BOTH,    NULL,                NULL, &vm_directory, SYSCTL },
};

static const struct entry vm_entries[] = {
#define KNOB(name) { name, S_IFREG | 0644, AT_START, BOTH, NULL, NULL, NULL, SYSCTL }
	KNOB("min_free_kbytes"),
	KNOB("oom_dump_tasks"),
	KNOB("oom_kill_allocating_task"),
	KNOB("overcommit_memory"),
	KNOB("overcommit_ratio"),
	KNOB("panic_on_oom"),
	KNOB("swappiness"),
};

/* Answered by Python, but for kmsg, which file.c reads a record at a time. */
static const struct entry control_entries[] = {
	{ "ctl",           S_IFREG | 0644,  SHOWN,         BOTH,    NULL,                NULL, NULL, CONTROL },
	{ "explain",       S_IFREG | 0444,  SHOWN,         BOTH,    NULL,                NULL, NULL, CONTROL },
	{ "explain.json",  S_IFREG | 0444,  SHOWN,         BOTH,    NULL,                NULL, NULL, CONTROL },
	{ "kmsg",          S_IFREG | 0444,  RECORDS,       BOTH,    NULL,                NULL, NULL, CONTROL },
	{ "log",           S_IFREG | 0444,  SHOWN,         BOTH,    NULL,                NULL, NULL, CONTROL },
	{ "world",         S_IFREG | 0444,  SHOWN,         BOTH,    NULL,                NULL, NULL, CONTROL },
};

static const struct entry process_entry = { "", S_IFDIR | 0555, FRESH, BOTH, NULL, NULL, &process_directory, 0 };
static const struct entry thread_entry = { "", S_IFDIR | 0555, FRESH, BOTH, NULL, NULL, &thread_directory, 0 };

#define ENTRIES(table) table, sizeof(table) / sizeof(table[0])

static const struct directory
	root_directory = { ENTRIES(root_entries), find_any, next_leader, &process_entry, BOTH, 2 },
	sys_directory = { ENTRIES(sys_entries), NULL, NULL, NULL, BOTH, 1 },
	vm_directory = { ENTRIES(vm_entries), NULL, NULL, NULL, BOTH, 1 },
	process_directory = { ENTRIES(task_entries), NULL, NULL, NULL, PROCESS, 9 },
	threads_directory = { NULL, 0, find_thread, next_thread, &thread_entry, BOTH, 2 },
	thread_directory = { ENTRIES(task_entries), NULL, NULL, NULL, THREAD, 7 },
	control_directory = { ENTRIES(control_entries), NULL, NULL, NULL, BOTH, 2 };

static const struct entry root_entry = { "/", S_IFDIR | 0555, FRESH, BOTH, NULL, NULL, &root_directory, 0 };

/* A pid as procfs takes it in a name: digits only, no leading zero, below 2^31. 0 where it is none. */
static int parse_pid(const char *name, size_t length)
{
	int64_t pid = 0;

	if (!length || length > 10 || name[0] == '0')
		return 0;
	for (size_t i = 0; i < length; i++) {
		if (name[i] < '0' || name[i] > '9')
			return 0;
		pid = pid * 10 + (name[i] - '0');
	}
	return pid < PID_LIMIT ? (int)pid : 0;
}

static bool is_there(const struct directory *d, const struct entry *e, const struct world *w)
{
	return (e->level & d->level) && (e->directory != &control_directory || w->control.read);
}

static const struct entry *find_entry(const struct directory *d, const char *name, size_t length, const struct world *w)
{
	for (size_t i = 0; i < d->count; i++) {
		const struct entry *e = &d->entries[i];

		if (!strncmp(e->name, name, length) && !e->name[length] && is_there(d, e, w))
			return e;
	}
	return NULL;
}

int tree_lookup(struct world *w, const struct node *parent, const char *name, size_t length, struct node *out)
{
	const struct directory *d = parent->entry->directory;
	int pid = parse_pid(name, length);
	struct task *t = d->find && pid ? d->find(w, parent, pid) : NULL;
	const struct entry *e;

	if (length > NAME_MAX_BYTES)
		return -ENAMETOOLONG;
	if (t) {
		*out = (struct node){ d->numbered, t, d->numbered->directory->level };
		return 0;
	}
	e = find_entry(d, name, length, w);
	if (!e)
		return -ENOENT;
	*out = (struct node){ e, parent->task, d->level };
	return 0;
}

/* The path walked so far, so that ".." can go back. */
struct walk {
	struct node stack[TREE_DEPTH];
	int depth;
};

static int walk_path(struct world *w, const struct caller *who, const char *path, bool follow, bool links, struct walk *walk);

static int follow_link(struct world *w, const struct caller *who, struct walk *walk)
{
	struct node link = walk->stack[walk->depth];
	struct text target;
	int error;

	text_init(&target);
	error = link.entry->read(w, link.task, who, &target);
	if (!error)
		error = text_append(&target, "", 1);
	walk->depth = 0;
	if (!error)
		error = walk_path(w, who, target.bytes, true, false, walk);
	text_drop(&target);
	return error;
}

static int step(struct world *w, const char *name, size_t length, struct walk *walk)
{
	const struct node *here = &walk->stack[walk->depth];
	int error;

	if (!here->entry->directory)
		return -ENOTDIR;
	if (length == 1 && name[0] == '.')
		return 0;
	if (length == 2 && name[0] == '.' && name[1] == '.') {
		walk->depth -= walk->depth > 0;
		return 0;
	}
	if (walk->depth + 1 == TREE_DEPTH)
		return -ENOENT;
	error = tree_lookup(w, here, name, length, &walk->stack[walk->depth + 1]);
	walk->depth += !error;
	return error;
}

static bool at_link(const struct walk *walk)
{
	return S_ISLNK(walk->stack[walk->depth].entry->mode);
}

static int walk_path(struct world *w, const struct caller *who, const char *path, bool follow, bool links, struct walk *walk)
{
	int error = 0;

	while (*path && !error) {
		size_t length = strcspn(path, "/");
		bool last = !path[length];

		if (length)
			error = step(w, path, length, walk);
		if (!error && links && at_link(walk) && (follow || !last))
			error = follow_link(w, who, walk);
		if (!error && !last && !walk->stack[walk->depth].entry->directory)
			error = -ENOTDIR;
		path += length + !last;
	}
	return error;
}

int tree_resolve(struct world *w, const struct caller *who, const char *path, bool follow, struct node *out)
{
	struct walk walk = { .stack = { { &root_entry, NULL, BOTH } }, .depth = 0 };
	int error = walk_path(w, who, path, follow, true, &walk);

	*out = walk.stack[walk.depth];
	return error;
}

/* Inode numbers: a block of 256 for each pid ever given out, the first block for the machine's own. */
static const struct { const struct entry *entries; size_t count; uint64_t first; } numbers[] = {
	{ ENTRIES(task_entries), 2 }, { ENTRIES(root_entries), 2 }, { ENTRIES(control_entries), 32 },
	{ ENTRIES(sys_entries), 48 }, { ENTRIES(vm_entries), 64 },
};

static uint64_t number_of(const struct entry *e)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (e >= numbers[i].entries && e < numbers[i].entries + numbers[i].count)
			return numbers[i].first + (uint64_t)(e - numbers[i].entries);
	return 1;
}

uint64_t tree_ino(const struct node *node)
{
	uint64_t block = node->task ? node->task->serial + 1 : 0;

	return block * 256 + number_of(node->entry) + (node->task && node->level == THREAD ? 128 : 0);
}

static uint32_t links_of(const struct world *w, const struct node *node)
{
	const struct directory *d = node->entry->directory;

	if (!d)
		return 1;
	if (d == &root_directory)
		return d->links + (uint32_t)w->process_count;
	return d == &threads_directory ? d->links + (uint32_t)node->task->signal->threads : d->links;
}

/* Directories show the task's own ids; files only where the task's own mm is dumpable (task_dump_owner). */
static void set_owner(const struct world *w, const struct node *node, struct status *out)
{
	const struct task *t = node->task;

	if (node->entry->flags & CONTROL) {
		out->uid = w->control.uid;
		out->gid = w->control.gid;
	} else if (t && (node->entry->directory || (t->mm && t->mm->dumpable == 1))) {
		out->uid = t->cred->euid;
		out->gid = t->cred->egid;
	}
}

void tree_status(const struct world *w, const struct node *node, struct status *out)
{
	*out = (struct status){
		.ino = tree_ino(node),
		.mode = node->entry->mode,
		.nlink = links_of(w, node),
		.block_size = 1024,
		.time = w->boot_time + (node->task ? node->task->start_time : 0),
		.size = node->entry->behaviour == RECORDS ? w->log.size : 0,
	};
	set_owner(w, node, out);
}

static bool has_cap(const struct caller *who, enum capability capability)
{
	return who->caps & CAP_BIT(capability);
}

static bool may_override(const struct status *s, const struct caller *who, int mask)
{
	bool searches = S_ISDIR(s->mode) && !(mask & W_OK);

	if ((mask == R_OK || searches) && has_cap(who, CAP_DAC_READ_SEARCH))
		return true;
	if ((mask & X_OK) && !S_ISDIR(s->mode) && !(s->mode & 0111))
		return false;
	return has_cap(who, CAP_DAC_OVERRIDE);
}

/* proc_pid_instantiate() and proc_task_instantiate() set S_IMMUTABLE. */
static bool is_immutable(const struct node *node)
{
	return node->entry == &process_entry || node->entry == &thread_entry;
}

bool sysctl_permits(uint32_t mode, const struct caller *who, int mask)
{
	if (!who->uid)
		mode >>= 6;
	else if (!who->gid)
		mode >>= 3;
	return !((uint32_t)mask & ~mode & 7);
}

/* inode_permission(), acl_permission_check() and capable_wrt_inode_uidgid() */
int tree_permission(const struct world *w, const struct node *node, const struct caller *who, int mask)
{
	struct status s;
	uint32_t bits;

	tree_status(w, node, &s);
	if ((mask & W_OK) && is_immutable(node))
		return -EPERM;
	if (node->entry->flags & SYSCTL)
		return sysctl_permits(s.mode, who, mask) ? 0 : -EACCES;
	if (who->uid == s.uid)
		bits = s.mode >> 6;
	else if (who->gid == s.gid)
		bits = s.mode >> 3;
	else
		bits = s.mode;
	if (!((uint32_t)mask & ~bits & 7))
		return 0;
	return may_override(&s, who, mask) ? 0 : -EACCES;
}

bool tree_is_owner(const struct world *w, const struct node *node, const struct caller *who)
{
	struct status s;

	tree_status(w, node, &s);
	return who->uid == s.uid || has_cap(who, CAP_FOWNER);
}

static int fixed_entry(struct world *w, const struct node *parent, int64_t *at, char name[256], struct node *out)
{
	const struct directory *d = parent->entry->directory;

	while (*at < (int64_t)d->count + 2) {
		const struct entry *e = &d->entries[*at - 2];

		(*at)++;
		if ((e->flags & UNLISTED) || !is_there(d, e, w))
			continue;
		*out = (struct node){ e, parent->task, d->level };
		strcpy(name, e->name);
		return 1;
	}
	return 0;
}

/* By hand: snprintf() was a quarter of a listing of 10,000 processes. */
static void print_pid(char name[NUMBER_NAME], int pid)
{
	char digits[NUMBER_NAME];
	size_t first = sizeof(digits) - 1;

	digits[first] = '\0';
	for (; pid; pid /= 10)
		digits[--first] = (char)('0' + pid % 10);
	strcpy(name, digits + first);
}

static int numbered_entry(struct world *w, const struct node *parent, int64_t *at, char name[256], struct node *out)
{
	const struct directory *d = parent->entry->directory;
	struct task *t;

	if (!d->next)
		return 0;
	if (*at < FIRST_NUMBER)
		*at = FIRST_NUMBER;
	*at -= FIRST_NUMBER;
	t = d->next(w, parent, at);
	*at += FIRST_NUMBER;
	if (!t)
		return 0;
	*out = (struct node){ d->numbered, t, d->numbered->directory->level };
	print_pid(name, t->pid);
	return 1;
}

/* Positions: 0 and 1 are . and .., then the table, then 256 + the number, as the kernel counts them in /proc. */
int tree_entry(struct world *w, const struct node *directory, int64_t *at, char name[256], struct node *out)
{
	if (*at < 2) {
		strcpy(name, *at ? ".." : ".");
		*out = *directory;
		(*at)++;
		return 1;
	}
	return fixed_entry(w, directory, at, name, out) || numbered_entry(w, directory, at, name, out);
}
