/* /proc/vmstat, as far as the OOM killer moves it. */
#include "memory.h"
#include "text.h"
#include "tree/tree.h"
#include "world.h"

#include <inttypes.h>

int vmstat_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	struct usage usage = memory_used(w, NULL);
	int error = text_printf(out, "nr_free_pages %" PRId64 "\nnr_anon_pages %" PRId64 "\nnr_shmem %" PRId64 "\n",
				ram_free(w, &usage), usage.anon, usage.shmem);

	(void)node, (void)reader;
	if (error || !w->rules.vmstat_counts_kills)
		return error;
	return text_printf(out, "oom_kill %" PRIu64 "\n", w->oom.kills);
}
