/*
 * See sysctl.h. Mirrors vm_table[] of mm/ and kern_table[] of kernel/sysctl.c.
 *
 * Heeded: the OOM killer's, swappiness, min_free_kbytes and watermark_scale_factor (reclaim.h), overcommit_* (CommitLimit),
 * dirty_* (the thresholds of vmstat), pid_max, ns_last_pid. The others are kept and read back.
 */
#include "sysctl.h"

#include "world.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

struct knob {
	const char *name;
	size_t offset;		/* in struct world */
	bool is_long;
	int64_t low, high;
	size_t clears;		/* another that a write sets to 0: its offset, or 0 */
};

#define IN_SYSCTL(field) offsetof(struct world, sysctl.field)
#define SIZE_OF(field) sizeof(((struct world *)0)->field)
#define KNOB(name, field, low, high, clears) \
	{ name, offsetof(struct world, field), SIZE_OF(field) == sizeof(int64_t), low, high, clears }
#define INT(field, low, high) KNOB(#field, sysctl.field, low, high, 0)
#define ANY_INT(field) INT(field, INT_MIN, INT_MAX)
#define LONG(field) KNOB(#field, sysctl.field, 0, INT64_MAX, 0)

static const struct knob knobs[] = {
	LONG(admin_reserve_kbytes),
	INT(compact_unevictable_allowed, 0, 1),
	INT(compaction_proactiveness, 0, 100),
	INT(defrag_mode, 0, 1),
	KNOB("dirty_background_bytes", sysctl.dirty_background_bytes, 1, INT64_MAX, IN_SYSCTL(dirty_background_ratio)),
	KNOB("dirty_background_ratio", sysctl.dirty_background_ratio, 0, 100, IN_SYSCTL(dirty_background_bytes)),
	KNOB("dirty_bytes", sysctl.dirty_bytes, 8192, INT64_MAX, IN_SYSCTL(dirty_ratio)),
	INT(dirty_expire_centisecs, 0, INT_MAX),
	KNOB("dirty_ratio", sysctl.dirty_ratio, 0, 100, IN_SYSCTL(dirty_bytes)),
	ANY_INT(dirty_writeback_centisecs),
	INT(dirtytime_expire_seconds, 0, INT_MAX),
	INT(extfrag_threshold, 0, 1000),
	ANY_INT(laptop_mode),
	INT(legacy_va_layout, 0, INT_MAX),
	INT(max_map_count, 0, INT_MAX),
	INT(memfd_noexec, 0, 2),
	INT(min_free_kbytes, 0, INT_MAX),
	INT(min_slab_ratio, 0, 100),
	INT(min_unmapped_ratio, 0, 100),
	LONG(mmap_min_addr),
	ANY_INT(oom_dump_tasks),
	ANY_INT(oom_kill_allocating_task),
	KNOB("overcommit_kbytes", sysctl.overcommit_kbytes, 0, INT64_MAX, IN_SYSCTL(overcommit_ratio)),
	INT(overcommit_memory, 0, 2),
	KNOB("overcommit_ratio", sysctl.overcommit_ratio, INT_MIN, INT_MAX, IN_SYSCTL(overcommit_kbytes)),
	KNOB("page-cluster", sysctl.page_cluster, 0, 31, 0),
	INT(page_lock_unfairness, 0, INT_MAX),
	INT(panic_on_oom, 0, 2),
	INT(percpu_pagelist_high_fraction, 0, INT_MAX),
	ANY_INT(stat_interval),
	INT(swappiness, 0, 200),
	INT(unprivileged_userfaultfd, 0, 1),
	LONG(user_reserve_kbytes),
	INT(vfs_cache_pressure, 0, INT_MAX),
	INT(vfs_cache_pressure_denom, 100, INT_MAX),
	INT(watermark_boost_factor, 0, INT_MAX),
	INT(watermark_scale_factor, 1, 3000),
	INT(zone_reclaim_mode, 0, INT_MAX),

	ANY_INT(core_uses_pid),
	INT(dmesg_restrict, 0, 1),
	LONG(hung_task_timeout_secs),
	INT(kptr_restrict, 0, 2),
	KNOB("ns_last_pid", pids.last, 0, PID_LIMIT - 1, 0),
	INT(overflowgid, 0, 65535),
	INT(overflowuid, 0, 65535),
	ANY_INT(panic),
	ANY_INT(panic_on_oops),
	ANY_INT(perf_event_paranoid),
	KNOB("pid_max", pids.max, PID_RESERVED + 1, PID_LIMIT, 0),
	ANY_INT(randomize_va_space),
	ANY_INT(sysrq),
	KNOB("threads-max", sysctl.threads_max, 1, INT_MAX, 0),

	KNOB("file-max", sysctl.file_max, 0, INT64_MAX, 0),
	INT(nr_open, 64, INT_MAX),
	KNOB("pipe-max-size", sysctl.pipe_max_size, 4096, INT_MAX, 0),
	INT(suid_dumpable, 0, 2),
};

enum { KNOBS = sizeof(knobs) / sizeof(knobs[0]), SWAPPINESS_BEFORE = 100 };

const struct knob *knob_find(const char *name)
{
	for (size_t i = 0; i < KNOBS; i++)
		if (!strcmp(knobs[i].name, name))
			return &knobs[i];
	return NULL;
}

static int64_t value_at(const void *place, bool is_long)
{
	int64_t wide;
	int32_t narrow;

	memcpy(&wide, place, is_long ? sizeof(wide) : sizeof(narrow));
	memcpy(&narrow, place, sizeof(narrow));
	return is_long ? wide : narrow;
}

