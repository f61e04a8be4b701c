/* /proc/sysrq-trigger: the first byte is the key. Reading it is EIO, as of every file here that has no reader. */
#include "sysrq.h"
#include "tree/tree.h"

ssize_t sysrq_trigger_write(struct world *w, struct task *t, const struct caller *writer, const char *bytes, size_t count)
{
	(void)t, (void)writer;
	if (count)
		sysrq(w, bytes[0], SYSRQ_KWORKER);
	return (ssize_t)count;
}
