/* Who dies when memory is gone: patches 6, 7, 8 and 10 of the series. */
#ifndef OOM_KILL_H
#define OOM_KILL_H

#include "fakeproc.h"

#include <stdbool.h>

struct mm;
struct signal;
struct task;
struct world;

/* out_of_memory() and what it asks for (struct oom_control), in fakeproc.h: struct oom_request. */
bool out_of_memory(struct world *w, struct task *current, const struct oom_request *request);

/* Whom it would be about: an earlier victim that it waits for, or whom it would choose; NULL: nobody. */
struct prospect {
	struct task *task;
	bool is_waited_for;
};

struct prospect would_choose(const struct world *w, struct task *current, const struct oom_request *request);

/* Is this task about to free its memory anyway (task_will_free_mem)? */
bool will_free_mem(const struct world *w, const struct task *t);

/* NOT_A_VICTIM, or what becomes of an earlier victim in the next choice. */
int in_flight(const struct world *w, const struct signal *signal);

/* For a suspend: -EBUSY while a victim is on its way out (the kernel waits for it). */
int oom_killer_disable(struct world *w);
void oom_killer_enable(struct world *w);


#endif
