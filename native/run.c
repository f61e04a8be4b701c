/* See run.h. */
#include "run.h"

#include "oom_kill.h"
#include "reaper.h"
#include "task.h"
#include "world.h"

/* exit_mm() takes the mmap lock: who finds it held is exiting, and waits. */
static bool may_exit(struct task *t)
{
	if (!(t->flags & TASK_KILLED) || (t->flags & (TASK_DSLEEP | TASK_EXIT_WAITS | TASK_ZOMBIE)))
		return false;
	if (!t->mm || !is_mm_locked(t->mm, t))
		return true;
	t->flags |= TASK_EXITING;
	return false;
}

static struct task *who_may_exit(const struct signal *signal, const struct task *but)
{
	for (struct task *t = signal->leader; t; t = t->next)
		if (t != but && may_exit(t))
			return t;
	return NULL;
}

/* Whoever was killed and is free to run exits now; `but` is still inside the allocator. */
static void let_killed_exit(struct world *w, const struct task *but)
{
	for (struct signal *s = w->oldest; s; s = s->newer) {
		struct task *t;

		while ((t = who_may_exit(s, but)))
			thread_dies(w, t);
	}
}

void run_until(struct world *w, int64_t end)
{
	let_killed_exit(w, NULL);
	while (reaper_next(w) <= end) {
		if (reaper_next(w) > w->now)
			w->now = reaper_next(w);
		reaper_step(w);
		let_killed_exit(w, NULL);
	}
	if (end > w->now)
		w->now = end;
}

/* The allocation ends when the killer returns: until then its task stays, and the reaper may be quicker. */
bool allocate(struct world *w, struct task *current, const struct oom_request *request)
{
	bool found = out_of_memory(w, current, request);

	let_killed_exit(w, current);
	reaper_step(w);
	let_killed_exit(w, NULL);
	return found;
}
