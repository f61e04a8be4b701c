/* What the files of a process and of a thread have in common, and their generators, one file each. */
#ifndef TASK_FILES_H
#define TASK_FILES_H

#include "task.h"
#include "tree/tree.h"

/* The task of a file; get_task_mm(): a kernel thread's borrowed mm does not count. */
static inline struct mm *mm_of(const struct task *t) { return is_kthread(t) ? NULL : t->mm; }
/* task->files, fs and nsproxy are gone once it has exited. */
static inline bool has_files(const struct task *t) { return !is_zombie(t); }
/* In /proc/PID a file speaks of the process, in task/TID of the thread. */
static inline bool is_whole(const struct node *node) { return node->level != THREAD; }

/* How many descriptors are open, from 0 on. */
uint32_t count_files(const struct task *t);
/* How many links there are in fd. */
int64_t fd_count(const struct world *w, const struct node *directory);
/* RLIMIT_NPROC and RLIMIT_SIGPENDING */
uint64_t limit_of_processes(const struct world *w);
/* st_size, which is 0 but for fd and the links of open and mapped files. */
int64_t task_file_size(const struct world *w, const struct node *node);

extern const struct directory fd_directory, fdinfo_directory, map_files_directory, ns_directory, net_directory,
	attr_directory;

generator arch_status_read, attr_read, autogroup_read, auxv_read, children_read, coredump_filter_read, cpuset_read, cwd_read,
	environ_read, exe_read, id_map_read, io_read, ksm_merging_pages_read, ksm_stat_read, limits_read, loginuid_read,
	maps_read, mem_read, mountinfo_read, mounts_read, mountstats_read, nothing_read, numa_maps_read, personality_read,
	root_link_read, sched_read, schedstat_read, setgroups_read, smaps_read, smaps_rollup_read, stack_read, syscall_read,
	timens_offsets_read, timerslack_ns_read, wchan_read;
writer clear_refs_write, sched_write;

#endif
