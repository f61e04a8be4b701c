/* See layout.h. */
#include "layout.h"

#include "extra.h"
#include "rules.h"
#include "task.h"

#include <stdio.h>
#include <string.h>

enum { PAGE = 4096, HEAP_PAGES = 33, STACK_PAGES = 33, TEXT_BYTES = 17929, FULL = -1 };

#define STACK_TOP 0x7ffffffff000ULL
#define LIBRARIES_END 0x7ffff7fff000ULL
#define EXE_START 0x555555554000ULL
#define HEAP_START 0x555555580000ULL

/* Which pages it may hold. */
enum pool { FILE_POOL, ANON_POOL, SHMEM_POOL, NO_POOL };

enum place { AT_EXE, AT_HEAP, AT_LIBRARIES, AT_STACK };

struct row {
	enum place place;
	int pages;			/* FULL: what the mm's sizes ask for */
	int offset;
	const char *perms, *name;
	enum vma_file file;
	enum pool pool;
	bool is_text;			/* executable: VmExe of the program, VmLib of others */
	bool is_data;			/* private and writable: VmData */
	size_t rule;
};

#define SINCE(row) (offsetof(struct rules, row) + 1)

/* As a real program was recorded, with a shared and a further file mapping between; lowest first. */
static const struct row program[] = {
	{ AT_EXE,       2,   0,   "r--p", NULL, EXE, FILE_POOL, false, false, 0 },
	{ AT_EXE,       5,   2,   "r-xp", NULL, EXE, FILE_POOL, true, false, 0 },
	{ AT_EXE,       2,   7,   "r--p", NULL, EXE, FILE_POOL, false, false, 0 },
	{ AT_EXE,       1,   9,   "r--p", NULL, EXE, ANON_POOL, false, false, 0 },
	{ AT_EXE,       1,   10,  "rw-p", NULL, EXE, ANON_POOL, false, true, 0 },
	{ AT_HEAP,      FULL, 0,  "rw-p", "[heap]", NO_FILE, ANON_POOL, false, true, 0 },
	{ AT_LIBRARIES, FULL, 0,  "rw-p", NULL, NO_FILE, ANON_POOL, false, true, 0 },
	{ AT_LIBRARIES, FULL, 0,  "rw-s", NULL, SHARED_MEMORY, SHMEM_POOL, false, false, 0 },
	{ AT_LIBRARIES, FULL, 0,  "r--p", NULL, OTHER_FILE, FILE_POOL, false, false, 0 },
	{ AT_LIBRARIES, 38,  0,   "r--p", NULL, LIBC, FILE_POOL, false, false, 0 },
	{ AT_LIBRARIES, 342, 38,  "r-xp", NULL, LIBC, FILE_POOL, true, false, 0 },
	{ AT_LIBRARIES, 83,  380, "r--p", NULL, LIBC, FILE_POOL, false, false, 0 },
	{ AT_LIBRARIES, 4,   463, "r--p", NULL, LIBC, ANON_POOL, false, false, 0 },
	{ AT_LIBRARIES, 2,   467, "rw-p", NULL, LIBC, ANON_POOL, false, true, 0 },
	{ AT_LIBRARIES, 15,  0,   "rw-p", NULL, NO_FILE, ANON_POOL, false, true, 0 },
	{ AT_LIBRARIES, 4,   0,   "r--p", "[vvar]", NO_FILE, NO_POOL, false, false, 0 },
	{ AT_LIBRARIES, 2,   0,   "r--p", "[vvar_vclock]", NO_FILE, NO_POOL, false, false, SINCE(vvar_has_vclock) },
	{ AT_LIBRARIES, 2,   0,   "r-xp", "[vdso]", NO_FILE, NO_POOL, true, false, 0 },
	{ AT_LIBRARIES, 1,   0,   "r--p", NULL, LOADER, FILE_POOL, false, false, 0 },
	{ AT_LIBRARIES, 38,  1,   "r-xp", NULL, LOADER, FILE_POOL, true, false, 0 },
	{ AT_LIBRARIES, 10,  39,  "r--p", NULL, LOADER, FILE_POOL, false, false, 0 },
	{ AT_LIBRARIES, 2,   49,  "r--p", NULL, LOADER, ANON_POOL, false, false, 0 },
	{ AT_LIBRARIES, 2,   51,  "rw-p", NULL, LOADER, ANON_POOL, false, true, 0 },
	{ AT_STACK,     STACK_PAGES, 0, "rw-p", "[stack]", NO_FILE, ANON_POOL, false, false, 0 },
};

