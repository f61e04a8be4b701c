/* /proc/PID/maps and numa_maps: the layout of the mm, see layout.h. */
#include "constraint.h"
#include "layout.h"
#include "text.h"
#include "tree/maps.h"
#include "world.h"

#include <inttypes.h>

enum { PAGE = 4096, NAME_COLUMN = 73, PATH_BYTES = 4096 };

/* The name of what is mapped, behind blanks; shared memory is in a file system of its own. */
int vma_line(const struct task *t, const struct vma *v, struct text *out)
{
	size_t before = out->length;
	char path[PATH_BYTES];
	int error;

	layout_file(t, v->file, path, sizeof(path));
	error = text_printf(out, "%08" PRIx64 "-%08" PRIx64 " %s %08" PRIx64 " %s %" PRIu64 " ", v->start,
			    v->start + v->pages * PAGE, v->perms, v->offset * PAGE,
			    v->file == NO_FILE ? "00:00" : v->file == SHARED_MEMORY ? "00:1b" : "fe:00",
			    v->file == NO_FILE ? 0 : inode_of(path));
	if (error || (v->file == NO_FILE && !v->name))
		return error ? error : text_append(out, "\n", 1);
	return text_printf(out, "%*s%s\n", (int)(NAME_COLUMN - (out->length - before)), "", v->name ? v->name : path);
}

static struct vma vsyscall_vma(const struct world *w)
{
	return (struct vma){
		.start = 0xffffffffff600000ULL, .pages = 1, .name = "[vsyscall]",
		.perms = w->rules.vsyscall_is_unreadable ? "--xp" : "r-xp",
	};
}

int each_vma(const struct world *w, const struct task *t, vma_writer *lines, struct text *out)
{
	struct vma vmas[VMAS_MAX];
	int error = 0;

	if (!mm_of(t))
		return 0;
	for (int i = 0, count = layout_vmas(&w->rules, t->mm, vmas); !error && i < count; i++)
		error = lines(w, t, &vmas[i], out);
	return error;
}

int each_vma_and_vsyscall(const struct world *w, const struct task *t, vma_writer *lines, struct text *out)
{
	struct vma vsyscall = vsyscall_vma(w);
	int error = each_vma(w, t, lines, out);

	return error || !mm_of(t) ? error : lines(w, t, &vsyscall, out);
}

static int maps_line(const struct world *w, const struct task *t, const struct vma *v, struct text *out)
{
	(void)w;
	return vma_line(t, v, out);
}

int maps_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)reader;
	return each_vma_and_vsyscall(w, node->task, maps_line, out);
}

/* ---- numa_maps ---- */

static int counted(struct text *out, const char *name, uint64_t pages)
{
	return pages ? text_printf(out, " %s=%" PRIu64, name, pages) : 0;
}

static int numa_name(const struct task *t, const struct vma *v, struct text *out)
{
	char path[PATH_BYTES];

	if (v->name)
		return v->name[1] == 'h' ? text_printf(out, " heap") : v->name[1] == 's' ? text_printf(out, " stack") : 0;
	if (v->file == NO_FILE)
		return 0;
	layout_file(t, v->file, path, sizeof(path));
	return text_printf(out, " file=%s", path);
}

static int numa_line(const struct world *w, const struct task *t, const struct vma *v, struct text *out)
{
	uint64_t mapped = v->anon + v->file_pages + v->shmem;
	int error = text_printf(out, "%08" PRIx64 " default", v->start);

	if (!error)
		error = numa_name(t, v, out);
	if (!error)
		error = counted(out, "anon", v->anon);
	if (!error)
		error = counted(out, "dirty", v->anon + v->shmem);
	if (!error && mapped > v->anon)
		error = counted(out, "mapped", mapped);
	if (!error && mapped)
		error = text_printf(out, " N%d=%" PRIu64 " kernelpagesize_kB=4", node_of(w, t), mapped);
	return error ? error : text_append(out, "\n", 1);
}

int numa_maps_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)reader;
	return each_vma(w, node->task, numa_line, out);
}
