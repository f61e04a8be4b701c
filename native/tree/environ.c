/* /proc/PID/environ: NAME=value, each with a NUL behind it. */
#include "extra.h"
#include "text.h"
#include "tree/task_files.h"

int environ_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	const struct blob *variables = environ_of(node->task->signal);

	(void)w, (void)reader;
	return mm_of(node->task) && variables ? text_append(out, variables->bytes, variables->length) : 0;
}
