/* memory.stat and memory.numa_stat of v2: the lines in the order of the kernels, each where it is one. */
#include "memory_stat.h"
#include "text.h"
#include "tree/cgroup_files.h"
#include "world.h"

#include <inttypes.h>

enum source { NOTHING, FROM_SUM, FROM_EVENTS };
enum kept { OVERALL, BY_NODE };	/* what is kept by node stands in memory.numa_stat, too */

#define ZERO NOTHING, 0, 0
#define SUM(field) FROM_SUM, offsetof(struct memory_stat, field), 0
/* One event of the cgroup, or two together. */
#define EVENT(event) FROM_EVENTS, event, VM_EVENTS
#define EVENTS(one, other) FROM_EVENTS, one, other

static const struct line {
	const char *name;
	enum source source;
	size_t from, and_from;
	size_t since, until;	/* WHERE(...): there, but not any more there; 0 = always, for ever */
	enum kept kept;
} lines[] = {
	{ "anon", SUM(anon), 0, 0, BY_NODE },
	{ "file", SUM(file), 0, 0, BY_NODE },
	{ "kernel", SUM(kernel), WHERE(memcg_stat_of_6_1), 0, OVERALL },
	{ "kernel_stack", SUM(stacks), 0, 0, BY_NODE },
	{ "slab", SUM(slab), 0, WHERE(memcg_stat_of_5_10), OVERALL },
	{ "pagetables", SUM(tables), WHERE(memcg_stat_of_5_15), 0, BY_NODE },
	{ "sec_pagetables", ZERO, WHERE(memcg_stat_of_6_1), 0, BY_NODE },
	{ "percpu", ZERO, WHERE(memcg_stat_of_5_10), 0, OVERALL },
	{ "sock", ZERO, 0, 0, OVERALL },
	{ "vmalloc", ZERO, WHERE(memcg_stat_of_6_1), 0, OVERALL },
	{ "shmem", SUM(shmem), WHERE(memcg_stat_of_4_14), 0, BY_NODE },
	{ "zswap", ZERO, WHERE(memcg_stat_of_6_1), 0, OVERALL },
	{ "zswapped", ZERO, WHERE(memcg_stat_of_6_1), 0, OVERALL },
	{ "file_mapped", SUM(mapped), 0, 0, BY_NODE },
	{ "file_dirty", SUM(dirty), 0, 0, BY_NODE },
	{ "file_writeback", ZERO, 0, 0, BY_NODE },
	{ "swapcached", ZERO, WHERE(memcg_stat_of_5_15), 0, BY_NODE },
	{ "anon_thp", ZERO, WHERE(memcg_stat_of_5_4), 0, BY_NODE },
	{ "file_thp", ZERO, WHERE(memcg_stat_of_5_15), 0, BY_NODE },
	{ "shmem_thp", ZERO, WHERE(memcg_stat_of_5_15), 0, BY_NODE },
	{ "inactive_anon", SUM(inactive_anon), 0, 0, BY_NODE },
	{ "active_anon", SUM(active_anon), 0, 0, BY_NODE },
	{ "inactive_file", SUM(inactive_file), 0, 0, BY_NODE },
	{ "active_file", SUM(active_file), 0, 0, BY_NODE },
	{ "unevictable", SUM(unevictable), 0, 0, BY_NODE },
	{ "slab_reclaimable", SUM(slab_reclaimable), 0, 0, BY_NODE },
	{ "slab_unreclaimable", SUM(slab_unreclaimable), 0, 0, BY_NODE },
	{ "slab", SUM(slab), WHERE(memcg_stat_of_5_10), 0, OVERALL },
	{ "pgfault", EVENT(PGFAULT), 0, WHERE(memcg_stat_of_5_10), OVERALL },
	{ "pgmajfault", EVENT(PGMAJFAULT), 0, WHERE(memcg_stat_of_5_10), OVERALL },
	{ "workingset_refault", EVENT(WORKINGSET_REFAULT_FILE), WHERE(memcg_stat_of_5_4), WHERE(memcg_stat_of_5_10), BY_NODE },
	{ "workingset_activate", ZERO, WHERE(memcg_stat_of_5_4), WHERE(memcg_stat_of_5_10), BY_NODE },
	{ "workingset_nodereclaim", ZERO, WHERE(memcg_stat_of_5_4), WHERE(memcg_stat_of_5_10), BY_NODE },
	{ "workingset_refault_anon", EVENT(WORKINGSET_REFAULT_ANON), WHERE(memcg_stat_of_5_10), 0, BY_NODE },
	{ "workingset_refault_file", EVENT(WORKINGSET_REFAULT_FILE), WHERE(memcg_stat_of_5_10), 0, BY_NODE },
	{ "workingset_activate_anon", ZERO, WHERE(memcg_stat_of_5_10), 0, BY_NODE },
	{ "workingset_activate_file", ZERO, WHERE(memcg_stat_of_5_10), 0, BY_NODE },
	{ "workingset_restore_anon", ZERO, WHERE(memcg_stat_of_5_10), 0, BY_NODE },
	{ "workingset_restore_file", ZERO, WHERE(memcg_stat_of_5_10), 0, BY_NODE },
	{ "workingset_nodereclaim", ZERO, WHERE(memcg_stat_of_5_10), 0, BY_NODE },
	{ "pgdemote_kswapd", ZERO, WHERE(memcg_stat_of_6_12), 0, BY_NODE },
	{ "pgdemote_direct", ZERO, WHERE(memcg_stat_of_6_12), 0, BY_NODE },
	{ "pgdemote_khugepaged", ZERO, WHERE(memcg_stat_of_6_12), 0, BY_NODE },
	{ "pgdemote_proactive", ZERO, WHERE(memcg_stat_of_6_18), 0, BY_NODE },
	{ "pgfault", EVENT(PGFAULT), WHERE(memcg_stat_of_5_10), WHERE(memcg_stat_of_6_1), OVERALL },
	{ "pgmajfault", EVENT(PGMAJFAULT), WHERE(memcg_stat_of_5_10), WHERE(memcg_stat_of_6_1), OVERALL },
	{ "pgrefill", ZERO, WHERE(memcg_stat_of_4_14), WHERE(memcg_stat_of_6_1), OVERALL },
	{ "pgscan", EVENTS(PGSCAN_KSWAPD, PGSCAN_DIRECT), WHERE(memcg_stat_of_4_14), 0, OVERALL },
	{ "pgsteal", EVENTS(PGSTEAL_KSWAPD, PGSTEAL_DIRECT), WHERE(memcg_stat_of_4_14), 0, OVERALL },
	{ "pgscan_kswapd", EVENT(PGSCAN_KSWAPD), WHERE(memcg_stat_of_6_1), 0, OVERALL },
	{ "pgscan_direct", EVENT(PGSCAN_DIRECT), WHERE(memcg_stat_of_6_1), 0, OVERALL },
	{ "pgscan_khugepaged", ZERO, WHERE(memcg_stat_of_6_6), 0, OVERALL },
	{ "pgscan_proactive", ZERO, WHERE(memcg_stat_of_6_18), 0, OVERALL },
	{ "pgsteal_kswapd", EVENT(PGSTEAL_KSWAPD), WHERE(memcg_stat_of_6_1), 0, OVERALL },
	{ "pgsteal_direct", EVENT(PGSTEAL_DIRECT), WHERE(memcg_stat_of_6_1), 0, OVERALL },
	{ "pgsteal_khugepaged", ZERO, WHERE(memcg_stat_of_6_6), 0, OVERALL },
	{ "pgsteal_proactive", ZERO, WHERE(memcg_stat_of_6_18), 0, OVERALL },
	{ "pgfault", EVENT(PGFAULT), WHERE(memcg_stat_of_6_1), 0, OVERALL },
	{ "pgmajfault", EVENT(PGMAJFAULT), WHERE(memcg_stat_of_6_1), 0, OVERALL },
	{ "pgrefill", ZERO, WHERE(memcg_stat_of_6_1), 0, OVERALL },
	{ "pgactivate", ZERO, WHERE(memcg_stat_of_4_14), 0, OVERALL },
	{ "pgdeactivate", ZERO, WHERE(memcg_stat_of_4_14), 0, OVERALL },
	{ "pglazyfree", ZERO, WHERE(memcg_stat_of_4_14), 0, OVERALL },
	{ "pglazyfreed", ZERO, WHERE(memcg_stat_of_4_14), 0, OVERALL },
	{ "workingset_refault", EVENT(WORKINGSET_REFAULT_FILE), WHERE(memcg_stat_of_4_14), WHERE(memcg_stat_of_5_4), BY_NODE },
	{ "workingset_activate", ZERO, WHERE(memcg_stat_of_4_14), WHERE(memcg_stat_of_5_4), BY_NODE },
	{ "workingset_nodereclaim", ZERO, WHERE(memcg_stat_of_4_14), WHERE(memcg_stat_of_5_4), BY_NODE },
	{ "zswpin", ZERO, WHERE(memcg_stat_of_6_1), 0, OVERALL },
	{ "zswpout", ZERO, WHERE(memcg_stat_of_6_1), 0, OVERALL },
	{ "zswpwb", ZERO, WHERE(memcg_stat_of_6_12), 0, OVERALL },
	{ "thp_fault_alloc", ZERO, WHERE(memcg_stat_of_5_4), 0, OVERALL },
	{ "thp_collapse_alloc", ZERO, WHERE(memcg_stat_of_5_4), 0, OVERALL },
	{ "thp_swpout", ZERO, WHERE(memcg_stat_of_6_12), 0, OVERALL },
	{ "thp_swpout_fallback", ZERO, WHERE(memcg_stat_of_6_12), 0, OVERALL },
};

