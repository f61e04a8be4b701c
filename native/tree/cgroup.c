/*
 * /proc/PID/cgroup: the unified hierarchy, or the old one of the memory controller, which is all that there are. Mirrors
 * proc_cgroup_show(): only in the unified one does who exits stay where he was.
 */
#include "task.h"
#include "text.h"
#include "tree/tree.h"
#include "world.h"

int cgroup_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	const struct cgroup *cg = node->task->signal->cgroup;
	char path[CGROUP_PATH];

	(void)reader;
	if (w->rules.cgroups_are_v1)
		return text_printf(out, "1:memory:%s\n", node->task->flags & TASK_EXITING ? "/" : cgroup_path(cg, path));
	return text_printf(out, "0::%s%s\n", cgroup_path(cg, path), cg->removed ? " (deleted)" : "");
}
