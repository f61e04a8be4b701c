/* /proc/PID/io: of the process what its children had read and written, too, once it has waited for them. */
#include "ptrace.h"
#include "text.h"
#include "tree/task_files.h"

#include <errno.h>
#include <inttypes.h>

int io_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	const struct task *t = node->task;
	struct spent c;

	if (!ptrace_may_access(w, reader, t))
		return -EACCES;
	c = is_whole(node) ? spent_by_process(w, t->signal) : spent_by_task(w, t);
	return text_printf(out,
			   "rchar: %" PRIu64 "\nwchar: %" PRIu64 "\nsyscr: %" PRIu64 "\nsyscw: %" PRIu64
			   "\nread_bytes: %" PRIu64 "\nwrite_bytes: %" PRIu64 "\ncancelled_write_bytes: %" PRIu64 "\n",
			   c.rchar, c.wchar, c.syscr, c.syscw, c.read_bytes, c.write_bytes, c.cancelled_write_bytes);
}