static void put_at(void *place, bool is_long, int64_t value)
{
	int32_t narrow = (int32_t)value;

	memcpy(place, is_long ? (const void *)&value : &narrow, is_long ? sizeof(value) : sizeof(narrow));
}

int64_t knob_get(const struct world *w, const struct knob *knob)
{
	return value_at((const char *)w + knob->offset, knob->is_long);
}

bool knob_is_long(const struct knob *knob)
{
	return knob->is_long;
}

bool knob_is_limited(const struct knob *knob)
{
	return knob->low != INT_MIN;
}

static int64_t highest(const struct world *w, const struct knob *knob)
{
	bool is_swappiness = knob->offset == IN_SYSCTL(swappiness);

	return is_swappiness && !w->rules.swappiness_to_200 ? SWAPPINESS_BEFORE : knob->high;
}

static bool takes(const struct world *w, const struct knob *knob, int64_t value)
{
	return value >= knob->low && value <= highest(w, knob);
}

int sysctl_limits(const struct world *w, const char *name, struct limits *out)
{
	const struct knob *knob = knob_find(name);

	if (!knob)
		return -ENOENT;
	*out = (struct limits){ knob->low, highest(w, knob) };
	return 0;
}

static void clear(struct world *w, size_t offset)
{
	for (size_t i = 0; i < KNOBS; i++)
		if (knobs[i].offset == offset)
			put_at((char *)w + offset, knobs[i].is_long, 0);
}

int knob_set(struct world *w, const struct knob *knob, int64_t value)
{
	if (!takes(w, knob, value))
		return -EINVAL;
	put_at((char *)w + knob->offset, knob->is_long, value);
	if (knob->clears)
		clear(w, knob->clears);
	return 0;
}

static bool is_in_sysctl(const struct knob *knob)
{
	size_t first = offsetof(struct world, sysctl);

	return knob->offset >= first && knob->offset < first + sizeof(struct sysctl);
}

static int64_t value_in(const struct sysctl *sysctl, const struct knob *knob)
{
	return value_at((const char *)sysctl + knob->offset - offsetof(struct world, sysctl), knob->is_long);
}

/* What stays may be outside its limits: another one has cleared it. */
static bool differs(const struct sysctl *value, const struct sysctl *old, const struct knob *knob)
{
	return is_in_sysctl(knob) && value_in(value, knob) != value_in(old, knob);
}

int sysctl_replace(struct world *w, const struct sysctl *value)
{
	const struct sysctl old = w->sysctl;

	for (size_t i = 0; i < KNOBS; i++)
		if (differs(value, &old, &knobs[i]) && knob_set(w, &knobs[i], value_in(value, &knobs[i]))) {
			w->sysctl = old;
			return -EINVAL;
		}
	return 0;
}

static bool is_cleared(const struct world *w, const struct knob *knob)
{
	for (size_t i = 0; i < KNOBS; i++)
		if (knobs[i].clears == knob->offset)
			return !knob_get(w, knob);
	return false;
}

bool sysctl_is_sound(const struct world *w)
{
	for (size_t i = 0; i < KNOBS; i++)
		if (!takes(w, &knobs[i], knob_get(w, &knobs[i])) && !is_cleared(w, &knobs[i]))
			return false;
	return true;
}

/* init_per_zone_wmark_min(): the square root of 16 times the kilobytes of RAM, within limits. */
static int32_t min_free(uint64_t ram_pages)
{
	enum { LEAST = 128, MOST = 65536 };
	uint64_t kilobytes = ram_pages * 4;
	int32_t root = LEAST;

	while (root < MOST && (uint64_t)root * (uint64_t)root < kilobytes * 16)
		root++;
	return root;
}

/* A part of the RAM in kilobytes, 128 MiB and 8 MiB at most (init_user_reserve(), init_admin_reserve()). */
static int64_t reserve(uint64_t ram_pages, int64_t most)
{
	int64_t part = (int64_t)ram_pages * 4 / 32;

	return part < most ? part : most;
}

/* set_max_threads(): an eighth of the RAM for their stacks. */
static int32_t max_threads(uint64_t ram_pages)
{
	uint64_t threads = ram_pages / 32;

	return threads < 20 ? 20 : threads > INT_MAX ? INT_MAX : (int32_t)threads;
}

void sysctl_boot(struct world *w)
{
	w->sysctl = (struct sysctl){
		.oom_dump_tasks = 1, .overcommit_ratio = 50, .swappiness = 60, .min_free_kbytes = min_free(w->ram_pages),
		.watermark_scale_factor = 10, .watermark_boost_factor = 15000, .dirty_background_ratio = 10, .dirty_ratio = 20,
		.vfs_cache_pressure = 100, .vfs_cache_pressure_denom = 100, .page_cluster = 3, .max_map_count = 65530,
		.compact_unevictable_allowed = 1, .compaction_proactiveness = 20, .extfrag_threshold = 500,
		.dirty_expire_centisecs = 3000, .dirty_writeback_centisecs = 500, .dirtytime_expire_seconds = 43200,
		.min_slab_ratio = 5, .min_unmapped_ratio = 1, .page_lock_unfairness = 5, .stat_interval = 1,
		.threads_max = max_threads(w->ram_pages), .randomize_va_space = 2, .sysrq = 1, .perf_event_paranoid = 2,
		.overflowuid = 65534, .overflowgid = 65534, .nr_open = 1048576, .pipe_max_size = 1048576,
		.user_reserve_kbytes = reserve(w->ram_pages, 131072), .admin_reserve_kbytes = reserve(w->ram_pages, 8192),
		.mmap_min_addr = 65536, .hung_task_timeout_secs = 120, .file_max = (int64_t)w->ram_pages * 4 / 10,
	};
}
