/* See candidates.h. */
#include "candidates.h"

#include "extra.h"
#include "task.h"
#include "world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct signal *process_after(const struct world *w, const struct signal *after)
{
	const struct candidates *all = &w->candidates;

	for (size_t i = after ? after->candidate + 1 : 0; i < all->count; i++)
		if (all->processes[i])
			return all->processes[i];
	return NULL;
}

int process_count(const struct world *w)
{
	return (int)(w->candidates.count - w->candidates.holes);
}

/* ---- what selection asks ---- */

static bool any_thread_is_special(const struct signal *signal)
{
	for (const struct task *t = signal->leader; t; t = t->next)
		if (is_vfork_done_set(t) || t->mems != UINT64_MAX)
			return true;
	return false;
}

static bool needs_asking(const struct signal *signal, int64_t pages)
{
	return signal->oom_victims || oom_mm_of(signal) || signal->oom_flag_origin || pages > UINT32_MAX
		|| any_thread_is_special(signal);
}

static struct candidate look(const struct signal *signal)
{
	const struct task *user = is_unkillable(signal->leader) ? NULL : first_with_mm(signal);
	int64_t pages = user ? pages_of(&user->mm->memory) : 0;
	struct candidate c = { (uint32_t)pages, signal->oom_score_adj, 0 };

	if (is_unkillable(signal->leader))
		c.flags = CANDIDATE_NEVER;
	else if (needs_asking(signal, pages))
		c.flags = CANDIDATE_ASK;
	else if (!user || user->mm->oom_reaped || signal->oom_score_adj == OOM_SCORE_ADJ_MIN)
		c.flags = CANDIDATE_NEVER;
	else if (has_root_bonus(user->cred))
		c.flags = CANDIDATE_BONUS;
	return c;
}

void candidate_update(struct world *w, struct signal *signal)
{
	w->candidates.packed[signal->candidate] = look(signal);
}

void candidates_update_mm(struct world *w, const struct mm *mm)
{
	for (struct signal *s = mm->oldest; s; s = s->sharer_newer)
		candidate_update(w, s);
}

/* ---- who is in it ---- */

static bool grow(struct candidates *all)
{
	size_t room = all->room ? all->room + all->room / 2 : 64;
	struct candidate *packed = realloc(all->packed, room * sizeof(*packed));
	struct signal **processes;

	if (!packed)
		return false;
	all->packed = packed;
	processes = realloc(all->processes, room * sizeof(struct signal *));
	if (!processes)
		return false;
	all->processes = processes;
	all->room = room;
	return true;
}

/* Before its threads are known it can only be asked. */
int candidates_add(struct world *w, struct signal *signal)
{
	struct candidates *all = &w->candidates;

	if (all->count == all->room && !grow(all))
		return -ENOMEM;
	signal->candidate = (uint32_t)all->count;
	all->packed[all->count] = (struct candidate){ 0, 0, CANDIDATE_ASK };
	all->processes[all->count++] = signal;
	return 0;
}

/* Holes are closed when they are the half: a removal costs O(1) on average. */
static void close_holes(struct candidates *all)
{
	size_t count = 0;

	for (size_t i = 0; i < all->count; i++) {
		struct signal *signal = all->processes[i];

		if (!signal)
			continue;
		all->packed[count] = all->packed[i];
		all->processes[count] = signal;
		signal->candidate = (uint32_t)count++;
	}
	all->count = count;
	all->holes = 0;
}

void candidates_remove(struct world *w, struct signal *signal)
{
	struct candidates *all = &w->candidates;

	all->packed[signal->candidate] = (struct candidate){ 0, 0, CANDIDATE_NEVER };
	all->processes[signal->candidate] = NULL;
	if (++all->holes > 32 && all->holes > all->count / 2)
		close_holes(all);
}

bool candidates_agree(struct world *w)
{
	const struct candidates *all = &w->candidates;

	for (size_t i = 0; i < all->count; i++) {
		const struct signal *signal = all->processes[i];
		struct candidate truth = signal ? look(signal) : (struct candidate){ 0, 0, CANDIDATE_NEVER };

		if ((signal && signal->candidate != i) || memcmp(&truth, &all->packed[i], sizeof(truth)) != 0)
			return false;
	}
	return true;
}

void candidates_drop(struct world *w)
{
	free(w->candidates.packed);
	free(w->candidates.processes);
}
