/* See reclaim.h. */
#include "reclaim.h"

#include "account.h"
#include "cgroup.h"
#include "charge.h"
#include "klog.h"
#include "memory.h"
#include "memstall.h"
#include "run.h"
#include "task.h"
#include "world.h"
#include "zone.h"

#include <errno.h>

enum { SLAB_KEPT = 8, SWAPPINESS_OF = 200, KBYTES_A_PAGE = 4 };
enum { NS_IO = 100000, NS_PAGE = 1000 };

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void count_in(struct cgroup *cg, enum vm_event event, int64_t pages)
{
	for (; cg; cg = cg->parent)
		cg->vm_events[event] += (uint64_t)pages;
}

static void count(struct world *w, enum vm_event event, int64_t pages)
{
	count_in(&w->root, event, pages);
}

int64_t stack_pages(const struct world *w)
{
	return (int64_t)w->pids.count * STACK_PAGES;
}

int64_t pages_of_machine(const struct world *w)
{
	const struct own_pages *own = &w->reclaim.own;

	return own->cache + own->buffers + own->slab_reclaimable + own->slab_unreclaimable + stack_pages(w);
}

uint64_t vm_events(const struct world *w, enum vm_event event)
{
	uint64_t counted = w->root.vm_events[event];

	if (event == OOM_KILL)
		return w->oom.kills;
	return event == PGFREE ? counted + w->freed_pages : counted;
}

void count_fault(struct cgroup *cg, int64_t pages, int64_t allocated)
{
	count_in(cg, PGFAULT, pages);
	count_in(cg, PGALLOC, allocated);
}

static bool is_count(int64_t pages)
{
	return pages >= 0 && pages <= MOST_PAGES;
}

bool own_pages_are_sound(const struct own_pages *value)
{
	return is_count(value->cache) && is_count(value->buffers) && is_count(value->slab_reclaimable)
		&& is_count(value->slab_unreclaimable) && is_count(value->dirty) && value->dirty <= value->cache;
}

int set_own_pages(struct world *w, const struct own_pages *value)
{
	if (!own_pages_are_sound(value))
		return -EINVAL;
	w->reclaim.own = *value;
	w->reclaim.slab_kept = value->slab_reclaimable / SLAB_KEPT;
	return 0;
}

/* ---- drop_caches ---- */

static void drop_pagecache(struct world *w)
{
	struct own_pages *own = &w->reclaim.own;

	w->freed_pages += (uint64_t)(own->cache - own->dirty + own->buffers);
	own->cache = own->dirty;
	own->buffers = 0;
	count(w, DROP_PAGECACHE, 1);
}

static void drop_slab(struct world *w)
{
	w->freed_pages += (uint64_t)w->reclaim.own.slab_reclaimable;
	w->reclaim.own.slab_reclaimable = 0;
	count(w, DROP_SLAB, 1);
}

void drop_caches(struct world *w, unsigned int what, const struct caller *who)
{
	if (what & 1)
		drop_pagecache(w);
	if (what & 2)
		drop_slab(w);
	w->reclaim.last_drop = what;
	if (!w->reclaim.drops_silently)
		klog_printf(w, LOG_INFO, "%.16s (%d): drop_caches: %u", who->comm, who->pid, what);
	w->reclaim.drops_silently |= what & 4;
	run_until(w, w->now);
}

/* ---- who used its memory last ---- */

static bool is_listed(const struct world *w, const struct mm *mm)
{
	return mm->used_before || w->reclaim.oldest == mm;
}

void mm_forget(struct world *w, struct mm *mm)
{
	struct reclaim *r = &w->reclaim;

	if (!is_listed(w, mm))
		return;
	*(mm->used_before ? &mm->used_before->used_after : &r->oldest) = mm->used_after;
	*(mm->used_after ? &mm->used_after->used_before : &r->newest) = mm->used_before;
	mm->used_before = mm->used_after = NULL;
}

void mm_used(struct world *w, struct mm *mm)
{
	struct reclaim *r = &w->reclaim;

	mm_forget(w, mm);
	mm->used_before = r->newest;
	*(r->newest ? &r->newest->used_after : &r->oldest) = mm;
	r->newest = mm;
}

static bool has_to_give(const struct mm *mm)
{
	return mm->memory.anon > mm->memory.anon_locked || mm->memory.file > 0;
}

void mm_list(struct world *w, struct mm *mm)
{
	if (mm->users && has_to_give(mm) && !is_listed(w, mm))
		mm_used(w, mm);
}

