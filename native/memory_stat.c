/* See memory_stat.h. */
#include "memory_stat.h"

#include "cgroup.h"
#include "charge.h"
#include "reclaim.h"
#include "world.h"

static struct memory_stat of_processes(const struct world *w, const struct usage *usage, int64_t tasks)
{
	int64_t anon = usage->anon - usage->locked;
	struct memory_stat s = {
		.anon = usage->anon, .file = usage->file + usage->shmem, .shmem = usage->shmem,
		.mapped = usage->file + usage->shmem, .swap = usage->swap,
		.stacks = tasks * STACK_PAGES, .tables = usage->tables, .unevictable = usage->locked,
		.active_anon = w->rules.anon_begins_inactive ? 0 : anon, .active_file = usage->file,
	};

	s.inactive_anon = usage->shmem + anon - s.active_anon;
	s.kernel = s.stacks + s.tables;
	return s;
}

/* The machine's own pages are charged to the root. */
static void add_own(const struct world *w, struct memory_stat *s)
{
	const struct own_pages *own = &w->reclaim.own;

	s->file += own->cache + own->buffers;
	s->inactive_file += own->cache + own->buffers;
	s->dirty = own->dirty;
	s->slab_reclaimable = own->slab_reclaimable;
	s->slab_unreclaimable = own->slab_unreclaimable;
	s->slab = s->slab_reclaimable + s->slab_unreclaimable;
	s->kernel += s->slab;
}

static struct usage usage_on(const struct world *w, const struct cgroup *cg, int node)
{
	return node == ALL_NODES || w->nodes == 1 ? cg->usage : usage_on_node(w, cg, node);
}

struct memory_stat memory_stat_of(const struct world *w, const struct cgroup *cg, int node)
{
	bool has_kernels = node == ALL_NODES || node == 0;
	struct usage usage = usage_on(w, cg, node);
	struct memory_stat s = of_processes(w, &usage, has_kernels ? cg->pids.count : 0);

	if (!cg->parent && has_kernels)
		add_own(w, &s);
	return s;
}

struct memory_stat memory_stat_here(const struct world *w, const struct cgroup *cg, int node)
{
	struct memory_stat s = memory_stat_of(w, cg, node);

	for (size_t i = 0; i < cg->child_count; i++) {
		struct memory_stat below = memory_stat_of(w, cg->children[i], node);
		const int64_t *each = (const int64_t *)&below;

		for (size_t field = 0; field < sizeof(s) / sizeof(int64_t); field++)
			((int64_t *)&s)[field] -= each[field];
	}
	return s;
}
