/* The magic keys, of which f is the one that this machine has. */
#ifndef SYSRQ_H
#define SYSRQ_H

#include <stdbool.h>

struct world;

#define SYSRQ_KWORKER "kworker/0:1"	/* who runs the OOM killer for it */

/* f: whether somebody dies; false for every other key. */
bool sysrq(struct world *w, char key, const char *kworker);

#endif
