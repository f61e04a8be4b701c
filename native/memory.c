/* See memory.h. */
#include "memory.h"

#include "cgroup.h"
#include "charge.h"
#include "reclaim.h"
#include "run.h"
#include "task.h"
#include "waiting.h"
#include "world.h"
#include "zone.h"

#include <errno.h>
#include <stdlib.h>

enum { PER_TABLE = 512 };

/* ---- sums ---- */

struct usage memory_used(const struct world *w, const struct cgroup *cg)
{
	return cg ? cg->usage : w->root.usage;
}

static int64_t at_least_0(int64_t pages)
{
	return pages > 0 ? pages : 0;
}

/* Less than none where the processes were given more than there is. */
static int64_t ram_left(const struct world *w)
{
	const struct usage *usage = &w->root.usage;

	return (int64_t)w->ram_pages - resident(usage) - usage->tables - pages_of_machine(w);
}

int64_t ram_free(const struct world *w)
{
	return at_least_0(ram_left(w));
}

/* ---- room ---- */

/* How many pages may be allocated, less than none where there are too many already; and whose OOM killer runs then. */
struct room {
	int64_t pages;
	struct oom_request request;
};

static bool is_limited(const struct cgroup *cg)
{
	return cg->limits.max != UNLIMITED || cg->limits.memsw_max != UNLIMITED;
}

static int64_t left_in(const struct cgroup *cg)
{
	int64_t in_ram = cg->limits.max - resident(&cg->usage);
	int64_t in_both = cg->limits.memsw_max - resident(&cg->usage) - cg->usage.swap;

	return in_ram < in_both ? in_ram : in_both;
}

/* Its OOM killer. */
static struct oom_request memcg_request(const struct world *w, struct cgroup *cg)
{
	int64_t limit = cg->limits.max < cg->limits.memsw_max ? cg->limits.max : cg->limits.memsw_max;

	return (struct oom_request){ .gfp_mask = gfp_kernel(w), .memcg = cg, .memcg_pages = (uint64_t)limit };
}

/* Of equally narrow ones the innermost counts, which comes first. */
static void narrow(const struct world *w, struct cgroup *cg, struct room *room)
{
	int64_t left = left_in(cg);

	if (!is_limited(cg) || left > room->pages || (left == room->pages && room->request.memcg))
		return;
	room->pages = left;
	room->request = memcg_request(w, cg);
}

/* Where its next pages count: it may have lost its mm since it asked. */
static struct cgroup *cgroup_to_charge(const struct task *t)
{
	return t->mm ? cgroup_of_mm(t->mm) : t->signal->cgroup;
}

static struct room room_for(const struct world *w, const struct task *t)
{
	struct room room = { ram_left(w) - watermarks_of(w).min, { .gfp_mask = gfp_fault(w) } };

	for (struct cgroup *cg = cgroup_to_charge(t); cg; cg = cg->parent)
		narrow(w, cg, &room);
	return room;
}

/* ---- growth ---- */

static uint32_t tables_for(int64_t entries)
{
	return (uint32_t)((entries + PER_TABLE - 1) / PER_TABLE);
}

static uint32_t ptes_with(const struct memory *m, int64_t pages)
{
	uint32_t needed = tables_for(m->anon + m->file + m->shmem + m->swapents + pages);

	return needed > m->ptes ? needed : m->ptes;
}

static uint32_t pmds_with(const struct memory *m, int64_t pages)
{
	uint32_t needed = tables_for(ptes_with(m, pages));

	return needed > m->pmds ? needed : m->pmds;
}

/* So many pages, and the page tables that they need. */
static int64_t with_tables(const struct memory *m, int64_t pages)
{
	return pages + (int64_t)ptes_with(m, pages) - m->ptes + pmds_with(m, pages) - m->pmds;
}

/* As many of these pages as fit there. */
static int64_t fitting(const struct memory *m, int64_t room, int64_t pages)
{
	int64_t most = at_least_0(pages < room ? pages : room);

	return at_least_0(most - at_least_0(with_tables(m, most) - room));
}

static int64_t take(struct world *w, struct mm *mm, const struct room *room, int64_t pages)
{
	struct memory m = mm->memory;
	int64_t taken = fitting(&m, room->pages, pages), with = with_tables(&m, taken);

	if (!taken)
		return 0;
	m.ptes = ptes_with(&mm->memory, taken);
	m.pmds = pmds_with(&mm->memory, taken);
	m.anon += taken;
	m.total_vm += (uint64_t)taken;
	mm_set_memory(w, mm, &m);
	mm_used(w, mm);
	count_fault(cgroup_of_mm(mm), taken, with);
	return taken;
}

/* ---- waiting for it ---- */

/* Who did not say how much has found the machine full: what has come free since is his room. */
static struct room room_for_some(const struct world *w, const struct wait *wait)
{
	return (struct room){ (int64_t)(w->freed_pages - wait->freed_before), { .gfp_mask = gfp_kernel(w) } };
}

