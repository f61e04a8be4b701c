/* /proc/PID/ksm_merging_pages and ksm_stat: nothing is merged here. */
#include "text.h"
#include "tree/task_files.h"
#include "world.h"

int ksm_merging_pages_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)w, (void)reader;
	return mm_of(node->task) ? text_printf(out, "0\n") : 0;
}

int ksm_stat_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	int error;

	(void)reader;
	if (!mm_of(node->task))
		return 0;
	error = text_printf(out, "ksm_rmap_items 0\n");
	if (!error && w->rules.ksm_stat_tells_profit)
		error = text_printf(out, "ksm_zero_pages 0\nksm_merging_pages 0\nksm_process_profit 0\n");
	if (!error && w->rules.ksm_stat_tells_mode)
		error = text_printf(out, "ksm_merge_any: no\nksm_mergeable: no\n");
	return error;
}
