/* /proc/sys: the tables. What a file holds is sysctl.c's. */
#include "tree/tree.h"

#include <sys/stat.h>

static const struct entry vm_entries[] = {
#define KNOB(name) { name, S_IFREG | 0644, AT_START, BOTH, sysctl_read, sysctl_write, NULL, SYSCTL, 0 }
	KNOB("min_free_kbytes"),
	KNOB("oom_dump_tasks"),
	KNOB("oom_kill_allocating_task"),
	KNOB("overcommit_memory"),
	KNOB("overcommit_ratio"),
	KNOB("panic_on_oom"),
	KNOB("swappiness"),
};

static const struct directory vm_directory = { ENTRIES(vm_entries), NULL, NULL, BOTH, 1024, 1 };

static const struct entry sys_entries[] = {
	{ "vm", S_IFDIR | 0555, FRESH, BOTH, NULL, NULL, &vm_directory, SYSCTL, 0 },
};

const struct directory sys_directory = { ENTRIES(sys_entries), NULL, NULL, BOTH, 1000, 1 };