static uint64_t events_of(const struct cgroup *cg, const struct line *line)
{
	return cg->vm_events[line->from] + (line->and_from < VM_EVENTS ? cg->vm_events[line->and_from] : 0);
}

static uint64_t value_of(const struct cgroup *cg, const struct memory_stat *stat, const struct line *line)
{
	switch (line->source) {
	case FROM_SUM:
		return *(const uint64_t *)((const char *)stat + line->from) * 4096;
	case FROM_EVENTS:
		return events_of(cg, line);
	default:
		return 0;
	}
}

static bool is_line(const struct world *w, const struct line *line)
{
	return rule_holds(w, line->since) && !(line->until && rule_holds(w, line->until));
}

int show_memory_stat(struct world *w, struct cgroup *cg, struct text *out)
{
	const struct memory_stat stat = memory_stat_of(w, cg, ALL_NODES);
	int error = 0;

	for (size_t i = 0; !error && i < sizeof(lines) / sizeof(lines[0]); i++)
		if (is_line(w, &lines[i]))
			error = text_printf(out, "%s %" PRIu64 "\n", lines[i].name, value_of(cg, &stat, &lines[i]));
	return error;
}

/* ---- memory.numa_stat ---- */

/* What has happened is told of the first node. */
static int numa_line(const struct world *w, const struct cgroup *cg, const struct memory_stat stats[NODES],
		     const struct line *line, struct text *out)
{
	int error = text_printf(out, "%s", line->name);

	for (int node = 0; !error && has_node(w, node); node++)
		error = text_printf(out, " N%d=%" PRIu64, node,
				    node && line->source == FROM_EVENTS ? 0 : value_of(cg, &stats[node], line));
	return error ? error : text_append(out, "\n", 1);
}

int show_memory_numa_stat(struct world *w, struct cgroup *cg, struct text *out)
{
	struct memory_stat stats[NODES];
	int error = 0;

	for (int node = 0; has_node(w, node); node++)
		stats[node] = memory_stat_of(w, cg, node);
	for (size_t i = 0; !error && i < sizeof(lines) / sizeof(lines[0]); i++)
		if (lines[i].kept == BY_NODE && is_line(w, &lines[i]))
			error = numa_line(w, cg, stats, &lines[i], out);
	return error;
}
