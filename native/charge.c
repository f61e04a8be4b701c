/* See charge.h. */
#include "charge.h"

#include "candidates.h"
#include "cgroup.h"
#include "constraint.h"
#include "reclaim.h"
#include "task.h"
#include "world.h"

#include <string.h>

/* Counters set from outside may be absurd: sums wrap around. */
static void add(int64_t *sum, int64_t pages)
{
	*sum = (int64_t)((uint64_t)*sum + (uint64_t)pages);
}

static void subtract(int64_t *sum, int64_t pages)
{
	*sum = (int64_t)((uint64_t)*sum - (uint64_t)pages);
}

static void add_memory(struct usage *sum, const struct memory *m)
{
	add(&sum->anon, m->anon);
	add(&sum->file, m->file);
	add(&sum->shmem, m->shmem);
	add(&sum->swap, m->swapents);
	add(&sum->tables, (int64_t)m->ptes + m->pmds);
	add(&sum->locked, m->anon_locked);
}

static void subtract_memory(struct usage *sum, const struct memory *m)
{
	subtract(&sum->anon, m->anon);
	subtract(&sum->file, m->file);
	subtract(&sum->shmem, m->shmem);
	subtract(&sum->swap, m->swapents);
	subtract(&sum->tables, (int64_t)m->ptes + m->pmds);
	subtract(&sum->locked, m->anon_locked);
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void charge(struct cgroup *cg, const struct memory *m)
{
	for (; cg; cg = cg->parent) {
		add_memory(&cg->usage, m);
		cg->peak = larger(cg->peak, resident(&cg->usage));
		cg->swap_peak = larger(cg->swap_peak, cg->usage.swap);
	}
}

static void uncharge(struct cgroup *cg, const struct memory *m)
{
	for (; cg; cg = cg->parent)
		subtract_memory(&cg->usage, m);
}

void mm_set_memory(struct world *w, struct mm *mm, const struct memory *memory)
{
	struct cgroup *cg = cgroup_of_mm(mm);

	uncharge(cg, &mm->memory);
	update_hiwater(mm);
	mm->memory = *memory;
	charge(cg, &mm->memory);
	candidates_update_mm(w, mm);
	mm_list(w, mm);
}

void mm_recharge(const struct mm *mm, struct cgroup *from)
{
	struct cgroup *to = cgroup_of_mm(mm);

	if (to == from)
		return;
	uncharge(from, &mm->memory);
	charge(to, &mm->memory);
}

/* ---- by walking ---- */

static struct usage usage_by_walk(const struct world *w, const struct cgroup *cg, uint64_t nodes)
{
	struct usage sum = { 0 };

	for (const struct signal *s = NULL; (s = process_after(w, s));)
		if (s->mm && s->mm->oldest == s && cgroup_is_below(s->cgroup, cg) && nodes >> node_of(w, first_with_mm(s)) & 1)
			add_memory(&sum, &s->mm->memory);
	return sum;
}

struct usage usage_on_node(const struct world *w, const struct cgroup *cg, int node)
{
	return usage_by_walk(w, cg, UINT64_C(1) << node);
}

/* ---- for tests ---- */

static bool is_listed_right(const struct cgroup *cg)
{
	size_t count = 0;

	for (const struct signal *s = cg->oldest; s; s = s->cgroup_newer, count++)
		if (s->cgroup != cg)
			return false;
	return count == cg->process_count;
}

/* Those of removed cgroups below it, too: their dead count until they are reaped. */
static int64_t tasks_in(const struct world *w, const struct cgroup *cg)
{
	int64_t count = 0;

	for (const struct signal *s = NULL; (s = process_after(w, s));)
		count += cgroup_is_below(s->cgroup, cg) ? s->threads : 0;
	return count;
}

/* Every process is on the list of one cgroup, which is in the hierarchy or was removed. */
static bool is_everybody_listed(const struct world *w)
{
	size_t listed = 0, count = 0;

	for (const struct cgroup *cg = &w->root; cg; cg = cgroup_next(&w->root, cg))
		listed += cg->process_count;
	for (const struct signal *s = NULL; (s = process_after(w, s));)
		count += !s->cgroup->removed;
	return listed == count;
}

bool charges_agree(struct world *w)
{
	for (const struct cgroup *cg = &w->root; cg; cg = cgroup_next(&w->root, cg)) {
		struct usage walked = usage_by_walk(w, cg, UINT64_MAX);

		if (memcmp(&walked, &cg->usage, sizeof(walked)) != 0 || !is_listed_right(cg) || cg->pids.count != tasks_in(w, cg))
			return false;
	}
	return is_everybody_listed(w);
}
