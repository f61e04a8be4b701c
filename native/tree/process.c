/* /proc/PID and /proc/PID/task/TID: one table, of which each has its part. */
#include "pid.h"
#include "task.h"
#include "tree/tree.h"
#include "world.h"

#include <sys/stat.h>

static const struct directory thread_directory;

static struct node thread_node(struct task *t)
{
	return (struct node){ &thread_entry, t, THREAD, 1, 0 };
}

static bool find_thread(struct world *w, const struct node *directory, const char *name, size_t length, struct node *out)
{
	int pid = parse_pid(name, length);
	struct task *t = pid ? pid_find(&w->pids, pid) : NULL;

	if (!t || t->signal != directory->task->signal)
		return false;
	*out = thread_node(t);
	return true;
}

/* In the order of creation, leader first: the position counts them. */
static bool next_thread(struct world *w, const struct node *directory, int64_t *at, char name[256], struct node *out)
{
	struct task *t = directory->task->signal->leader;

	(void)w;
	for (int64_t i = 0; t && i < *at; i++)
		t = t->next;
	if (!t)
		return false;
	(*at)++;
	print_number(name, (uint64_t)t->pid);
	*out = thread_node(t);
	return true;
}

/* In the order of a real listing. */
static const struct entry task_entries[] = {
	/* name            mode             behaviour      level    read                 write                directory, flags, rule */
	{ "task",          S_IFDIR | 0555,  FRESH,         PROCESS, NULL,                NULL, &threads_directory, 0, 0 },
	{ "status",        S_IFREG | 0444,  SHOWN,         BOTH,    status_read,         NULL, NULL, 0, 0 },
	{ "comm",          S_IFREG | 0644,  SHOWN,         BOTH,    comm_read,           comm_write, NULL, 0, 0 },
	{ "cmdline",       S_IFREG | 0444,  FRESH,         BOTH,    cmdline_read,        NULL, NULL, 0, 0 },
	{ "stat",          S_IFREG | 0444,  SHOWN,         BOTH,    stat_read,           NULL, NULL, 0, 0 },
	{ "statm",         S_IFREG | 0444,  SHOWN,         BOTH,    statm_read,          NULL, NULL, 0, 0 },
	{ "cgroup",        S_IFREG | 0444,  SHOWN,         BOTH,    cgroup_read,         NULL, NULL, 0, 0 },
	{ "oom_score",     S_IFREG | 0444,  SHOWN,         BOTH,    oom_score_read,      NULL, NULL, 0, 0 },
	{ "oom_adj",       S_IFREG | 0644,  FRESH_LIMITED, BOTH,    oom_adj_read,        oom_adj_write, NULL, 0, 0 },
	{ "oom_score_adj", S_IFREG | 0644,  FRESH,         BOTH,    oom_score_adj_read,  oom_score_adj_write, NULL, 0, 0 },
};

const struct entry process_entry = { "", S_IFDIR | 0555, FRESH, BOTH, NULL, NULL, &process_directory, 0, 0 };
const struct entry thread_entry = { "", S_IFDIR | 0555, FRESH, BOTH, NULL, NULL, &thread_directory, 0, 0 };

/* links: what a real kernel shows. */
const struct directory
	process_directory = { ENTRIES(task_entries), NULL, NULL, PROCESS, 2, 9 },
	threads_directory = { NULL, 0, find_thread, next_thread, BOTH, 0, 2 };
static const struct directory thread_directory = { ENTRIES(task_entries), NULL, NULL, THREAD, 2, 7 };
