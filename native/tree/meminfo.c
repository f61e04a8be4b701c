/* /proc/meminfo. */
#include "meminfo.h"

#include "text.h"
#include "tree/tree.h"
#include "world.h"

#include <inttypes.h>

enum unit { KBYTES_A_PAGE = 4, KBYTES = 1, NOTHING = 0 };

/* Programs take its lines by their number, too: each kernel's list is complete. What the world does not model is 0. */
static const struct line {
	const char *name;
	size_t field;		/* of struct meminfo */
	enum unit unit;
	size_t since;		/* WHERE(...), 0 = always */
} lines[] = {
#define PAGES(name, field) { name, offsetof(struct meminfo, field), KBYTES_A_PAGE, 0 }
#define PAGES_SINCE(name, field, rule) { name, offsetof(struct meminfo, field), KBYTES_A_PAGE, WHERE(rule) }
#define IN_KBYTES(name, field) { name, offsetof(struct meminfo, field), KBYTES, 0 }
#define ZERO(name) { name, 0, NOTHING, 0 }
#define ZERO_SINCE(name, rule) { name, 0, NOTHING, WHERE(rule) }
	PAGES("MemTotal:", total),
	PAGES("MemFree:", free),
	PAGES("MemAvailable:", available),
	PAGES("Buffers:", buffers),
	PAGES("Cached:", cached),
	ZERO("SwapCached:"),
	PAGES("Active:", active),
	PAGES("Inactive:", inactive),
	PAGES("Active(anon):", active_anon),
	PAGES("Inactive(anon):", inactive_anon),
	PAGES("Active(file):", active_file),
	PAGES("Inactive(file):", inactive_file),
	PAGES("Unevictable:", unevictable),
	PAGES("Mlocked:", unevictable),
	PAGES("SwapTotal:", swap_total),
	PAGES("SwapFree:", swap_free),
	ZERO_SINCE("Zswap:", counters_of_6_1),
	ZERO_SINCE("Zswapped:", counters_of_6_1),
	PAGES("Dirty:", dirty),
	ZERO("Writeback:"),
	PAGES("AnonPages:", anon),
	PAGES("Mapped:", mapped),
	PAGES("Shmem:", shmem),
	PAGES_SINCE("KReclaimable:", slab_reclaimable, counters_of_5_4),
	PAGES("Slab:", slab),
	PAGES("SReclaimable:", slab_reclaimable),
	PAGES("SUnreclaim:", slab_unreclaimable),
	IN_KBYTES("KernelStack:", stack_kbytes),
	PAGES("PageTables:", tables),
	ZERO_SINCE("SecPageTables:", counters_of_6_1),
	ZERO("NFS_Unstable:"),
	ZERO("Bounce:"),
	ZERO("WritebackTmp:"),
	PAGES("CommitLimit:", commit_limit),
	PAGES("Committed_AS:", committed),
	IN_KBYTES("VmallocTotal:", vmalloc_kbytes),
	ZERO("VmallocUsed:"),
	ZERO("VmallocChunk:"),
	ZERO_SINCE("Percpu:", counters_of_5_4),
	ZERO("AnonHugePages:"),
	ZERO_SINCE("ShmemHugePages:", counters_of_4_8),
	ZERO_SINCE("ShmemPmdMapped:", counters_of_4_8),
	ZERO_SINCE("FileHugePages:", counters_of_5_4),
	ZERO_SINCE("FilePmdMapped:", counters_of_5_4),
	ZERO_SINCE("Balloon:", counters_of_6_18),
};

static int huge_pages(const struct world *w, const struct meminfo *m, struct text *out)
{
	int error = text_printf(out, "HugePages_Total:   %5d\nHugePages_Free:    %5d\nHugePages_Rsvd:    %5d\n"
				"HugePages_Surp:    %5d\nHugepagesize:   %8d kB\n", 0, 0, 0, 0, 2048);

	if (!error && w->rules.meminfo_has_hugetlb)
		error = text_printf(out, "Hugetlb:        %8d kB\n", 0);
	if (error)
		return error;
	return text_printf(out, "DirectMap4k:    %8" PRId64 " kB\nDirectMap2M:    %8" PRId64 " kB\nDirectMap1G:    %8" PRId64
			   " kB\n", m->mapped_4k, m->mapped_2m, m->mapped_1g);
}

int meminfo_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	const struct meminfo m = meminfo_of(w);
	int error = 0;

	(void)node, (void)reader;
	for (size_t i = 0; !error && i < sizeof(lines) / sizeof(lines[0]); i++) {
		int64_t value = *(const int64_t *)((const char *)&m + lines[i].field) * (int64_t)lines[i].unit;

		if (rule_holds(w, lines[i].since))
			error = text_printf(out, "%-16s%8" PRId64 " kB\n", lines[i].name, value);
	}
	return error ? error : huge_pages(w, &m, out);
}
