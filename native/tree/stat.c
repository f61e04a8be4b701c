/*
 * /proc/PID/stat: the 52 fields of do_task_stat(). What is not modelled is what a process has that nobody changed: no
 * terminal, a session and group of its own, nice 0, no blocked or caught signals.
 */
#include "layout.h"
#include "ptrace.h"
#include "text.h"
#include "tree/task_files.h"
#include "world.h"

#include <inttypes.h>

enum {
	TICK = 10000000,	/* nanoseconds: USER_HZ is 100 */
	PF_EXITING = 0x4, PF_FORKNOEXEC = 0x40, PF_SIGNALED = 0x400, PF_NOFREEZE = 0x8000, PF_KTHREAD = 0x200000,
	PF_RANDOMIZE = 0x400000
};

static int32_t ppid_of(const struct task *t)
{
	return t->signal->parent ? t->signal->parent->signal->leader->pid : 0;
}

static uint32_t flags_of(const struct task *t)
{
	uint32_t flags = is_kthread(t) ? PF_KTHREAD | PF_FORKNOEXEC | PF_NOFREEZE : PF_RANDOMIZE;

	flags |= t->flags & TASK_EXITING ? PF_EXITING : 0;
	flags |= is_vfork_done_set(t) ? PF_FORKNOEXEC : 0;
	flags |= t->flags & TASK_KILLED ? PF_SIGNALED : 0;
	return flags;
}

/* Fields 1 to 22. */
static int identity(const struct world *w, const struct node *node, struct text *out)
{
	const struct task *t = node->task;
	struct spent own = is_whole(node) ? spent_by_process(w, t->signal) : spent_by_task(w, t);
	struct spent children = spent_by_children(t->signal);
	int32_t group = is_kthread(t) ? 0 : t->signal->leader->pid;

	return text_printf(out, "%d (%s) %c %d %d %d 0 -1 %u %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
			   " %" PRIu64 " %" PRIu64 " 20 0 %d 0 %" PRId64, t->pid, t->comm, t->state, ppid_of(t), group, group,
			   flags_of(t), own.min_flt, children.min_flt, own.maj_flt, children.maj_flt, own.utime / TICK,
			   own.stime / TICK, children.utime / TICK, children.stime / TICK, t->signal->threads,
			   t->start_time / TICK);
}

/* Fields 23 to 30. Who may not look into the task sees no address but 1. */
static int sizes(const struct world *w, const struct mm *mm, const struct mm_addresses *a, bool permitted, struct text *out)
{
	const struct memory *m = mm ? &mm->memory : NULL;
	bool shows = permitted && w->rules.stat_shows_registers;

	if (!m)
		return text_printf(out, " 0 0 18446744073709551615 0 0 0 0 0");
	return text_printf(out, " %" PRIu64 " %" PRId64 " 18446744073709551615 %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
			   " %" PRIu64, m->total_vm * 4096, m->anon + m->file + m->shmem,
			   permitted ? a->start_code : 1, permitted ? a->end_code : 1, permitted ? a->start_stack : 0,
			   shows ? a->start_stack - 0xa8 : 0, shows ? a->entry + 0x2d3 : 0);
}

/* Of a process with several threads nobody can say where it sleeps. */
static bool sleeps(const struct node *node, bool permitted)
{
	const struct task *t = node->task;

	return permitted && t->state != 'R' && (!is_whole(node) || t->signal->threads < 2);
}

/* SIGCHLD; kthreadd and threads that do not lead send none. */
static int exit_signal(const struct task *t)
{
	if (is_kthread(t) && !t->signal->parent)
		return 0;
	return is_leader(t) ? 17 : -1;
}

/* Fields 31 to 52. */
static int rest(const struct node *node, const struct mm_addresses *a, bool permitted, struct text *out)
{
	const struct task *t = node->task;

	return text_printf(out, " 0 0 %d 0 %d 0 0 %d 0 0 0 0 0 0 %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
			   " %" PRIu64 " %" PRIu64 " %d\n", is_kthread(t) ? INT32_MAX : 0, sleeps(node, permitted),
			   exit_signal(t), a->start_data, a->end_data, a->start_brk, a->arg_start, a->arg_end,
			   a->env_start, a->env_end, permitted && is_zombie(t) ? t->signal->exit_code : 0);
}

int stat_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	const struct task *t = node->task;
	const struct mm *mm = mm_of(t);
	bool permitted = ptrace_may_access(w, reader, t);
	struct mm_addresses addresses = { 0 };
	int error = text_reserve(out, 512);

	if (mm && permitted)
		addresses = layout_addresses(&w->rules, t);
	if (!error)
		error = identity(w, node, out);
	if (!error)
		error = sizes(w, mm, &addresses, permitted, out);
	return error ? error : rest(node, &addresses, permitted, out);
}
