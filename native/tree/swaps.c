/* /proc/swaps: one partition holds all there is. */
#include "meminfo.h"
#include "text.h"
#include "tree/tree.h"
#include "world.h"

#include <inttypes.h>

enum { ONE_TAB_FROM = 10000000 };	/* kilobytes */

static const char *tabs_after(const struct world *w, int64_t kbytes)
{
	return w->rules.swaps_is_aligned && kbytes < ONE_TAB_FROM ? "\t\t" : "\t";
}

int swaps_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	const struct meminfo m = meminfo_of(w);
	int64_t size = m.swap_total * 4, used = size - m.swap_free * 4;
	int error = text_printf(out, w->rules.swaps_is_aligned ? "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
				: "Filename\t\t\t\tType\t\tSize\tUsed\tPriority\n");

	(void)node, (void)reader;
	if (error || !size)
		return error;
	return text_printf(out, "%-40spartition\t%" PRId64 "%s%" PRId64 "%s%d\n", "/dev/sda2", size, tabs_after(w, size),
			   used, tabs_after(w, used), w->rules.swap_begins_at_minus_2 ? -2 : -1);
}
