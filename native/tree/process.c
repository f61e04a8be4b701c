/* /proc/PID and /proc/PID/task/TID: one table, of which each has its part. */
#include "pid.h"
#include "task.h"
#include "tree/task_files.h"
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

/* A position: how many threads were told, and above these 22 bits the last one's id. */
enum { TOLD_BITS = 22, TOLD_MASK = (1 << TOLD_BITS) - 1 };

/* Behind the last one, where that still lives, else by their number (proc_task_readdir and its f_version). */
static struct task *thread_at(const struct world *w, const struct signal *signal, int64_t at)
{
	struct task *last = pid_find(&w->pids, (int)(at >> TOLD_BITS));
	struct task *t = signal->leader;

	if (last && last->signal == signal)
		return last->next;
	for (int64_t i = 0; t && i < (at & TOLD_MASK); i++)
		t = t->next;
	return t;
}

/* In the order of creation, leader first. */
static bool next_thread(struct world *w, const struct node *directory, int64_t *at, char name[256], struct node *out)
{
	struct task *t = *at >= 0 ? thread_at(w, directory->task->signal, *at) : NULL;

	if (!t)
		return false;
	*at = ((int64_t)t->pid << TOLD_BITS) | ((*at + 1) & TOLD_MASK);
	print_number(name, (uint64_t)t->pid);
	*out = thread_node(t);
	return true;
}

