/* The files of a cgroup of v2 by their controllers, one source file each. */
#ifndef CGROUP_FILES_H
#define CGROUP_FILES_H

#include "tree/cgroup_tree.h"

/* cgroup.* */
shower show_controllers, show_events, show_freeze, show_max_depth, show_max_descendants, show_pressure, show_stat,
	show_stat_local, show_subtree_control, show_type;
storer store_freeze, store_kill, store_max_depth, store_max_descendants, store_pressure, store_subtree_control,
	store_threads, store_type;

/* memory.* */
shower show_memory_current, show_memory_events, show_memory_events_local, show_memory_high, show_memory_low,
	show_memory_max, show_memory_min, show_memory_numa_stat, show_memory_oom_group, show_memory_peak, show_memory_stat, show_swap_current,
	show_swap_events, show_swap_high, show_swap_max, show_swap_peak;
storer store_memory_high, store_memory_low, store_memory_max, store_memory_min, store_memory_oom_group, store_memory_peak,
	store_memory_reclaim, store_swap_high, store_swap_max, store_swap_peak;

/* cpu.*, io.*, pids.* */
shower show_cpu_max, show_cpu_stat, show_cpu_stat_local, show_cpu_weight, show_io_stat, show_pids_current, show_pids_events,
	show_pids_events_local, show_pids_max, show_pids_peak;
storer store_cpu_max, store_cpu_weight, store_pids_max;

#endif
