/* The procfs tree: directories are tables of entries; a path leads to a node; an entry's functions make its bytes. */
#ifndef TREE_H
#define TREE_H

#include "fakeproc.h"

#include <stdbool.h>

struct task;
struct text;
struct world;

/* How an open file of an entry behaves. */
enum behaviour {
	FRESH,			/* made anew at every read, any position; lseek(2) without limit (default_llseek) */
	FRESH_LIMITED,		/* the same, lseek(2) up to 2^31 - 1 (generic_file_llseek) */
	SHOWN,			/* a seq_file: made at position 0 and kept for the reads that follow */
	AT_START,		/* made anew at position 0, nothing anywhere else (proc_dointvec) */
	RECORDS			/* one record a read (kmsg) */
};

/* What else an entry is. */
enum {
	UNLISTED = 1,
	CONTROL = 2,		/* of .fakeproc: owned by who mounted, read and written without the world's lock */
	SYSCTL = 4		/* below sys: read and written by its name, and no capability helps */
};

enum level { PROCESS = 1, THREAD = 2, BOTH = 3 };

struct directory;

struct entry {
	const char *name;
	uint32_t mode;		/* with the file type */
	enum behaviour behaviour;
	enum level level;	/* in /proc/PID, in /proc/PID/task/TID, or both */
	int (*read)(struct world *w, const struct task *t, const struct caller *reader, struct text *out);
	/* t is NULL once the task is gone: what was written is looked at before that is. */
	ssize_t (*write)(struct world *w, struct task *t, const struct caller *writer, const char *bytes, size_t count);
	const struct directory *directory;
	unsigned int flags;
};

struct node {
	const struct entry *entry;
	struct task *task;	/* NULL for what belongs to the machine */
	enum level level;
};

enum { TREE_DEPTH = 8 };

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

/* Generators and writers, one file each, named as the file of procfs. */
int cgroup_read(struct world *w, const struct task *t, const struct caller *reader, struct text *out);
int cmdline_read(struct world *w, const struct task *t, const struct caller *reader, struct text *out);
int comm_read(struct world *w, const struct task *t, const struct caller *reader, struct text *out);
ssize_t comm_write(struct world *w, struct task *t, const struct caller *writer, const char *bytes, size_t count);
int meminfo_read(struct world *w, const struct task *t, const struct caller *reader, struct text *out);
int oom_adj_read(struct world *w, const struct task *t, const struct caller *reader, struct text *out);
ssize_t oom_adj_write(struct world *w, struct task *t, const struct caller *writer, const char *bytes, size_t count);
int oom_score_read(struct world *w, const struct task *t, const struct caller *reader, struct text *out);
int oom_score_adj_read(struct world *w, const struct task *t, const struct caller *reader, struct text *out);
ssize_t oom_score_adj_write(struct world *w, struct task *t, const struct caller *writer, const char *bytes, size_t count);
int self_read(struct world *w, const struct task *t, const struct caller *reader, struct text *out);
int stat_read(struct world *w, const struct task *t, const struct caller *reader, struct text *out);
int statm_read(struct world *w, const struct task *t, const struct caller *reader, struct text *out);
int status_read(struct world *w, const struct task *t, const struct caller *reader, struct text *out);
ssize_t sysrq_trigger_write(struct world *w, struct task *t, const struct caller *writer, const char *bytes, size_t count);
int thread_self_read(struct world *w, const struct task *t, const struct caller *reader, struct text *out);
int vmstat_read(struct world *w, const struct task *t, const struct caller *reader, struct text *out);

int control_file_read(struct world *w, const char *name, struct text *out);
ssize_t control_file_write(struct world *w, const char *name, const char *bytes, size_t count, const struct caller *writer);

int sysctl_read(struct world *w, const char *name, struct text *out);
ssize_t sysctl_write(struct world *w, const char *name, const struct caller *writer, const char *bytes, size_t count,
		     int64_t offset);
/* test_perm(): owner and group root, and nobody overrides. */
bool sysctl_permits(uint32_t mode, const struct caller *who, int mask);

#endif
