/* The directory of a cgroup of v2: its table. In the order of what they are about. */
#include "tree/cgroup_files.h"
#include "world.h"

#include <sys/stat.h>

/* name, mode, where it is, rule, what it shows, what it takes */
#define FILES(FILE) \
	FILE("cgroup.type",            0644, NOT_ON_ROOT, WHERE(cgroup_threads_exist), show_type, store_type) \
	FILE("cgroup.procs",           0644, 0, 0, show_procs, store_procs) \
	FILE("cgroup.threads",         0644, 0, WHERE(cgroup_threads_exist), show_threads, store_threads) \
	FILE("cgroup.controllers",     0444, 0, 0, show_controllers, NULL) \
	FILE("cgroup.subtree_control", 0644, 0, 0, show_subtree_control, store_subtree_control) \
	FILE("cgroup.events",          0444, NOT_ON_ROOT | NOTIFIES, 0, show_events, NULL) \
	FILE("cgroup.max.descendants", 0644, 0, WHERE(cgroup_threads_exist), show_max_descendants, store_max_descendants) \
	FILE("cgroup.max.depth",       0644, 0, WHERE(cgroup_threads_exist), show_max_depth, store_max_depth) \
	FILE("cgroup.stat",            0444, 0, WHERE(cgroup_threads_exist), show_stat, NULL) \
	FILE("cgroup.stat.local",      0444, NOT_ON_ROOT, WHERE(cgroup_stat_by_controller), show_stat_local, NULL) \
	FILE("cgroup.freeze",          0644, NOT_ON_ROOT, WHERE(cgroup_freezes), show_freeze, store_freeze) \
	FILE("cgroup.kill",            0200, NOT_ON_ROOT, WHERE(cgroup_kills), NULL, store_kill) \
	FILE("cgroup.pressure",        0644, 0, WHERE(cgroup_switches_pressure), show_pressure, store_pressure) \
	FILE("cpu.stat",               0444, NOT_ON_ROOT, WHERE(cgroup_cpu_exists), show_cpu_stat, NULL) \
	FILE("cpu.stat",               0444, ONLY_ON_ROOT, WHERE(cgroup_root_has_stats), show_cpu_stat, NULL) \
	FILE("cpu.stat.local",         0444, 0, WHERE(cpu_stat_local_exists), show_cpu_stat_local, NULL) \
	FILE("cpu.weight",             0644, NOT_ON_ROOT | OF_CPU, 0, show_cpu_weight, store_cpu_weight) \
	FILE("cpu.max",                0644, NOT_ON_ROOT | OF_CPU, 0, show_cpu_max, store_cpu_max) \
	FILE("io.stat",                0444, NOT_ON_ROOT | OF_IO, 0, show_io_stat, NULL) \
	FILE("io.stat",                0444, ONLY_ON_ROOT | OF_IO, WHERE(cgroup_root_has_stats), show_io_stat, NULL) \
	FILE("memory.current",         0444, NOT_ON_ROOT | OF_MEMORY, 0, show_memory_current, NULL) \
	FILE("memory.peak",            0444, NOT_ON_ROOT | OF_MEMORY, WHERE(memcg_peak_stays), show_memory_peak, NULL) \
	FILE("memory.peak",            0644, NOT_ON_ROOT | OF_MEMORY, WHERE(memcg_peaks_reset), show_memory_peak, store_memory_peak) \
	FILE("memory.min",             0644, NOT_ON_ROOT | OF_MEMORY, WHERE(memcg_min_exists), show_memory_min, store_memory_min) \
	FILE("memory.low",             0644, NOT_ON_ROOT | OF_MEMORY, 0, show_memory_low, store_memory_low) \
	FILE("memory.high",            0644, NOT_ON_ROOT | OF_MEMORY, 0, show_memory_high, store_memory_high) \
	FILE("memory.max",             0644, NOT_ON_ROOT | OF_MEMORY, 0, show_memory_max, store_memory_max) \
	FILE("memory.events",          0444, NOT_ON_ROOT | OF_MEMORY | NOTIFIES, 0, show_memory_events, NULL) \
	FILE("memory.events.local",    0444, NOT_ON_ROOT | OF_MEMORY | NOTIFIES, WHERE(memcg_local_events), show_memory_events_local, NULL) \
	FILE("memory.stat",            0444, NOT_ON_ROOT | OF_MEMORY, 0, show_memory_stat, NULL) \
	FILE("memory.stat",            0444, ONLY_ON_ROOT | OF_MEMORY, WHERE(cgroup_root_has_stats), show_memory_stat, NULL) \
	FILE("memory.numa_stat",       0444, OF_MEMORY, WHERE(memcg_numa_stat), show_memory_numa_stat, NULL) \
	FILE("memory.oom.group",       0644, NOT_ON_ROOT | OF_MEMORY, WHERE(group_is_killed), show_memory_oom_group, store_memory_oom_group) \
	FILE("memory.reclaim",         0200, OF_MEMORY, WHERE(memcg_reclaims), NULL, store_memory_reclaim) \
	FILE("memory.swap.current",    0444, NOT_ON_ROOT | OF_MEMORY, 0, show_swap_current, NULL) \
	FILE("memory.swap.high",       0644, NOT_ON_ROOT | OF_MEMORY, WHERE(memcg_swap_high), show_swap_high, store_swap_high) \
	FILE("memory.swap.max",        0644, NOT_ON_ROOT | OF_MEMORY, 0, show_swap_max, store_swap_max) \
	FILE("memory.swap.peak",       0444, NOT_ON_ROOT | OF_MEMORY, WHERE(memcg_swap_peak_stays), show_swap_peak, NULL) \
	FILE("memory.swap.peak",       0644, NOT_ON_ROOT | OF_MEMORY, WHERE(memcg_peaks_reset), show_swap_peak, store_swap_peak) \
	FILE("memory.swap.events",     0444, NOT_ON_ROOT | OF_MEMORY | NOTIFIES, WHERE(memcg_min_exists), show_swap_events, NULL) \
	FILE("pids.max",               0644, NOT_ON_ROOT | OF_PIDS, 0, show_pids_max, store_pids_max) \
	FILE("pids.current",           0444, NOT_ON_ROOT | OF_PIDS, 0, show_pids_current, NULL) \
	FILE("pids.peak",              0444, NOT_ON_ROOT | OF_PIDS, WHERE(pids_peak_exists), show_pids_peak, NULL) \
	FILE("pids.events",            0444, NOT_ON_ROOT | OF_PIDS | NOTIFIES, 0, show_pids_events, NULL) \
	FILE("pids.events.local",      0444, NOT_ON_ROOT | OF_PIDS | NOTIFIES, WHERE(pids_events_are_local), show_pids_events_local, NULL)

