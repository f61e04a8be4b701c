/* Reading and writing oom_adj and oom_score_adj: patches 1 to 4 of the series. */
#ifndef OOM_ADJ_H
#define OOM_ADJ_H

#include <stdbool.h>
#include <stddef.h>

struct caller;
struct signal;
struct task;
struct world;

enum {
	OOM_DISABLE = -17,
	OOM_ADJUST_MIN = -16,
	OOM_ADJUST_MAX = 15,
	NUMBER_BYTES = 12		/* more is cut off, and the short count returned (PROC_NUMBUF - 1) */
};

/* The text of a write as the kernel takes it: at most 12 bytes, up to a NUL. Then range and scale. 0 or an errno. */
int oom_adj_parse(const char *bytes, size_t count, int *value);		/* *value on the scale of oom_score_adj */
int oom_score_adj_parse(const char *bytes, size_t count, int *value);

/* Set it, for the task and whoever shares its mm: 0, -EINVAL (no mm), -ESRCH, -EACCES. */
int oom_adj_set(struct world *w, struct task *t, const struct caller *who, int value);
int oom_score_adj_set(struct world *w, struct task *t, const struct caller *who, int value);

/* Will the next write to oom_adj log who wrote it? Its comm is asked for only then. */
bool oom_adj_names_writer(const struct world *w);

int oom_adj_get(const struct world *w, const struct task *t);
int oom_score_adj_get(const struct world *w, const struct task *t);

#endif
