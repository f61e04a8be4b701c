/* /proc/sys: the tables, in the order of the names. What a number is, and may be, is sysctl.c's. */
#include "tree/tree.h"

#include <sys/stat.h>

#define NUMBER(name, mode, rule) { name, S_IFREG | mode, AT_START, BOTH, sysctl_read, sysctl_write, NULL, SYSCTL, rule }
#define KNOB(name) NUMBER(name, 0644, 0)
#define KNOB_SINCE(name, rule) NUMBER(name, 0644, WHERE(rule))
#define SHOWS(name, behaviour, read) { name, S_IFREG | 0444, behaviour, BOTH, read, NULL, NULL, SYSCTL, 0 }
#define CONSTANT(name, behaviour) SHOWS(name, behaviour, fixed_read)
#define DIRECTORY(name, directory) { name, S_IFDIR | 0555, FRESH, BOTH, NULL, NULL, &directory, SYSCTL, 0 }

static const struct entry vm_entries[] = {
	KNOB("admin_reserve_kbytes"),
	{ "compact_memory", S_IFREG | 0200, AT_START, BOTH, NULL, compact_memory_write, NULL, SYSCTL, 0 },
	KNOB("compact_unevictable_allowed"),
	KNOB_SINCE("compaction_proactiveness", sysctls_of_5_10),
	KNOB_SINCE("defrag_mode", sysctls_of_6_18),
	KNOB("dirty_background_bytes"),
	KNOB("dirty_background_ratio"),
	KNOB("dirty_bytes"),
	KNOB("dirty_expire_centisecs"),
	KNOB("dirty_ratio"),
	KNOB("dirty_writeback_centisecs"),
	KNOB("dirtytime_expire_seconds"),
	{ "drop_caches", S_IFREG | 0200, AT_START, BOTH, NULL, drop_caches_write, NULL, SYSCTL, WHERE(caches_drop_unread) },
	{ "drop_caches", S_IFREG | 0644, AT_START, BOTH, drop_caches_read, drop_caches_write, NULL, SYSCTL, WHERE(caches_drop_read) },
	KNOB("extfrag_threshold"),
	KNOB("laptop_mode"),
	KNOB("legacy_va_layout"),
	CONSTANT("lowmem_reserve_ratio", AT_START),
	KNOB("max_map_count"),
	KNOB_SINCE("memfd_noexec", sysctls_of_6_6),
	KNOB("min_free_kbytes"),
	KNOB("min_slab_ratio"),
	KNOB("min_unmapped_ratio"),
	KNOB("mmap_min_addr"),
	KNOB("oom_dump_tasks"),
	KNOB("oom_kill_allocating_task"),
	KNOB("overcommit_kbytes"),
	KNOB("overcommit_memory"),
	KNOB("overcommit_ratio"),
	KNOB("page-cluster"),
	KNOB_SINCE("page_lock_unfairness", sysctls_of_5_10),
	KNOB("panic_on_oom"),
	KNOB_SINCE("percpu_pagelist_high_fraction", sysctls_of_5_15),
	KNOB("stat_interval"),
	KNOB("swappiness"),
	KNOB_SINCE("unprivileged_userfaultfd", sysctls_of_5_4),
	KNOB("user_reserve_kbytes"),
	KNOB("vfs_cache_pressure"),
	KNOB_SINCE("vfs_cache_pressure_denom", sysctls_of_6_18),
	KNOB_SINCE("watermark_boost_factor", sysctls_of_5_4),
	KNOB("watermark_scale_factor"),
	KNOB("zone_reclaim_mode"),
};

static const struct entry random_entries[] = {
	CONSTANT("boot_id", FRESH),
	CONSTANT("entropy_avail", AT_START),
	SHOWS("poolsize", AT_START, poolsize_read),
	SHOWS("uuid", FRESH, uuid_read),
};

static const struct directory random_directory = { ENTRIES(random_entries), NULL, NULL, BOTH, 1180, 1, NULL };

static const struct entry kernel_entries[] = {
	SHOWS("cap_last_cap", AT_START, cap_last_cap_read),
	CONSTANT("core_pattern", FRESH),
	KNOB("core_uses_pid"),
	KNOB("dmesg_restrict"),
	CONSTANT("domainname", FRESH),
	{ "hostname", S_IFREG | 0644, FRESH, BOTH, hostname_read, hostname_write, NULL, SYSCTL, 0 },
	KNOB("hung_task_timeout_secs"),
	KNOB("kptr_restrict"),
	CONSTANT("ngroups_max", AT_START),
	NUMBER("ns_last_pid", 0666, 0),
	SHOWS("osrelease", FRESH, osrelease_read),
	SHOWS("ostype", FRESH, ostype_read),
	KNOB("overflowgid"),
	KNOB("overflowuid"),
	KNOB("panic"),
	KNOB("panic_on_oops"),
	KNOB("perf_event_paranoid"),
	KNOB("pid_max"),
	CONSTANT("printk", AT_START),
	DIRECTORY("random", random_directory),
	KNOB("randomize_va_space"),
	KNOB("sysrq"),
	CONSTANT("tainted", AT_START),
	KNOB("threads-max"),
	SHOWS("version", FRESH, build_read),
};

static const struct entry fs_entries[] = {
	CONSTANT("dentry-state", AT_START),
	KNOB("file-max"),
	SHOWS("file-nr", AT_START, file_nr_read),
	SHOWS("inode-nr", AT_START, inode_nr_read),
	SHOWS("inode-state", AT_START, inode_nr_read),
	KNOB("nr_open"),
	KNOB("overflowgid"),
	KNOB("overflowuid"),
	KNOB("pipe-max-size"),
	KNOB("suid_dumpable"),
};

static const struct directory
	fs_directory = { ENTRIES(fs_entries), NULL, NULL, BOTH, 1200, 1, NULL },
	kernel_directory = { ENTRIES(kernel_entries), NULL, NULL, BOTH, 1100, 1, NULL },
	vm_directory = { ENTRIES(vm_entries), NULL, NULL, BOTH, 1024, 1, NULL };

static const struct entry sys_entries[] = {
	DIRECTORY("fs", fs_directory),
	DIRECTORY("kernel", kernel_directory),
	DIRECTORY("vm", vm_directory),
};

const struct directory sys_directory = { ENTRIES(sys_entries), NULL, NULL, BOTH, 1000, 1, NULL };