static generator read_file;
static writer write_file;

static const struct entry entries[] = {
#define ENTRY(name, mode, where, rule, show, store) \
	{ name, S_IFREG | mode, SHOWN, BOTH, read_file, write_file, NULL, KERNFS | (where), rule },
	FILES(ENTRY)
#undef ENTRY
#define PRESSURE_FILE(name) \
	{ name, S_IFREG | 0644, SHOWN, BOTH, pressure_read, NULL, NULL, KERNFS | PRESSURE, WHERE(psi_exists) }
	PRESSURE_FILE("io.pressure"), PRESSURE_FILE("memory.pressure"), PRESSURE_FILE("cpu.pressure"),
};

static const struct cgroup_file files[] = {
#define METHODS(name, mode, where, rule, show, store) { show, store },
	FILES(METHODS)
#undef METHODS
};

static int read_file(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)reader;
	return cgroup_show(w, node, &files[node->entry - entries], out);
}

static ssize_t write_file(struct world *w, const struct node *node, const struct caller *who, const char *bytes, size_t count,
			  int64_t offset)
{
	(void)offset;
	return cgroup_store(w, node, &files[node->entry - entries], who, bytes, count);
}

const struct directory cgroup_directory = { ENTRIES(entries), find_cgroup, next_cgroup, BOTH, 1, 2, &cgroup_operations };
const struct entry cgroup_entry = { "", S_IFDIR | 0755, FRESH, BOTH, NULL, NULL, &cgroup_directory, KERNFS, 0 };
