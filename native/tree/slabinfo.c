/* /proc/slabinfo: the kernel's own objects, as many as fill the pages of slab that the machine has. */
#include "reclaim.h"
#include "text.h"
#include "tree/tree.h"
#include "world.h"

#include <inttypes.h>

static int cache(struct text *out, const char *name, int size, int64_t slabs)
{
	int64_t objects = slabs * (4096 / size);

	return text_printf(out, "%-17s %6" PRId64 " %6" PRId64 " %6d %4d %4d : tunables %4d %4d %4d : slabdata %6" PRId64
			   " %6" PRId64 " %6d\n", name, objects, objects, size, 4096 / size, 1, 0, 0, 0, slabs, slabs, 0);
}

int slabinfo_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	const struct own_pages *own = &w->reclaim.own;
	int error = text_printf(out, "slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> "
				"<objperslab> <pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata "
				"<active_slabs> <num_slabs> <sharedavail>\n");

	(void)node, (void)reader;
	if (!error)
		error = cache(out, "dentry", 192, own->slab_reclaimable);
	return error ? error : cache(out, "kmalloc-512", 512, own->slab_unreclaimable);
}
