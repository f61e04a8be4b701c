/* See badness.h. Mirrors oom_badness() and proc_oom_score(). */
#include "badness.h"

#include "oom_adj.h"
#include "task.h"
#include "world.h"

static bool is_unkillable(const struct task *t)
{
	return is_global_init(t) || is_kthread(t);
}

static bool is_exempt(const struct world *w, const struct task *user)
{
	return user->signal->oom_score_adj == OOM_SCORE_ADJ_MIN || user->mm->oom_reaped
		|| (w->rules.vfork_child_hidden && in_vfork(user));
}

static int64_t at_least_0(int64_t counter)
{
	return counter > 0 ? counter : 0;
}

static int64_t pages_of(const struct memory *m)
{
	return at_least_0(m->anon) + at_least_0(m->file) + at_least_0(m->shmem) + at_least_0(m->swapents)
		+ m->ptes + m->pmds;
}

static int64_t root_bonus(const struct world *w, const struct task *user, int64_t points)
{
	bool has_bonus = w->rules.root_bonus && (cred_caps(user->cred) & CAP_BIT(CAP_SYS_ADMIN));

	return has_bonus ? points * 3 / 100 : 0;
}

/* total / 1000 is cut off first: below 1000 pages the adjustment moves nothing. */
static int64_t adjustment(const struct task *user, uint64_t total)
{
	return user->signal->oom_score_adj * (int64_t)(total / 1000);
}

bool badness_of_total(const struct world *w, const struct task *t, uint64_t total, int64_t *points)
{
	const struct task *user = is_unkillable(t) ? NULL : first_with_mm(t->signal);

	*points = 0;
	if (!user || is_exempt(w, user))
		return false;
	*points = pages_of(&user->mm->memory);
	*points += adjustment(user, total) - root_bonus(w, user, *points);
	if (!w->rules.badness_is_signed && *points < 1)
		*points = 1;
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
