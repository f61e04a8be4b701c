/* /proc/PID/cgroup: the unified hierarchy only. */
#include "task.h"
#include "text.h"
#include "tree/tree.h"

int cgroup_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	const struct task *t = node->task;
	(void)w, (void)reader;
	return text_printf(out, "0::%s\n", t->signal->cgroup ? t->signal->cgroup : "/");
}
