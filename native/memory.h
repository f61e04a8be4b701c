/*
 * Who holds which pages, and what happens when there are none left. Nothing is reclaimed: new pages fill the RAM,
 * then swap; then somebody dies for them. A memory cgroup's limit counts the resident pages of its processes.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include "fakeproc.h"

#include <stdbool.h>

struct signal;
struct task;
struct wait;

/* A memory cgroup of which something has been set. */
struct memcg {
	char *path;
	uint64_t limit;		/* pages, 0 = none */
	bool oom_group;		/* memory.oom.group: who is killed in it is killed with all the others */
};

struct allocator {
	struct memcg *memcgs;
	size_t memcg_count;
};

/* Of the processes in that memory cgroup; NULL: of all. Pages of an mm count once. */
struct usage memory_used(const struct world *w, const char *memcg);
int64_t ram_free(const struct world *w, const struct usage *usage);

/*
 * More anonymous pages. Returns how many it still waits for (0 = it has them), -EINTR when it was killed,
 * -ENOMEM where nobody can be, -EBUSY while it waits already or for its vforked child, -EINVAL without an mm. Who
 * waits is in the list of waiting.h from then on.
 */
int64_t memory_grow(struct world *w, struct task *t, int64_t pages);
/* Anonymous pages, then swapped ones. -EINVAL where it holds less. */
int memory_shrink(struct world *w, struct task *t, int64_t pages);
/* Its swapped pages come back as far as there is room: how many did. */
int64_t memory_touch(struct world *w, struct task *t);
/*
 * Who waits for memory tries again, and has the OOM killer look for some. 0: it has all, -EAGAIN: it waits for a victim,
 * -EINTR: it is dying and needs no more, -ENOMEM: nobody can be killed for it.
 */
int memory_get(struct world *w, struct wait *wait);
/* What it asks the OOM killer for: memory of the machine, or of the memory cgroup that is full. */
struct oom_request memory_request(const struct world *w, const struct wait *wait, const struct task *waiter);
/* 0 pages: no limit. -EINVAL where the path is none below the root. */
int memory_limit(struct world *w, const char *path, uint64_t pages);
/* -EINVAL as above. */
int memory_set_oom_group(struct world *w, const char *path, bool is_group);
/* The highest cgroup that dies with this process, below the one that ran out (NULL: the machine); NULL: it dies alone. */
const char *memory_oom_group(const struct world *w, const struct signal *victim, const char *memcg);
void memory_drop(struct world *w);

#endif
