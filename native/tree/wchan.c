/*
 * /proc/PID/wchan, syscall and stack: where a task sleeps. The world knows its state only, so each stands for what
 * such a task usually does.
 */
#include "layout.h"
#include "ptrace.h"
#include "text.h"
#include "tree/task_files.h"
#include "world.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct sleep {
	const char *wchan;
	int syscall;
	const char *frames[6];
};

#define FROM_USER "do_syscall_64+0x71/0x280", "entry_SYSCALL_64_after_hwframe+0x76/0x7e"

static const struct sleep sleeping = {
	"hrtimer_nanosleep", 230,
	{ "hrtimer_nanosleep+0x74/0xf0", "common_nsleep+0x30/0x60", "__x64_sys_clock_nanosleep+0xce/0x140", FROM_USER },
};
static const struct sleep waiting_for_vforked = {
	"kernel_clone", 58, { "kernel_clone+0x2d1/0x3e0", "__x64_sys_vfork+0x4a/0x60", FROM_USER },
};
static const struct sleep uninterruptible = {
	"io_schedule", 0, { "io_schedule+0x42/0x70", "folio_wait_bit_common+0x136/0x330", "ksys_read+0x6f/0xf0", FROM_USER },
};
static const struct sleep stopped = {
	"do_signal_stop", 230, { "do_signal_stop+0x1d4/0x1f0", "get_signal+0x63f/0x820", FROM_USER },
};
static const struct sleep kthreadd_sleeps = {
	"kthreadd", 0, { "kthreadd+0x2f0/0x310", "ret_from_fork+0x151/0x170", "ret_from_fork_asm+0x1a/0x30" },
};
static const struct sleep worker_sleeps = {
	"worker_thread", 0, { "worker_thread+0x17f/0x300", "kthread+0xf9/0x240", "ret_from_fork+0x151/0x170",
			      "ret_from_fork_asm+0x1a/0x30" },
};

/* NULL where it does not sleep. */
static const struct sleep *sleep_of(const struct task *t)
{
	if (is_zombie(t) || t->state == 'R')
		return NULL;
	if (is_kthread(t))
		return t->signal->parent ? &worker_sleeps : &kthreadd_sleeps;
	if (t->vfork_child)
		return &waiting_for_vforked;
	return t->state == 'D' ? &uninterruptible : t->state == 'T' ? &stopped : &sleeping;
}

int wchan_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	const struct sleep *sleep = sleep_of(node->task);
	const char *name = sleep && ptrace_may_access(w, reader, node->task) ? sleep->wchan : "0";

	return text_append(out, name, strlen(name));
}

static int registers(const struct world *w, const struct task *t, const struct sleep *sleep, struct text *out)
{
	struct mm_addresses a = layout_addresses(&w->rules, t);

	return text_printf(out, "%d 0x0 0x0 0x%" PRIx64 " 0x%" PRIx64 " 0x0 0x0 0x%" PRIx64 " 0x%" PRIx64 "\n", sleep->syscall,
			   a.start_stack - 0x90, a.start_stack - 0x50, a.start_stack - 0xa8, a.entry + 0x2d3);
}

/* lock_trace() lets nobody else see it. */
int syscall_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	const struct task *t = node->task;
	const struct sleep *sleep = sleep_of(t);

	if (!ptrace_may_access(w, reader, t))
		return -EPERM;
	if (is_zombie(t))
		return text_printf(out, "-1 0x0 0x0\n");
	if (!sleep)
		return text_printf(out, "running\n");
	if (!mm_of(t))
		return text_printf(out, "0 0x0 0x0 0x0 0x0 0x0 0x0 0x0 0x0\n");
	return registers(w, t, sleep, out);
}

static int frame(const struct world *w, const char *name, struct text *out)
{
	return text_printf(out, "[<%s>] %s\n", w->rules.stack_hides_addresses ? "0" : "ffffffff81000000", name);
}

int stack_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	const struct sleep *sleep = sleep_of(node->task);
	int error = 0;

	if (w->rules.stack_needs_admin && !(reader->caps & CAP_BIT(CAP_SYS_ADMIN)))
		return -EACCES;
	if (!ptrace_may_access(w, reader, node->task))
		return -EPERM;
	for (size_t i = 0; sleep && !error && i < 6 && sleep->frames[i]; i++)
		error = frame(w, sleep->frames[i], out);
	if (!error && sleep && !w->rules.stack_hides_addresses)
		error = text_printf(out, "[<ffffffffffffffff>] 0xffffffffffffffff\n");
	return error;
}
