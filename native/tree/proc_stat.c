/* /proc/stat: the CPUs' time, and what has been counted since boot. */
#include "account.h"
#include "machine.h"
#include "text.h"
#include "tree/tree.h"
#include "world.h"

#include <inttypes.h>

static int times(struct text *out, const struct cpu_ticks *ticks)
{
	return text_printf(out, " %" PRIu64 " 0 %" PRIu64 " %" PRIu64 " 0 0 0 0 0 0\n", ticks->user, ticks->system, ticks->idle);
}

static struct cpu_ticks ticks_of_all(const struct world *w)
{
	struct cpu_ticks sum = { 0 };

	for (int32_t cpu = 0; cpu < w->machine.cpus; cpu++) {
		struct cpu_ticks ticks = ticks_of_cpu(w, cpu);

		sum.user += ticks.user;
		sum.system += ticks.system;
		sum.idle += ticks.idle;
	}
	return sum;
}

static int cpu_lines(const struct world *w, struct text *out)
{
	struct cpu_ticks ticks = ticks_of_all(w);
	int error = text_printf(out, "cpu ");

	if (!error)
		error = times(out, &ticks);
	for (int32_t cpu = 0; !error && cpu < w->machine.cpus; cpu++) {
		ticks = ticks_of_cpu(w, cpu);
		error = text_printf(out, "cpu%d", cpu);
		if (!error)
			error = times(out, &ticks);
	}
	return error;
}

/* Timers are the only interrupts, and a tick switches the context, as tasks do by themselves and when they begin. */
int proc_stat_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	uint64_t ticks = ticks_of(w) * (uint64_t)w->machine.cpus;
	struct spent spent = spent_by_all(w);
	int error = cpu_lines(w, out);

	(void)node, (void)reader;
	if (error)
		return error;
	return text_printf(out, "intr %" PRIu64 " 0\nctxt %" PRIu64 "\nbtime %" PRId64 "\nprocesses %" PRIu64 "\n"
			   "procs_running %" PRId64 "\nprocs_blocked %" PRId64 "\n"
			   "softirq %" PRIu64 " 0 %" PRIu64 " 0 0 0 0 0 0 0 0\n", ticks,
			   ticks + w->last_serial + spent.nvcsw + spent.nivcsw,
			   boot_second(w), w->last_serial, w->load.running, w->load.blocked, ticks, ticks);
}
