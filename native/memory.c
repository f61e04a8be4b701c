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

static int64_t new_tables(const struct memory *m, int64_t pages)
{
	return (int64_t)ptes_with(m, pages) - m->ptes + pmds_with(m, pages) - m->pmds;
}

/* As many of these pages as fit there with the page tables that they need, which cannot be swapped. */
static int64_t fitting(const struct memory *m, const struct room *room, int64_t pages)
{
	int64_t most = pages < pages_in(room) ? pages : pages_in(room);
	int64_t tables = new_tables(m, most);

	if (tables > room->ram + m->anon - m->anon_locked)
		return 0;
	return most + tables <= pages_in(room) ? most : at_least_0(pages_in(room) - tables);
}

/* Where RAM is full, pages of its own are swapped out for its page tables: fewer are resident then than before. */
static int64_t take(struct world *w, struct mm *mm, const struct room *room, int64_t pages)
{
	struct memory *m = &mm->memory;
	int64_t taken = fitting(m, room, pages);
	int64_t left = room->ram - new_tables(m, taken);
	int64_t in_ram = taken < left ? taken : left;
	uint32_t ptes = ptes_with(m, taken), pmds = pmds_with(m, taken);

	if (!taken)
		return 0;
	m->ptes = ptes;
	m->pmds = pmds;
	m->anon += in_ram;
	m->swapents += taken - in_ram;
	m->total_vm += (uint64_t)taken;
	candidates_update_mm(w, mm);
	return taken;
}

/* ---- waiting for it ---- */

/* Who did not say how much has found the machine full: what has come free since is his room. */
static struct room room_for_some(const struct world *w, const struct wait *wait)
{
	return (struct room){ (int64_t)(w->freed_pages - wait->freed_before), 0, { .gfp_mask = gfp_kernel(w) } };
}

static struct room room_of(const struct world *w, const struct wait *wait, const struct task *t)
{
	return wait->pages == SOME_PAGES ? room_for_some(w, wait) : room_for(w, t);
}

struct oom_request memory_request(const struct world *w, const struct wait *wait, const struct task *waiter)
{
	return room_of(w, wait, waiter).request;
}

/* As much as there is: true once nothing is missing. Who is killed is content with a page, and on its way out. */
static bool is_served(struct world *w, struct wait *wait, struct task *t, const struct room *room)
{
	if (wait->pages == SOME_PAGES || (t->flags & TASK_KILLED))
		return pages_in(room) > 0;
	wait->pages -= take(w, t->mm, room, wait->pages);
	return !wait->pages;
}

/* A victim has the reserves, and in a memory cgroup whoever is killed may exceed the limit. */
static bool may_overdraw(const struct task *t, const struct room *room)
{
	return (t->flags & TASK_MEMDIE) || ((t->flags & TASK_KILLED) && room->request.memcg);
}

/* Asks again as long as something comes of it, and no further than to a victim that does not let go. */
int memory_get(struct world *w, struct wait *wait)
{
	bool can_fail = wait->pages != SOME_PAGES;
	int64_t when_asked = 0;

	for (;;) {
		struct task *t = waiter_of(w, wait);
		struct room room;

		if (!t || (can_fail && !t->mm))
			return -EINTR;
		room = room_of(w, wait, t);
		if (is_served(w, wait, t, &room))
			return t->flags & TASK_KILLED ? -EINTR : 0;
		if (may_overdraw(t, &room))
			return -EINTR;
		if (wait->pages == when_asked)
			return -EAGAIN;
		when_asked = wait->pages;
		if (!allocate(w, t, &room.request) && can_fail)
			return waiter_of(w, wait) ? -ENOMEM : -EINTR;
	}
}

int64_t memory_grow(struct world *w, struct task *t, int64_t pages)
{
	struct wait wait = wait_for_memory(w, t, pages);
	int error;

	if (!t->mm || pages < 0)
		return -EINVAL;
	if (t->vfork_child || is_waiting(w, t))
		return -EBUSY;
	if (t->flags & TASK_KILLED)
		return -EINTR;
	error = memory_get(w, &wait);
	if (error != -EAGAIN)
		return error;
	error = wait_begin(w, &wait);
	return error ? error : wait.pages;
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
	w->freed_pages += (uint64_t)pages;
	candidates_update_mm(w, t->mm);
	run_until(w, w->now);
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
	run_until(w, w->now);
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
}