/* ---- what the machine has of its own ---- */

/* One go at reclaiming: for whom, and what came of it. */
struct scan {
	struct cgroup *cg;		/* NULL: the machine */
	const struct mm *but;
	bool by_kswapd;
	int64_t anon, file, other;	/* pages that came free */
	int64_t io;			/* pages read or written for it */
};

static int64_t freed(const struct scan *scan)
{
	return scan->anon + scan->file + scan->other;
}

/* Every page that is looked at is taken. */
static void count_stolen(struct cgroup *cg, const struct scan *scan, bool is_anon, int64_t pages)
{
	count_in(cg, scan->by_kswapd ? PGSCAN_KSWAPD : PGSCAN_DIRECT, pages);
	count_in(cg, scan->by_kswapd ? PGSTEAL_KSWAPD : PGSTEAL_DIRECT, pages);
	count_in(cg, is_anon ? PGSCAN_ANON : PGSCAN_FILE, pages);
	count_in(cg, is_anon ? PGSTEAL_ANON : PGSTEAL_FILE, pages);
}

/* What is clean goes first. */
static void take_cache(struct world *w, struct scan *scan, int64_t pages)
{
	struct own_pages *own = &w->reclaim.own;
	int64_t taken = least(own->cache, pages), clean = own->cache - own->dirty;
	int64_t written = taken > clean ? taken - clean : 0;

	own->cache -= taken;
	own->dirty -= written;
	scan->file += taken;
	scan->io += written;
	count_stolen(&w->root, scan, false, taken);
	count(w, NR_WRITTEN, written);
	count(w, NR_VMSCAN_WRITE, written);
	count(w, PGPGOUT, written * KBYTES_A_PAGE);
}

static void take_buffers(struct world *w, struct scan *scan, int64_t pages)
{
	int64_t taken = least(w->reclaim.own.buffers, pages);

	w->reclaim.own.buffers -= taken;
	scan->file += taken;
	count_stolen(&w->root, scan, false, taken);
}

static void take_slab(struct world *w, struct scan *scan, int64_t pages)
{
	struct reclaim *r = &w->reclaim;
	int64_t surplus = r->own.slab_reclaimable - r->slab_kept;
	int64_t taken = w->sysctl.vfs_cache_pressure && surplus > 0 ? least(surplus, pages) : 0;

	r->own.slab_reclaimable -= taken;
	scan->other += taken;
	count(w, SLABS_SCANNED, taken);
}

/* ---- what the processes have ---- */

static bool gives(const struct scan *scan, const struct mm *mm)
{
	return mm->oldest && mm != scan->but && (!scan->cg || cgroup_is_below(cgroup_of_mm(mm), scan->cg));
}

static int64_t swap_left(const struct world *w)
{
	int64_t left = (int64_t)w->swap_pages - w->root.usage.swap;

	return left > 0 ? left : 0;
}

static int64_t swap_left_in(const struct cgroup *cg)
{
	int64_t left = UNLIMITED;

	for (; cg; cg = cg->parent)
		left = least(left, cg->limits.swap_max - cg->usage.swap);
	return left > 0 ? left : 0;
}

/* mem_cgroup_try_charge_swap(): somebody's page stays because there is no more. Where there was none, nobody is asked. */
static void count_refusal(struct world *w, struct cgroup *cg)
{
	if (swap_left_in(cg) < swap_left(w))
		cgroup_event(w, cg, MEMORY_SWAP_MAX);
	cgroup_event(w, cg, MEMORY_SWAP_FAIL);
}

int64_t swap_out(struct world *w, struct mm *mm, int64_t pages)
{
	struct memory m = mm->memory;
	struct cgroup *cg = cgroup_of_mm(mm);
	int64_t wanted = least(pages, m.anon - m.anon_locked), taken = least(wanted, least(swap_left(w), swap_left_in(cg)));

	if (taken <= 0)
		return 0;
	if (taken < wanted)
		count_refusal(w, cg);
	m.anon -= taken;
	m.swapents += taken;
	mm_set_memory(w, mm, &m);
	count_in(cg, PSWPOUT, taken);
	count_in(cg, NR_VMSCAN_WRITE, taken);
	count_in(cg, PGPGOUT, taken * KBYTES_A_PAGE);
	return taken;
}

static int64_t evict(struct world *w, struct mm *mm, int64_t pages)
{
	struct memory m = mm->memory;
	int64_t taken = least(pages, m.file);

	if (taken <= 0)
		return 0;
	m.file -= taken;
	mm->evicted += taken;
	mm_set_memory(w, mm, &m);
	return taken;
}

