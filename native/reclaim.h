/*
 * What makes room when RAM is full: a simple model of kswapd, direct reclaim and swap.
 *
 * Free is what the processes' resident pages and page tables, the kernel's stacks (16 KiB a task), page cache, buffers and
 * slab leave of the RAM. An allocation leaves the min watermark (min_free_kbytes) free. What does not fit is reclaimed by
 * the allocation itself, no more than is missing; if there is less than the low watermark afterwards, kswapd reclaims up
 * to the high one. Where nothing can be reclaimed, the OOM killer runs.
 *
 * What goes first: the page cache (what is dirty is written), then buffers, then reclaimable slab to an eighth of what
 * there was. Then processes' pages, `swappiness` of 200 parts to swap, the rest pages of files, which are read again
 * when they are touched. One kind makes up for what the other lacks, but at swappiness 0 nothing is swapped while there
 * are file pages. Of the processes, who has not grown or touched its memory for the longest time gives first, and all
 * that it has. mlocked pages and shared memory stay. A memory cgroup that is full reclaims among its own processes.
 *
 * Time: a page that is read or written takes 100 us, another one 1 us. For that long from then on who allocates, or
 * faults, is stalled, see memstall.h; kswapd stalls nobody. The world's clock does not move by it.
 *
 * Left out: the lists' ages and the second chance, readahead and clusters, writeback, swap cache, zswap, compaction,
 * pages that are shared after a fork (the copy counts, and no room is made for it), memory.min and memory.low.
 */
#ifndef RECLAIM_H
#define RECLAIM_H

#include "fakeproc.h"
#include "vm_event.h"

#include <stdbool.h>

struct cgroup;
struct mm;
struct task;
struct world;

struct reclaim {
	struct own_pages own;
	int64_t slab_kept;	/* what reclaim leaves of the reclaimable slab */
	struct mm *oldest, *newest;	/* mms that have something to give, as they were last used */
	uint32_t last_drop;	/* what drop_caches reads as (until 5.4) */
	bool drops_silently;
};

enum { STACK_PAGES = 4 };	/* of a task: THREAD_SIZE is 16 KiB on x86-64 */

/* RAM that is not for processes: the machine's own pages, and the stacks that the kernel has for its tasks. */
int64_t pages_of_machine(const struct world *w);
int64_t stack_pages(const struct world *w);

/* How often, since boot. OOM_KILL and PGFREE are counted elsewhere, for the machine only. */
uint64_t vm_events(const struct world *w, enum vm_event event);

/* No less than nothing, no more dirty than cached. */
bool own_pages_are_sound(const struct own_pages *value);
/* The machine's own pages as they stand. -EINVAL: less than nothing, or more dirty than cached. */
int set_own_pages(struct world *w, const struct own_pages *value);

/* A write to drop_caches: bit 0 the page cache that is clean, bit 1 the reclaimable slab, bit 2 no more lines in the log. */
void drop_caches(struct world *w, unsigned int what, const struct caller *who);

/* So many pages of an mm of that cgroup were touched for the first time; with the page tables, so many were allocated. */
void count_fault(struct cgroup *cg, int64_t pages, int64_t allocated);

/* ---- who used its memory last ---- */

void mm_used(struct world *w, struct mm *mm);
/* It may have pages now that it had not. */
void mm_list(struct world *w, struct mm *mm);
void mm_forget(struct world *w, struct mm *mm);

/* ---- making room ---- */

/*
 * An allocation of that task, or a fault, lacks so many pages: of the machine, or of a memory cgroup that is full. Its own
 * mm gives last, or (`but`) not at all. Returns how many came free, 0 where there are none to have.
 */
int64_t reclaim_directly(struct world *w, struct task *t, struct cgroup *cg, const struct mm *but, int64_t pages);
/* After an allocation. */
void wake_kswapd(struct world *w);
/* Anonymous pages of one mm go to swap, as far as there is some: how many did. */
int64_t swap_out(struct world *w, struct mm *mm, int64_t pages);
/* They come back, and file pages that were taken: no more than fits. */
int64_t swap_in(struct world *w, struct task *t, int64_t room);

#endif
