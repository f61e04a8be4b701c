/*
 * /proc/PID/smaps and smaps_rollup. No page belongs to two mms here, so Pss is Rss; what is mapped from a file is
 * clean, everything else dirty, and all of it has been referenced.
 */
#include "layout.h"
#include "text.h"
#include "tree/maps.h"
#include "world.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { PAGE = 4096 };

enum line { ROLLUP = 1, EACH = 2, ALWAYS = 3 };

struct size {
	const char *name;
	enum line in;
	size_t rule;
	uint64_t pages;
};

#define SINCE(row) (offsetof(struct rules, row) + 1)
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool holds(const struct world *w, size_t rule)
{
	return !rule || *((const bool *)&w->rules + rule - 1);
}

static int sizes(const struct world *w, const struct size *lines, size_t count, enum line in, struct text *out)
{
	int error = 0;

	for (size_t i = 0; !error && i < count; i++)
		if ((lines[i].in & in) && holds(w, lines[i].rule))
			error = text_printf(out, "%-16s%8" PRIu64 " kB\n", lines[i].name, lines[i].pages * 4);
	return error;
}

static int resident(const struct world *w, const struct vma *v, enum line in, struct text *out)
{
	uint64_t dirty = v->anon + v->shmem, rss = dirty + v->file_pages;
	const struct size lines[] = {
		{ "Rss:", ALWAYS, 0, rss },
		{ "Pss:", ALWAYS, 0, rss },
		{ "Pss_Dirty:", ALWAYS, SINCE(smaps_has_pss_dirty), dirty },
		{ "Pss_Anon:", ROLLUP, SINCE(rollup_splits_pss), v->anon },
		{ "Pss_File:", ROLLUP, SINCE(rollup_splits_pss), v->file_pages },
		{ "Pss_Shmem:", ROLLUP, SINCE(rollup_splits_pss), v->shmem },
		{ "Shared_Clean:", ALWAYS, 0, 0 },
		{ "Shared_Dirty:", ALWAYS, 0, 0 },
		{ "Private_Clean:", ALWAYS, 0, v->file_pages },
		{ "Private_Dirty:", ALWAYS, 0, dirty },
		{ "Referenced:", ALWAYS, 0, rss },
		{ "Anonymous:", ALWAYS, 0, v->anon },
		{ "KSM:", ALWAYS, SINCE(smaps_has_ksm), 0 },
		{ "LazyFree:", ALWAYS, SINCE(smaps_has_lazyfree), 0 },
		{ "AnonHugePages:", ALWAYS, 0, 0 },
		{ "ShmemPmdMapped:", ALWAYS, SINCE(smaps_has_shmem_pmd), 0 },
		{ "FilePmdMapped:", ALWAYS, SINCE(smaps_has_file_pmd), 0 },
		{ "Shared_Hugetlb:", ALWAYS, 0, 0 },
		{ "Private_Hugetlb:", ALWAYS, 0, 0 },
		{ "Swap:", ALWAYS, 0, v->swap },
		{ "SwapPss:", ALWAYS, 0, v->swap },
	};

	return sizes(w, lines, COUNT(lines), in, out);
}

static int page_sizes(struct text *out)
{
	return text_printf(out, "KernelPageSize:        4 kB\nMMUPageSize:           4 kB\n");
}

static int size_of(const struct vma *v, struct text *out)
{
	return text_printf(out, "%-16s%8" PRIu64 " kB\n", "Size:", v->pages * 4);
}

static int locked(const struct vma *v, struct text *out)
{
	return text_printf(out, "%-16s%8" PRIu64 " kB\n", "Locked:", v->locked * 4);
}

/* VmFlags, as far as they follow from what it is. */
static int flags(const struct vma *v, struct text *out)
{
	bool is_vvar = v->name && !strncmp(v->name, "[vvar", 5), is_vdso = v->name && !strcmp(v->name, "[vdso]");
	bool is_stack = v->name && !strcmp(v->name, "[stack]"), is_vsyscall = v->name && !strcmp(v->name, "[vsyscall]");

	return text_printf(out, "VmFlags: %s%s%s%s%s%s%s%s%s\n", v->perms[0] == 'r' ? "rd " : "",
			   v->perms[1] == 'w' ? "wr " : "", v->perms[2] == 'x' ? "ex " : "",
			   v->perms[3] == 's' ? "sh mr mw me ms " : is_vsyscall ? "" : is_vvar ? "mr pf io de dd " : "mr mw me ",
			   is_vdso ? "de " : "", is_stack ? "gd " : "", v->locked ? "lo " : "",
			   v->anon || v->swap || (v->perms[1] == 'w' && v->perms[3] == 'p') ? "ac " : "",
			   v->perms[3] == 's' ? "sd " : "");
}

static int modern(const struct world *w, const struct vma *v, struct text *out)
{
	int error = size_of(v, out);

	if (!error)
		error = page_sizes(out);
	if (!error)
		error = resident(w, v, EACH, out);
	if (!error)
		error = locked(v, out);
	if (!error && w->rules.smaps_has_thp_eligible)
		error = text_printf(out, w->rules.smaps_aligns_thp_eligible ? "THPeligible:           0\n" : "THPeligible:    0\n");
	return error;
}

static int old(const struct world *w, const struct vma *v, struct text *out)
{
	int error = size_of(v, out);

	if (!error)
		error = resident(w, v, EACH, out);
	if (!error)
		error = page_sizes(out);
	return error ? error : locked(v, out);
}

static int one(const struct world *w, const struct task *t, const struct vma *v, struct text *out)
{
	int error = vma_line(t, v, out);

	if (!error)
		error = w->rules.smaps_begins_with_sizes ? modern(w, v, out) : old(w, v, out);
	return error ? error : flags(v, out);
}

int smaps_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)reader;
	return each_vma_and_vsyscall(w, node->task, one, out);
}

/* ---- smaps_rollup ---- */

static void add(struct vma *sum, const struct vma *v)
{
	sum->anon += v->anon;
	sum->file_pages += v->file_pages;
	sum->shmem += v->shmem;
	sum->swap += v->swap;
	sum->locked += v->locked;
	sum->pages = (v->start - sum->start) / PAGE + v->pages;
}

int smaps_rollup_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	const struct task *t = node->task;
	struct vma vmas[VMAS_MAX], sum = { .perms = "---p", .name = "[rollup]" };
	int count, error;

	(void)reader;
	if (!mm_of(t))
		return -ESRCH;
	count = layout_vmas(&w->rules, t->mm, vmas);
	sum.start = count ? vmas[0].start : 0;
	for (int i = 0; i < count; i++)
		add(&sum, &vmas[i]);
	error = vma_line(t, &sum, out);
	if (!error)
		error = resident(w, &sum, ROLLUP, out);
	return error ? error : locked(&sum, out);
}
