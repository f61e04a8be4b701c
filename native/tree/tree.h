/* The procfs tree: directories are tables of entries; a path leads to a node; an entry's functions make its bytes. */
#ifndef TREE_H
#define TREE_H

#include "fakeproc.h"
#include "rules.h"

#include <stdbool.h>

struct node;
struct task;
struct text;
struct world;

/* How an open file of an entry behaves. */
enum behaviour {
	FRESH,			/* made anew at every read, any position; lseek(2) without limit (default_llseek) */
	FRESH_LIMITED,		/* the same, lseek(2) up to 2^31 - 1 (generic_file_llseek) */
	SHOWN,			/* a seq_file: made at position 0 and kept for the reads that follow */
	AT_START,		/* made anew at position 0, nothing anywhere else (proc_dointvec) */
	RECORDS,		/* one record a read (kmsg) */
	TAKEN			/* what was read is gone, whoever asks (proc_kmsg) */
};

/* What else an entry is. */
enum {
	UNLISTED = 1 << 0,
	CONTROL = 1 << 1,		/* of .fakeproc: owned by who mounted; not there where nobody answers */
	SYSCTL = 1 << 2,		/* below sys: no capability helps */
	PRESSURE = 1 << 3,		/* what is written is a trigger of the open file, see pressure.c */
	NEEDS_RESOURCE = 1 << 4,	/* without CAP_SYS_RESOURCE opening it for writing is -EPERM */
	SYSLOG = 1 << 5,		/* opened with CAP_SYSLOG only */
	NET_FILE = 1 << 6,		/* root's, whosever network it is */
	/* Of tasks. What opening asks for, beyond the mode; of a directory also looking into it: */
	GUARDED = 1 << 7,		/* who may look into the task (ptrace_may_access), else EACCES */
	OPENS_MM = 1 << 8,		/* the same, of a task with mm; without one it is ESRCH where no_mm_refuses_open */
	OPENS_MAPS = 1 << 9,		/* the same, but without an mm it is there, and empty */
	OPENS_FS = 1 << 10,		/* a task that has not exited, else EINVAL */
	OPEN_TO_GROUP = 1 << 11,	/* nobody of its own process is refused by the mode (proc_fd_permission) */
	OUTLIVES = 1 << 12,		/* opened it holds the mm, the namespace: when the task has gone it is empty, or what it was */
	LINK_OF_FILE = 1 << 13,		/* st_size is 64 */
	/* Of adopted processes, in a mount: */
	REAL = 1 << 14,			/* a file whose contents are those of the real procfs */
	MAGIC = 1 << 15,		/* a link that leads where the real one does */
	OF_PLACEHOLDER = 1 << 16,	/* the same in a lab of everybody: where that of his placeholder does */
	/* Of the cgroup tree, whose modes, owners and extended attributes can be changed, see cgroup_tree.h: */
	KERNFS = 1 << 17,
	NOT_ON_ROOT = 1 << 18,
	ONLY_ON_ROOT = 1 << 19,
	NOTIFIES = 1 << 20,		/* who polls it is told of changes by POLLPRI */
	/* there with that controller only */
	OF_CPU = 1 << 21,
	OF_IO = 1 << 22,
	OF_MEMORY = 1 << 23,
	OF_PIDS = 1 << 24
};

enum level { PROCESS = 1, THREAD = 2, BOTH = 3 };

struct directory;

/* t of a node is NULL once the task is gone: what was written is looked at before that is. */
typedef int generator(struct world *w, const struct node *node, const struct caller *reader, struct text *out);
typedef ssize_t writer(struct world *w, const struct node *node, const struct caller *who, const char *bytes, size_t count,
		       int64_t offset);

struct entry {
	const char *name;
	uint32_t mode;		/* with the file type */
	enum behaviour behaviour;
	enum level level;	/* in /proc/PID, in /proc/PID/task/TID, or both */
	generator *read;	/* of a link: where it leads */
	writer *write;
	const struct directory *directory;
	unsigned int flags;
	size_t rule;		/* WHERE(...): only there; 0 = everywhere */
};

/* An entry that only some kernels have: the row of rules.h that says which. */
#define WHERE(row) (offsetof(struct rules, row) + 1)

/* What only the cgroup tree can. Permission is asked for before. */
struct directory_operations {
	/* Is that entry of the table there? */
	bool (*has)(const struct world *w, const struct node *directory, const struct entry *e);
	int (*make)(struct world *w, const struct node *directory, const struct caller *who, const char *name, uint32_t mode);
	int (*remove)(struct world *w, const struct node *directory);
};

