/* /proc/sys/vm: its numbers, their limits and what they are after boot. */
#ifndef SYSCTL_H
#define SYSCTL_H

#include "fakeproc.h"

#include <stdbool.h>

struct knob;

const struct knob *knob_find(const char *name);
int32_t knob_get(const struct world *w, const struct knob *knob);
bool knob_is_limited(const struct knob *knob);
/* -EINVAL outside its limits. */
int knob_set(struct world *w, const struct knob *knob, int32_t value);

void sysctl_boot(struct world *w);
/* All of them, or none: -EINVAL. */
int sysctl_replace(struct world *w, const struct sysctl *value);

#endif
