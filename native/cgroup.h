/*
 * The cgroup v2 hierarchy: who is in which, and what is kept for it. Every process is in exactly one, and begins in
 * that of its creator. Who is dead does not keep a cgroup from being removed: it is then out of the hierarchy, and
 * goes when the last of them is reaped.
 */
#ifndef CGROUP_H
#define CGROUP_H

#include "fakeproc.h"
#include "vm_event.h"

#include <stdbool.h>

struct signal;
struct world;

static const int64_t UNLIMITED = CGROUP_UNLIMITED;	/* pages */
enum { CGROUP_NAME = 255, CGROUP_PATH = 4096 };	/* bytes; the path's NUL is among them */

/* All that there are, by id; the root is the first. */
struct cgroups {
	struct cgroup **all;
	size_t count, room;
	uint64_t last_id;
};

struct cgroup {
	char *name;			/* NULL for the root */
	uint64_t id;			/* never used again in this world: good for an inode number */
	struct cgroup *parent;
	struct cgroup **children;	/* by name */
	size_t child_count;
	struct cgroup *first_child, *last_child, *sibling_older, *sibling_newer;	/* as they were made */
	struct signal *oldest, *newest;	/* its processes, as they joined; the dead among them until they are reaped */
	size_t process_count;
	size_t remains;			/* children that were removed and still have somebody dead in them */
	bool removed, oom_group, frozen;
	struct cgroup_limits limits;
	struct usage usage;		/* of the whole subtree, see charge.h */
	int64_t peak;			/* the most resident pages that it ever held */
	uint64_t events[MEMORY_EVENTS], local_events[MEMORY_EVENTS];
	uint64_t vm_events[VM_EVENTS];	/* of the whole subtree; the root's are the machine's */
};

int cgroups_init(struct world *w);		/* or -ENOMEM */
void cgroups_drop(struct world *w);

bool is_cgroup_path(const char *path);
/* NULL where there is none. */
struct cgroup *cgroup_find(struct world *w, const char *path);
struct cgroup *cgroup_child(const struct cgroup *parent, const char *name, size_t length);
/* Also one that was removed, as long as somebody dead is in it. */
struct cgroup *cgroup_by_id(const struct world *w, uint64_t id);
/* As mkdir(2): -EEXIST, -EINVAL for what is no name, -ENAMETOOLONG, -ENODEV where the parent was removed. */
int cgroup_make(struct world *w, struct cgroup *parent, const char *name, struct cgroup **out);
/* Finds it, or makes it and what lacks above it. -EINVAL where the path is none. */
int cgroup_open(struct world *w, const char *path, struct cgroup **out);
/* As rmdir(2): -EBUSY for the root, with children, or with somebody alive in it. */
int cgroup_remove(struct world *w, struct cgroup *cg);

/* Is it that cgroup, or below it? */
bool cgroup_is_below(const struct cgroup *cg, const struct cgroup *top);
/* Is anybody alive in it, or below it? */
bool cgroup_is_populated(const struct cgroup *cg);
/* Points into `path`. */
const char *cgroup_path(const struct cgroup *cg, char path[CGROUP_PATH]);
/* The next of the subtree in the kernel's order: who is above comes first, brothers as they were made. NULL at the end. */
struct cgroup *cgroup_next(const struct cgroup *top, const struct cgroup *at);
/* The processes of a subtree, cgroup by cgroup in that order, in each as they joined; after = NULL: the first. */
struct signal *cgroup_next_process(const struct cgroup *top, const struct signal *after);

void cgroup_join(struct cgroup *cg, struct signal *signal);
void cgroup_leave(struct world *w, struct signal *signal);
/* Its mm's pages move along where it is the oldest on that mm. A real kernel leaves them where they were charged. */
void cgroup_move(struct world *w, struct signal *signal, struct cgroup *to);
/* Where a child of this one begins: not in a cgroup that was removed. */
struct cgroup *cgroup_of_child(const struct signal *creator);

/* Counts one of MEMORY_LOW ..., there and above: memory.events. */
void cgroup_event(struct cgroup *cg, int event);

#endif
