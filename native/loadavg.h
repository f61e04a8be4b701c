/*
 * The load: how many tasks run or sleep uninterruptibly, averaged over 1, 5 and 15 minutes, in the kernel's fixed point
 * (calc_load()). It is sampled every 5 s; the samples that a step of the clock passes over are made up for then.
 */
#ifndef LOADAVG_H
#define LOADAVG_H

#include <stdint.h>

struct world;

enum { LOADS = 3, LOAD_SHIFT = 11, LOAD_ONE = 1 << LOAD_SHIFT };

struct loadavg {
	uint64_t averages[LOADS];
	int64_t sampled;		/* up to when, in ns since boot */
	int64_t running, blocked;	/* tasks, R and D */
};

/* So many more tasks, or fewer, are in that state. */
void loadavg_count(struct loadavg *load, char state, int more);
/* Nothing changes until then. */
void loadavg_update(struct world *w, int64_t then);

#endif
