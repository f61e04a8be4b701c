/*
 * Who waits for whom, and whether anything can still move: the lock-ups that the series is about.
 *
 * Of the kernel's machinery the model has what decides progress: locks between tasks, the mmap lock, the allocator's
 * loop with the OOM killer in it, the reserves of TIF_MEMDIE, the reaper, the freezer, OOM notifiers. It leaves out:
 * how much memory there is (whatever is freed is enough for all who wait), reclaim and writeback, timeouts of drivers,
 * several allocations by one task, locks with several holders, and CPUs: everybody who can run does at once.
 */
#ifndef WAITING_H
#define WAITING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct task;
struct text;
struct world;

enum waits_for { FOR_MEMORY, FOR_LOCK };

struct wait {
	enum waits_for what;
	int32_t pid, holder;
	uint64_t serial, holder_serial;
};

enum settled { STUCK, MOVES_ON, PANICKED };

int wait_for(struct world *w, struct task *t, enum waits_for what, const struct task *holder);
bool is_waiting(const struct world *w, const struct task *t);
/* Lets time pass until nobody waits, or nothing can move any more: then *why says so. At most until `end`. */
enum settled settle(struct world *w, int64_t end, struct text *why);
void waits_drop(struct world *w);

#endif
