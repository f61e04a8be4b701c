/* What a kernel version does: one row a behaviour. Code asks rules->behaviour and never compares versions. */
#ifndef RULES_H
#define RULES_H

#include <stdbool.h>
#include <stdint.h>

/* Versions without a recording follow what is known of their sources; where a change is only bracketed, its row says so. */
enum version { V4_7, V4_8, V4_9, V4_14, V4_19, V5_4, V5_10, V5_15, V6_1, V6_6, V6_12, V6_18, VERSIONS };

/*
 * behaviour, since, until (both included), the patch of the series that brought or removed it (0 = none), what a user sees.
 * On 4.7 with single patches applied, a row of such a patch holds as on 4.8.
 */
#define RULES(RULE) \
	RULE(own_mm_needed, V4_7, V4_7, 1, \
	     "a write to oom_adj or oom_score_adj of a task without mm (zombie, kernel thread) is EINVAL") \
	RULE(sighand_needed, V4_7, V4_7, 2, \
	     "while a task is being released, oom_adj reads -16, oom_score_adj reads -1000, and a write is ESRCH") \
	RULE(one_helper, V4_8, V6_18, 3, \
	     "both files are written by one helper: nothing that a user sees") \
	RULE(sharers_follow_write, V4_8, V6_18, 4, \
	     "a write to oom_adj or oom_score_adj reaches every process sharing the mm, but for vforked children") \
	RULE(following_is_logged, V4_8, V4_19, 4, \
	     "each sharer that follows a write is named in the kernel log (gone in 5.0)") \
	RULE(sharing_is_marked, V5_10, V6_18, 0, \
	     "writes reach sharers only of an mm that clone(CLONE_VM) without CLONE_VFORK has marked (since 5.9.2)") \
	RULE(oom_adj_reads_at_most_15, V5_10, V6_18, 0, \
	     "oom_score_adj 942 to 999 reads 15 in oom_adj, not 16 (came between 5.9.2 and 5.10.7)") \
	RULE(vfork_child_hidden, V4_8, V6_18, 5, \
	     "a vforked child scores 0 until it execs or exits, and is never chosen") \
	RULE(sharers_at_minus_1000_die, V4_8, V6_18, 6, \
	     "a process at -1000 that shares the victim's mm is killed too, and the mm reaped") \
	RULE(dying_means_all_sharers, V4_8, V6_18, 7, \
	     "a dying task is left to die silently only where every process sharing its mm is dying") \
	RULE(reaped_mm_frees_nothing, V4_8, V6_18, 8, \
	     "a dying task whose mm was reaped already is not waited for again") \
	RULE(reaper_gives_up, V4_8, V4_8, 9, \
	     "after two failed rounds the reaper gives an mm up, and somebody else is chosen") \
	RULE(pinned_mm_hidden, V4_8, V6_18, 10, \
	     "an mm shared with a kernel thread or global init is hidden from the next choice, and said so") \
	RULE(kthread_pins_mm, V4_7, V4_8, 0, \
	     "a kernel thread that borrowed the victim's mm keeps it from being reaped") \
	RULE(victim_keeps_mm, V4_9, V6_18, 0, \
	     "a victim is known by its mm: reaped or not after one round, it is not waited for again") \
	RULE(child_is_sacrificed, V4_7, V4_19, 0, \
	     "a child with an mm of its own dies instead of its parent (gone between 5.0 and 5.3)") \
	RULE(no_fail_kills, V4_7, V6_1, 0, \
	     "an allocation with __GFP_NOFAIL kills also without __GFP_FS (gone in 6.5)") \
	RULE(fault_path_kills, V4_7, V5_10, 0, \
	     "a page fault that finds no memory runs the OOM killer (gone in 5.16)") \
	RULE(memcg_keeps_first, V4_7, V4_19, 0, \
	     "on equal points the older process of a memory cgroup is chosen, not the younger (gone by 5.3)") \
	RULE(dump_outlasts_kill, V6_1, V6_18, 0, \
	     "a task that dumps core is not dying until the dump is done, also when it was killed (since 5.17)") \
	RULE(mrelease_exists, V5_15, V6_18, 0, \
	     "process_mrelease(2) exists") \
	RULE(disabling_is_logged, V4_14, V6_18, 0, \
	     "'OOM killer disabled.' and 'OOM killer enabled.' are logged") \
	RULE(reaper_waits, V6_1, V6_18, 0, \
	     "the reaper starts 2 s after the kill (since 5.18)") \
	RULE(reaper_takes_locked, V6_1, V6_18, 0, \
	     "the reaper takes mlocked memory too (since 5.18)") \
	RULE(gfp_values_of_2016, V4_7, V4_9, 0, \
	     "gfp_mask has the values of 2016 (they changed in 4.10 and several times since)") \
	RULE(kill_line_names_score, V4_7, V4_19, 0, \
	     "a kill is logged in two lines: 'Kill process N (comm) score S or sacrifice child', 'Killed process'") \
	RULE(kill_line_names_uid, V5_4, V6_18, 0, \
	     "the 'Killed process' line has UID, pgtables and oom_score_adj") \
	RULE(header_names_nodemask, V4_9, V4_19, 0, \
	     "the 'invoked oom-killer' line has the nodemask") \
	RULE(table_is_announced, V4_19, V6_18, 0, \
	     "the task table begins with 'Tasks state (memory values in pages):'") \
	RULE(table_in_bytes, V4_19, V6_18, 0, \
	     "the task table has pgtables_bytes, not nr_ptes and nr_pmds (since 4.17)") \
	RULE(table_splits_rss, V6_12, V6_18, 0, \
	     "the task table has rss_anon, rss_file and rss_shmem (came between 6.5 and 6.18)") \
	RULE(summary_line, V5_4, V6_18, 0, \
	     "'oom-kill:constraint=...' names constraint, cgroups, task, pid and uid (since 5.0)") \
	RULE(no_victim_is_logged, V5_4, V6_18, 0, \
	     "'Out of memory and no killable processes...' is logged for SysRq-f and memory cgroups, too") \
	RULE(group_is_killed, V4_19, V6_18, 0, \
	     "with memory.oom.group a victim's whole cgroup is killed with it (since 4.19)") \
	RULE(group_kill_is_counted, V6_1, V6_18, 0, \
	     "memory.events counts oom_group_kill (since 5.17)") \
	RULE(sysrq_says_so_twice, V4_7, V4_19, 0, \
	     "the lines of SysRq begin with 'sysrq: SysRq : ', later with 'sysrq: ' (changed between 4.9 and 6.1)") \
	RULE(vmstat_counts_kills, V4_14, V6_18, 0, \
	     "vmstat has oom_kill, the number of kills (came between 4.9 and 4.14)") \
	RULE(counters_of_4_8, V4_8, V6_18, 0, \
	     "vmstat counts the LRU by node (nr_zone_*, allocstall_* and pgskip_* by zone), meminfo has ShmemHugePages") \
	RULE(counters_of_4_14, V4_14, V6_18, 0, \
	     "vmstat has pglazyfree, swap_ra, thp_swpout and compact_daemon_* (came between 4.9 and 4.14)") \
	RULE(counters_of_5_4, V5_4, V6_18, 0, \
	     "vmstat has workingset_nodes and nr_file_hugepages, meminfo KReclaimable and Percpu (came between 4.19 and 5.4)") \
	RULE(counters_of_5_10, V5_10, V6_18, 0, \
	     "vmstat counts workingset_* for anon and file, has pgscan_anon and thp_migration_* (came between 5.4 and 5.10)") \
	RULE(counters_of_5_15, V5_15, V6_18, 0, \
	     "vmstat has nr_swapcached, pgdemote_* and direct_map_level*_splits (came between 5.10 and 5.15)") \
	RULE(counters_of_6_1, V6_1, V6_18, 0, \
	     "vmstat has zswpin, ksm_swpin_copy and *_device, meminfo Zswap and SecPageTables (came between 5.15 and 6.1)") \
	RULE(counters_of_6_6, V6_6, V6_18, 0, \
	     "vmstat has pgscan_khugepaged and pgsteal_khugepaged (came between 6.1 and 6.6)") \
	RULE(counters_of_6_12, V6_12, V6_18, 0, \
	     "vmstat has nr_iommu_pages, nr_memmap_*, swpin_zero and zswpwb (came between 6.6 and 6.12)") \
	RULE(counters_of_6_18, V6_18, V6_18, 0, \
	     "vmstat has nr_free_pages_blocks, nr_balloon_pages and *_proactive, meminfo Balloon (came between 6.12 and 6.18)") \
	RULE(cgroups_are_v1, V4_7, V4_14, 0, \
	     "cgroups are those of v1, unless [machine] cgroups says v2 (distributions changed over from 2019 to 2021)") \
	RULE(cgroups_are_v2, V4_19, V6_18, 0, \
	     "cgroups are those of v2, unless [machine] cgroups says v1 (so that memory.oom.group is there since it exists)") \
	RULE(cgroup_threads_exist, V4_14, V6_18, 0, \
	     "a cgroup has cgroup.type, cgroup.threads, cgroup.stat, cgroup.max.depth and cgroup.max.descendants (since 4.14)") \
	RULE(cgroup_cpu_exists, V4_19, V6_18, 0, \
	     "v2 has a cpu controller, and every cgroup cpu.stat (since 4.15)") \
	RULE(cgroup_freezes, V5_4, V6_18, 0, \
	     "cgroup.freeze exists, and cgroup.events tells frozen (since 5.2)") \
	RULE(cgroup_kills, V5_15, V6_18, 0, \
	     "cgroup.kill exists (since 5.14)") \
	RULE(cgroup_switches_pressure, V6_1, V6_18, 0, \
	     "cgroup.pressure exists (since 6.1)") \
	RULE(cgroup_stat_by_controller, V6_18, V6_18, 0, \
	     "cgroup.stat counts by controller, and there is cgroup.stat.local (came between 6.12 and 6.18)") \
	RULE(cgroup_root_has_stats, V5_10, V6_18, 0, \
	     "the root cgroup has memory.stat, cpu.stat and io.stat (since 5.8)") \
	RULE(cgroup_user_xattrs, V5_10, V6_18, 0, \
	     "cgroups can have extended attributes user.* (since 5.7)") \
	RULE(cpu_stat_has_bursts, V5_15, V6_18, 0, \
	     "cpu.stat has nr_bursts and burst_usec (since 5.14)") \
	RULE(cpu_stat_has_nice, V6_18, V6_18, 0, \
	     "cpu.stat has nice_usec (came between 6.12 and 6.18)") \
	RULE(cpu_stat_local_exists, V6_12, V6_18, 0, \
	     "cpu.stat.local exists (came between 6.6 and 6.12)") \
	RULE(memcg_min_exists, V4_19, V6_18, 0, \
	     "memory.min and memory.swap.events exist (since 4.18)") \
	RULE(memcg_counts_kills, V4_14, V6_18, 0, \
	     "memory.events, in v1 memory.oom_control, counts oom_kill (since 4.13)") \
	RULE(memcg_local_events, V5_4, V6_18, 0, \
	     "memory.events.local exists (since 5.2)") \
	RULE(memcg_numa_stat, V5_10, V6_18, 0, \
	     "memory.numa_stat exists in v2 (since 5.10)") \
	RULE(memcg_swap_high, V5_10, V6_18, 0, \
	     "memory.swap.high exists (since 5.8)") \
	RULE(memcg_reclaims, V6_1, V6_18, 0, \
	     "memory.reclaim exists (since 5.19)") \
	RULE(memcg_reclaim_takes_swappiness, V6_12, V6_18, 0, \
	     "a write to memory.reclaim may say swappiness=N (since 6.9)") \
	RULE(memcg_peak_stays, V6_1, V6_6, 0, \
	     "memory.peak exists, and cannot be set back (5.19 to 6.11)") \
	RULE(memcg_swap_peak_stays, V6_6, V6_6, 0, \
	     "memory.swap.peak exists, and cannot be set back (6.5 to 6.11)") \
	RULE(memcg_peaks_reset, V6_12, V6_18, 0, \
	     "a write to memory.peak or memory.swap.peak sets it back (since 6.12; real ones for that open file only)") \
	RULE(memcg_stat_of_4_14, V4_14, V6_18, 0, \
	     "memory.stat has shmem, workingset_* and pgscan, that of v1 shmem (came between 4.9 and 4.14)") \
	RULE(memcg_stat_of_5_4, V5_4, V6_18, 0, \
	     "memory.stat has anon_thp and thp_fault_alloc, and workingset_* before pgrefill (came between 4.19 and 5.4)") \
	RULE(memcg_stat_of_5_10, V5_10, V6_18, 0, \
	     "memory.stat has percpu and workingset_* for anon and file (came between 5.4 and 5.10)") \
	RULE(memcg_stat_of_5_15, V5_15, V6_18, 0, \
	     "memory.stat has pagetables, swapcached, file_thp and shmem_thp (came between 5.10 and 5.15)") \
	RULE(memcg_stat_of_6_1, V6_1, V6_18, 0, \
	     "memory.stat has kernel, zswap and pgscan_kswapd, and pgfault behind pgsteal (came between 5.15 and 6.1)") \
	RULE(memcg_stat_of_6_6, V6_6, V6_18, 0, \
	     "memory.stat has pgscan_khugepaged (came between 6.1 and 6.6)") \
	RULE(memcg_stat_of_6_12, V6_12, V6_18, 0, \
	     "memory.stat has zswpwb, thp_swpout and pgdemote_* (came between 6.6 and 6.12)") \
	RULE(memcg_stat_of_6_18, V6_18, V6_18, 0, \
	     "memory.stat has *_proactive (came between 6.12 and 6.18)") \
	RULE(pids_peak_exists, V6_1, V6_18, 0, \
	     "pids.peak exists (came between 5.15 and 6.1)") \
	RULE(pids_events_are_local, V6_12, V6_18, 0, \
	     "pids.events counts with those below, and there is pids.events.local (since 6.11)") \
	RULE(meminfo_has_hugetlb, V4_19, V6_18, 0, \
	     "meminfo has Hugetlb (came between 4.14 and 4.19)") \
	RULE(anon_begins_inactive, V5_10, V6_18, 0, \
	     "new anonymous pages begin on the inactive list (since 5.9)") \
	RULE(diskstats_has_discards, V4_19, V6_18, 0, \
	     "diskstats has 18 columns, four of them of discards (since 4.18)") \
	RULE(diskstats_has_flushes, V5_10, V6_18, 0, \
	     "diskstats has 20 columns, two of them of flushes (since 5.5)") \
	RULE(swaps_is_aligned, V5_10, V6_18, 0, \
	     "Size and Used of swaps have two tabs before them where they are short (came between 5.4 and 5.10)") \
	RULE(swap_begins_at_minus_2, V4_14, V6_18, 0, \
	     "the first swap device has the priority -2, not -1 (since 4.14)") \
	RULE(entropy_in_bits_of_blake, V6_1, V6_18, 0, \
	     "random/poolsize is 256, not 4096 (since 5.18)") \
	RULE(caches_drop_read, V4_7, V5_4, 0, \
	     "drop_caches reads as what was last written (until between 5.4 and 5.10)") \
	RULE(caches_drop_unread, V5_10, V6_18, 0, \
	     "drop_caches can only be written (came between 5.4 and 5.10)") \
	RULE(sysctls_of_5_4, V5_4, V6_18, 0, \
	     "sys/vm has watermark_boost_factor and unprivileged_userfaultfd (came between 4.19 and 5.4)") \
	RULE(sysctls_of_5_10, V5_10, V6_18, 0, \
	     "sys/vm has compaction_proactiveness and page_lock_unfairness (since 5.9)") \
	RULE(sysctls_of_5_15, V5_15, V6_18, 0, \
	     "sys/vm has percpu_pagelist_high_fraction (since 5.14)") \
	RULE(sysctls_of_6_6, V6_6, V6_18, 0, \
	     "sys/vm has memfd_noexec (since 6.3)") \
	RULE(sysctls_of_6_18, V6_18, V6_18, 0, \
	     "sys/vm has defrag_mode and vfs_cache_pressure_denom (came between 6.12 and 6.18)") \
	RULE(sysctl_wraps, V4_7, V4_19, 0, \
	     "a number too large for a sysctl wraps around: 4294967297 is 1 (refused since 5.1)") \
	RULE(swappiness_to_200, V5_10, V6_18, 0, \
	     "swappiness goes up to 200, not 100 (since 5.8)") \
	RULE(psi_exists, V5_4, V6_18, 0, \
	     "there are pressure files, and triggers in them (since 4.20, triggers since 5.2)") \
	RULE(psi_cpu_full, V5_15, V6_18, 0, \
	     "the pressure of a cpu has a line 'full' (since 5.13)") \
	RULE(psi_machine_cpu_full_is_zero, V6_1, V6_18, 0, \
	     "that of the machine is always zero (since 5.19)") \
	RULE(psi_written_by_root, V5_4, V5_10, 0, \
	     "pressure files have mode 0444: only CAP_DAC_OVERRIDE can set a trigger (0666 since 5.14)") \
	RULE(psi_open_needs_cap, V5_15, V6_1, 0, \
	     "opening one for writing needs CAP_SYS_RESOURCE, else it is EPERM (5.14 to 6.3)") \
	RULE(psi_unprivileged_triggers, V6_6, V6_18, 0, \
	     "who lacks CAP_SYS_RESOURCE may set triggers with windows of 2, 4, 6, 8 or 10 s (since 6.4)") \
	RULE(psi_short_windows, V6_6, V6_18, 0, \
	     "the window of a trigger may be shorter than 0.5 s (since 6.4)") \
	RULE(psi_defers_events, V6_1, V6_18, 0, \
	     "a second event within a window is told of when it ends, not lost (since 5.18)") \
	RULE(cap_last_is_40, V5_10, V6_18, 0, \
	     "cap_last_cap is 40, not 37 (since 5.9)") \
	RULE(groups_end_in_space, V4_9, V6_18, 0, \
	     "Groups of status ends in a space also where there are none (changed between 4.8 and 4.14)") \
	RULE(status_has_vmpmd, V4_7, V4_14, 0, \
	     "status has VmPMD; later VmPTE counts page tables of every level (since 4.15)") \
	RULE(status_has_no_new_privs, V4_14, V6_18, 0, \
	     "status has NoNewPrivs (since 4.10)") \
	RULE(status_has_core_dumping, V4_19, V6_18, 0, \
	     "status has CoreDumping (since 4.15)") \
	RULE(status_has_speculation, V4_19, V6_18, 0, \
	     "status has Speculation_Store_Bypass (since 4.17)") \
	RULE(status_has_thp, V5_4, V6_18, 0, \
	     "status has THP_enabled (since 5.0)") \
	RULE(status_has_seccomp_filters, V5_10, V6_18, 0, \
	     "status has Seccomp_filters (since 5.9)") \
	RULE(status_has_indirect_branch, V5_10, V6_18, 0, \
	     "status has SpeculationIndirectBranch (came between 5.4 and 5.15)") \
	RULE(status_has_untag_mask, V6_6, V6_18, 0, \
	     "status has untag_mask (since 6.4)") \
	RULE(status_has_kthread, V6_12, V6_18, 0, \
	     "status has Kthread (came between 6.6 and 6.18)") \
	RULE(stat_shows_registers, V4_7, V4_9, 0, \
	     "kstkesp and kstkeip of stat are addresses for who may look into the task (gone between 4.9 and 4.14)") \
	RULE(smaps_begins_with_sizes, V4_14, V6_18, 0, \
	     "smaps has KernelPageSize and MMUPageSize behind Size, and Locked behind SwapPss (changed between 4.9 and 4.19)") \
	RULE(smaps_has_shmem_pmd, V4_8, V6_18, 0, \
	     "smaps has ShmemPmdMapped (since 4.8)") \
	RULE(smaps_has_lazyfree, V4_14, V6_18, 0, \
	     "smaps has LazyFree (since 4.12)") \
	RULE(smaps_has_thp_eligible, V5_4, V6_18, 0, \
	     "smaps has THPeligible (since 4.20)") \
	RULE(smaps_aligns_thp_eligible, V6_6, V6_18, 0, \
	     "THPeligible of smaps stands in the column of the sizes (changed between 6.1 and 6.12)") \
	RULE(smaps_has_file_pmd, V5_4, V6_18, 0, \
	     "smaps has FilePmdMapped (since 5.4)") \
	RULE(smaps_has_pss_dirty, V6_1, V6_18, 0, \
	     "smaps has Pss_Dirty (came between 5.15 and 6.1)") \
	RULE(smaps_has_ksm, V6_6, V6_18, 0, \
	     "smaps has KSM (came between 6.1 and 6.12)") \
	RULE(rollup_exists, V4_14, V6_18, 0, \
	     "/proc/PID/smaps_rollup exists (since 4.14)") \
	RULE(rollup_splits_pss, V5_4, V6_18, 0, \
	     "smaps_rollup has Pss_Anon, Pss_File and Pss_Shmem (since 5.3)") \
	RULE(arch_status_exists, V5_4, V6_18, 0, \
	     "/proc/PID/arch_status exists (came between 4.19 and 5.4)") \
	RULE(pid_for_children_exists, V4_14, V6_18, 0, \
	     "/proc/PID/ns/pid_for_children exists (since 4.12)") \
	RULE(time_namespaces_exist, V5_10, V6_18, 0, \
	     "/proc/PID/timens_offsets, ns/time and ns/time_for_children exist (since 5.6)") \
	RULE(namespaces_have_fixed_numbers, V6_18, V6_18, 0, \
	     "the initial network and mount namespaces are 4026531833 and 4026531832 (changed between 6.12 and 6.18)") \
	RULE(ksm_merging_pages_exists, V6_1, V6_18, 0, \
	     "/proc/PID/ksm_merging_pages exists (since 5.19)") \
	RULE(ksm_stat_exists, V6_1, V6_18, 0, \
	     "/proc/PID/ksm_stat exists (since 6.1)") \
	RULE(ksm_stat_tells_profit, V6_6, V6_18, 0, \
	     "ksm_stat has ksm_zero_pages, ksm_merging_pages and ksm_process_profit (came between 6.1 and 6.6)") \
	RULE(ksm_stat_tells_mode, V6_18, V6_18, 0, \
	     "ksm_stat has ksm_merge_any and ksm_mergeable (came between 6.12 and 6.18)") \
	RULE(fdinfo_is_the_owners, V4_7, V5_10, 0, \
	     "fdinfo and its files can be read by their owner only (until 5.13)") \
	RULE(fdinfo_asks_ptrace, V5_15, V6_18, 0, \
	     "fdinfo can be read by whoever may look into the task, and has ino (since 5.14)") \
	RULE(fd_size_is_count, V6_6, V6_18, 0, \
	     "stat(2) of /proc/PID/fd tells the number of open files as its size (since 6.2)") \
	RULE(memlock_is_8_mib, V6_1, V6_18, 0, \
	     "a process may lock 8 MiB, not 64 KiB (since 5.16)") \
	RULE(vsyscall_is_unreadable, V5_4, V6_18, 0, \
	     "the vsyscall page is --xp, not r-xp (since 5.3)") \
	RULE(vvar_has_vclock, V6_18, V6_18, 0, \
	     "maps has [vvar_vclock] (came between 6.12 and 6.18)") \
	RULE(stack_needs_admin, V4_19, V6_18, 0, \
	     "/proc/PID/stack is only for CAP_SYS_ADMIN (since 4.18)") \
	RULE(stack_hides_addresses, V4_14, V6_18, 0, \
	     "/proc/PID/stack shows [<0>] for addresses (came between 4.9 and 4.19)") \
	RULE(creating_refuses_directory, V6_6, V6_18, 0, \
	     "open(2) with O_CREAT and O_DIRECTORY is EINVAL (seen on 6.18; since 6.4)") \
	RULE(no_mm_refuses_open, V6_18, V6_18, 0, \
	     "environ, auxv and mem of a task without mm cannot be opened: ESRCH (came between 6.12 and 6.18)") \
	RULE(root_bonus, V4_7, V4_14, 0, \
	     "CAP_SYS_ADMIN is worth 3 % of the points (gone in 4.17)") \
	RULE(reader_mems_count, V4_7, V4_19, 0, \
	     "oom_score reads 0 where reader and task share no memory node (gone between 5.0 and 5.3)") \
	RULE(badness_is_signed, V5_10, V6_18, 0, \
	     "points may be negative, and oom_score is (1000 + points * 1000 / total) * 2 / 3 (since 5.9)")

struct rules {
#define RULE_FIELD(name, since, until, patch, text) bool name;
	RULES(RULE_FIELD)
#undef RULE_FIELD
};

void rules_fill(struct rules *rules, enum version version, uint32_t patches);

#endif