/* Of an mm that cannot hold a program. */
static const struct row bare[] = {
	{ AT_EXE,       FULL, 0, "r-xp", NULL, EXE, FILE_POOL, true, false, 0 },
	{ AT_LIBRARIES, FULL, 0, "rw-p", NULL, NO_FILE, ANON_POOL, false, true, 0 },
	{ AT_LIBRARIES, FULL, 0, "rw-s", NULL, SHARED_MEMORY, SHMEM_POOL, false, false, 0 },
	{ AT_STACK,     FULL, 0, "rw-p", "[stack]", NO_FILE, ANON_POOL, false, false, 0 },
};

enum { PROGRAM_ROWS = sizeof(program) / sizeof(program[0]), BARE_ROWS = sizeof(bare) / sizeof(bare[0]) };
_Static_assert((int)PROGRAM_ROWS <= (int)VMAS_MAX, "a layout fits");

/* The pages of the rows that follow from the sizes, and which table they are of. */
struct plan {
	const struct row *rows;
	int count;
	uint64_t exe, heap, area, shmem, other, stack;
};

static uint64_t at_least_0(int64_t pages)
{
	return pages > 0 ? (uint64_t)pages : 0;
}

static bool is_there(const struct rules *rules, const struct row *row)
{
	return !row->rule || *((const bool *)rules + row->rule - 1);
}

/* What the rows of fixed size hold. */
struct fixed {
	uint64_t all, file, anon;
};

static struct fixed fixed_pages(const struct rules *rules)
{
	struct fixed sum = { 0 };

	for (int i = 0; i < PROGRAM_ROWS; i++) {
		uint64_t pages = program[i].pages == FULL || !is_there(rules, &program[i]) ? 0 : (uint64_t)program[i].pages;

		sum.all += pages;
		sum.file += program[i].pool == FILE_POOL ? pages : 0;
		sum.anon += program[i].pool == ANON_POOL ? pages : 0;
	}
	return sum;
}

static struct plan bare_plan(const struct memory *m)
{
	uint64_t file = at_least_0(m->file), anon = at_least_0(m->anon) + at_least_0(m->swapents);
	uint64_t needed = file + anon + at_least_0(m->shmem);
	uint64_t spare = m->total_vm > needed ? m->total_vm - needed : 0;
	struct plan plan = { bare, BARE_ROWS, .exe = file, .area = anon, .shmem = at_least_0(m->shmem) };

	if (!file && spare) {
		plan.exe = 1;
		spare--;
	}
	plan.stack = spare < STACK_PAGES ? spare : STACK_PAGES;
	plan.area += spare - plan.stack;
	return plan;
}

static struct plan plan_of(const struct rules *rules, const struct memory *m)
{
	struct fixed fixed = fixed_pages(rules);
	uint64_t file = at_least_0(m->file), anon = at_least_0(m->anon) + at_least_0(m->swapents);
	uint64_t shmem = at_least_0(m->shmem), other = file > fixed.file ? file - fixed.file : 0;
	uint64_t taken = fixed.all + shmem + other, rest;

	if (m->total_vm < taken || m->total_vm - taken + fixed.anon < anon)
		return bare_plan(m);
	rest = m->total_vm - taken;
	return (struct plan){
		program, PROGRAM_ROWS, .heap = rest < HEAP_PAGES ? rest : HEAP_PAGES,
		.area = rest < HEAP_PAGES ? 0 : rest - HEAP_PAGES, .shmem = shmem, .other = other,
	};
}

