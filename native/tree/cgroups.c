/* /proc/cgroups: the controllers, all of them in the unified hierarchy, or that of memory in one of its own. */
#include "text.h"
#include "tree/tree.h"
#include "world.h"

int cgroups_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	static const char *const names[] = { "cpuset", "cpu", "cpuacct", "blkio", "memory", "devices", "freezer", "pids" };
	enum { MEMORY = 4 };
	int error = text_printf(out, "#subsys_name\thierarchy\tnum_cgroups\tenabled\n");

	(void)node, (void)reader;
	for (size_t i = 0; !error && i < sizeof(names) / sizeof(names[0]); i++)
		error = text_printf(out, "%s\t%d\t%zu\t1\n", names[i], w->rules.cgroups_are_v1 && i == MEMORY, w->cgroups.count);
	return error;
}
