/* memory.stat of v2: the lines in the order of the kernels, each where it is one. */
#include "memory_stat.h"
#include "text.h"
#include "tree/cgroup_files.h"
#include "world.h"

#include <inttypes.h>

enum source { NOTHING, FROM_SUM, FROM_EVENTS };

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
} lines[] = {
	{ "anon", SUM(anon), 0, 0 },
	{ "file", SUM(file), 0, 0 },
	{ "kernel", SUM(kernel), WHERE(memcg_stat_of_6_1), 0 },
	{ "kernel_stack", SUM(stacks), 0, 0 },
	{ "slab", SUM(slab), 0, WHERE(memcg_stat_of_5_10) },
	{ "pagetables", SUM(tables), WHERE(memcg_stat_of_5_15), 0 },
	{ "sec_pagetables", ZERO, WHERE(memcg_stat_of_6_1), 0 },
	{ "percpu", ZERO, WHERE(memcg_stat_of_5_10), 0 },
	{ "sock", ZERO, 0, 0 },
	{ "vmalloc", ZERO, WHERE(memcg_stat_of_6_1), 0 },
	{ "shmem", SUM(shmem), WHERE(memcg_stat_of_4_14), 0 },
	{ "zswap", ZERO, WHERE(memcg_stat_of_6_1), 0 },
	{ "zswapped", ZERO, WHERE(memcg_stat_of_6_1), 0 },
	{ "file_mapped", SUM(mapped), 0, 0 },
	{ "file_dirty", SUM(dirty), 0, 0 },
	{ "file_writeback", ZERO, 0, 0 },
	{ "swapcached", ZERO, WHERE(memcg_stat_of_5_15), 0 },
	{ "anon_thp", ZERO, WHERE(memcg_stat_of_5_4), 0 },
	{ "file_thp", ZERO, WHERE(memcg_stat_of_5_15), 0 },
	{ "shmem_thp", ZERO, WHERE(memcg_stat_of_5_15), 0 },
	{ "inactive_anon", SUM(inactive_anon), 0, 0 },
	{ "active_anon", SUM(active_anon), 0, 0 },
	{ "inactive_file", SUM(inactive_file), 0, 0 },
	{ "active_file", SUM(active_file), 0, 0 },
	{ "unevictable", SUM(unevictable), 0, 0 },
	{ "slab_reclaimable", SUM(slab_reclaimable), 0, 0 },
	{ "slab_unreclaimable", SUM(slab_unreclaimable), 0, 0 },
	{ "slab", SUM(slab), WHERE(memcg_stat_of_5_10), 0 },
	{ "pgfault", EVENT(PGFAULT), 0, WHERE(memcg_stat_of_5_10) },
	{ "pgmajfault", EVENT(PGMAJFAULT), 0, WHERE(memcg_stat_of_5_10) },
	{ "workingset_refault", EVENT(WORKINGSET_REFAULT_FILE), WHERE(memcg_stat_of_5_4), WHERE(memcg_stat_of_5_10) },
	{ "workingset_activate", ZERO, WHERE(memcg_stat_of_5_4), WHERE(memcg_stat_of_5_10) },
	{ "workingset_nodereclaim", ZERO, WHERE(memcg_stat_of_5_4), WHERE(memcg_stat_of_5_10) },
	{ "workingset_refault_anon", EVENT(WORKINGSET_REFAULT_ANON), WHERE(memcg_stat_of_5_10), 0 },
	{ "workingset_refault_file", EVENT(WORKINGSET_REFAULT_FILE), WHERE(memcg_stat_of_5_10), 0 },
	{ "workingset_activate_anon", ZERO, WHERE(memcg_stat_of_5_10), 0 },
	{ "workingset_activate_file", ZERO, WHERE(memcg_stat_of_5_10), 0 },
	{ "workingset_restore_anon", ZERO, WHERE(memcg_stat_of_5_10), 0 },
	{ "workingset_restore_file", ZERO, WHERE(memcg_stat_of_5_10), 0 },
	{ "workingset_nodereclaim", ZERO, WHERE(memcg_stat_of_5_10), 0 },
	{ "pgdemote_kswapd", ZERO, WHERE(memcg_stat_of_6_12), 0 },
	{ "pgdemote_direct", ZERO, WHERE(memcg_stat_of_6_12), 0 },
	{ "pgdemote_khugepaged", ZERO, WHERE(memcg_stat_of_6_12), 0 },
	{ "pgdemote_proactive", ZERO, WHERE(memcg_stat_of_6_18), 0 },
	{ "pgfault", EVENT(PGFAULT), WHERE(memcg_stat_of_5_10), WHERE(memcg_stat_of_6_1) },
	{ "pgmajfault", EVENT(PGMAJFAULT), WHERE(memcg_stat_of_5_10), WHERE(memcg_stat_of_6_1) },
	{ "pgrefill", ZERO, WHERE(memcg_stat_of_4_14), WHERE(memcg_stat_of_6_1) },
	{ "pgscan", EVENTS(PGSCAN_KSWAPD, PGSCAN_DIRECT), WHERE(memcg_stat_of_4_14), 0 },
	{ "pgsteal", EVENTS(PGSTEAL_KSWAPD, PGSTEAL_DIRECT), WHERE(memcg_stat_of_4_14), 0 },
	{ "pgscan_kswapd", EVENT(PGSCAN_KSWAPD), WHERE(memcg_stat_of_6_1), 0 },
	{ "pgscan_direct", EVENT(PGSCAN_DIRECT), WHERE(memcg_stat_of_6_1), 0 },
	{ "pgscan_khugepaged", ZERO, WHERE(memcg_stat_of_6_6), 0 },
	{ "pgscan_proactive", ZERO, WHERE(memcg_stat_of_6_18), 0 },
	{ "pgsteal_kswapd", EVENT(PGSTEAL_KSWAPD), WHERE(memcg_stat_of_6_1), 0 },
	{ "pgsteal_direct", EVENT(PGSTEAL_DIRECT), WHERE(memcg_stat_of_6_1), 0 },
	{ "pgsteal_khugepaged", ZERO, WHERE(memcg_stat_of_6_6), 0 },
	{ "pgsteal_proactive", ZERO, WHERE(memcg_stat_of_6_18), 0 },
	{ "pgfault", EVENT(PGFAULT), WHERE(memcg_stat_of_6_1), 0 },
	{ "pgmajfault", EVENT(PGMAJFAULT), WHERE(memcg_stat_of_6_1), 0 },
	{ "pgrefill", ZERO, WHERE(memcg_stat_of_6_1), 0 },
	{ "pgactivate", ZERO, WHERE(memcg_stat_of_4_14), 0 },
	{ "pgdeactivate", ZERO, WHERE(memcg_stat_of_4_14), 0 },
	{ "pglazyfree", ZERO, WHERE(memcg_stat_of_4_14), 0 },
	{ "pglazyfreed", ZERO, WHERE(memcg_stat_of_4_14), 0 },
	{ "workingset_refault", EVENT(WORKINGSET_REFAULT_FILE), WHERE(memcg_stat_of_4_14), WHERE(memcg_stat_of_5_4) },
	{ "workingset_activate", ZERO, WHERE(memcg_stat_of_4_14), WHERE(memcg_stat_of_5_4) },
	{ "workingset_nodereclaim", ZERO, WHERE(memcg_stat_of_4_14), WHERE(memcg_stat_of_5_4) },
	{ "zswpin", ZERO, WHERE(memcg_stat_of_6_1), 0 },
	{ "zswpout", ZERO, WHERE(memcg_stat_of_6_1), 0 },
	{ "zswpwb", ZERO, WHERE(memcg_stat_of_6_12), 0 },
	{ "thp_fault_alloc", ZERO, WHERE(memcg_stat_of_5_4), 0 },
	{ "thp_collapse_alloc", ZERO, WHERE(memcg_stat_of_5_4), 0 },
	{ "thp_swpout", ZERO, WHERE(memcg_stat_of_6_12), 0 },
	{ "thp_swpout_fallback", ZERO, WHERE(memcg_stat_of_6_12), 0 },
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

int show_memory_stat(struct world *w, struct cgroup *cg, struct text *out)
{
	const struct memory_stat stat = memory_stat_of(w, cg);
	int error = 0;

	for (size_t i = 0; !error && i < sizeof(lines) / sizeof(lines[0]); i++) {
		const struct line *line = &lines[i];

		if (rule_holds(w, line->since) && !(line->until && rule_holds(w, line->until)))
			error = text_printf(out, "%s %" PRIu64 "\n", line->name, value_of(cg, &stat, line));
	}
	return error;
}
