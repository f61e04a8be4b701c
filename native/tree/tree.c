/* See tree.h: the way from a path to a node, and what is the same for all nodes. */
#include "tree.h"

#include "cred.h"
#include "ptrace.h"
#include "task.h"
#include "text.h"
#include "tree/cgroup_tree.h"
#include "tree/task_files.h"
#include "world.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_NUMBER = 256, NAME_MAX_BYTES = 255, MOST_LINKS = 40 };
/* Inode numbers: a block for each pid ever given out, half of it for it as a thread; the first for the machine's own. */
enum { THREAD_BLOCK = 1 << 20, TASK_BLOCK = THREAD_BLOCK << 1 };
/* And far behind them a small one for each cgroup. */
static const uint64_t CGROUP_BLOCKS = 1ULL << 62, CGROUP_BLOCK = 1024;

static const struct entry root_entry = { "/", S_IFDIR | 0555, FRESH, BOTH, NULL, NULL, &root_directory, 0, 0 };

int parse_pid(const char *name, size_t length)
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

bool rule_holds(const struct world *w, size_t rule)
{
	return !rule || *((const bool *)&w->rules + rule - 1);
}

static bool is_there(const struct node *parent, const struct entry *e, const struct world *w)
{
	const struct directory *d = parent->entry->directory;

	if ((e->flags & CONTROL) && !e->directory && !w->control.read)
		return false;
	if (!(e->level & d->level) || !rule_holds(w, e->rule))
		return false;
	return !d->operations || d->operations->has(w, parent, e);
}

static struct node node_of(const struct node *parent, const struct entry *e)
{
	const struct directory *d = parent->entry->directory;

	return (struct node){ e, parent->task, d->level, d->first + (uint64_t)(e - d->entries), parent->number };
}

static const struct entry *find_entry(const struct node *parent, const char *name, size_t length, const struct world *w)
{
	const struct directory *d = parent->entry->directory;

	for (size_t i = 0; i < d->count; i++) {
		const struct entry *e = &d->entries[i];

		if (!strncmp(e->name, name, length) && !e->name[length] && is_there(parent, e, w))
			return e;
	}
	return NULL;
}

int tree_lookup(struct world *w, const struct node *parent, const char *name, size_t length, struct node *out)
{
	const struct directory *d = parent->entry->directory;
	const struct entry *e;

	if (length > NAME_MAX_BYTES)
		return -ENAMETOOLONG;
	if (d->find && d->find(w, parent, name, length, out))
		return 0;
	e = find_entry(parent, name, length, w);
	if (!e)
		return -ENOENT;
	*out = node_of(parent, e);
	return 0;
}

/* The path walked so far, so that ".." can go back. */
struct walk {
	struct node stack[TREE_DEPTH];
	int depth;
	int links;		/* followed so far */
};

static int walk_path(struct world *w, const struct caller *who, const char *path, bool follow, struct walk *walk);

/* Where an absolute one leads to is not in the tree. */
static int follow_link(struct world *w, const struct caller *who, struct walk *walk)
{
	struct node link = walk->stack[walk->depth--];
	struct text target;
	int error;

	if (++walk->links > MOST_LINKS)
		return -ELOOP;
	text_init(&target);
	error = link.entry->read(w, &link, who, &target);
	if (!error)
		error = text_append(&target, "", 1);
	if (!error)
		error = target.bytes[0] == '/' ? -ENOENT : walk_path(w, who, target.bytes, true, walk);
	text_drop(&target);
	return error;
}

static int step(struct world *w, const struct caller *who, const char *name, size_t length, struct walk *walk)
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
	error = tree_search(w, here, who);
	if (!error)
		error = tree_lookup(w, here, name, length, &walk->stack[walk->depth + 1]);
	walk->depth += !error;
	return error;
}

static bool at_link(const struct walk *walk)
{
	return S_ISLNK(walk->stack[walk->depth].entry->mode);
}

static int walk_path(struct world *w, const struct caller *who, const char *path, bool follow, struct walk *walk)
{
	int error = 0;

	while (*path && !error) {
		size_t length = strcspn(path, "/");
		bool last = !path[length];

		if (length)
			error = step(w, who, path, length, walk);
		if (!error && at_link(walk) && (follow || !last))
			error = follow_link(w, who, walk);
		if (!error && !last && !walk->stack[walk->depth].entry->directory)
			error = -ENOTDIR;
		path += length + !last;
	}
	return error;
}

int tree_resolve(struct world *w, const struct caller *who, const char *path, bool follow, struct node *out)
{
	struct walk walk = { .stack = { { &root_entry, NULL, BOTH, 1, 0 } } };
	int error = walk_path(w, who, path, follow, &walk);

	*out = walk.stack[walk.depth];
	return error;
}

uint64_t tree_ino(const struct node *node)
{
	uint64_t block = node->task ? node->task->serial + 1 : 0;

	if (node->entry->flags & KERNFS)
		return CGROUP_BLOCKS + node->number * CGROUP_BLOCK + node->place;
	return block * TASK_BLOCK + node->place + (node->task && node->level == THREAD ? THREAD_BLOCK : 0);
}

