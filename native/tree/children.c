/* /proc/PID/task/TID/children: the processes whose real parent is this very thread. */
#include "text.h"
#include "tree/task_files.h"

int children_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	int error = 0;

	(void)w, (void)reader;
	for (const struct signal *child = node->task->first_child; child && !error; child = child->sibling_newer)
		error = text_printf(out, "%d ", child->leader->pid);
	return error;
}
