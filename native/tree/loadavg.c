/* /proc/loadavg. */
#include "loadavg.h"

#include "text.h"
#include "tree/tree.h"
#include "world.h"

#include <inttypes.h>

static int average(struct text *out, uint64_t load)
{
	uint64_t rounded = load + LOAD_ONE / 200;

	return text_printf(out, "%" PRIu64 ".%02" PRIu64 " ", rounded >> LOAD_SHIFT,
			   (rounded & (LOAD_ONE - 1)) * 100 >> LOAD_SHIFT);
}

int loadavg_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	int error = 0;

	(void)node, (void)reader;
	for (int i = 0; !error && i < LOADS; i++)
		error = average(out, w->load.averages[i]);
	return error ? error : text_printf(out, "%" PRId64 "/%" PRId64 " %d\n", w->load.running, (int64_t)w->pids.count, w->pids.last);
}
