/* /proc/zoneinfo and /proc/buddyinfo: the machine's memory zone by zone. */
#include "meminfo.h"
#include "text.h"
#include "tree/tree.h"
#include "world.h"
#include "zone.h"

#include <inttypes.h>

/* Of the machine, at the first zone of a node: the sums are not kept by node. */
static int node_stats(const struct meminfo *m, const struct zone *zone, struct text *out)
{
	const struct { const char *name; int64_t pages; } stats[] = {
		{ "nr_inactive_anon", m->inactive_anon }, { "nr_active_anon", m->active_anon },
		{ "nr_inactive_file", m->inactive_file }, { "nr_active_file", m->active_file },
		{ "nr_unevictable", m->unevictable }, { "nr_slab_reclaimable", m->slab_reclaimable },
		{ "nr_slab_unreclaimable", m->slab_unreclaimable }, { "nr_anon_pages", m->anon },
		{ "nr_mapped", m->mapped }, { "nr_file_pages", m->file_pages }, { "nr_dirty", m->dirty },
		{ "nr_writeback", 0 }, { "nr_shmem", m->shmem }, { "nr_kernel_stack", m->stack_kbytes },
		{ "nr_page_table_pages", m->tables },
	};
	int error = text_printf(out, "  per-node stats\n");

	for (size_t i = 0; !error && i < sizeof(stats) / sizeof(stats[0]); i++)
		error = text_printf(out, "      %-12s %" PRId64 "\n", stats[i].name, zone->node ? 0 : stats[i].pages);
	return error;
}

/* pcp: one a CPU, empty: what is free is free at once. */
static int pagesets(const struct world *w, struct text *out)
{
	int error = text_printf(out, "  pagesets\n");

	for (int32_t cpu = 0; !error && cpu < w->machine.cpus; cpu++)
		error = text_printf(out, "    cpu: %d\n              count: 0\n              high:  0\n              batch: 63\n"
				    "  vm stats threshold: 24\n", cpu);
	return error;
}

static int pages(const struct world *w, const struct zone *zone, struct text *out)
{
	int error = text_printf(out, "  pages free     %" PRId64 "\n        min      %" PRId64 "\n        low      %" PRId64
				"\n        high     %" PRId64 "\n        spanned  %" PRId64 "\n        present  %" PRId64
				"\n        managed  %" PRId64 "\n        protection: (0, %" PRId64 ")\n      nr_free_pages %"
				PRId64 "\n", zone->free, zone->min, zone->low, zone->high, zone->managed, zone->managed,
				zone->managed, zone->reserve, zone->free);

	if (!error)
		error = pagesets(w, out);
	if (error)
		return error;
	return text_printf(out, "  node_unreclaimable:  0\n  start_pfn:           %" PRId64 "\n", zone->start);
}

int zoneinfo_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	const struct meminfo m = meminfo_of(w);
	struct zone zones[ZONES_MOST];
	int count = zones_of(w, m.free, zones), error = 0;

	(void)node, (void)reader;
	for (int i = 0; !error && i < count; i++) {
		error = text_printf(out, "Node %d, zone %8s\n", zones[i].node, zones[i].name);
		if (!error && (!i || zones[i].node != zones[i - 1].node))
			error = node_stats(&m, &zones[i], out);
		if (!error)
			error = pages(w, &zones[i], out);
	}
	return error;
}

/* In blocks as large as can be: none but the last of each size is in two. */
static int blocks(struct text *out, int64_t free)
{
	enum { ORDERS = 11 };
	int error = 0;

	for (int order = 0; !error && order < ORDERS - 1; order++)
		error = text_printf(out, "%6" PRId64 " ", free >> order & 1);
	return error ? error : text_printf(out, "%6" PRId64 " \n", free >> (ORDERS - 1));
}

int buddyinfo_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	const struct meminfo m = meminfo_of(w);
	struct zone zones[ZONES_MOST];
	int count = zones_of(w, m.free, zones), error = 0;

	(void)node, (void)reader;
	for (int i = 0; !error && i < count; i++) {
		error = text_printf(out, "Node %d, zone %8s ", zones[i].node, zones[i].name);
		if (!error)
			error = blocks(out, zones[i].free);
	}
	return error;
}
