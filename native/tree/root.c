/* /proc itself: the machine's own files, and behind them the processes. */
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
	if (t)
		*out = directory_of(t);
	return t;
}

/* Threads are reachable here by their id, and not listed. */
bool next_process(struct world *w, const struct node *directory, int64_t *at, char name[256], struct node *out)
{
	struct task *t = pid_first_from(&w->pids, (int)*at);

	(void)directory;
	while (t && !is_leader(t))
		t = pid_first_from(&w->pids, t->pid + 1);
	if (!t)
		return false;
	*at = t->pid + 1;
	print_number(name, (uint64_t)t->pid);
	*out = directory_of(t);
	return true;
}

/* In the order of a real listing: by length, then by name; what is made last stands last. */
static const struct entry root_entries[] = {
	/* name            mode             behaviour level read              write                directory, flags, rule */
	{ "sys",           S_IFDIR | 0555,  FRESH, BOTH, NULL,                NULL, &sys_directory, SYSCTL, 0 },
	{ "vmstat",        S_IFREG | 0444,  SHOWN, BOTH, vmstat_read,         NULL, NULL, 0, 0 },
	{ "meminfo",       S_IFREG | 0444,  SHOWN, BOTH, meminfo_read,        NULL, NULL, 0, 0 },
	{ "pressure",      S_IFDIR | 0555,  FRESH, BOTH, NULL,                NULL, &pressure_directory, 0, WHERE(psi_exists) },
	{ "sysrq-trigger", S_IFREG | 0200,  FRESH, BOTH, NULL,                sysrq_trigger_write, NULL, 0, 0 },
	{ "self",          S_IFLNK | 0777,  FRESH, BOTH, self_read,           NULL, NULL, 0, 0 },
	{ "thread-self",   S_IFLNK | 0777,  FRESH, BOTH, thread_self_read,    NULL, NULL, 0, 0 },
	{ ".fakeproc",     S_IFDIR | 0555,  FRESH, BOTH, NULL,                NULL, &control_directory, UNLISTED | CONTROL, 0 },
};

const struct directory root_directory = { ENTRIES(root_entries), find_any_task, next_process, BOTH, 2, 2 };
