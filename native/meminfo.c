/* See meminfo.h. Mirrors si_mem_available(), vm_commit_limit() and domain_dirty_limits(). */
#include "meminfo.h"

#include "memory.h"
#include "reclaim.h"
#include "task.h"
#include "world.h"
#include "zone.h"

enum { BLOCK_PAGES = 512, PAGES_PER_PAGE_OF_STRUCTS = 64 };

static int64_t at_least_0(int64_t pages)
{
	return pages > 0 ? pages : 0;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Half of what is kept for other reasons, or a watermark's worth, cannot be had. */
static int64_t to_be_had(int64_t pages, const struct watermarks *marks)
{
	return pages - least(pages / 2, marks->low);
}

static int64_t available(const struct meminfo *m, const struct watermarks *marks)
{
	int64_t pages = m->free - marks->reserve + to_be_had(m->active_file + m->inactive_file, marks)
		+ to_be_had(m->slab_reclaimable, marks);

	return at_least_0(pages);
}

static int64_t commit_limit(const struct world *w)
{
	int64_t kbytes = w->sysctl.overcommit_kbytes;
	int64_t allowed = kbytes ? kbytes / 4 : (int64_t)((__int128)w->ram_pages * w->sysctl.overcommit_ratio / 100);

	return allowed + (int64_t)w->swap_pages;
}

static int64_t dirty_limit(int64_t bytes, int32_t ratio, int64_t dirtyable)
{
	return bytes ? (bytes + 4095) / 4096 : dirtyable * ratio / 100;
}

static void set_lists(const struct world *w, struct meminfo *m, const struct usage *usage, int64_t locked)
{
	int64_t anon = usage->anon - locked;

	m->unevictable = locked;
	m->active_anon = w->rules.anon_begins_inactive ? 0 : anon;
	m->inactive_anon = usage->shmem + anon - m->active_anon;
	m->active_file = usage->file;
	m->inactive_file = w->reclaim.own.cache + w->reclaim.own.buffers;
	m->active = m->active_anon + m->active_file;
	m->inactive = m->inactive_anon + m->inactive_file;
}

static void set_limits(const struct world *w, struct meminfo *m)
{
	struct watermarks marks = watermarks_of(w);
	const struct sysctl *s = &w->sysctl;
	int64_t dirtyable = at_least_0(m->free + m->active_file + m->inactive_file - marks.reserve);

	m->available = available(m, &marks);
	m->commit_limit = commit_limit(w);
	m->dirty_threshold = dirty_limit(s->dirty_bytes, s->dirty_ratio, dirtyable);
	m->dirty_background_threshold = dirty_limit(s->dirty_background_bytes, s->dirty_background_ratio, dirtyable);
}

/* The kernel's own mapping of all RAM is in the largest pages that fit. */
static void set_address_space(struct meminfo *m)
{
	enum { KBYTES_2M = 2 << 10, KBYTES_1G = 1 << 20 };
	int64_t kbytes = m->total * 4;

	m->mapped_1g = kbytes - kbytes % KBYTES_1G;
	m->mapped_2m = kbytes % KBYTES_1G - kbytes % KBYTES_2M;
	m->vmalloc_kbytes = (1LL << 35) - 1;
	m->mapped_4k = kbytes % KBYTES_2M;
}

struct meminfo meminfo_of(const struct world *w)
{
	const struct own_pages *own = &w->reclaim.own;
	struct usage usage = memory_used(w, NULL);
	struct meminfo m = {
		.total = (int64_t)w->ram_pages, .free = ram_free(w),
		.buffers = own->buffers, .cached = own->cache + usage.file + usage.shmem, .dirty = own->dirty,
		.swap_total = (int64_t)w->swap_pages, .swap_free = at_least_0((int64_t)w->swap_pages - usage.swap),
		.anon = usage.anon, .mapped = usage.file + usage.shmem, .shmem = usage.shmem,
		.slab_reclaimable = own->slab_reclaimable, .slab_unreclaimable = own->slab_unreclaimable,
		.stack_kbytes = stack_pages(w) * 4, .tables = usage.tables,
		.committed = usage.anon + usage.swap + usage.shmem,
	};

	m.slab = m.slab_reclaimable + m.slab_unreclaimable;
	m.file_pages = m.cached + m.buffers;
	m.free_blocks = m.free - m.free % BLOCK_PAGES;
	m.memmap = m.total / PAGES_PER_PAGE_OF_STRUCTS;
	set_lists(w, &m, &usage, least(usage.locked, usage.anon));
	set_limits(w, &m);
	set_address_space(&m);
	return m;
}
