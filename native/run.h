/* What happens by itself while time passes: who was killed exits, and the reaper reaps. */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>
#include <stdint.h>

struct oom_request;
struct signal;
struct task;
struct world;

/* A process that was killed, and has not exited yet. */
struct killed {
	int32_t pid;
	uint64_t serial;	/* of its leader */
};

void killed_add(struct world *w, const struct signal *signal);
void killed_drop(struct world *w);

void run_until(struct world *w, int64_t end);

/* An allocation of that task finds no memory: out_of_memory(), and what others do before it returns. */
bool allocate(struct world *w, struct task *current, const struct oom_request *request);

#endif