static uint64_t pages_of_row(const struct plan *plan, const struct row *row)
{
	if (row->pages != FULL)
		return (uint64_t)row->pages;
	if (row->file == EXE)
		return plan->exe;
	if (row->file == SHARED_MEMORY)
		return plan->shmem;
	if (row->file == OTHER_FILE)
		return plan->other;
	if (row->place == AT_STACK)
		return plan->stack;
	return row->place == AT_HEAP ? plan->heap : plan->area;
}

/* ---- where ---- */

/* Libraries end at a fixed place, so that they begin lower the more there is; the stack likewise. */
static void place_vmas(const struct row *const of[VMAS_MAX], struct vma vmas[VMAS_MAX], int count)
{
	uint64_t next[] = { [AT_EXE] = EXE_START, [AT_HEAP] = HEAP_START, [AT_LIBRARIES] = LIBRARIES_END, [AT_STACK] = STACK_TOP };

	for (int i = 0; i < count; i++)
		if (of[i]->place >= AT_LIBRARIES)
			next[of[i]->place] -= vmas[i].pages * PAGE;
	for (int i = 0; i < count; i++) {
		vmas[i].start = next[of[i]->place];
		next[of[i]->place] += vmas[i].pages * PAGE;
	}
}

static uint64_t take(uint64_t *left, uint64_t room)
{
	uint64_t taken = *left < room ? *left : room;

	*left -= taken;
	return taken;
}

/* Highest first: the stack and what libraries write are touched before the heap and the area are. */
static void fill_vmas(const struct memory *m, const struct row *const of[VMAS_MAX], struct vma vmas[VMAS_MAX], int count)
{
	uint64_t anon = at_least_0(m->anon), swap = at_least_0(m->swapents), file = at_least_0(m->file);
	uint64_t shmem = at_least_0(m->shmem), locked = m->anon_locked;

	for (int i = count - 1; i >= 0; i--) {
		struct vma *v = &vmas[i];

		if (of[i]->pool == ANON_POOL) {
			v->anon = take(&anon, v->pages);
			v->swap = take(&swap, v->pages - v->anon);
			v->locked = take(&locked, v->anon);
		} else if (of[i]->pool == FILE_POOL) {
			v->file_pages = take(&file, v->pages);
		} else if (of[i]->pool == SHMEM_POOL) {
			v->shmem = take(&shmem, v->pages);
		}
	}
}

int layout_vmas(const struct rules *rules, const struct mm *mm, struct vma vmas[VMAS_MAX])
{
	struct plan plan = plan_of(rules, &mm->memory);
	const struct row *of[VMAS_MAX];
	int count = 0;

	for (int i = 0; i < plan.count; i++) {
		const struct row *row = &plan.rows[i];
		uint64_t pages = pages_of_row(&plan, row);

		if (!pages || !is_there(rules, row))
			continue;
		of[count] = row;
		vmas[count++] = (struct vma){
			.pages = pages, .offset = (uint64_t)row->offset, .perms = row->perms, .name = row->name, .file = row->file,
		};
	}
	place_vmas(of, vmas, count);
	fill_vmas(&mm->memory, of, vmas, count);
	return count;
}

struct vm_sizes layout_sizes(const struct rules *rules, const struct mm *mm)
{
	struct plan plan = plan_of(rules, &mm->memory);
	struct vm_sizes sizes = { 0 };

	for (int i = 0; i < plan.count; i++) {
		const struct row *row = &plan.rows[i];
		uint64_t pages = pages_of_row(&plan, row);

		sizes.data += row->is_data ? pages : 0;
		sizes.stack += row->place == AT_STACK ? pages : 0;
		sizes.exe += row->is_text && row->file == EXE ? pages : 0;
		sizes.lib += row->is_text && row->file != EXE ? pages : 0;
	}
	return sizes;
}

