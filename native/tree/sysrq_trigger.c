/* /proc/sysrq-trigger: the first byte is the key. Reading it is EIO, as of every file here that has no reader. */
#include "sysrq.h"
#include "tree/tree.h"

ssize_t sysrq_trigger_write(struct world *w, const struct node *node, const struct caller *who, const char *bytes, size_t count,
			int64_t offset)
{
	(void)node, (void)who, (void)offset;
	if (count)
		sysrq(w, bytes[0], SYSRQ_KWORKER);
	return (ssize_t)count;
}
