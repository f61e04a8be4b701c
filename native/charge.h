/*
 * What each cgroup holds, and so the machine as a whole: sums that follow every change instead of walks over all
 * processes. An mm counts once, in the cgroup of its oldest process and in all above that; without a process on it
 * it counts nowhere. Nobody but mm_set_memory() changes what an mm holds.
 */
#ifndef CHARGE_H
#define CHARGE_H

#include "fakeproc.h"

#include <stdbool.h>

struct cgroup;
struct mm;
struct world;

void mm_set_memory(struct world *w, struct mm *mm, const struct memory *memory);
/* Its processes have changed, or the cgroup of one: it has counted there, and does where it belongs now. */
void mm_recharge(const struct mm *mm, struct cgroup *from);
/* What it holds on a memory node, by a walk over all processes. */
struct usage usage_on_node(const struct world *w, const struct cgroup *cg, int node);
/* What counts as memory.current, and against memory.max. */
static inline int64_t resident(const struct usage *usage) { return usage->anon + usage->file + usage->shmem; }
/* Are the sums those of a walk over all processes, and is everybody listed where he is? For tests. */
bool charges_agree(struct world *w);

#endif
