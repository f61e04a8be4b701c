/* /proc/PID/stat: the 52 fields; what the world does not model reads 0. */
#include "task.h"
#include "text.h"
#include "tree/tree.h"
#include "world.h"

#include <inttypes.h>

enum { TICK = 10000000 };	/* nanoseconds: USER_HZ is 100 */

static int32_t ppid_of(const struct task *t)
{
	return t->signal->parent ? t->signal->parent->signal->leader->pid : 0;
}

int stat_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	const struct task *t = node->task;
	static const struct memory none;
	const struct memory *m = t->mm && !is_kthread(t) ? &t->mm->memory : &none;
	int32_t group = t->signal->leader->pid;
	int error;

	(void)w, (void)reader;
	error = text_printf(out, "%d (%s) %c %d %d %d 0 -1 %u 0 0 0 0 0 0 0 0 20 0 %d 0 %" PRId64, t->pid, t->comm,
			    t->state, ppid_of(t), group, group, is_kthread(t) ? 0x200040U : 0x400000U,
			    t->signal->threads, t->start_time / TICK);
	if (error)
		return error;
	return text_printf(out, " %" PRIu64 " %" PRId64 " 18446744073709551615 0 0 0 0 0 0 0 0 0 %d 0 0 17 0 0 0 0 0 0"
			   " 0 0 0 0 0 0 0 %d\n", m->total_vm * 4096, m->anon + m->file + m->shmem, 0,
			   is_zombie(t) ? t->signal->exit_code : 0);
}