/* Who has nothing more to give is no longer asked. */
static int64_t from_all(struct world *w, const struct scan *scan, int64_t pages,
			int64_t take(struct world *w, struct mm *mm, int64_t pages))
{
	int64_t left = pages;

	for (struct mm *mm = w->reclaim.oldest, *next; mm && left > 0; mm = next) {
		int64_t taken = gives(scan, mm) ? take(w, mm, left) : 0;

		left -= taken;
		count_stolen(cgroup_of_mm(mm), scan, take == swap_out, taken);
		next = mm->used_after;
		if (!has_to_give(mm))
			mm_forget(w, mm);
	}
	return pages - left;
}

static const struct usage *usage_in(const struct world *w, const struct scan *scan)
{
	return scan->cg ? &scan->cg->usage : &w->root.usage;
}

static void take_anon(struct world *w, struct scan *scan, int64_t pages)
{
	bool is_full = w->root.usage.swap >= (int64_t)w->swap_pages;
	int64_t taken = is_full ? 0 : from_all(w, scan, pages, swap_out);

	scan->anon += taken;
	scan->io += taken;
}

static void take_file(struct world *w, struct scan *scan, int64_t pages)
{
	if (usage_in(w, scan)->file > 0)
		scan->file += from_all(w, scan, pages, evict);
}

/* get_scan_count(): shares by swappiness; then each makes up for the other. */
static void take_from_processes(struct world *w, struct scan *scan, int64_t pages)
{
	int64_t upto = freed(scan) + pages;

	take_anon(w, scan, pages * w->sysctl.swappiness / SWAPPINESS_OF);
	take_file(w, scan, upto - freed(scan));
	take_anon(w, scan, upto - freed(scan));
}

static void shrink(struct world *w, struct scan *scan, int64_t pages)
{
	if (!scan->cg) {
		take_cache(w, scan, pages);
		take_buffers(w, scan, pages - freed(scan));
		take_slab(w, scan, pages - freed(scan));
	}
	if (freed(scan) < pages)
		take_from_processes(w, scan, pages - freed(scan));
	count(w, PGFREE, freed(scan));
}

static void stall(struct world *w, struct task *t, int64_t io, int64_t pages)
{
	if (t)
		memstall_enter(w, t, io * NS_IO + pages * NS_PAGE);
}

/* ---- making room ---- */

int64_t reclaim_directly(struct world *w, struct task *t, struct cgroup *cg, const struct mm *but, int64_t pages)
{
	struct scan scan = { .cg = cg, .but = but };

	shrink(w, &scan, pages);
	if (freed(&scan)) {
		count(w, ALLOCSTALL, 1);
		stall(w, t, scan.io, freed(&scan) - scan.io);
	}
	return freed(&scan);
}

void wake_kswapd(struct world *w)
{
	struct watermarks marks = watermarks_of(w);
	int64_t free = ram_free(w);
	struct scan scan = { .by_kswapd = true };

	if (free >= marks.low)
		return;
	shrink(w, &scan, marks.high - free);
	count(w, PAGEOUTRUN, freed(&scan) > 0);
}

static int64_t refault(struct world *w, struct mm *mm, int64_t pages)
{
	struct memory m = mm->memory;
	int64_t anon = least(m.swapents, pages), file = least(mm->evicted, pages - anon);

	m.swapents -= anon;
	m.anon += anon;
	m.file += file;
	mm->evicted -= file;
	mm_set_memory(w, mm, &m);
	count_in(cgroup_of_mm(mm), PSWPIN, anon);
	count_in(cgroup_of_mm(mm), WORKINGSET_REFAULT_ANON, anon);
	count_in(cgroup_of_mm(mm), WORKINGSET_REFAULT_FILE, file);
	return anon + file;
}

int64_t swap_in(struct world *w, struct task *t, int64_t room)
{
	int64_t pages = refault(w, t->mm, room);

	count_fault(cgroup_of_mm(t->mm), pages, pages);
	count_in(cgroup_of_mm(t->mm), PGMAJFAULT, pages);
	if (pages)
		spend(w, t, &(struct spent){ .maj_flt = (uint64_t)pages });
	count_in(cgroup_of_mm(t->mm), PGPGIN, pages * KBYTES_A_PAGE);
	stall(w, t, pages, 0);
	return pages;
}
