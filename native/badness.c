/* See badness.h. Mirrors oom_badness() and proc_oom_score(). */
#include "badness.h"

#include "task.h"
#include "world.h"

int eligibility_of(const struct world *w, const struct task *t)
{
	const struct task *user = first_with_mm(t->signal);

	if (is_unkillable(t))
		return is_global_init(t) ? IS_GLOBAL_INIT : IS_KTHREAD;
	if (!user)
		return HAS_NO_MM;
	if (user->signal->oom_score_adj == OOM_SCORE_ADJ_MIN)
		return IS_AT_MINUS_1000;
	if (user->mm->oom_reaped)
		return MM_IS_REAPED;
	return w->rules.vfork_child_hidden && in_vfork(user) ? IS_VFORKED : ELIGIBLE;
}

bool badness_of_total(const struct world *w, const struct task *t, uint64_t total, int64_t *points)
{
	const struct task *user;

	*points = 0;
	if (eligibility_of(w, t) != ELIGIBLE)
		return false;
	user = first_with_mm(t->signal);
	*points = points_of(&w->rules, pages_of(&user->mm->memory), user->signal->oom_score_adj, has_root_bonus(user->cred), total);
	return true;
}

bool badness(const struct world *w, const struct task *t, int64_t *points)
{
	return badness_of_total(w, t, total_pages(w), points);
}

static bool shares_node(const struct task *t, uint64_t mems)
{
	for (const struct task *thread = t->signal->leader; thread; thread = thread->next)
		if (thread->mems & mems)
			return true;
	return false;
}

uint64_t oom_score(const struct world *w, const struct task *t, const struct caller *reader)
{
	int64_t total = (int64_t)total_pages(w), points;

	if (!total || !badness(w, t, &points))
		return 0;
	if (w->rules.reader_mems_count && !shares_node(t, reader->mems))
		return 0;
	if (w->rules.badness_is_signed)
		return (uint64_t)((1000 + points * 1000 / total) * 2 / 3);
	return (uint64_t)(points * 1000 / total);
}
