/* /proc/PID/sched, schedstat and autogroup. The lines of sched are those of 6.18 on every kernel. */
#include "text.h"
#include "tree/task_files.h"
#include "world.h"

#include <inttypes.h>
#include <string.h>

enum { MILLISECOND = 1000000, WEIGHT = 1048576, SLICE = 1400000 };

static int dashes(struct text *out)
{
	char line[68];

	memset(line, '-', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\n';
	return text_append(out, line, sizeof(line));
}

static int number(struct text *out, const char *name, int64_t value)
{
	return text_printf(out, "%-45s:%21" PRId64 "\n", name, value);
}

static int milliseconds(struct text *out, const char *name, uint64_t nanoseconds)
{
	return text_printf(out, "%-45s:%14" PRIu64 ".%06" PRIu64 "\n", name, nanoseconds / MILLISECOND,
			   nanoseconds % MILLISECOND);
}

/* The load of who runs all the time is 1024; it is in step with the share of a CPU. */
static int64_t average(const struct world *w, const struct task *t)
{
	return cpu_share(w, t) * 1024 / 1000;
}

static int entity(const struct world *w, const struct spent *c, struct text *out)
{
	uint64_t run = c->utime + c->stime;
	int error = milliseconds(out, "se.exec_start", (uint64_t)w->now);

	if (!error)
		error = milliseconds(out, "se.vruntime", run);
	if (!error)
		error = milliseconds(out, "se.sum_exec_runtime", run);
	if (!error)
		error = number(out, "se.nr_migrations", 0);
	if (!error)
		error = number(out, "nr_switches", (int64_t)(c->nvcsw + c->nivcsw));
	if (!error)
		error = number(out, "nr_voluntary_switches", (int64_t)c->nvcsw);
	if (!error)
		error = number(out, "nr_involuntary_switches", (int64_t)c->nivcsw);
	return error ? error : number(out, "se.load.weight", WEIGHT);
}

static int rest(const struct world *w, const struct task *t, struct text *out)
{
	const int64_t load = average(w, t);
	const struct { const char *name; int64_t value; bool needs_mm; } lines[] = {
		{ "se.avg.load_sum", load * 46, false }, { "se.avg.runnable_sum", load * 46992, false },
		{ "se.avg.util_sum", load * 46992, false }, { "se.avg.load_avg", load, false },
		{ "se.avg.runnable_avg", load, false }, { "se.avg.util_avg", load, false },
		{ "se.avg.last_update_time", w->now, false }, { "se.avg.util_est", load, false },
		{ "policy", 0, false }, { "prio", 120, false }, { "se.slice", SLICE, false }, { "clock-delta", 70, false },
		{ "mm->numa_scan_seq", 0, true }, { "numa_pages_migrated", 0, false }, { "numa_preferred_nid", -1, false },
		{ "total_numa_faults", 0, false },
	};
	int error = 0;

	for (size_t i = 0; !error && i < sizeof(lines) / sizeof(lines[0]); i++)
		if (!lines[i].needs_mm || mm_of(t))
			error = number(out, lines[i].name, lines[i].value);
	return error ? error : text_printf(out, "current_node=0, numa_group_id=0\nnuma_faults node=0 task_private=0 "
					   "task_shared=0 group_private=0 group_shared=0\n");
}

int sched_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	const struct task *t = node->task;
	struct spent c = spent_by_task(w, t);
	int error = text_printf(out, "%s (%d, #threads: %d)\n", t->comm, t->pid, t->signal->threads);

	(void)reader;
	if (!error)
		error = dashes(out);
	if (!error)
		error = entity(w, &c, out);
	return error ? error : rest(w, t, out);
}

/* Any write resets the statistics, of which there are none. */
ssize_t sched_write(struct world *w, const struct node *node, const struct caller *who, const char *bytes, size_t count,
		    int64_t offset)
{
	(void)w, (void)node, (void)who, (void)bytes, (void)offset;
	return (ssize_t)count;
}

int schedstat_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	struct spent c = spent_by_task(w, node->task);

	(void)reader;
	return text_printf(out, "%" PRIu64 " 0 %" PRIu64 "\n", c.utime + c.stime, c.nvcsw + c.nivcsw);
}

/* Each process is its own session, and so has its own group. */
int autogroup_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)w, (void)reader;
	return is_kthread(node->task) ? 0 : text_printf(out, "/autogroup-%d nice 0\n", node->task->signal->leader->pid);
}
