/* See memory.h. */
#include "memory.h"

#include "candidates.h"
#include "constraint.h"
#include "run.h"
#include "task.h"
#include "waiting.h"
#include "world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PER_TABLE = 512, PATH_BYTES = 4096 };

/* ---- sums ---- */

struct usage memory_used(const struct world *w, const char *memcg)
{
	struct usage sum = { 0 };

	for (const struct signal *s = w->oldest; s; s = s->newer) {
		const struct memory *m = s->mm ? &s->mm->memory : NULL;

		if (!m || s->mm->oldest != s || (memcg && !is_in_memcg(s, memcg)))
			continue;
		sum.anon += m->anon;
		sum.file += m->file;
		sum.shmem += m->shmem;
		sum.swap += m->swapents;
		sum.tables += (int64_t)m->ptes + m->pmds;
	}
	return sum;
}

static int64_t at_least_0(int64_t pages)
{
	return pages > 0 ? pages : 0;
}

static int64_t resident(const struct usage *usage)
{
	return usage->anon + usage->file + usage->shmem;
}

int64_t ram_free(const struct world *w, const struct usage *usage)
{
	return at_least_0((int64_t)w->ram_pages - resident(usage) - usage->tables);
}

static int64_t swap_free(const struct world *w, const struct usage *usage)
{
	return at_least_0((int64_t)w->swap_pages - usage->swap);
}

/* ---- room ---- */

/* Where a task's next pages go, and whose OOM killer runs when there is no room. */
struct room {
	int64_t ram, swap;
	struct oom_request request;
};

static int64_t pages_in(const struct room *room)
{
	return room->ram + room->swap;
}

static void narrow(const struct world *w, const struct memcg *memcg, struct room *room)
{
	struct usage usage = memory_used(w, memcg->path);
	int64_t left = at_least_0((int64_t)memcg->limit - resident(&usage));
	const char *so_far = room->request.memcg;

	if (left > pages_in(room) || (left == pages_in(room) && so_far && strlen(so_far) > strlen(memcg->path)))
		return;
	room->ram = left < room->ram ? left : room->ram;
	room->swap = left - room->ram;
	room->request = (struct oom_request){ .gfp_mask = gfp_kernel(w), .memcg = memcg->path, .memcg_pages = memcg->limit };
}

static struct room room_for(const struct world *w, const struct task *t)
{
	struct usage usage = memory_used(w, NULL);
	struct room room = { ram_free(w, &usage), swap_free(w, &usage), { .gfp_mask = gfp_fault(w) } };

	for (size_t i = 0; i < w->allocator.memcg_count; i++)
		if (w->allocator.memcgs[i].limit && is_in_memcg(t->signal, w->allocator.memcgs[i].path))
			narrow(w, &w->allocator.memcgs[i], &room);
	return room;
}

/* ---- growth ---- */

static uint32_t tables_for(int64_t entries)
{
	return (uint32_t)((entries + PER_TABLE - 1) / PER_TABLE);
}

static uint32_t ptes_with(const struct memory *m, int64_t pages)
{
	uint32_t needed = tables_for(m->anon + m->file + m->shmem + m->swapents + pages);

	return needed > m->ptes ? needed : m->ptes;
}

static uint32_t pmds_with(const struct memory *m, int64_t pages)
{
	uint32_t needed = tables_for(ptes_with(m, pages));

	return needed > m->pmds ? needed : m->pmds;
}

/* As many of these pages as fit there, with the page tables that they need. */
static int64_t fitting(const struct memory *m, const struct room *room, int64_t pages)
{
	int64_t most = pages < pages_in(room) ? pages : pages_in(room);
	int64_t tables = (int64_t)ptes_with(m, most) - m->ptes + pmds_with(m, most) - m->pmds;

	return most + tables <= pages_in(room) ? most : at_least_0(pages_in(room) - tables);
}

static int64_t take(struct world *w, struct mm *mm, const struct room *room, int64_t pages)
{
	struct memory *m = &mm->memory;
	int64_t taken = fitting(m, room, pages);
	int64_t in_ram = taken < room->ram ? taken : room->ram;
	uint32_t ptes = ptes_with(m, taken), pmds = pmds_with(m, taken);

	m->ptes = ptes;
	m->pmds = pmds;
	m->anon += in_ram;
	m->swapents += taken - in_ram;
	m->total_vm += (uint64_t)taken;
	candidates_update_mm(w, mm);
	return taken;
}

static struct task *who_grows(const struct world *w, const struct growth *growth)
{
	struct task *t = pid_find(&w->pids, growth->pid);
	bool is_there = t && t->serial == growth->serial && t->mm;

	return is_there && !(t->flags & (TASK_ZOMBIE | TASK_KILLED)) ? t : NULL;
}

/* Until it has them, or is killed, or nobody can be; and no further than to a victim that does not let go. */
static int64_t try(struct world *w, struct growth *growth)
{
	bool asked = false;

	for (;;) {
		struct task *t = who_grows(w, growth);
		struct room room;
		int64_t taken;

		if (!t)
			return -EINTR;
		room = room_for(w, t);
		taken = take(w, t->mm, &room, growth->pages);
		growth->pages -= taken;
		if (!growth->pages || (asked && !taken))
			return growth->pages;
		if (!allocate(w, t, &room.request))
			return who_grows(w, growth) ? -ENOMEM : -EINTR;
		asked = true;
	}
}

