/* The old hierarchies: there is that of the memory controller, and the directory of a cgroup in it. */
#include "charge.h"
#include "cgroup_control.h"
#include "memory.h"
#include "memory_stat.h"
#include "number.h"
#include "text.h"
#include "tree/cgroup_tree.h"
#include "world.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

/* ---- usage and limits ---- */

static int64_t both(const struct usage *usage)
{
	return resident(usage) + usage->swap;
}

static int show_usage(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w;
	return show_pages(out, resident(&cg->usage));
}

static int show_memsw_usage(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w;
	return show_pages(out, both(&cg->usage));
}

static int show_max_usage(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w;
	return show_pages(out, cg->peak);
}

/* Not followed: no less than what was in RAM, or is in both now. */
static int show_memsw_max_usage(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w;
	return show_pages(out, cg->peak > both(&cg->usage) ? cg->peak : both(&cg->usage));
}

static int show_limit(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w;
	return show_pages(out, cg->limits.max);
}

static int show_memsw_limit(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w;
	return show_pages(out, cg->limits.memsw_max);
}

static int show_soft_limit(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w;
	return show_pages(out, cg->v1.soft_limit);
}

/* mem_cgroup_resize_max(): it kills nobody, and the one of RAM alone is never above that of both. */
static int store_limit(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	int64_t pages, excess;
	int error = take_pages(text, "-1", &pages);

	if (!error && (!cg->parent || pages > cg->limits.memsw_max))
		error = -EINVAL;
	if (error)
		return error;
	excess = resident(&cg->usage) - pages;
	if (excess > 0 && memory_reclaim(w, cg, who, excess))
		return -EBUSY;
	cg->limits.max = pages;
	return 0;
}

static int store_memsw_limit(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	int64_t pages;
	int error = take_pages(text, "-1", &pages);

	(void)w, (void)who;
	if (!error && (!cg->parent || pages < cg->limits.max))
		error = -EINVAL;
	if (error)
		return error;
	if (both(&cg->usage) > pages)
		return -EBUSY;
	cg->limits.memsw_max = pages;
	return 0;
}

static int store_soft_limit(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	int64_t pages;
	int error = take_pages(text, "-1", &pages);

	(void)w, (void)who;
	if (!error)
		cg->v1.soft_limit = pages;
	return error;
}

/* ---- what is counted: whatever is written sets it back ---- */

static int show_failcnt(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w;
	return text_printf(out, "%" PRIu64 "\n", cg->local_events[MEMORY_MAX] - cg->v1.failcnt_read);
}

static int show_zero(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w, (void)cg;
	return text_printf(out, "0\n");
}

static int store_failcnt(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	(void)w, (void)who, (void)text;
	cg->v1.failcnt_read = cg->local_events[MEMORY_MAX];
	return 0;
}

static int store_max_usage(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	(void)w, (void)who, (void)text;
	cg->peak = resident(&cg->usage);
	return 0;
}

static int store_nothing(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	(void)w, (void)cg, (void)who, (void)text;
	return 0;
}

/* ---- switches ---- */

static int take_number(const char *text, int64_t most, int64_t *value)
{
	uint64_t number;
	int error = number_parse_unsigned(text, &number);

	if (!error && number > (uint64_t)most)
		error = -EINVAL;
	if (!error)
		*value = (int64_t)number;
	return error == -ERANGE ? -EINVAL : error;
}

/* Whether somebody waits for memory that the limit does not give is not told. */
static int show_oom_control(struct world *w, struct cgroup *cg, struct text *out)
{
	int error = text_printf(out, "oom_kill_disable %d\nunder_oom 0\n", cg->v1.oom_kill_disable);

	if (error || !w->rules.memcg_counts_kills)
		return error;
	return text_printf(out, "oom_kill %" PRIu64 "\n", cg->local_events[MEMORY_OOM_KILL]);
}

static int store_oom_control(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	int64_t value;
	int error = cg->parent ? take_number(text, 1, &value) : -EINVAL;

	(void)w, (void)who;
	if (!error)
		cg->v1.oom_kill_disable = value;
	return error;
}

static int show_swappiness(struct world *w, struct cgroup *cg, struct text *out)
{
	return text_printf(out, "%d\n", cg->parent ? cg->v1.swappiness : w->sysctl.swappiness);
}

static int store_swappiness(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	int64_t value;
	int error = take_number(text, w->rules.swappiness_to_200 ? 200 : 100, &value);

	(void)who;
	if (!error)
		*(cg->parent ? &cg->v1.swappiness : &w->sysctl.swappiness) = (int32_t)value;
	return error;
}

static int show_use_hierarchy(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w, (void)cg;
	return text_printf(out, "1\n");
}

/* As from 5.11 on: it is 1. */
static int store_use_hierarchy(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	(void)w, (void)cg, (void)who;
	return strcmp(text, "1") ? -EINVAL : 0;
}

static int show_notify(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w;
	return text_printf(out, "%d\n", cg->v1.notify_on_release);
}

