/* /proc/PID/oom_score */
#include "badness.h"
#include "text.h"
#include "tree/tree.h"

#include <inttypes.h>

int oom_score_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	const struct task *t = node->task;
	return text_printf(out, "%" PRIu64 "\n", oom_score(w, t, reader));
}
