/* See zone.h. Mirrors __setup_per_zone_wmarks() and calculate_totalreserve_pages(). */
#include "zone.h"

#include "world.h"

enum { DMA, DMA32, NORMAL, KINDS };

static const struct { const char *name; int64_t end; } kinds[KINDS] = {
	{ "DMA", 16 << 8 }, { "DMA32", 4 << 18 }, { "Normal", INT64_MAX },
};

/* lowmem_reserve_ratio of DMA and DMA32 */
enum { RESERVE_RATIO = 256 };

static int add_zones(struct zone *zones, int node, int64_t start, int64_t end)
{
	int count = 0;

	for (int kind = 0; kind < KINDS && start < end; kind++) {
		int64_t upto = end < kinds[kind].end ? end : kinds[kind].end;

		if (start >= upto)
			continue;
		zones[count++] = (struct zone){ .node = node, .name = kinds[kind].name, .start = start, .managed = upto - start };
		start = upto;
	}
	return count;
}

static int64_t share(int64_t whole, int64_t part, int64_t of)
{
	return of ? (int64_t)((__int128)whole * part / of) : 0;
}

static void set_watermarks(const struct world *w, struct zone *zone, int64_t total)
{
	int64_t min = share(w->sysctl.min_free_kbytes / 4, zone->managed, total);
	int64_t scaled = share(zone->managed, w->sysctl.watermark_scale_factor, 10000);
	int64_t step = min / 4 > scaled ? min / 4 : scaled;

	zone->min = min;
	zone->low = min + step;
	zone->high = min + 2 * step;
}

/* setup_per_zone_lowmem_reserve(): of the zones above it on its node. */
static void set_reserve(struct zone *zones, int count, int at)
{
	int64_t above = 0;

	for (int i = at + 1; i < count && zones[i].node == zones[at].node; i++)
		above += zones[i].managed;
	zones[at].reserve = above / RESERVE_RATIO;
}

static void share_out(struct zone *zones, int count, int64_t free)
{
	for (int i = 0; i < count; i++) {
		zones[i].free = free < zones[i].managed ? free : zones[i].managed;
		free -= zones[i].free;
	}
}

int zones_of(const struct world *w, int64_t free, struct zone zones[ZONES_MOST])
{
	int64_t start = 0;
	int count = 0;

	for (int node = 0; node < NODES; node++) {
		int64_t end = start + (int64_t)w->node_pages[node];

		count += add_zones(zones + count, node, start, end);
		start = end;
	}
	for (int i = 0; i < count; i++) {
		set_watermarks(w, &zones[i], (int64_t)w->ram_pages);
		set_reserve(zones, count, i);
	}
	share_out(zones, count, free);
	return count;
}

static int64_t reserve_of(const struct zone *zone)
{
	int64_t reserve = zone->reserve + zone->high;

	return reserve < zone->managed ? reserve : zone->managed;
}

struct watermarks watermarks_of(const struct world *w)
{
	struct zone zones[ZONES_MOST];
	struct watermarks sum = { 0 };
	int count = zones_of(w, 0, zones);

	for (int i = 0; i < count; i++) {
		sum.min += zones[i].min;
		sum.low += zones[i].low;
		sum.high += zones[i].high;
		sum.reserve += reserve_of(&zones[i]);
	}
	return sum;
}
