/* /proc/diskstats and /proc/partitions: one disk, for files and for swap. What reclaim writes and reads is its traffic. */
#include "reclaim.h"
#include "text.h"
#include "tree/tree.h"
#include "world.h"

#include <inttypes.h>

enum { SECTORS_A_PAGE = 8, ROOT_KBYTES = 64 << 20, MILLISECONDS_A_PAGE_SHIFT = 3 };

struct traffic {
	uint64_t read, written;		/* pages */
};

static struct traffic of_files(const struct world *w)
{
	return (struct traffic){ vm_events(w, WORKINGSET_REFAULT_FILE), vm_events(w, NR_WRITTEN) };
}

static struct traffic of_swap(const struct world *w)
{
	return (struct traffic){ vm_events(w, PSWPIN), vm_events(w, PSWPOUT) };
}

/* A request a page, 1/8 ms each. */
static int disk(const struct world *w, struct text *out, int minor, const char *name, struct traffic t)
{
	uint64_t read_ms = t.read >> MILLISECONDS_A_PAGE_SHIFT, write_ms = t.written >> MILLISECONDS_A_PAGE_SHIFT;
	int error = text_printf(out, "   8 %7d %s %" PRIu64 " 0 %" PRIu64 " %" PRIu64 " %" PRIu64 " 0 %" PRIu64 " %" PRIu64
				" 0 %" PRIu64 " %" PRIu64, minor, name, t.read, t.read * SECTORS_A_PAGE, read_ms, t.written,
				t.written * SECTORS_A_PAGE, write_ms, read_ms + write_ms, read_ms + write_ms);

	if (error)
		return error;
	return text_printf(out, "%s%s\n", w->rules.diskstats_has_discards ? " 0 0 0 0" : "",
			   w->rules.diskstats_has_flushes ? " 0 0" : "");
}

int diskstats_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	struct traffic files = of_files(w), swap = of_swap(w);
	int error = disk(w, out, 0, "sda", (struct traffic){ files.read + swap.read, files.written + swap.written });

	(void)node, (void)reader;
	if (!error)
		error = disk(w, out, 1, "sda1", files);
	return error || !w->swap_pages ? error : disk(w, out, 2, "sda2", swap);
}

static int partition(struct text *out, int minor, uint64_t kbytes, const char *name)
{
	return text_printf(out, "%4d  %7d %10" PRIu64 " %s\n", 8, minor, kbytes, name);
}

int partitions_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	uint64_t swap = w->swap_pages * 4;
	int error = text_printf(out, "major minor  #blocks  name\n\n");

	(void)node, (void)reader;
	if (!error)
		error = partition(out, 0, ROOT_KBYTES + swap, "sda");
	if (!error)
		error = partition(out, 1, ROOT_KBYTES, "sda1");
	return error || !swap ? error : partition(out, 2, swap, "sda2");
}
