/* /proc/PID/oom_adj and /proc/PID/oom_score_adj: text in, text out; the rules are oom_adj.c's. */
#include "oom_adj.h"

#include "text.h"
#include "tree/tree.h"

#include <errno.h>

static ssize_t short_count(size_t count)
{
	return count < NUMBER_BYTES ? (ssize_t)count : NUMBER_BYTES;
}

int oom_adj_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)reader;
	return text_printf(out, "%d\n", oom_adj_get(w, node->task));
}

ssize_t oom_adj_write(struct world *w, const struct node *node, const struct caller *who, const char *bytes, size_t count,
			int64_t offset)
{
	int value, error = oom_adj_parse(bytes, count, &value);

	(void)offset;
	if (!error)
		error = node->task ? oom_adj_set(w, node->task, who, value) : -ESRCH;
	return error ? error : short_count(count);
}

int oom_score_adj_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)reader;
	return text_printf(out, "%d\n", oom_score_adj_get(w, node->task));
}

ssize_t oom_score_adj_write(struct world *w, const struct node *node, const struct caller *who, const char *bytes, size_t count,
			int64_t offset)
{
	int value, error = oom_score_adj_parse(bytes, count, &value);

	(void)offset;
	if (!error)
		error = node->task ? oom_score_adj_set(w, node->task, who, value) : -ESRCH;
	return error ? error : short_count(count);
}
