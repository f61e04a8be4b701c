/*
 * What tasks use: CPU time, page faults, switches, bytes read and written. Nothing runs with the clock: a task that
 * takes a share of a CPU has what it had when that began, and its share of the time since then.
 */
#ifndef ACCOUNT_H
#define ACCOUNT_H

#include "fakeproc.h"

struct signal;
struct task;

/* Of a task that has spent something, and the machine's, with the shares of all that may run. */
struct account {
	struct spent so_far;		/* up to `since` */
	int64_t since;
	uint32_t user, system;		/* thousandths of a CPU */
};

/* A task names its own by the place here, which takes less of it than a pointer; 0 = none yet. */
struct accounts {
	struct account all;
	struct account *of_tasks;
	uint32_t count, room;
	uint32_t free;			/* a place given back, and there the next one */
};

struct cpu_time {
	uint64_t user, system;		/* nanoseconds */
};

enum { CPU_SLICE = 4000000 };		/* a task that runs gives the CPU up every 4 ms, voluntarily */

struct spent spent_by_task(const struct world *w, const struct task *t);
/* Of all its threads, the dead ones too; what it has waited for counts in the bytes only, as in the kernel. */
struct spent spent_by_process(const struct world *w, const struct signal *signal);
/* Of its threads alone, the dead ones too. */
struct spent spent_in_process(const struct world *w, const struct signal *signal);
/* Of the children that it has waited for, and theirs. */
struct spent spent_by_children(const struct signal *signal);
/* Of the whole machine since boot, the dead too. */
struct spent spent_by_all(const struct world *w);
struct cpu_time cpu_time_of_all(const struct world *w);

/* Without memory for it the charge is lost. */
void spend(struct world *w, struct task *t, const struct spent *more);
/* -EINVAL for more than a whole CPU, -ESRCH for a zombie. */
int set_cpu_share(struct world *w, struct task *t, int user, int system);
/* In thousandths, of both modes together. */
uint32_t cpu_share(const struct world *w, const struct task *t);
/* Around whatever decides whether a task can run: its state, TASK_DSLEEP, TASK_FROZEN. */
void account_stop(struct world *w, struct task *t);
void account_start(struct world *w, struct task *t);
/* A dead thread's go to its process, a reaped process' to its parent (release_task, wait_task_zombie). */
void account_release(struct world *w, struct task *t);
void account_reap(struct world *w, const struct signal *signal);
/* That of a task, made where there is none yet; NULL without memory. */
struct account *account_make(struct world *w, struct task *t);
/* The task goes. */
void account_forget(struct world *w, struct task *t);
void accounts_drop(struct world *w);

#endif