/* Most directories can be searched by everybody: that is cheaper to see than to ask for. */
static bool can_always_be_searched(const struct entry *directory)
{
	return (directory->mode & 0111) == 0111 && !(directory->flags & KERNFS);
}

int tree_search(const struct world *w, const struct node *directory, const struct caller *who)
{
	int error = tree_guard(w, directory, who);

	return error || can_always_be_searched(directory->entry) ? error : tree_permission(w, directory, who, X_OK);
}

int tree_guard(const struct world *w, const struct node *node, const struct caller *who)
{
	unsigned int flags = node->entry->flags;
	const struct task *t = node->task;

	if (!t)
		return 0;
	if ((flags & (OPENS_MM | OPENS_MAPS)) && !mm_of(t))
		return (flags & OPENS_MM) && w->rules.no_mm_refuses_open ? -ESRCH : 0;
	if ((flags & (GUARDED | OPENS_MM | OPENS_MAPS)) && !ptrace_may_access(w, who, t))
		return -EACCES;
	return (flags & OPENS_FS) && !has_files(t) ? -EINVAL : 0;
}

static uint32_t directories_in(const struct world *w, const struct node *node)
{
	const struct directory *d = node->entry->directory;
	uint32_t count = 0;

	for (size_t i = 0; i < d->count; i++)
		count += S_ISDIR(d->entries[i].mode) && is_there(node, &d->entries[i], w) && !(d->entries[i].flags & UNLISTED);
	return count;
}

static uint32_t links_of(const struct world *w, const struct node *node)
{
	const struct directory *d = node->entry->directory;

	if (!d)
		return 1;
	if (d == &root_directory)
		return d->links + directories_in(w, node) + (uint32_t)process_count(w);
	if (d == &net_directory && !has_files(node->task))
		return 2;
	return d == &threads_directory ? d->links + (uint32_t)node->task->signal->threads : d->links;
}

/* Directories that everybody may list show the task's own ids; the rest only where its mm is dumpable (task_dump_owner). */
static bool shows_owner(const struct node *node)
{
	const struct task *t = node->task;

	if (!t || (node->entry->flags & NET_FILE))
		return false;
	return node->entry->mode == (S_IFDIR | 0555) || (t->mm && t->mm->dumpable == 1);
}

static void set_owner(const struct world *w, const struct node *node, struct status *out)
{
	const struct task *t = node->task;

	if (node->entry->flags & CONTROL) {
		out->uid = w->control.uid;
		out->gid = w->control.gid;
	} else if (shows_owner(node)) {
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
		.size = node->task ? task_file_size(w, node) : node->entry->behaviour == RECORDS ? w->log.size : 0,
	};
	if (node->entry->flags & KERNFS)
		cgroup_status(w, node, out);
	else
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

static bool is_of_its_group(const struct world *w, const struct node *node, const struct caller *who)
{
	const struct task *by = node->task ? pid_find(&w->pids, who->pid) : NULL;

	return by && by->signal == node->task->signal;
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
	if (!((uint32_t)mask & ~bits & 7) || may_override(&s, who, mask))
		return 0;
	return (node->entry->flags & OPEN_TO_GROUP) && is_of_its_group(w, node, who) ? 0 : -EACCES;
}

bool tree_is_owner(const struct world *w, const struct node *node, const struct caller *who)
{
	struct status s;

	tree_status(w, node, &s);
	return who->uid == s.uid || has_cap(who, CAP_FOWNER);
}

static bool table_entry(const struct world *w, const struct node *parent, int64_t *at, char name[256], struct node *out)
{
	const struct directory *d = parent->entry->directory;

	while (*at < (int64_t)d->count + 2) {
		const struct entry *e = &d->entries[*at - 2];

		(*at)++;
		if ((e->flags & UNLISTED) || !is_there(parent, e, w))
			continue;
		*out = node_of(parent, e);
		strcpy(name, e->name);
		return true;
	}
	return false;
}

/* By hand: snprintf() was a quarter of a listing of 10,000 processes. */
void print_number(char name[256], uint64_t number)
{
	char digits[24];
	size_t first = sizeof(digits) - 1;

	digits[first] = '\0';
	do
		digits[--first] = (char)('0' + number % 10);
	while (number /= 10);
	strcpy(name, digits + first);
}

static bool other_entry(struct world *w, const struct node *parent, int64_t *at, char name[256], struct node *out)
{
	const struct directory *d = parent->entry->directory;
	bool found;

	if (!d->next)
		return false;
	if (*at < FIRST_NUMBER)
		*at = FIRST_NUMBER;
	*at -= FIRST_NUMBER;
	found = d->next(w, parent, at, name, out);
	*at += FIRST_NUMBER;
	return found;
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
	return table_entry(w, directory, at, name, out) || other_entry(w, directory, at, name, out);
}
