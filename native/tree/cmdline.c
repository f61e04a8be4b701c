/* /proc/PID/cmdline: empty without an mm; the comm where no arguments were given. */
#include "extra.h"
#include "task.h"
#include "text.h"
#include "tree/tree.h"

#include <string.h>

int cmdline_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	const struct task *t = node->task;
	const struct blob *cmdline = cmdline_of(t->signal);

	(void)w, (void)reader;
	if (!t->mm || is_kthread(t))
		return 0;
	if (!cmdline)
		return text_append(out, t->comm, strlen(t->comm) + 1);
	return text_append(out, cmdline->bytes, cmdline->length);
}
