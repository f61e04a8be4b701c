/* See memstall.h. */
#include "memstall.h"

#include "cgroup.h"
#include "psi.h"
#include "task.h"
#include "world.h"

#include <stdlib.h>

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* ---- who ---- */

static struct memstall *find(const struct world *w, const struct task *t)
{
	for (uint32_t i = 0; i < w->memstalls.count; i++)
		if (w->memstalls.all[i].task == t)
			return &w->memstalls.all[i];
	return NULL;
}

static void drop(struct world *w, struct memstall *stall)
{
	*stall = w->memstalls.all[--w->memstalls.count];
}

static void drop_those_of_before(struct world *w)
{
	for (uint32_t i = w->memstalls.count; i > 0; i--)
		if (w->memstalls.all[i - 1].some <= w->now)
			drop(w, &w->memstalls.all[i - 1]);
}

static struct memstall *add(struct world *w, struct task *t)
{
	struct memstalls *stalls = &w->memstalls;
	struct memstall *all;

	drop_those_of_before(w);
	all = realloc(stalls->all, (stalls->count + 1) * sizeof(*all));
	if (!all)
		return NULL;
	stalls->all = all;
	all[stalls->count] = (struct memstall){ .task = t };
	return &all[stalls->count++];
}

/* ---- in which groups ---- */

static void owe(struct world *w, const struct memstall *stall)
{
	for (struct cgroup *cg = stall->task->signal->cgroup; cg; cg = cg->parent)
		psi_owe(cgroup_psi(w, cg), PSI_MEMORY, stall->some, stall->full, w->now);
}

/* Up to when somebody is stalled there who is not of that process. */
static struct memstall longest_in(const struct world *w, const struct cgroup *top, const struct signal *but)
{
	struct memstall longest = { 0 };

	for (uint32_t i = 0; i < w->memstalls.count; i++) {
		const struct memstall *stall = &w->memstalls.all[i];

		if (stall->task->signal == but || !cgroup_is_below(stall->task->signal->cgroup, top))
			continue;
		longest.some = later(longest.some, stall->some);
		longest.full = later(longest.full, stall->full);
	}
	return longest;
}

static void forgive(struct world *w, struct cgroup *cg, const struct signal *but)
{
	for (; cg; cg = cg->parent) {
		struct memstall longest = longest_in(w, cg, but);

		psi_forgive(cgroup_psi(w, cg), PSI_MEMORY, longest.some, longest.full, w->now);
	}
}

/* ---- when ---- */

static bool is_alone(const struct world *w, const struct task *t)
{
	return w->load.running == (t->state == 'R');
}

/* Without memory for it the stall is lost. */
void memstall_enter(struct world *w, struct task *t, int64_t nanoseconds)
{
	struct memstall *stall;

	if (nanoseconds <= 0 || is_zombie(t))
		return;
	stall = find(w, t);
	if (!stall)
		stall = add(w, t);
	if (!stall)
		return;
	stall->some = earlier(later(stall->some, w->now) + nanoseconds, w->now + PSI_MOST_OWED);
	stall->full = is_alone(w, t) ? stall->some : earlier(stall->full, stall->some);
	owe(w, stall);
}

void memstall_end(struct world *w, const struct task *t)
{
	struct memstall *stall = find(w, t);

	if (!stall)
		return;
	drop(w, stall);
	forgive(w, t->signal->cgroup, NULL);
}

static bool is_any_of(const struct world *w, const struct signal *signal)
{
	for (uint32_t i = 0; i < w->memstalls.count; i++)
		if (w->memstalls.all[i].task->signal == signal)
			return true;
	return false;
}

void memstall_leave(struct world *w, const struct signal *signal)
{
	if (is_any_of(w, signal))
		forgive(w, signal->cgroup, signal);
}

void memstall_arrive(struct world *w, const struct signal *signal)
{
	for (uint32_t i = 0; i < w->memstalls.count; i++)
		if (w->memstalls.all[i].task->signal == signal)
			owe(w, &w->memstalls.all[i]);
}

void memstalls_drop(struct world *w)
{
	free(w->memstalls.all);
}
