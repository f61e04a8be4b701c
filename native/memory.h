/*
 * Who holds which pages, and what happens when there are none left: others' pages are reclaimed, see reclaim.h; when
 * nothing more can be, somebody dies for them. memory.max counts the resident pages below a cgroup, memory.swap.max the
 * swapped ones.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include "fakeproc.h"

#include <stdbool.h>

struct cgroup;
struct signal;
struct task;
struct wait;

/* More than any machine has, or any process can map (64 PiB): what counts pages from outside is no larger. */
static const int64_t MOST_PAGES = 1LL << 44;

/* Of that cgroup and what is below; NULL: of all. Pages of an mm count once, see charge.h. */
struct usage memory_used(const struct world *w, const struct cgroup *cg);
int64_t ram_free(const struct world *w);

/*
 * More anonymous pages. Returns how many it still waits for (0 = it has them), -EINTR when it was killed,
 * -ENOMEM where nobody can be, -EBUSY while it waits already or for its vforked child or is frozen, -EINVAL without an mm. Who
 * waits is in the list of waiting.h from then on.
 */
int64_t memory_grow(struct world *w, struct task *t, int64_t pages);
/* do_wp_page(): what it has copied of its parent, and there is no room for, it has again as one that grows by it. */
void memory_break_cow(struct world *w, struct task *child);
/* Anonymous pages, then swapped ones. -EINVAL where it holds less. */
int memory_shrink(struct world *w, struct task *t, int64_t pages);
/*
 * Its swapped pages come back, and its file pages that were taken, as far as room can be made without taking others of
 * its own: how many did.
 */
int64_t memory_touch(struct world *w, struct task *t);
/* So many of its anonymous pages go to swap, as far as there is some: how many did. */
int64_t memory_swap_out(struct world *w, struct task *t, int64_t pages);
/*
 * Who waits for memory tries again, and has the OOM killer look for some. 0: it has all, -EAGAIN: it waits for a victim,
 * -EINTR: it is dying and needs no more, -ENOMEM: nobody can be killed for it.
 */
int memory_get(struct world *w, struct wait *wait);
/* What it asks the OOM killer for: memory of the machine, or of the memory cgroup that is full. */
struct oom_request memory_request(const struct world *w, const struct wait *wait, const struct task *waiter);
/* More than UNLIMITED is no limit, either. -EINVAL for the root, and for less than nothing. */
int memory_set_limits(struct world *w, struct cgroup *cg, const struct cgroup_limits *limits);
/* A write to memory.max, to memory.high: what is too much goes; for the limit somebody dies. */
void memory_set_max(struct world *w, struct cgroup *cg, const struct caller *who, int64_t pages);
void memory_set_high(struct world *w, struct cgroup *cg, const struct caller *who, int64_t pages);
/* A write to memory.reclaim: -EAGAIN where so many cannot be had. */
int memory_reclaim(struct world *w, struct cgroup *cg, const struct caller *who, int64_t pages);
/* The highest cgroup that dies with this process, up to the one that ran out (NULL: the machine); NULL: it dies alone. */
struct cgroup *memory_oom_group(const struct signal *victim, const struct cgroup *memcg);

#endif
