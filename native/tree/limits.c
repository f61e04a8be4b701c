/* /proc/PID/limits: what a kernel gives init, and nobody changes. */
#include "text.h"
#include "tree/task_files.h"
#include "world.h"

#include <inttypes.h>
#include <stdio.h>

#define UNLIMITED UINT64_MAX

struct limit {
	const char *name, *unit;
	uint64_t soft, hard;
};

static int line(struct text *out, const struct limit *limit)
{
	char soft[24] = "unlimited", hard[24] = "unlimited";

	if (limit->soft != UNLIMITED)
		snprintf(soft, sizeof(soft), "%" PRIu64, limit->soft);
	if (limit->hard != UNLIMITED)
		snprintf(hard, sizeof(hard), "%" PRIu64, limit->hard);
	if (!limit->unit)
		return text_printf(out, "%-25s %-20s %-20s \n", limit->name, soft, hard);
	return text_printf(out, "%-25s %-20s %-20s %-10s\n", limit->name, soft, hard, limit->unit);
}

uint64_t limit_of_processes(const struct world *w)
{
	return w->ram_pages / 64;	/* half of threads-max, which may take an eighth of the RAM for stacks */
}

int limits_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	const uint64_t processes = limit_of_processes(w), locked = w->rules.memlock_is_8_mib ? 8 << 20 : 64 << 10;
	const struct limit limits[] = {
		{ "Max cpu time", "seconds", UNLIMITED, UNLIMITED },
		{ "Max file size", "bytes", UNLIMITED, UNLIMITED },
		{ "Max data size", "bytes", UNLIMITED, UNLIMITED },
		{ "Max stack size", "bytes", 8 << 20, UNLIMITED },
		{ "Max core file size", "bytes", 0, UNLIMITED },
		{ "Max resident set", "bytes", UNLIMITED, UNLIMITED },
		{ "Max processes", "processes", processes, processes },
		{ "Max open files", "files", 1024, 4096 },
		{ "Max locked memory", "bytes", locked, locked },
		{ "Max address space", "bytes", UNLIMITED, UNLIMITED },
		{ "Max file locks", "locks", UNLIMITED, UNLIMITED },
		{ "Max pending signals", "signals", processes, processes },
		{ "Max msgqueue size", "bytes", 819200, 819200 },
		{ "Max nice priority", NULL, 0, 0 },
		{ "Max realtime priority", NULL, 0, 0 },
		{ "Max realtime timeout", "us", UNLIMITED, UNLIMITED },
	};
	int error = text_printf(out, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");

	(void)node, (void)reader;
	for (size_t i = 0; !error && i < sizeof(limits) / sizeof(limits[0]); i++)
		error = line(out, &limits[i]);
	return error;
}
