/* See loadavg.h. */
#include "loadavg.h"

#include "clock.h"
#include "world.h"

/* After so many samples of one load nothing of what was before is left. */
enum { SAMPLES_THAT_COUNT = 20000 };

static const int64_t SAMPLE = 5LL * NSEC_PER_SEC;

void loadavg_count(struct loadavg *load, char state, int more)
{
	if (state == 'R')
		load->running += more;
	else if (state == 'D')
		load->blocked += more;
}

/* calc_load(): rounded up while it rises. */
static uint64_t decayed(uint64_t load, uint64_t exponent, uint64_t active)
{
	uint64_t next = load * exponent + active * (LOAD_ONE - exponent);

	return (next + (active >= load ? LOAD_ONE - 1 : 0)) / LOAD_ONE;
}

/* Were the averages moved by it? */
static bool sample(struct loadavg *load, uint64_t active)
{
	static const uint64_t exponents[LOADS] = { 1884, 2014, 2037 };
	bool moved = false;

	for (int i = 0; i < LOADS; i++) {
		uint64_t next = decayed(load->averages[i], exponents[i], active);

		moved |= next != load->averages[i];
		load->averages[i] = next;
	}
	return moved;
}

void loadavg_update(struct world *w, int64_t then)
{
	struct loadavg *load = &w->load;
	int64_t samples = then > load->sampled ? (then - load->sampled) / SAMPLE : 0;

	if (then < load->sampled)
		load->sampled = then - then % SAMPLE;
	if (!samples)
		return;
	load->sampled += samples * SAMPLE;
	if (samples > SAMPLES_THAT_COUNT)
		samples = SAMPLES_THAT_COUNT;
	while (samples-- && sample(load, (uint64_t)(load->running + load->blocked) * LOAD_ONE))
		;
}
