/* The files memory.* of a cgroup of v2, but for memory.stat. */
#include "charge.h"
#include "memory.h"
#include "number.h"
#include "text.h"
#include "tree/cgroup_files.h"
#include "world.h"

#include <errno.h>
#include <string.h>

/* ---- limits ---- */

static int show_limit(struct text *out, int64_t pages)
{
	return pages == UNLIMITED ? text_printf(out, "max\n") : show_pages(out, pages);
}

/* Those without an effect of their own when they change. */
static int store_limit(const char *text, int64_t *limit)
{
	return take_pages(text, "max", limit);
}

#define LIMIT_SHOWN(name, limit) \
	int show_##name(struct world *w, struct cgroup *cg, struct text *out) \
	{ \
		(void)w; \
		return show_limit(out, cg->limits.limit); \
	}

#define LIMIT_STORED(name, limit) \
	int store_##name(struct world *w, struct cgroup *cg, const struct caller *who, char *text) \
	{ \
		(void)w, (void)who; \
		return store_limit(text, &cg->limits.limit); \
	}

LIMIT_SHOWN(memory_min, min)
LIMIT_SHOWN(memory_low, low)
LIMIT_SHOWN(memory_high, high)
LIMIT_SHOWN(memory_max, max)
LIMIT_SHOWN(swap_high, swap_high)
LIMIT_SHOWN(swap_max, swap_max)
LIMIT_STORED(memory_min, min)
LIMIT_STORED(memory_low, low)
LIMIT_STORED(swap_high, swap_high)
LIMIT_STORED(swap_max, swap_max)

int store_memory_max(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	int64_t pages;
	int error = take_pages(text, "max", &pages);

	if (!error)
		memory_set_max(w, cg, who, pages);
	return error;
}

int store_memory_high(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	int64_t pages;
	int error = take_pages(text, "max", &pages);

	if (!error)
		memory_set_high(w, cg, who, pages);
	return error;
}

/* ---- usage ---- */

int show_memory_current(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w;
	return show_pages(out, resident(&cg->usage));
}

int show_memory_peak(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w;
	return show_pages(out, cg->peak);
}

int show_swap_current(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w;
	return show_pages(out, cg->usage.swap);
}

int show_swap_peak(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w;
	return show_pages(out, cg->swap_peak);
}

/* Whatever is written. A real one is set back for the open file that it was written to. */
int store_memory_peak(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	(void)w, (void)who, (void)text;
	cg->peak = resident(&cg->usage);
	return 0;
}

int store_swap_peak(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	(void)w, (void)who, (void)text;
	cg->swap_peak = cg->usage.swap;
	return 0;
}

/* ---- events ---- */

static int show_counts(const struct world *w, const uint64_t events[MEMORY_EVENTS], struct text *out)
{
	static const char *const names[] = { "low", "high", "max", "oom", "oom_kill", "oom_group_kill" };
	int count = w->rules.group_kill_is_counted ? MEMORY_OOM_GROUP_KILL + 1 : w->rules.memcg_counts_kills ? MEMORY_OOM_KILL + 1 : MEMORY_OOM + 1;
	int error = 0;

	for (int i = 0; i < count && !error; i++)
		error = text_printf(out, "%s %llu\n", names[i], (unsigned long long)events[i]);
	return error;
}

int show_memory_events(struct world *w, struct cgroup *cg, struct text *out) { return show_counts(w, cg->events, out); }
int show_memory_events_local(struct world *w, struct cgroup *cg, struct text *out) { return show_counts(w, cg->local_events, out); }

int show_swap_events(struct world *w, struct cgroup *cg, struct text *out)
{
	static const char *const names[] = { "high", "max", "fail" };
	int error = 0;

	for (int i = w->rules.memcg_swap_high ? 0 : 1; i < 3 && !error; i++)
		error = text_printf(out, "%s %llu\n", names[i], (unsigned long long)cg->events[MEMORY_SWAP_HIGH + i]);
	return error;
}

/* ---- what is asked for ---- */

int show_memory_oom_group(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w;
	return text_printf(out, "%d\n", cg->oom_group);
}

int store_memory_oom_group(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	int value, error = number_parse(text, &value);

	(void)w, (void)who;
	if (error)
		return error;
	if (value < 0 || value > 1)
		return -EINVAL;
	cg->oom_group = value;
	return 0;
}

/* " swappiness=60", as often as one likes; it is taken without effect. */
static bool is_swappiness(const struct world *w, char *words)
{
	for (char *word; w->rules.memcg_reclaim_takes_swappiness && (word = strsep(&words, " "));) {
		int value;

		if (!*word)
			continue;
		if (strncmp(word, "swappiness=", 11) || number_parse(word + 11, &value) || value < 0 || value > 200)
			return false;
	}
	return !words || !*words;
}

int store_memory_reclaim(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	uint64_t bytes;
	char *behind = (char *)number_take_size(text, &bytes);

	if (*behind && (*behind != ' ' || !is_swappiness(w, behind)))
		return -EINVAL;
	bytes /= 4096;
	return memory_reclaim(w, cg, who, bytes < (uint64_t)UNLIMITED ? (int64_t)bytes : UNLIMITED);
}
