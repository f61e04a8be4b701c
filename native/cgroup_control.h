/* What the files of a cgroup ask for: who is moved, killed and frozen, and which controllers its children have. */
#ifndef CGROUP_CONTROL_H
#define CGROUP_CONTROL_H

#include "cgroup.h"

struct caller;
struct task;
struct text;

/* Names by bit, as cgroup.controllers tells them. */
enum { CONTROLLERS = 4 };
extern const char *const controller_names[CONTROLLERS];

/* CONTROLS_*: what its parent shares out. */
uint32_t cgroup_controllers(const struct world *w, const struct cgroup *cg);
/*
 * "+memory -pids": all of it or nothing. -EINVAL: no such controller; -ENOENT: it is not to be had here; -EBUSY: a child
 * goes on sharing it out, or there are processes in it (no-internal-process constraint).
 */
int cgroup_share_out(struct world *w, struct cgroup *cg, char *text);
/* Can processes be in it? 0, or -EBUSY where it shares out what processes and children would compete for. */
int cgroup_may_hold(const struct cgroup *cg);
/* The process of that task moves there. -EINVAL for kthreadd, 0 and nothing done for the dead. */
int cgroup_attach(struct world *w, struct cgroup *cg, const struct task *t);
/* Everybody in it and below dies, but kernel threads and global init. */
void cgroup_kill(struct world *w, struct cgroup *cg);
void cgroup_freeze(struct world *w, struct cgroup *cg, bool is_set);
/* Have all stopped? Who sleeps uninterruptibly has not. */
bool cgroup_has_frozen(const struct cgroup *cg);

size_t cgroup_descendants(const struct cgroup *cg);
/* Removed, but not gone: somebody dead is in them. */
size_t cgroup_dying_descendants(const struct world *w, const struct cgroup *cg);
/* How many of it and below have that controller (CONTROLS_*). */
size_t cgroup_count_controlled(const struct world *w, const struct cgroup *cg, uint32_t controller);
/* -EAGAIN where one more below it is against max.depth or max.descendants, there or above. */
int cgroup_may_grow(const struct cgroup *cg);
/* -EAGAIN, and counted, where one more task in it is against pids.max, there or above. */
int cgroup_may_fork(struct world *w, struct cgroup *cg);

#endif
