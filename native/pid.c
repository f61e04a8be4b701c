/* See pid.h. Two levels: leaves are made when an id in them is first used. */
#include "pid.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

struct task *pid_find(const struct pid_table *table, int pid)
{
	const struct pid_leaf *leaf;

	if (pid <= 0 || pid >= PID_LIMIT)
		return NULL;
	leaf = table->leaf[pid / PID_LEAF];
	return leaf ? leaf->task[pid % PID_LEAF] : NULL;
}

struct task *pid_first_from(const struct pid_table *table, int pid)
{
	for (int n = pid > 0 ? pid : 1; n < PID_LIMIT;) {
		const struct pid_leaf *leaf = table->leaf[n / PID_LEAF];

		if (!leaf || !leaf->used)
			n = (n / PID_LEAF + 1) * PID_LEAF;
		else if (leaf->task[n % PID_LEAF])
			return leaf->task[n % PID_LEAF];
		else
			n++;
	}
	return NULL;
}

static int free_between(const struct pid_table *table, int from, int to)
{
	for (int n = from; n < to;) {
		const struct pid_leaf *leaf = table->leaf[n / PID_LEAF];

		if (leaf && leaf->used == PID_LEAF)
			n = (n / PID_LEAF + 1) * PID_LEAF;
		else if (!leaf || !leaf->task[n % PID_LEAF])
			return n;
		else
			n++;
	}
	return -EAGAIN;
}

/* As the kernel: upwards from the last one, then from 300 again. */
int pid_free_one(const struct pid_table *table)
{
	int pid = free_between(table, table->last + 1, table->max);

	return pid > 0 ? pid : free_between(table, PID_RESERVED, table->last + 1);
}

int pid_put(struct pid_table *table, int pid, struct task *task)
{
	struct pid_leaf **leaf = &table->leaf[pid / PID_LEAF];
	struct task **place;

	if (!*leaf)
		*leaf = calloc(1, sizeof(**leaf));
	if (!*leaf)
		return -ENOMEM;
	place = &(*leaf)->task[pid % PID_LEAF];
	if (!*place != !task) {
		(*leaf)->used += task ? 1U : -1U;
		table->count += task ? 1 : -1;
	}
	*place = task;
	return 0;
}

void pid_drop(struct pid_table *table)
{
	for (size_t i = 0; i < PID_LIMIT / PID_LEAF; i++)
		free(table->leaf[i]);
}