static struct room room_of(const struct world *w, const struct wait *wait, const struct task *t)
{
	return wait->pages == SOME_PAGES ? room_for_some(w, wait) : room_for(w, t);
}

struct oom_request memory_request(const struct world *w, const struct wait *wait, const struct task *waiter)
{
	return room_of(w, wait, waiter).request;
}

/* As much as there is: true once nothing is missing. Who is killed is content with a page, and on its way out. */
static bool is_served(struct world *w, struct wait *wait, struct task *t, const struct room *room)
{
	int64_t taken;

	if (wait->pages == SOME_PAGES || (t->flags & TASK_KILLED))
		return room->pages > 0;
	taken = take(w, t->mm, room, wait->pages);
	if (taken)
		spend(w, t, &(struct spent){ .min_flt = (uint64_t)taken });
	wait->pages -= taken;
	return !wait->pages;
}

/* A victim has the reserves, and in a memory cgroup whoever is killed may exceed the limit. */
static bool may_overdraw(const struct task *t, const struct room *room)
{
	return (t->flags & TASK_MEMDIE) || ((t->flags & TASK_KILLED) && room->request.memcg);
}

/*
 * What is missing comes from page cache and the like, or goes to swap. Who asks for SOME_PAGES has tried that. Nothing
 * is missing where only page tables lacked room: they are made by now.
 */
static bool find_room(struct world *w, const struct wait *wait, struct task *t)
{
	struct room room = room_of(w, wait, t);
	bool is_growth = wait->pages != SOME_PAGES && t->mm;
	int64_t missing = is_growth ? with_tables(&t->mm->memory, wait->pages) - room.pages : 0;

	if (is_growth && missing <= 0)
		return true;
	if (room.request.memcg)
		cgroup_event(w, room.request.memcg, MEMORY_MAX);
	return is_growth && reclaim_directly(w, t, room.request.memcg, NULL, missing);
}

/*
 * reclaim_high(), swap_find_max_overage(): what is above memory.high goes, as far as it can; that, and too much in swap,
 * is counted. Nobody is slowed down.
 */
static void mind_high(struct world *w, struct task *t)
{
	for (struct cgroup *cg = cgroup_to_charge(t); cg; cg = cg->parent) {
		int64_t excess = resident(&cg->usage) - cg->limits.high;

		if (cg->usage.swap > cg->limits.swap_high)
			cgroup_event(w, cg, MEMORY_SWAP_HIGH);
		if (excess <= 0)
			continue;
		cgroup_event(w, cg, MEMORY_HIGH);
		reclaim_directly(w, t, cg, NULL, excess);
	}
}

/* Asks again as long as something comes of it, and no further than to a victim that does not let go. */
int memory_get(struct world *w, struct wait *wait)
{
	bool can_fail = wait->pages != SOME_PAGES;
	int64_t when_asked = 0;

	for (;;) {
		struct task *t = waiter_of(w, wait);
		struct room room;

		if (!t || (can_fail && !t->mm))
			return -EINTR;
		room = room_of(w, wait, t);
		if (is_served(w, wait, t, &room)) {
			mind_high(w, t);
			wake_kswapd(w);
			return t->flags & TASK_KILLED ? -EINTR : 0;
		}
		if (may_overdraw(t, &room))
			return -EINTR;
		if (find_room(w, wait, t))
			continue;
		if (wait->pages == when_asked)
			return -EAGAIN;
		when_asked = wait->pages;
		if (!allocate(w, t, &room.request) && can_fail)
			return waiter_of(w, wait) ? -ENOMEM : -EINTR;
	}
}

int64_t memory_grow(struct world *w, struct task *t, int64_t pages)
{
	struct wait wait = wait_for_memory(w, t, pages);
	int error;

	if (!t->mm || pages < 0 || pages > MOST_PAGES)
		return -EINVAL;
	if (t->vfork_child || is_waiting(w, t) || cgroup_is_frozen(t->signal->cgroup))
		return -EBUSY;
	if (t->flags & TASK_KILLED)
		return -EINTR;
	error = memory_get(w, &wait);
	if (error != -EAGAIN)
		return error;
	error = wait_begin(w, &wait);
	return error ? error : wait.pages;
}

void memory_break_cow(struct world *w, struct task *child)
{
	int64_t excess = at_least_0(-room_for(w, child).pages);
	struct memory m = child->mm ? child->mm->memory : (struct memory){ 0 };
	int64_t anon = excess < m.anon ? excess : m.anon;

	if (!anon)
		return;
	m.anon -= anon;
	m.total_vm -= (uint64_t)anon < m.total_vm ? (uint64_t)anon : m.total_vm;
	mm_set_memory(w, child->mm, &m);
	memory_grow(w, child, anon);
}

/* ---- the other way ---- */

