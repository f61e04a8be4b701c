/*
 * Who is stalled for memory, and for how long yet.
 *
 * What makes room takes time (see reclaim.h), but the clock does not move by it: who was stalled owes that time, and it is
 * counted as the clock goes on. So a total never grows by more than the time that goes by. Of several who are stalled at
 * once the longest counts. One that dies owes nothing any more, and nobody owes more than PSI_MOST_OWED ahead: what takes
 * longer than the time that there is for it is a stall of all the time, and ends soon after its cause.
 */
#ifndef MEMSTALL_H
#define MEMSTALL_H

#include <stdint.h>

struct signal;
struct task;
struct world;

struct memstall {
	struct task *task;
	int64_t some, full;	/* up to when it is stalled, and with it everybody */
};

/* Those of whom it is not known that their time has come. */
struct memstalls {
	struct memstall *all;
	uint32_t count;
};

/* The task is stalled for so much longer: everybody is where no other task runs. */
void memstall_enter(struct world *w, struct task *t, int64_t nanoseconds);
/* It dies. */
void memstall_end(struct world *w, const struct task *t);
/* Around a move of the process to another cgroup. */
void memstall_leave(struct world *w, const struct signal *signal);
void memstall_arrive(struct world *w, const struct signal *signal);
void memstalls_drop(struct world *w);

#endif
