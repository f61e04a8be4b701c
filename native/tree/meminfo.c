/* /proc/meminfo: the lines that follow from the processes. */
#include "memory.h"
#include "text.h"
#include "tree/tree.h"
#include "world.h"

#include <inttypes.h>

static int line(struct text *out, const char *name, int64_t pages)
{
	return text_printf(out, "%-16s%8" PRId64 " kB\n", name, pages * 4);
}

int meminfo_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	struct usage usage = memory_used(w, NULL);
	int64_t swap_free = (int64_t)w->swap_pages - usage.swap;
	const struct { const char *name; int64_t pages; } lines[] = {
		{ "MemTotal:", (int64_t)w->ram_pages }, { "MemFree:", ram_free(w, &usage) },
		{ "MemAvailable:", ram_free(w, &usage) + usage.file }, { "Cached:", usage.file + usage.shmem },
		{ "SwapTotal:", (int64_t)w->swap_pages }, { "SwapFree:", swap_free > 0 ? swap_free : 0 },
		{ "AnonPages:", usage.anon }, { "Mapped:", usage.file }, { "Shmem:", usage.shmem },
		{ "PageTables:", usage.tables },
	};
	int error = 0;

	(void)node, (void)reader;
	for (size_t i = 0; !error && i < sizeof(lines) / sizeof(lines[0]); i++)
		error = line(out, lines[i].name, lines[i].pages);
	return error;
}
