/*
 * The zones of the machine's memory and their watermarks. RAM begins at address 0 and goes on without a hole, node after
 * node: the first 16 MiB are DMA, what is below 4 GiB is DMA32, the rest Normal. Processes use it from its end.
 */
#ifndef ZONE_H
#define ZONE_H

#include <stdint.h>

struct world;

enum { ZONES_MOST = 66 };	/* one a memory node, but for the first, which may have all three */

struct zone {
	int node;
	const char *name;
	int64_t start, managed, free;
	int64_t min, low, high;		/* watermarks */
	int64_t reserve;		/* the most that it keeps from allocations that could use a higher zone */
};

/* As many as there are, in the order of their addresses; `free` pages of the machine are shared out among them. */
int zones_of(const struct world *w, int64_t free, struct zone zones[ZONES_MOST]);

struct watermarks {
	int64_t min, low, high;		/* of all zones together */
	int64_t reserve;		/* totalreserve_pages: what user space cannot count on */
};

struct watermarks watermarks_of(const struct world *w);

#endif
