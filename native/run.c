/* See run.h. */
#include "run.h"

#include "clock.h"
#include "oom_kill.h"
#include "reaper.h"
#include "task.h"
#include "waiting.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

/* exit_mm() takes the mmap lock: who finds it held is exiting, and waits. */
static bool may_exit(const struct world *w, struct task *t)
{
	if (!(t->flags & TASK_KILLED) || (t->flags & (TASK_DSLEEP | TASK_FROZEN | TASK_EXIT_WAITS | TASK_ZOMBIE)))
		return false;
	if (is_waiting(w, t))
		return false;
	if (!t->mm || !is_mm_locked(t->mm, t))
		return true;
	t->flags |= TASK_EXITING;
	return false;
}

static struct task *who_may_exit(const struct world *w, const struct signal *signal, const struct task *but)
{
	for (struct task *t = signal->leader; t; t = t->next)
		if (t != but && may_exit(w, t))
			return t;
	return NULL;
}

static bool is_being_killed(const struct signal *signal)
{
	for (const struct task *t = signal->leader; t; t = t->next)
		if (t->flags & TASK_KILLED)
			return true;
	return false;
}

/* Its threads that are free to run exit: true while others are left that are not. */
static bool exit_what_can(struct world *w, const struct killed *killed, const struct task *but)
{
	struct task *leader = pid_find(&w->pids, killed->pid), *t;

	if (!leader || leader->serial != killed->serial)
		return false;
	while ((t = who_may_exit(w, leader->signal, but)))
		thread_dies(w, t);
	return is_being_killed(leader->signal);
}

static void exit_who_can(struct world *w, const struct task *but)
{
	size_t left = 0;

	for (size_t i = 0; i < w->killed_count; i++) {
		struct killed killed = w->killed[i];

		if (exit_what_can(w, &killed, but))
			w->killed[left++] = killed;
	}
	w->killed_count = left;
}

/* In the order of the kills; `but` is still inside the allocator. One that exits may set another free: go round again. */
static void let_killed_exit(struct world *w, const struct task *but)
{
	uint64_t before;

	do {
		before = w->progress;
		exit_who_can(w, but);
	} while (w->progress != before);
}

static void let_all_go_on(struct world *w)
{
	uint64_t before;

	do {
		before = w->progress;
		let_killed_exit(w, NULL);
		waits_retry(w);
	} while (w->progress != before && !is_halted(w));
}

void run_until(struct world *w, int64_t end)
{
	if (is_halted(w))
		return;
	let_all_go_on(w);
	while (reaper_next(w) <= end && !is_halted(w)) {
		if (reaper_next(w) > w->now)
			clock_to(w, reaper_next(w));
		reaper_step(w);
		let_all_go_on(w);
	}
	if (end > w->now && !is_halted(w))
		clock_to(w, end);
	psi_list_update(&w->psi_list, w->now);
}

int64_t next_event(const struct world *w)
{
	int64_t reaper = reaper_next(w), trigger = psi_list_next(&w->psi_list);

	if (is_halted(w))
		return INT64_MAX;
	return reaper < trigger ? reaper : trigger;
}

/* The allocation ends when the killer returns: until then its task stays, and the reaper may be quicker. */
bool allocate(struct world *w, struct task *current, const struct oom_request *request)
{
	bool found = out_of_memory(w, current, request);

	if (is_halted(w))
		return false;
	let_killed_exit(w, current);
	reaper_step(w);
	let_killed_exit(w, NULL);
	return found;
}

bool allocate_by_kworker(struct world *w, const char *comm, const struct oom_request *request)
{
	struct signal signal = { .cgroup = &w->root };
	struct task worker = { .signal = &signal, .flags = TASK_KTHREAD, .mems = UINT64_MAX };

	signal.leader = &worker;
	set_comm(&worker, comm, strlen(comm));
	return allocate(w, &worker, request);
}

uint32_t gfp_kernel(const struct world *w)
{
	return w->rules.gfp_values_of_2016 ? 0x24000c0 : 0xcc0;
}

/* GFP_HIGHUSER_MOVABLE | __GFP_ZERO, today with __GFP_COMP */
uint32_t gfp_fault(const struct world *w)
{
	return w->rules.gfp_values_of_2016 ? 0x24280ca : 0x140dca;
}
