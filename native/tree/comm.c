/* /proc/PID/comm: a thread may be renamed by its own process only. */
#include "task.h"
#include "text.h"
#include "tree/tree.h"
#include "world.h"

#include <errno.h>

int comm_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)w, (void)reader;
	return text_printf(out, "%s\n", node->task->comm);
}

ssize_t comm_write(struct world *w, const struct node *node, const struct caller *who, const char *bytes, size_t count,
			int64_t offset)
{
	const struct task *by = pid_find(&w->pids, who->pid);
	struct task *t = node->task;

	(void)offset;
	if (!t)
		return -ESRCH;
	if (!by || by->signal != t->signal)
		return -EINVAL;
	set_comm(t, bytes, count);
	return (ssize_t)count;
}
