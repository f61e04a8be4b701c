/* /proc itself: the machine's own files, and behind them the processes. */
#include "adopt.h"
#include "pid.h"
#include "task.h"
#include "tree/tree.h"
#include "world.h"

#include <sys/stat.h>

/* Of a task: the directory below /proc. */
static struct node directory_of(struct task *t)
{
	return (struct node){ &process_entry, t, PROCESS, 1, 0 };
}

bool find_any_task(struct world *w, const struct node *directory, const char *name, size_t length, struct node *out)
{
	int pid = parse_pid(name, length);
	struct task *t = pid ? pid_find(&w->pids, pid) : NULL;

	(void)directory;
	if (t && is_adopted(t))
		t = adopted_now(w, t);
	else if (!t && pid)
		t = adopt_unasked(w, pid);
	if (t)
		*out = directory_of(t);
	return t;
}

/* Threads are reachable here by their id, and not listed. */
bool next_process(struct world *w, const struct node *directory, int64_t *at, char name[256], struct node *out)
{
	struct task *t;

	(void)directory;
	if (!*at && w->adopter) {
		drop_ended(w);
		adopt_all(w);
	}
	t = pid_first_from(&w->pids, (int)*at);
	while (t && !is_leader(t))
		t = pid_first_from(&w->pids, t->pid + 1);
	if (!t)
		return false;
	*at = t->pid + 1;
	print_number(name, (uint64_t)t->pid);
	*out = directory_of(t);
	return true;
}

static const struct entry tty_entries[] = {
	{ "drivers", S_IFREG | 0444, SHOWN, BOTH, fixed_read, NULL, NULL, 0, 0 },
};

static const struct directory tty_directory = { ENTRIES(tty_entries), NULL, NULL, BOTH, 1300, 2, NULL };

/* In the order of a real listing: by length, then by name; what is made last stands last. */
static const struct entry root_entries[] = {
	/* name            mode             behaviour level read              write                directory, flags, rule */
	{ "net",           S_IFLNK | 0777,  FRESH, BOTH, net_link_read,       NULL, NULL, 0, 0 },
	{ "sys",           S_IFDIR | 0555,  FRESH, BOTH, NULL,                NULL, &sys_directory, SYSCTL, 0 },
	{ "tty",           S_IFDIR | 0555,  FRESH, BOTH, NULL,                NULL, &tty_directory, 0, 0 },
	{ "kmsg",          S_IFREG | 0400,  TAKEN, BOTH, NULL,                NULL, NULL, SYSLOG, 0 },
	{ "stat",          S_IFREG | 0444,  SHOWN, BOTH, proc_stat_read,      NULL, NULL, 0, 0 },
	{ "locks",         S_IFREG | 0444,  SHOWN, BOTH, fixed_read,       NULL, NULL, 0, 0 },
	{ "swaps",         S_IFREG | 0444,  SHOWN, BOTH, swaps_read,          NULL, NULL, 0, 0 },
	{ "mounts",        S_IFLNK | 0777,  FRESH, BOTH, mounts_link_read,    NULL, NULL, 0, 0 },
	{ "uptime",        S_IFREG | 0444,  SHOWN, BOTH, uptime_read,         NULL, NULL, 0, 0 },
	{ "vmstat",        S_IFREG | 0444,  SHOWN, BOTH, vmstat_read,         NULL, NULL, 0, 0 },
	{ "cgroups",       S_IFREG | 0444,  SHOWN, BOTH, cgroups_read,        NULL, NULL, 0, 0 },
	{ "cmdline",       S_IFREG | 0444,  SHOWN, BOTH, fixed_read,       NULL, NULL, 0, 0 },
	{ "cpuinfo",       S_IFREG | 0444,  SHOWN, BOTH, cpuinfo_read,        NULL, NULL, 0, 0 },
	{ "devices",       S_IFREG | 0444,  SHOWN, BOTH, fixed_read,       NULL, NULL, 0, 0 },
	{ "loadavg",       S_IFREG | 0444,  SHOWN, BOTH, loadavg_read,        NULL, NULL, 0, 0 },
	{ "meminfo",       S_IFREG | 0444,  SHOWN, BOTH, meminfo_read,        NULL, NULL, 0, 0 },
	{ "version",       S_IFREG | 0444,  SHOWN, BOTH, version_read,        NULL, NULL, 0, 0 },
	{ "consoles",      S_IFREG | 0444,  SHOWN, BOTH, fixed_read,       NULL, NULL, 0, 0 },
	{ "pressure",      S_IFDIR | 0555,  FRESH, BOTH, NULL,                NULL, &pressure_directory, 0, WHERE(psi_exists) },
	{ "slabinfo",      S_IFREG | 0400,  SHOWN, BOTH, slabinfo_read,       NULL, NULL, 0, 0 },
	{ "softirqs",      S_IFREG | 0444,  SHOWN, BOTH, softirqs_read,       NULL, NULL, 0, 0 },
	{ "zoneinfo",      S_IFREG | 0444,  SHOWN, BOTH, zoneinfo_read,       NULL, NULL, 0, 0 },
	{ "buddyinfo",     S_IFREG | 0444,  SHOWN, BOTH, buddyinfo_read,      NULL, NULL, 0, 0 },
	{ "diskstats",     S_IFREG | 0444,  SHOWN, BOTH, diskstats_read,      NULL, NULL, 0, 0 },
	{ "interrupts",    S_IFREG | 0444,  SHOWN, BOTH, interrupts_read,     NULL, NULL, 0, 0 },
	{ "partitions",    S_IFREG | 0444,  SHOWN, BOTH, partitions_read,     NULL, NULL, 0, 0 },
	{ "execdomains",   S_IFREG | 0444,  SHOWN, BOTH, fixed_read,       NULL, NULL, 0, 0 },
	{ "filesystems",   S_IFREG | 0444,  SHOWN, BOTH, fixed_read,       NULL, NULL, 0, 0 },
	{ "sysrq-trigger", S_IFREG | 0200,  FRESH, BOTH, NULL,                sysrq_trigger_write, NULL, 0, 0 },
	{ "self",          S_IFLNK | 0777,  FRESH, BOTH, self_read,           NULL, NULL, 0, 0 },
	{ "thread-self",   S_IFLNK | 0777,  FRESH, BOTH, thread_self_read,    NULL, NULL, 0, 0 },
	{ ".fakeproc",     S_IFDIR | 0555,  FRESH, BOTH, NULL,                NULL, &control_directory, UNLISTED | CONTROL, 0 },
};

const struct directory root_directory = { ENTRIES(root_entries), find_any_task, next_process, BOTH, 2, 2, NULL };
