/* The pid table: number -> task, ordered, for every id there is (1 to 4,194,303). */
#ifndef PID_H
#define PID_H

#include <stdint.h>

struct task;

enum { PID_LIMIT = 4194304, PID_LEAF = 1024, PID_RESERVED = 300 };

struct pid_leaf {
	uint32_t used;
	struct task *task[PID_LEAF];
};

struct pid_table {
	struct pid_leaf *leaf[PID_LIMIT / PID_LEAF];
	int count;
	int last;	/* the newest id given out: the search for a free one starts behind it */
	int max;	/* as /proc/sys/kernel/pid_max: ids below it are given out */
};

struct task *pid_find(const struct pid_table *table, int pid);
struct task *pid_first_from(const struct pid_table *table, int pid);	/* smallest id >= pid, or NULL */
int pid_free_one(const struct pid_table *table);	/* the next free id, or -EAGAIN */
int pid_put(struct pid_table *table, int pid, struct task *task);	/* NULL takes it away */
void pid_drop(struct pid_table *table);

#endif
