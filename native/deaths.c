/* See deaths.h. */
#include "deaths.h"

#include "fakeproc.h"
#include "task.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

bool death_keep(struct deaths *deaths, const struct death *death)
{
	struct death *place;

	if (!deaths->ring)
		deaths->ring = calloc(DEATH_RECORDS, sizeof(*deaths->ring));
	if (!deaths->ring)
		return false;
	place = &deaths->ring[deaths->end % DEATH_RECORDS];
	*place = *death;
	place->seq = deaths->end++;
	return true;
}

void death_note(struct world *w, const struct signal *signal, int how)
{
	struct death death = {
		.time = w->now, .serial = signal->leader->serial, .pid = signal->leader->pid, .how = how,
		.exit_code = signal->exit_code,
	};

	memcpy(death.comm, signal->leader->comm, sizeof(death.comm));
	death_keep(&w->deaths, &death);
}

uint64_t deaths_first(const struct deaths *deaths)
{
	return deaths->end > DEATH_RECORDS ? deaths->end - DEATH_RECORDS : 0;
}

int death_find(const struct deaths *deaths, uint64_t seq, struct death *out)
{
	if (seq < deaths_first(deaths))
		seq = deaths_first(deaths);
	if (seq >= deaths->end)
		return 0;
	*out = deaths->ring[seq % DEATH_RECORDS];
	return 1;
}

void deaths_drop(struct deaths *deaths)
{
	free(deaths->ring);
}