static int store_notify(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	int64_t value;
	int error = take_number(text, INT64_MAX, &value);

	(void)w, (void)who;
	if (!error)
		cg->v1.notify_on_release = value;
	return error;
}

static int show_clone_children(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w;
	return text_printf(out, "%d\n", cg->v1.clone_children);
}

static int store_clone_children(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	int64_t value;
	int error = take_number(text, INT64_MAX, &value);

	(void)w, (void)who;
	if (!error)
		cg->v1.clone_children = value;
	return error;
}

/* Everything that can be had; also where that is nothing. */
static int store_force_empty(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	(void)text;
	if (!cg->parent)
		return -EINVAL;
	memory_reclaim(w, cg, who, resident(&cg->usage));
	return 0;
}

/* ---- memory.stat ---- */

#define BYTES(field) offsetof(struct memory_stat, field), VM_EVENTS
#define EVENT(event) SIZE_MAX, event
#define ZERO SIZE_MAX, VM_EVENTS

static const struct line {
	const char *name;
	size_t from, event;
	size_t since;
} lines[] = {
	{ "cache", BYTES(file), 0 },
	{ "rss", BYTES(anon), 0 },
	{ "rss_huge", ZERO, 0 },
	{ "shmem", BYTES(shmem), WHERE(memcg_stat_of_4_14) },
	{ "mapped_file", BYTES(mapped), 0 },
	{ "dirty", BYTES(dirty), 0 },
	{ "writeback", ZERO, 0 },
	{ "workingset_refault_anon", EVENT(WORKINGSET_REFAULT_ANON), WHERE(memcg_stat_of_5_10) },
	{ "workingset_refault_file", EVENT(WORKINGSET_REFAULT_FILE), WHERE(memcg_stat_of_5_10) },
	{ "swap", BYTES(swap), 0 },
	{ "swapcached", ZERO, WHERE(memcg_stat_of_6_1) },
	{ "pgpgin", EVENT(PGALLOC), 0 },
	{ "pgpgout", EVENT(PGSTEAL_DIRECT), 0 },
	{ "pgfault", EVENT(PGFAULT), 0 },
	{ "pgmajfault", EVENT(PGMAJFAULT), 0 },
	{ "inactive_anon", BYTES(inactive_anon), 0 },
	{ "active_anon", BYTES(active_anon), 0 },
	{ "inactive_file", BYTES(inactive_file), 0 },
	{ "active_file", BYTES(active_file), 0 },
	{ "unevictable", BYTES(unevictable), 0 },
};

static uint64_t event_here(const struct cgroup *cg, size_t event)
{
	uint64_t count = cg->vm_events[event];

	for (size_t i = 0; i < cg->child_count; i++)
		count -= cg->children[i]->vm_events[event];
	return count;
}

static uint64_t value_of(const struct cgroup *cg, const struct memory_stat *stat, const struct line *line, bool is_total)
{
	if (line->from != SIZE_MAX)
		return *(const uint64_t *)((const char *)stat + line->from) * 4096;
	if (line->event == VM_EVENTS)
		return 0;
	return is_total ? cg->vm_events[line->event] : event_here(cg, line->event);
}

static int show_lines(const struct world *w, const struct cgroup *cg, struct text *out, bool is_total)
{
	const struct memory_stat stat = is_total ? memory_stat_of(w, cg, ALL_NODES) : memory_stat_here(w, cg, ALL_NODES);
	int error = 0;

	for (size_t i = 0; !error && i < sizeof(lines) / sizeof(lines[0]); i++)
		if (rule_holds(w, lines[i].since))
			error = text_printf(out, "%s%s %" PRIu64 "\n", is_total ? "total_" : "", lines[i].name,
					    value_of(cg, &stat, &lines[i], is_total));
	return error;
}

static int64_t least_above(const struct cgroup *cg, size_t limit)
{
	int64_t least = UNLIMITED;

	for (; cg; cg = cg->parent) {
		int64_t pages = *(const int64_t *)((const char *)&cg->limits + limit);

		least = pages < least ? pages : least;
	}
	return least;
}

static int show_stat(struct world *w, struct cgroup *cg, struct text *out)
{
	int error = show_lines(w, cg, out, false);

	if (!error)
		error = text_printf(out, "hierarchical_memory_limit %" PRId64 "\nhierarchical_memsw_limit %" PRId64 "\n",
				    least_above(cg, offsetof(struct cgroup_limits, max)) * 4096,
				    least_above(cg, offsetof(struct cgroup_limits, memsw_max)) * 4096);
	return error ? error : show_lines(w, cg, out, true);
}

/* ---- memory.numa_stat: pages by list ---- */

typedef struct memory_stat stat_on(const struct world *w, const struct cgroup *cg, int node);

static int64_t file_of(const struct memory_stat *s) { return s->inactive_file + s->active_file; }
static int64_t anon_of(const struct memory_stat *s) { return s->inactive_anon + s->active_anon; }
static int64_t unevictable_of(const struct memory_stat *s) { return s->unevictable; }
static int64_t total_of(const struct memory_stat *s) { return file_of(s) + anon_of(s) + unevictable_of(s); }

