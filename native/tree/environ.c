/* /proc/PID/environ: NAME=value, each with a NUL behind it. */
#include "extra.h"
#include "text.h"
#include "tree/task_files.h"

int environ_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	const struct blob *variables = node->task ? environ_of(node->task->signal) : NULL;

	(void)w, (void)reader;
	return variables && mm_of(node->task) ? text_append(out, variables->bytes, variables->length) : 0;
}
