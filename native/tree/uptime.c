/* /proc/uptime: since boot, and how long the CPUs were idle, all together. */
#include "clock.h"
#include "machine.h"
#include "text.h"
#include "tree/tree.h"
#include "world.h"

#include <inttypes.h>

static int hundredths(struct text *out, uint64_t ticks, char end)
{
	return text_printf(out, "%" PRIu64 ".%02" PRIu64 "%c", ticks / 100, ticks % 100, end);
}

int uptime_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	uint64_t idle = 0;
	int error = hundredths(out, w->now > 0 ? (uint64_t)w->now / NSEC_PER_TICK : 0, ' ');

	(void)node, (void)reader;
	for (int32_t cpu = 0; cpu < w->machine.cpus; cpu++)
		idle += ticks_of_cpu(w, cpu).idle;
	return error ? error : hundredths(out, idle, '\n');
}
