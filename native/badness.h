/* Points of a task for the OOM killer, and oom_score: patch 5 of the series. */
#ifndef BADNESS_H
#define BADNESS_H

#include "rules.h"

#include <stdbool.h>
#include <stdint.h>

struct caller;
struct task;
struct world;

/* The pages that killing it would free, moved by its adjustment: false where it is not eligible. */
bool badness(const struct world *w, const struct task *t, int64_t *points);

/*
 * What badness is made of; the packed candidates are judged by it, too, so it is inline. total / 1000 is cut off
 * first: below 1000 pages the adjustment moves nothing.
 */
static inline int64_t points_of(const struct rules *rules, int64_t pages, int oom_score_adj, bool has_bonus, uint64_t total)
{
	int64_t bonus = has_bonus && rules->root_bonus ? pages * 3 / 100 : 0;
	int64_t points = pages - bonus + oom_score_adj * (int64_t)(total / 1000);

	return rules->badness_is_signed || points > 0 ? points : 1;
}

/* ELIGIBLE, or why it never is chosen. */
int eligibility_of(const struct world *w, const struct task *t);

/* The same on a machine, or in a memory cgroup, of that many pages. */
bool badness_of_total(const struct world *w, const struct task *t, uint64_t total, int64_t *points);

/* What /proc/PID/oom_score shows to this reader. */
uint64_t oom_score(const struct world *w, const struct task *t, const struct caller *reader);

#endif
