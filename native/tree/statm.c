/* /proc/PID/statm: pages. */
#include "task.h"
#include "text.h"
#include "tree/tree.h"

#include <inttypes.h>

int statm_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	const struct task *t = node->task;
	static const struct memory none;
	const struct memory *m = t->mm && !is_kthread(t) ? &t->mm->memory : &none;
	int64_t shared = m->file + m->shmem;

	(void)w, (void)reader;
	return text_printf(out, "%" PRIu64 " %" PRId64 " %" PRId64 " 0 0 %" PRId64 " 0\n", m->total_vm, m->anon + shared,
			   shared, m->anon);
}
