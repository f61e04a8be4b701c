/* See clock.h. */
#include "clock.h"

#include "loadavg.h"
#include "world.h"

int64_t clock_after(const struct world *w, int64_t nanoseconds)
{
	if (nanoseconds < 0)
		return w->now;
	return nanoseconds < LATEST - w->now ? w->now + nanoseconds : LATEST;
}

void clock_to(struct world *w, int64_t then)
{
	loadavg_update(w, then);
	w->now = then;
}
