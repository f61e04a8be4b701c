/*
 * What a memory cgroup holds by kind, which both versions of memory.stat are made of. Pages. The lists are a matter of rule,
 * as in meminfo.h.
 */
#ifndef MEMORY_STAT_H
#define MEMORY_STAT_H

#include <stdbool.h>
#include <stdint.h>

struct cgroup;
struct usage;
struct world;

struct memory_stat {
	int64_t anon, file, shmem, mapped, dirty, swap;		/* file: with shmem */
	int64_t kernel, stacks, tables, slab, slab_reclaimable, slab_unreclaimable;
	int64_t inactive_anon, active_anon, inactive_file, active_file, unevictable;
};

enum { ALL_NODES = -1 };

/* Of the cgroup and all below it, on a memory node; the root's are the machine's. The kernel's own is on the first node. */
struct memory_stat memory_stat_of(const struct world *w, const struct cgroup *cg, int node);
/* Of its own processes alone. */
struct memory_stat memory_stat_here(const struct world *w, const struct cgroup *cg, int node);

#endif
