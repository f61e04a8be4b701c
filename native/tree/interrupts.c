/* /proc/interrupts and /proc/softirqs: the timer's, on every CPU. */
#include "machine.h"
#include "text.h"
#include "tree/tree.h"
#include "world.h"

#include <inttypes.h>

static int header(const struct world *w, struct text *out, int indent)
{
	int error = text_printf(out, "%*s", indent, "");

	for (int32_t cpu = 0; !error && cpu < w->machine.cpus; cpu++)
		error = text_printf(out, "CPU%-8d", cpu);
	return error ? error : text_printf(out, "\n");
}

static int counts(const struct world *w, struct text *out, uint64_t count)
{
	int error = 0;

	for (int32_t cpu = 0; !error && cpu < w->machine.cpus; cpu++)
		error = text_printf(out, " %10" PRIu64, count);
	return error;
}

int interrupts_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	int error = header(w, out, 11);

	(void)node, (void)reader;
	if (!error)
		error = text_printf(out, "LOC:");
	if (!error)
		error = counts(w, out, ticks_of(w));
	return error ? error : text_printf(out, "   Local timer interrupts\nERR: %10d\nMIS: %10d\n", 0, 0);
}

int softirqs_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	static const char *const names[] = {
		"HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED", "HRTIMER", "RCU",
	};
	int error = header(w, out, 20);

	(void)node, (void)reader;
	for (size_t i = 0; !error && i < sizeof(names) / sizeof(names[0]); i++) {
		error = text_printf(out, "%12s:", names[i]);
		if (!error)
			error = counts(w, out, i == 1 ? ticks_of(w) : 0);
		if (!error)
			error = text_printf(out, "\n");
	}
	return error;
}
