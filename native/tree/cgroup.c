/* /proc/PID/cgroup: the unified hierarchy only. */
#include "task.h"
#include "text.h"
#include "tree/tree.h"
#include "world.h"

int cgroup_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	char path[CGROUP_PATH];

	(void)w, (void)reader;
	return text_printf(out, "0::%s\n", cgroup_path(node->task->signal->cgroup, path));
}
