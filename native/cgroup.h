/*
 * The cgroup v2 hierarchy: who is in which, and what is kept for it. Every process is in exactly one, and begins in
 * that of its creator. Who is dead does not keep a cgroup from being removed: it is then out of the hierarchy, and
 * goes when the last of them is reaped.
 */
#ifndef CGROUP_H
#define CGROUP_H

#include "fakeproc.h"
#include "kernfs.h"
#include "psi.h"
#include "vm_event.h"

#include <stdbool.h>

struct signal;
struct world;

static const int64_t UNLIMITED = CGROUP_UNLIMITED;	/* pages */
enum { CGROUP_NAME = 255, CGROUP_PATH = 4096 };	/* bytes; the path's NUL is among them */

/* What a cgroup can be given to share out among those below it (cgroup.subtree_control), in the order of their names. */
enum { CONTROLS_CPU = 1, CONTROLS_IO = 2, CONTROLS_MEMORY = 4, CONTROLS_PIDS = 8, CONTROLS_ALL = 15 };

/* All that there are, by id; the root is the first. */
struct cgroups {
	struct cgroup **all;
	size_t count, room;
	uint64_t last_id;
	uint64_t changes;		/* counts what a poll of a file of theirs may tell */
	int watched;			/* such files that are open */
};

/* pids.*: tasks, the dead that are not yet reaped among them. */
struct pids {
	int64_t count, peak;		/* of the whole subtree */
	int64_t max;			/* UNLIMITED: none */
	uint64_t refused, refused_here;	/* forks: with those below */
};

/* What only the files of the old hierarchy have (cgroup v1). */
struct cgroup_v1 {
	int64_t soft_limit;		/* pages, kept without effect, as the rest */
	uint64_t failcnt_read;		/* how often the limit had been met when failcnt was set back */
	bool oom_kill_disable, notify_on_release, clone_children;
	int32_t swappiness;
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
	bool removed, oom_group;
	bool frozen;			/* cgroup.freeze: asked for here, see cgroup_is_frozen() */
	struct cgroup_limits limits;
	struct usage usage;		/* of the whole subtree, see charge.h */
	int64_t peak;			/* the most resident pages that it ever held */
	uint64_t events[MEMORY_EVENTS], local_events[MEMORY_EVENTS];
	uint64_t vm_events[VM_EVENTS];	/* of the whole subtree; the root's are the machine's */
	int64_t swap_peak;		/* the most swapped pages */
	struct pids pids;
	struct spent gone;		/* by who was in it and has left, less what who came had spent before */
	struct psi psi;			/* the root's is the machine's, see world.h */
	bool has_no_pressure;		/* cgroup.pressure is 0 */
	uint32_t subtree_control;	/* CONTROLS_*: what its children have */
	int32_t max_depth, max_descendants;	/* INT32_MAX: no limit */
	uint32_t cpu_weight;
	int64_t cpu_quota, cpu_period;	/* us; UNLIMITED: none. Kept, without effect */
	struct cgroup_v1 v1;
	int64_t made;			/* nanoseconds since boot */
	bool has_owner;			/* made through the tree; else it is of who mounted */
	uint32_t uid, gid, mode;
	struct kernfs kernfs;
};

int cgroups_init(struct world *w);		/* or -ENOMEM */
void cgroups_drop(struct world *w);

/* One that was loaded, behind all that were made before it: false where it cannot be there, or finds no memory. */
bool cgroup_restore(struct world *w, struct cgroup *cg);
void cgroup_free(struct cgroup *cg);

bool is_cgroup_path(const char *path);
/* NULL where there is none. */
struct cgroup *cgroup_find(struct world *w, const char *path);
struct cgroup *cgroup_child(const struct cgroup *parent, const char *name, size_t length);
/* Also one that was removed, as long as somebody dead is in it. */
struct cgroup *cgroup_by_id(const struct world *w, uint64_t id);
/* As mkdir(2): -EEXIST, -EINVAL for what is no name, -ENAMETOOLONG, -ENODEV where the parent was removed. */
int cgroup_make(struct world *w, struct cgroup *parent, const char *name, struct cgroup **out);
/*
 * Finds it, or makes it and what lacks above it: each has every controller then. -EINVAL where the path is none.
 */
int cgroup_open(struct world *w, const char *path, struct cgroup **out);
/* As rmdir(2): -EBUSY for the root, with children, or with somebody alive in it. */
int cgroup_remove(struct world *w, struct cgroup *cg);

/* Is it that cgroup, or below it? */
bool cgroup_is_below(const struct cgroup *cg, const struct cgroup *top);
/* Is anybody alive in it, or below it? */
bool cgroup_is_populated(const struct cgroup *cg);
/* Is it to be frozen, or one above it? Who is in it does not run, but can be killed. */
bool cgroup_is_frozen(const struct cgroup *cg);
/* Points into `path`. */
const char *cgroup_path(const struct cgroup *cg, char path[CGROUP_PATH]);
/* The next of the subtree in the kernel's order: who is above comes first, brothers as they were made. NULL at the end. */
struct cgroup *cgroup_next(const struct cgroup *top, const struct cgroup *at);
/* The processes of a subtree, cgroup by cgroup in that order, in each as they joined; after = NULL: the first. */
struct signal *cgroup_next_process(const struct cgroup *top, const struct signal *after);

void cgroup_join(struct world *w, struct cgroup *cg, struct signal *signal);
void cgroup_leave(struct world *w, struct signal *signal);
/* Its mm's pages move along where it is the oldest on that mm. A real kernel leaves them where they were charged. */
void cgroup_move(struct world *w, struct signal *signal, struct cgroup *to);
/* Where a child of this one begins: not in a cgroup that was removed. */
struct cgroup *cgroup_of_child(const struct signal *creator);

/* Its own, or the machine's for the root. */
struct psi *cgroup_psi(struct world *w, struct cgroup *cg);
/* A stall that ends now, there and above: nanoseconds. */
void cgroup_stall(struct world *w, struct cgroup *cg, enum psi_resource resource, uint64_t some, uint64_t full);
/* Counts one of MEMORY_LOW ..., there and above: memory.events. */
void cgroup_event(struct world *w, struct cgroup *cg, int event);
/* So many more tasks, or fewer, in that cgroup. */
void cgroup_count_tasks(struct cgroup *cg, int64_t tasks);
/* Everything of that cgroup and below, by the processes that are there now and have been. */
struct spent cgroup_spent(const struct world *w, const struct cgroup *cg);

#endif
