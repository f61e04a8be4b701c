/* The kernel log, one record of /dev/kmsg's format at a time. */
#include "klog.h"
#include "text.h"
#include "tree/tree.h"
#include "world.h"

/* The first record from *seq on, and *seq behind it: 1, 0 at the end, or an errno. */
int kmsg_next(struct world *w, uint64_t *seq, struct text *out)
{
	struct log_record record;
	int error;

	if (!klog_next(&w->log, *seq, &record))
		return 0;
	error = klog_format(&record, out);
	if (error)
		return error;
	*seq = record.seq + 1;
	return 1;
}
