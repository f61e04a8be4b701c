/* /proc/PID/statm: pages. */
#include "layout.h"
#include "text.h"
#include "tree/task_files.h"
#include "world.h"

#include <inttypes.h>

int statm_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	const struct mm *mm = mm_of(node->task);
	const struct memory *m;
	struct vm_sizes vm;
	int64_t shared;

	(void)reader;
	if (!mm)
		return text_append(out, "0 0 0 0 0 0 0\n", 14);
	m = &mm->memory;
	vm = layout_sizes(&w->rules, mm);
	shared = m->file + m->shmem;
	return text_printf(out, "%" PRIu64 " %" PRId64 " %" PRId64 " %" PRIu64 " 0 %" PRIu64 " 0\n", m->total_vm,
			   m->anon + shared, shared, vm.exe, vm.data + vm.stack);
}
