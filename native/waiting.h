/*
 * Who waits for whom, and whether anything can still move: the lock-ups that the series is about.
 *
 * Of the kernel's machinery the model has what decides progress: locks between tasks, the mmap lock, the allocator's
 * loop with the OOM killer in it, the reserves of TIF_MEMDIE, the reaper, the freezer, OOM notifiers. It leaves out:
 * reclaim and writeback, timeouts of drivers, several allocations by one task, locks with several holders, and CPUs:
 * everybody who can run does at once. Who does not say how much memory he wants is served by whatever comes free.
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
enum { SOME_PAGES = -1 };

/* That task does not go on before it has this. */
struct wait {
	enum waits_for what;
	int32_t pid, holder;		/* of the lock */
	uint64_t serial, holder_serial;
	int64_t pages;			/* still missing; SOME_PAGES: any that come free since then will do */
	uint64_t freed_before;
};

enum settled { STUCK, MOVES_ON, PANICKED };

/* A wait that is not begun yet. */
struct wait wait_for_memory(const struct world *w, const struct task *t, int64_t pages);
struct wait wait_for_lock(const struct task *t, const struct task *holder);
/* -EINVAL for the dead and for one's own lock, -EBUSY for who waits already. */
int wait_begin(struct world *w, const struct wait *wait);
bool is_waiting(const struct world *w, const struct task *t);
/* NULL once it is dead. */
struct task *waiter_of(const struct world *w, const struct wait *wait);
/* Everybody who waits tries once to go on. */
void waits_retry(struct world *w);
/* "a waits for memory, b waits for a lock of a"; nothing where nobody waits. */
void say_waits(const struct world *w, struct text *out);
/* Lets time pass until nobody waits, or nothing can move any more: then *why says so. At most until `end`. */
enum settled settle(struct world *w, int64_t end, struct text *why);
void waits_drop(struct world *w);

#endif
