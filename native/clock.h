/* The one place where a world's time moves: whatever follows the clock catches up first. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

struct world;

enum { NSEC_PER_USEC = 1000, NSEC_PER_TICK = 10000000, NSEC_PER_SEC = 1000000000 };	/* USER_HZ is 100 */

/* Nothing changes between now and then. Back is possible, and undoes nothing. */
void clock_to(struct world *w, int64_t then);

#endif
