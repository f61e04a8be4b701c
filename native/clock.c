/* See clock.h. */
#include "clock.h"

#include "loadavg.h"
#include "world.h"

void clock_to(struct world *w, int64_t then)
{
	loadavg_update(w, then);
	w->now = then;
}