/* ---- addresses ---- */

static uint64_t length_of(const struct blob *blob, uint64_t otherwise)
{
	return blob ? blob->length : otherwise;
}

/* At the top of the stack: arguments, environment, the name of the program, a zero. */
static void place_strings(const struct task *t, struct mm_addresses *a)
{
	char exe[PAGE];

	exe_of(t, exe, sizeof(exe));
	a->env_end = STACK_TOP - 8 - strlen(exe) - 1;
	a->env_start = a->env_end - length_of(environ_of(t->signal), 0);
	a->arg_end = a->env_start;
	a->arg_start = a->arg_end - length_of(cmdline_of(t->signal), strlen(t->comm) + 1);
	a->start_stack = (a->arg_start - 0x400) & ~15ULL;
}

static void place_one(const struct vma *v, struct mm_addresses *a)
{
	if (v->file == EXE && v->perms[2] == 'x') {
		a->start_code = v->start;
		a->end_code = v->start + (v->pages * PAGE > TEXT_BYTES ? TEXT_BYTES : v->pages * PAGE);
		a->entry = v->start + 0x600;
	}
	if (v->file == EXE && v->perms[1] == 'w') {
		a->start_data = v->start;
		a->end_data = v->start + 0x80;
	}
	if (v->file == LOADER && !v->offset)
		a->loader = v->start;
	if (v->name && !strcmp(v->name, "[heap]"))
		a->start_brk = v->start;
	if (v->name && !strcmp(v->name, "[vdso]"))
		a->vdso = v->start;
}

struct mm_addresses layout_addresses(const struct rules *rules, const struct task *t)
{
	struct vma vmas[VMAS_MAX];
	struct mm_addresses a = { 0 };
	int count = layout_vmas(rules, t->mm, vmas);

	for (int i = 0; i < count; i++)
		place_one(&vmas[i], &a);
	if (count)
		place_strings(t, &a);
	return a;
}

/* ---- files ---- */

static void append_safe(char *path, size_t size, const char *name)
{
	size_t at = strlen(path);

	for (; *name && at + 1 < size; name++) {
		bool is_plain = *name > ' ' && *name != '/' && *name != '\\' && *name != 127;

		path[at++] = is_plain ? *name : '_';
	}
	path[at] = '\0';
}

static bool is_line(const struct blob *blob)
{
	size_t length = strnlen(blob->bytes, blob->length);

	return length && length < blob->length && length < PAGE && blob->bytes[0] == '/' && !memchr(blob->bytes, '\n', length);
}

void exe_of(const struct task *t, char *path, size_t size)
{
	const struct blob *cmdline = cmdline_of(t->signal);

	if (t->signal->extra && t->signal->extra->exe) {
		snprintf(path, size, "%s", t->signal->extra->exe);
	} else if (cmdline && is_line(cmdline)) {
		snprintf(path, size, "%s", cmdline->bytes);
	} else {
		snprintf(path, size, "/usr/bin/");
		append_safe(path, size, t->signal->leader->comm);
	}
}

void layout_file(const struct task *t, enum vma_file file, char *path, size_t size)
{
	static const char *const paths[] = {
		[NO_FILE] = "", [EXE] = "", [LIBC] = "/usr/lib/x86_64-linux-gnu/libc.so.6",
		[LOADER] = "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
		[OTHER_FILE] = "/usr/lib/locale/locale-archive", [SHARED_MEMORY] = "/dev/shm/",
	};

	if (file == EXE) {
		exe_of(t, path, size);
		return;
	}
	snprintf(path, size, "%s", paths[file]);
	if (file == SHARED_MEMORY)
		append_safe(path, size, t->signal->leader->comm);
}

uint64_t inode_of(const char *path)
{
	uint64_t hash = 1469598103934665603ULL;

	for (; *path; path++)
		hash = (hash ^ (unsigned char)*path) * 1099511628211ULL;
	return 131072 + hash % 800000;
}