static bool is_growing(const struct allocator *a, const struct task *t)
{
	for (size_t i = 0; i < a->growth_count; i++)
		if (a->growths[i].serial == t->serial)
			return true;
	return false;
}

static int keep_growth(struct allocator *a, const struct growth *growth)
{
	struct growth *grown = realloc(a->growths, (a->growth_count + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	a->growths = grown;
	a->growths[a->growth_count++] = *growth;
	return 0;
}

int64_t memory_grow(struct world *w, struct task *t, int64_t pages)
{
	struct growth growth = { t->pid, t->serial, pages };
	int64_t left;

	if (!t->mm || pages < 0)
		return -EINVAL;
	if (t->vfork_child || is_waiting(w, t) || is_growing(&w->allocator, t))
		return -EBUSY;
	left = try(w, &growth);
	return left > 0 && keep_growth(&w->allocator, &growth) ? -ENOMEM : left;
}

/* One that goes on may free another's way: go round again. */
void memory_retry(struct world *w)
{
	struct allocator *a = &w->allocator;
	size_t before;

	do {
		size_t left = 0;

		before = a->growth_count;
		for (size_t i = 0; i < before; i++) {
			struct growth growth = a->growths[i];

			if (try(w, &growth) > 0)
				a->growths[left++] = growth;
		}
		a->growth_count = left;
	} while (a->growth_count && a->growth_count < before);
}

/* ---- the other way ---- */

int memory_shrink(struct world *w, struct task *t, int64_t pages)
{
	struct memory *m = t->mm ? &t->mm->memory : NULL;
	int64_t anon;

	if (!m || pages < 0 || pages > m->anon + m->swapents)
		return -EINVAL;
	anon = pages < m->anon ? pages : m->anon;
	m->anon -= anon;
	m->swapents -= pages - anon;
	if (m->anon_locked > m->anon)
		m->anon_locked = (uint32_t)m->anon;
	m->total_vm -= (uint64_t)pages < m->total_vm ? (uint64_t)pages : m->total_vm;
	candidates_update_mm(w, t->mm);
	memory_retry(w);
	return 0;
}

int64_t memory_touch(struct world *w, struct task *t)
{
	struct room room;
	int64_t pages;

	if (!t->mm)
		return -EINVAL;
	room = room_for(w, t);
	pages = t->mm->memory.swapents < room.ram ? t->mm->memory.swapents : room.ram;
	t->mm->memory.swapents -= pages;
	t->mm->memory.anon += pages;
	candidates_update_mm(w, t->mm);
	return pages;
}

/* ---- memory cgroups ---- */

static struct memcg *find_memcg(const struct allocator *a, const char *path)
{
	for (size_t i = 0; i < a->memcg_count; i++)
		if (!strcmp(a->memcgs[i].path, path))
			return &a->memcgs[i];
	return NULL;
}

static void remove_memcg(struct allocator *a, struct memcg *memcg)
{
	free(memcg->path);
	*memcg = a->memcgs[--a->memcg_count];
}

static struct memcg *add_memcg(struct allocator *a, const char *path)
{
	struct memcg *grown = realloc(a->memcgs, (a->memcg_count + 1) * sizeof(*grown));
	char *copy = strdup(path);

	a->memcgs = grown ? grown : a->memcgs;
	if (!grown || !copy) {
		free(copy);
		return NULL;
	}
	a->memcgs[a->memcg_count] = (struct memcg){ .path = copy };
	return &a->memcgs[a->memcg_count++];
}

static bool is_cgroup(const char *path)
{
	size_t length = strnlen(path, PATH_BYTES);

	return length > 1 && length < PATH_BYTES && path[0] == '/' && path[length - 1] != '/' && !strchr(path, '\n');
}

/* To change one and then keep(): it exists as long as something is set. */
static int open_memcg(struct world *w, const char *path, struct memcg **memcg)
{
	if (!is_cgroup(path))
		return -EINVAL;
	*memcg = find_memcg(&w->allocator, path);
	if (!*memcg)
		*memcg = add_memcg(&w->allocator, path);
	return *memcg ? 0 : -ENOMEM;
}

static void keep(struct world *w, struct memcg *memcg)
{
	if (!memcg->limit && !memcg->oom_group)
		remove_memcg(&w->allocator, memcg);
}

int memory_limit(struct world *w, const char *path, uint64_t pages)
{
	struct memcg *memcg;
	int error = open_memcg(w, path, &memcg);

	if (error)
		return error;
	memcg->limit = pages;
	keep(w, memcg);
	memory_retry(w);
	return 0;
}

int memory_set_oom_group(struct world *w, const char *path, bool is_group)
{
	struct memcg *memcg;
	int error = open_memcg(w, path, &memcg);

	if (error)
		return error;
	memcg->oom_group = is_group;
	keep(w, memcg);
	return 0;
}

const char *memory_oom_group(const struct world *w, const struct signal *victim, const char *memcg)
{
	const char *highest = NULL;

	for (size_t i = 0; i < w->allocator.memcg_count; i++) {
		const struct memcg *group = &w->allocator.memcgs[i];

		if (!group->oom_group || !is_in_memcg(victim, group->path) || (memcg && !is_below(group->path, memcg)))
			continue;
		if (!highest || strlen(group->path) < strlen(highest))
			highest = group->path;
	}
	return highest;
}

void memory_drop(struct world *w)
{
	while (w->allocator.memcg_count)
		remove_memcg(&w->allocator, &w->allocator.memcgs[0]);
	free(w->allocator.memcgs);
	free(w->allocator.growths);
}
