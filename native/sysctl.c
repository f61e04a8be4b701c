/* See sysctl.h. Mirrors vm_table[] of kernel/sysctl.c. */
#include "sysctl.h"

#include "world.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

struct knob {
	const char *name;
	size_t offset;		/* in struct sysctl */
	int32_t low, high;
};

static const struct knob knobs[] = {
#define KNOB(name, low, high) { #name, offsetof(struct sysctl, name), low, high }
	KNOB(min_free_kbytes, 0, INT_MAX),
	KNOB(oom_dump_tasks, INT_MIN, INT_MAX),
	KNOB(oom_kill_allocating_task, INT_MIN, INT_MAX),
	KNOB(overcommit_memory, 0, 2),
	KNOB(overcommit_ratio, INT_MIN, INT_MAX),
	KNOB(panic_on_oom, 0, 2),
	KNOB(swappiness, 0, 200),
};

enum { KNOBS = sizeof(knobs) / sizeof(knobs[0]), SWAPPINESS_BEFORE = 100 };

const struct knob *knob_find(const char *name)
{
	for (size_t i = 0; i < KNOBS; i++)
		if (!strcmp(knobs[i].name, name))
			return &knobs[i];
	return NULL;
}

static int32_t value_of(const struct sysctl *sysctl, const struct knob *knob)
{
	int32_t value;

	memcpy(&value, (const char *)sysctl + knob->offset, sizeof(value));
	return value;
}

int32_t knob_get(const struct world *w, const struct knob *knob)
{
	return value_of(&w->sysctl, knob);
}

bool knob_is_limited(const struct knob *knob)
{
	return knob->low != INT_MIN;
}

static int32_t highest(const struct world *w, const struct knob *knob)
{
	bool is_swappiness = knob->offset == offsetof(struct sysctl, swappiness);

	return is_swappiness && !w->rules.swappiness_to_200 ? SWAPPINESS_BEFORE : knob->high;
}

static bool takes(const struct world *w, const struct knob *knob, int32_t value)
{
	return value >= knob->low && value <= highest(w, knob);
}

int knob_set(struct world *w, const struct knob *knob, int32_t value)
{
	if (!takes(w, knob, value))
		return -EINVAL;
	memcpy((char *)&w->sysctl + knob->offset, &value, sizeof(value));
	return 0;
}

int sysctl_replace(struct world *w, const struct sysctl *value)
{
	for (size_t i = 0; i < KNOBS; i++)
		if (!takes(w, &knobs[i], value_of(value, &knobs[i])))
			return -EINVAL;
	w->sysctl = *value;
	return 0;
}

/* init_per_zone_wmark_min(): the square root of 16 times the kilobytes of RAM, within limits. */
static int32_t min_free(uint64_t ram_pages)
{
	enum { LEAST = 128, MOST = 65536 };
	uint64_t kilobytes = ram_pages * 4;
	int32_t root = LEAST;

	while (root < MOST && (uint64_t)root * (uint64_t)root < kilobytes * 16)
		root++;
	return root;
}

void sysctl_boot(struct world *w)
{
	w->sysctl = (struct sysctl){
		.oom_dump_tasks = 1, .overcommit_ratio = 50, .swappiness = 60, .min_free_kbytes = min_free(w->ram_pages),
	};
}