int memory_shrink(struct world *w, struct task *t, int64_t pages)
{
	struct memory m = t->mm ? t->mm->memory : (struct memory){ 0 };
	int64_t anon = pages < m.anon ? pages : m.anon;

	if (!t->mm || pages < 0 || pages > m.anon + m.swapents)
		return -EINVAL;
	m.anon -= anon;
	m.swapents -= pages - anon;
	if (m.anon_locked > m.anon)
		m.anon_locked = (uint32_t)m.anon;
	m.total_vm -= (uint64_t)pages < m.total_vm ? (uint64_t)pages : m.total_vm;
	w->freed_pages += (uint64_t)pages;
	mm_set_memory(w, t->mm, &m);
	run_until(w, w->now);
	return 0;
}

/* What others have to give goes to swap for it, as far as there is some; its own stays. */
static int64_t touch_some(struct world *w, struct task *t, int64_t pages)
{
	struct room room = room_for(w, t);

	if (room.pages < pages && reclaim_directly(w, t, room.request.memcg, t->mm, pages - room.pages))
		room = room_for(w, t);
	return swap_in(w, t, at_least_0(room.pages < pages ? room.pages : pages));
}

int64_t memory_touch(struct world *w, struct task *t)
{
	int64_t back = 0, pages;

	if (!t->mm)
		return -EINVAL;
	mm_used(w, t->mm);
	do {
		pages = touch_some(w, t, t->mm->memory.swapents + t->mm->evicted);
		back += pages;
	} while (pages);
	wake_kswapd(w);
	return back;
}

int64_t memory_swap_out(struct world *w, struct task *t, int64_t pages)
{
	int64_t taken;

	if (!t->mm || pages < 0)
		return -EINVAL;
	taken = swap_out(w, t->mm, pages);
	w->freed_pages += (uint64_t)taken;
	run_until(w, w->now);
	return taken;
}

/* ---- memory cgroups ---- */

static int64_t at_most_unlimited(int64_t pages)
{
	return pages < UNLIMITED ? pages : UNLIMITED;
}

int memory_set_limits(struct world *w, struct cgroup *cg, const struct cgroup_limits *limits)
{
	const struct cgroup_limits *l = limits;

	if (!cg->parent || l->min < 0 || l->low < 0 || l->high < 0 || l->max < 0 || l->swap_high < 0 || l->swap_max < 0
	    || l->memsw_max < 0)
		return -EINVAL;
	cg->limits = (struct cgroup_limits){
		at_most_unlimited(l->min), at_most_unlimited(l->low), at_most_unlimited(l->high), at_most_unlimited(l->max),
		at_most_unlimited(l->swap_high), at_most_unlimited(l->swap_max), at_most_unlimited(l->memsw_max),
	};
	run_until(w, w->now);
	return 0;
}

static int64_t take_away(struct world *w, struct cgroup *cg, struct task *t, int64_t pages)
{
	int64_t left = pages, taken;

	do {
		taken = left > 0 ? reclaim_directly(w, t, cg->parent ? cg : NULL, NULL, left) : 0;
		left -= taken;
	} while (taken);
	w->freed_pages += (uint64_t)(pages - left);
	return pages - left;
}

static bool kill_for(struct world *w, struct cgroup *cg, const struct caller *who)
{
	struct oom_request request = memcg_request(w, cg);
	struct task *t = pid_find(&w->pids, who->pid);
	int64_t before = resident(&cg->usage);

	if (t && !is_zombie(t))
		allocate(w, t, &request);
	else
		allocate_by_kworker(w, who->comm[0] ? who->comm : "sh", &request);
	return resident(&cg->usage) < before;
}

/* memory_max_write(): what is too much is reclaimed; then they die, as long as somebody lets go. */
void memory_set_max(struct world *w, struct cgroup *cg, const struct caller *who, int64_t pages)
{
	cg->limits.max = pages;
	do
		take_away(w, cg, pid_find(&w->pids, who->pid), resident(&cg->usage) - pages);
	while (resident(&cg->usage) > pages && !is_halted(w) && kill_for(w, cg, who));
	run_until(w, w->now);
}

void memory_set_high(struct world *w, struct cgroup *cg, const struct caller *who, int64_t pages)
{
	cg->limits.high = pages;
	take_away(w, cg, pid_find(&w->pids, who->pid), resident(&cg->usage) - pages);
	run_until(w, w->now);
}

int memory_reclaim(struct world *w, struct cgroup *cg, const struct caller *who, int64_t pages)
{
	int64_t taken = take_away(w, cg, pid_find(&w->pids, who->pid), pages);

	run_until(w, w->now);
	return taken < pages ? -EAGAIN : 0;
}

/* The root is no group, nor is what is outside the cgroup that ran out. */
struct cgroup *memory_oom_group(const struct signal *victim, const struct cgroup *memcg)
{
	struct cgroup *highest = NULL;

	if (memcg && !cgroup_is_below(victim->cgroup, memcg))
		return NULL;
	for (struct cgroup *cg = victim->cgroup; cg->parent; cg = cg->parent) {
		if (cg->oom_group)
			highest = cg;
		if (cg == memcg)
			break;
	}
	return highest;
}