/* In the order of a real listing. */
static const struct entry task_entries[] = {
	/* name               mode             behaviour      level    read, write, directory, flags, rule */
	{ "task",             S_IFDIR | 0555,  FRESH,         PROCESS, NULL, NULL, &threads_directory, 0, 0 },
	{ "fd",               S_IFDIR | 0500,  FRESH,         BOTH,    NULL, NULL, &fd_directory, OPEN_TO_GROUP, 0 },
	{ "map_files",        S_IFDIR | 0500,  FRESH,         PROCESS, NULL, NULL, &map_files_directory, GUARDED | OPEN_TO_GROUP, 0 },
	{ "fdinfo",           S_IFDIR | 0555,  FRESH,         BOTH,    NULL, NULL, &fdinfo_directory, GUARDED, WHERE(fdinfo_asks_ptrace) },
	{ "fdinfo",           S_IFDIR | 0500,  FRESH,         BOTH,    NULL, NULL, &fdinfo_directory, 0, WHERE(fdinfo_is_the_owners) },
	{ "ns",               S_IFDIR | 0511,  FRESH,         BOTH,    NULL, NULL, &ns_directory, 0, 0 },
	{ "net",              S_IFDIR | 0555,  FRESH,         BOTH,    NULL, NULL, &net_directory, 0, 0 },
	{ "environ",          S_IFREG | 0400,  FRESH_LIMITED, BOTH,    environ_read, NULL, NULL, OPENS_MM | REAL | OUTLIVES, 0 },
	{ "auxv",             S_IFREG | 0400,  FRESH_LIMITED, BOTH,    auxv_read, NULL, NULL, OPENS_MM | REAL, 0 },
	{ "status",           S_IFREG | 0444,  SHOWN,         BOTH,    status_read, NULL, NULL, 0, 0 },
	{ "personality",      S_IFREG | 0400,  SHOWN,         BOTH,    personality_read, NULL, NULL, 0, 0 },
	{ "limits",           S_IFREG | 0444,  SHOWN,         BOTH,    limits_read, NULL, NULL, 0, 0 },
	{ "sched",            S_IFREG | 0644,  SHOWN,         BOTH,    sched_read, sched_write, NULL, 0, 0 },
	{ "autogroup",        S_IFREG | 0644,  SHOWN,         PROCESS, autogroup_read, NULL, NULL, 0, 0 },
	{ "timens_offsets",   S_IFREG | 0644,  SHOWN,         PROCESS, timens_offsets_read, NULL, NULL, 0, WHERE(time_namespaces_exist) },
	{ "comm",             S_IFREG | 0644,  SHOWN,         BOTH,    comm_read, comm_write, NULL, 0, 0 },
	{ "syscall",          S_IFREG | 0400,  SHOWN,         BOTH,    syscall_read, NULL, NULL, 0, 0 },
	{ "cmdline",          S_IFREG | 0444,  FRESH,         BOTH,    cmdline_read, NULL, NULL, REAL, 0 },
	{ "stat",             S_IFREG | 0444,  SHOWN,         BOTH,    stat_read, NULL, NULL, 0, 0 },
	{ "statm",            S_IFREG | 0444,  SHOWN,         BOTH,    statm_read, NULL, NULL, 0, 0 },
	{ "maps",             S_IFREG | 0444,  SHOWN,         BOTH,    maps_read, NULL, NULL, OPENS_MAPS | REAL, 0 },
	{ "children",         S_IFREG | 0444,  SHOWN,         THREAD,  children_read, NULL, NULL, 0, 0 },
	{ "numa_maps",        S_IFREG | 0444,  SHOWN,         BOTH,    numa_maps_read, NULL, NULL, OPENS_MAPS | REAL, 0 },
	{ "mem",              S_IFREG | 0600,  FRESH,         BOTH,    mem_read, NULL, NULL, OPENS_MM | OUTLIVES, 0 },
	{ "cwd",              S_IFLNK | 0777,  FRESH,         BOTH,    cwd_read, NULL, NULL, MAGIC, 0 },
	{ "root",             S_IFLNK | 0777,  FRESH,         BOTH,    root_link_read, NULL, NULL, MAGIC, 0 },
	{ "exe",              S_IFLNK | 0777,  FRESH,         BOTH,    exe_read, NULL, NULL, MAGIC, 0 },
	{ "mounts",           S_IFREG | 0444,  SHOWN,         BOTH,    mounts_read, NULL, NULL, OPENS_FS | OUTLIVES, 0 },
	{ "mountinfo",        S_IFREG | 0444,  SHOWN,         BOTH,    mountinfo_read, NULL, NULL, OPENS_FS | OUTLIVES, 0 },
	{ "mountstats",       S_IFREG | 0400,  SHOWN,         PROCESS, mountstats_read, NULL, NULL, OPENS_FS | OUTLIVES, 0 },
	{ "clear_refs",       S_IFREG | 0200,  FRESH,         BOTH,    NULL, clear_refs_write, NULL, 0, 0 },
	{ "smaps",            S_IFREG | 0444,  SHOWN,         BOTH,    smaps_read, NULL, NULL, OPENS_MAPS | REAL, 0 },
	{ "smaps_rollup",     S_IFREG | 0444,  SHOWN,         BOTH,    smaps_rollup_read, NULL, NULL, OPENS_MAPS | REAL, WHERE(rollup_exists) },
	{ "pagemap",          S_IFREG | 0400,  FRESH,         BOTH,    nothing_read, NULL, NULL, OPENS_MM | OUTLIVES, 0 },
	{ "attr",             S_IFDIR | 0555,  FRESH,         BOTH,    NULL, NULL, &attr_directory, 0, 0 },
	{ "wchan",            S_IFREG | 0444,  SHOWN,         BOTH,    wchan_read, NULL, NULL, 0, 0 },
	{ "stack",            S_IFREG | 0400,  SHOWN,         BOTH,    stack_read, NULL, NULL, 0, 0 },
	{ "schedstat",        S_IFREG | 0444,  SHOWN,         BOTH,    schedstat_read, NULL, NULL, 0, 0 },
	{ "cpuset",           S_IFREG | 0444,  SHOWN,         BOTH,    cpuset_read, NULL, NULL, 0, 0 },
	{ "cgroup",           S_IFREG | 0444,  SHOWN,         BOTH,    cgroup_read, NULL, NULL, 0, 0 },
	{ "oom_score",        S_IFREG | 0444,  SHOWN,         BOTH,    oom_score_read, NULL, NULL, 0, 0 },
	{ "oom_adj",          S_IFREG | 0644,  FRESH_LIMITED, BOTH,    oom_adj_read, oom_adj_write, NULL, 0, 0 },
	{ "oom_score_adj",    S_IFREG | 0644,  FRESH,         BOTH,    oom_score_adj_read, oom_score_adj_write, NULL, 0, 0 },
	{ "loginuid",         S_IFREG | 0644,  FRESH_LIMITED, BOTH,    loginuid_read, NULL, NULL, 0, 0 },
	{ "sessionid",        S_IFREG | 0444,  FRESH_LIMITED, BOTH,    loginuid_read, NULL, NULL, 0, 0 },
	{ "coredump_filter",  S_IFREG | 0644,  FRESH_LIMITED, PROCESS, coredump_filter_read, NULL, NULL, 0, 0 },
	{ "io",               S_IFREG | 0400,  SHOWN,         BOTH,    io_read, NULL, NULL, 0, 0 },
	{ "uid_map",          S_IFREG | 0644,  SHOWN,         BOTH,    id_map_read, NULL, NULL, OUTLIVES, 0 },
	{ "gid_map",          S_IFREG | 0644,  SHOWN,         BOTH,    id_map_read, NULL, NULL, OUTLIVES, 0 },
	{ "projid_map",       S_IFREG | 0644,  SHOWN,         BOTH,    id_map_read, NULL, NULL, OUTLIVES, 0 },
	{ "setgroups",        S_IFREG | 0644,  SHOWN,         BOTH,    setgroups_read, NULL, NULL, OUTLIVES, 0 },
	{ "timers",           S_IFREG | 0444,  SHOWN,         PROCESS, nothing_read, NULL, NULL, 0, 0 },
	{ "timerslack_ns",    S_IFREG | 0666,  SHOWN,         PROCESS, timerslack_ns_read, NULL, NULL, 0, 0 },
	{ "arch_status",      S_IFREG | 0444,  SHOWN,         BOTH,    arch_status_read, NULL, NULL, 0, WHERE(arch_status_exists) },
	{ "ksm_merging_pages", S_IFREG | 0400, SHOWN,         BOTH,    ksm_merging_pages_read, NULL, NULL, 0, WHERE(ksm_merging_pages_exists) },
	{ "ksm_stat",         S_IFREG | 0400,  SHOWN,         BOTH,    ksm_stat_read, NULL, NULL, 0, WHERE(ksm_stat_exists) },
};

const struct entry process_entry = { "", S_IFDIR | 0555, FRESH, BOTH, NULL, NULL, &process_directory, 0, 0 };
const struct entry thread_entry = { "", S_IFDIR | 0555, FRESH, BOTH, NULL, NULL, &thread_directory, 0, 0 };

/* links: what a real kernel shows. */
const struct directory
	process_directory = { ENTRIES(task_entries), NULL, NULL, PROCESS, 2, 9, NULL },
	threads_directory = { NULL, 0, find_thread, next_thread, BOTH, 0, 2, NULL };
static const struct directory thread_directory = { ENTRIES(task_entries), NULL, NULL, THREAD, 2, 7, NULL };

int64_t task_file_size(const struct world *w, const struct node *node)
{
	if (node->entry->directory == &fd_directory && w->rules.fd_size_is_count)
		return fd_count(w, node);
	return node->entry->flags & LINK_OF_FILE ? 64 : 0;
}
