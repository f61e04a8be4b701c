/* See deaths.h. */
#include "deaths.h"

#include "fakeproc.h"
#include "task.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

/* A record that finds no memory is lost. */
void death_note(struct world *w, const struct signal *signal, int how)
{
	struct deaths *deaths = &w->deaths;
	struct death *death;

	if (!deaths->ring)
		deaths->ring = calloc(DEATH_RECORDS, sizeof(*deaths->ring));
	if (!deaths->ring)
		return;
	death = &deaths->ring[deaths->end % DEATH_RECORDS];
	*death = (struct death){
		.seq = deaths->end++, .time = w->now, .serial = signal->leader->serial, .pid = signal->leader->pid,
		.how = how, .exit_code = signal->exit_code,
	};
	memcpy(death->comm, signal->leader->comm, sizeof(death->comm));
}

int death_find(const struct deaths *deaths, uint64_t seq, struct death *out)
{
	uint64_t first = deaths->end > DEATH_RECORDS ? deaths->end - DEATH_RECORDS : 0;

	if (seq < first)
		seq = first;
	if (seq >= deaths->end)
		return 0;
	*out = deaths->ring[seq % DEATH_RECORDS];
	return 1;
}

void deaths_drop(struct deaths *deaths)
{
	free(deaths->ring);
}
