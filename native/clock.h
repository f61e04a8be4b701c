/* The one place where a world's time moves: whatever follows the clock catches up first. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

struct world;

enum { NSEC_PER_USEC = 1000, NSEC_PER_TICK = 10000000, NSEC_PER_SEC = 1000000000 };	/* USER_HZ is 100 */

/* A hundred and forty-six years, less an hour: what is told to happen later than now has a time, too. */
static const int64_t LATEST = (1LL << 62) - (1LL << 42);

/* Now and that much more, as late as it gets. */
int64_t clock_after(const struct world *w, int64_t nanoseconds);
/* Nothing changes between now and then. Back is possible, and undoes nothing. */
void clock_to(struct world *w, int64_t then);

#endif