static const struct {
	const char *name;
	int64_t (*of)(const struct memory_stat *s);
} lists[] = { { "total", total_of }, { "file", file_of }, { "anon", anon_of }, { "unevictable", unevictable_of } };

static int show_lists(const struct world *w, const struct cgroup *cg, struct text *out, const char *prefix, stat_on *stat)
{
	const struct memory_stat sum = stat(w, cg, ALL_NODES);
	struct memory_stat stats[NODES];
	int error = 0;

	for (int node = 0; has_node(w, node); node++)
		stats[node] = stat(w, cg, node);
	for (size_t i = 0; !error && i < sizeof(lists) / sizeof(lists[0]); i++) {
		error = text_printf(out, "%s%s=%" PRId64, prefix, lists[i].name, lists[i].of(&sum));
		for (int node = 0; !error && has_node(w, node); node++)
			error = text_printf(out, " N%d=%" PRId64, node, lists[i].of(&stats[node]));
		if (!error)
			error = text_append(out, "\n", 1);
	}
	return error;
}

static int show_numa_stat(struct world *w, struct cgroup *cg, struct text *out)
{
	int error = show_lists(w, cg, out, "", memory_stat_here);

	return error ? error : show_lists(w, cg, out, "hierarchical_", memory_stat_of);
}

/* ---- the tables ---- */

/* name, mode, where it is, what it shows, what it takes */
#define FILES(FILE) \
	FILE("cgroup.clone_children",           0644, 0, show_clone_children, store_clone_children) \
	FILE("cgroup.event_control",            0200, 0, NULL, NULL) \
	FILE("cgroup.procs",                    0644, 0, show_procs, store_procs) \
	FILE("cgroup.sane_behavior",            0444, ONLY_ON_ROOT, show_zero, NULL) \
	FILE("memory.failcnt",                  0644, 0, show_failcnt, store_failcnt) \
	FILE("memory.force_empty",              0200, 0, NULL, store_force_empty) \
	FILE("memory.limit_in_bytes",           0644, 0, show_limit, store_limit) \
	FILE("memory.max_usage_in_bytes",       0644, 0, show_max_usage, store_max_usage) \
	FILE("memory.memsw.failcnt",            0644, 0, show_zero, store_nothing) \
	FILE("memory.memsw.limit_in_bytes",     0644, 0, show_memsw_limit, store_memsw_limit) \
	FILE("memory.memsw.max_usage_in_bytes", 0644, 0, show_memsw_max_usage, store_max_usage) \
	FILE("memory.memsw.usage_in_bytes",     0444, 0, show_memsw_usage, NULL) \
	FILE("memory.numa_stat",                0444, 0, show_numa_stat, NULL) \
	FILE("memory.oom_control",              0644, 0, show_oom_control, store_oom_control) \
	FILE("memory.soft_limit_in_bytes",      0644, 0, show_soft_limit, store_soft_limit) \
	FILE("memory.stat",                     0444, 0, show_stat, NULL) \
	FILE("memory.swappiness",               0644, 0, show_swappiness, store_swappiness) \
	FILE("memory.usage_in_bytes",           0444, 0, show_usage, NULL) \
	FILE("memory.use_hierarchy",            0644, 0, show_use_hierarchy, store_use_hierarchy) \
	FILE("notify_on_release",               0644, 0, show_notify, store_notify) \
	FILE("tasks",                           0644, 0, show_threads, store_procs)

static generator read_file;
static writer write_file;

static const struct entry entries[] = {
#define ENTRY(name, mode, where, show, store) \
	{ name, S_IFREG | mode, SHOWN, BOTH, read_file, write_file, NULL, KERNFS | (where), 0 },
	FILES(ENTRY)
#undef ENTRY
};

static const struct cgroup_file files[] = {
#define METHODS(name, mode, where, show, store) { show, store },
	FILES(METHODS)
#undef METHODS
};

static int read_file(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)reader;
	return cgroup_show(w, node, &files[node->entry - entries], out);
}

static ssize_t write_file(struct world *w, const struct node *node, const struct caller *who, const char *bytes, size_t count,
			  int64_t offset)
{
	(void)offset;
	return cgroup_store(w, node, &files[node->entry - entries], who, bytes, count);
}

const struct directory cgroup_v1_directory = { ENTRIES(entries), find_cgroup, next_cgroup, BOTH, 1, 2, &cgroup_v1_operations };
const struct entry cgroup_v1_entry = { "", S_IFDIR | 0755, FRESH, BOTH, NULL, NULL, &cgroup_v1_directory, KERNFS, 0 };

static const struct entry hierarchies[] = {
	{ "memory", S_IFDIR | 0555, FRESH, BOTH, NULL, NULL, &cgroup_v1_directory, KERNFS, 0 },
};

const struct directory cgroup_hierarchies_directory = { ENTRIES(hierarchies), NULL, NULL, BOTH, 600, 3, NULL };
