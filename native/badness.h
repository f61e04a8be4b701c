/* Points of a task for the OOM killer, and oom_score: patch 5 of the series. */
#ifndef BADNESS_H
#define BADNESS_H

#include <stdbool.h>
#include <stdint.h>

struct caller;
struct task;
struct world;

/* The pages that killing it would free, moved by its adjustment: false where it is not eligible. */
bool badness(const struct world *w, const struct task *t, int64_t *points);

/* The same on a machine, or in a memory cgroup, of that many pages. */
bool badness_of_total(const struct world *w, const struct task *t, uint64_t total, int64_t *points);

/* What /proc/PID/oom_score shows to this reader. */
uint64_t oom_score(const struct world *w, const struct task *t, const struct caller *reader);

#endif
