/* The numbers of /proc/sys: their limits, what they are after boot, and what else a write to one changes. */
#ifndef SYSCTL_H
#define SYSCTL_H

#include "fakeproc.h"

#include <stdbool.h>

struct knob;

/* By the name of its file; NULL: none of ours. */
const struct knob *knob_find(const char *name);
int64_t knob_get(const struct world *w, const struct knob *knob);
/* An unsigned long, not an int. */
bool knob_is_long(const struct knob *knob);
bool knob_is_limited(const struct knob *knob);
/* -EINVAL outside its limits. */
int knob_set(struct world *w, const struct knob *knob, int64_t value);

void sysctl_boot(struct world *w);
/* Is each within its limits, or 0 where another can clear it? */
bool sysctl_is_sound(const struct world *w);
/* Of the one with that name. -ENOENT */
int sysctl_limits(const struct world *w, const char *name, struct limits *out);
/* All of them, or none: -EINVAL. */
int sysctl_replace(struct world *w, const struct sysctl *value);

#endif