/* A directory is a table, behind it what has names that no table knows: tasks, open files, cgroups. */
struct directory {
	const struct entry *entries;
	size_t count;
	/* The node of that name; the first one at position *at or behind, which moves on, and its name. */
	bool (*find)(struct world *w, const struct node *directory, const char *name, size_t length, struct node *out);
	bool (*next)(struct world *w, const struct node *directory, int64_t *at, char name[256], struct node *out);
	enum level level;
	uint32_t first;		/* place of the first entry, see struct node: tables of one owner do not overlap */
	uint32_t links;		/* st_nlink of an empty one */
	const struct directory_operations *operations;	/* NULL: nobody can change anything in it */
};

#define ENTRIES(table) table, sizeof(table) / sizeof(table[0])

struct node {
	const struct entry *entry;
	struct task *task;	/* NULL for what belongs to the machine */
	enum level level;
	uint64_t place;		/* among what belongs to the same owner: the inode number is made of it */
	uint64_t number;	/* which open file, which cgroup: what `find` and `next` of its directory say */
};

/* What the flags GUARDED, OPENS_MM and OPENS_FS say of it: 0, or an errno. */
int tree_guard(const struct world *w, const struct node *node, const struct caller *who);
/* May names be looked up in that directory: 0, or what the guard or the mode says. */
int tree_search(const struct world *w, const struct node *directory, const struct caller *who);

enum { TREE_DEPTH = 64 };

/* 0, -ENOENT, -ENOTDIR, -ENAMETOOLONG. follow: a link at the end is followed, too. */
int tree_resolve(struct world *w, const struct caller *who, const char *path, bool follow, struct node *out);
int tree_lookup(struct world *w, const struct node *directory, const char *name, size_t length, struct node *out);
void tree_status(const struct world *w, const struct node *node, struct status *out);
/* As access(2) with R_OK, W_OK, X_OK: 0 or -EACCES. */
int tree_permission(const struct world *w, const struct node *node, const struct caller *who, int mask);
bool tree_is_owner(const struct world *w, const struct node *node, const struct caller *who);
/* The entry behind position *at of a directory, which moves on: 1, or 0 at the end. */
int tree_entry(struct world *w, const struct node *directory, int64_t *at, char name[256], struct node *out);
uint64_t tree_ino(const struct node *node);

/* A pid as procfs takes it in a name: digits only, no leading zero, below 2^31. 0 where it is none. */
int parse_pid(const char *name, size_t length);
/* Its name as a number in a listing. */
void print_number(char name[256], uint64_t number);

extern const struct directory root_directory, process_directory, threads_directory, sys_directory, control_directory,
	pressure_directory, cgroup_directory, cgroup_hierarchies_directory,
	cgroup_v1_directory;
extern const struct entry process_entry, thread_entry;
bool find_any_task(struct world *w, const struct node *directory, const char *name, size_t length, struct node *out);
bool next_process(struct world *w, const struct node *directory, int64_t *at, char name[256], struct node *out);

bool rule_holds(const struct world *w, size_t rule);	/* 0: always */

/* Generators and writers, one file each, named as the file of procfs. */
generator cgroup_read, cmdline_read, comm_read, control_read_file, meminfo_read, oom_adj_read, oom_score_read,
	oom_score_adj_read, pressure_read, self_read, stat_read, statm_read, status_read, sysctl_read, thread_self_read,
	vmstat_read;
/* Of the machine. */
generator buddyinfo_read, build_read, cap_last_cap_read, cgroups_read, cpuinfo_read, diskstats_read, drop_caches_read,
	file_nr_read, fixed_read, hostname_read, inode_nr_read, interrupts_read, loadavg_read, mounts_link_read,
	net_link_read, osrelease_read, ostype_read, partitions_read, poolsize_read, proc_stat_read, slabinfo_read,
	softirqs_read, swaps_read, uptime_read, uuid_read, version_read, zoneinfo_read;
writer compact_memory_write, drop_caches_write, hostname_write;
writer comm_write, control_write_file, kmsg_write, oom_adj_write, oom_score_adj_write, sysctl_write, sysrq_trigger_write;

/* test_perm(): owner and group root, and nobody overrides. */
bool sysctl_permits(uint32_t mode, const struct caller *who, int mask);

#endif
