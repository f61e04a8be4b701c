/* /proc/PID/attr: the files of security modules, of which none is loaded: reading them is EINVAL. */
#include "tree/task_files.h"

#include <errno.h>
#include <sys/stat.h>

int attr_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)w, (void)node, (void)reader, (void)out;
	return -EINVAL;
}

static const struct entry attr_entries[] = {
#define ATTRIBUTE(name, mode) { name, S_IFREG | (mode), FRESH_LIMITED, BOTH, attr_read, NULL, NULL, 0, 0 }
	ATTRIBUTE("current", 0666),
	ATTRIBUTE("prev", 0444),
	ATTRIBUTE("exec", 0666),
	ATTRIBUTE("fscreate", 0666),
	ATTRIBUTE("keycreate", 0666),
	ATTRIBUTE("sockcreate", 0666),
};

const struct directory attr_directory = { ENTRIES(attr_entries), NULL, NULL, BOTH, 100, 2, NULL };
