/* See rows.h. A member that is added to one of these structs needs a row here: tests/test_state.py finds out. */
#include "state/rows.h"

#include "account.h"
#include "cgroup.h"
#include "clock.h"
#include "cred.h"
#include "extra.h"
#include "kernfs.h"
#include "reaper.h"
#include "state.h"
#include "task.h"
#include "text.h"
#include "waiting.h"
#include "world.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define MOST_TIME (1LL << 62)		/* somewhat later than any clock goes, see clock.h */

/* IN is the struct that a table is of. */
#define SIZE_OF(member) sizeof(((IN *)0)->member)
#define IS_SIGNED(member) ((__typeof__(((IN *)0)->member))-1 < 1)
#define ROW(kind_of_row, member, ...) \
	{ .type = kind_of_row, .name = #member, .offset = offsetof(IN, member), .size = SIZE_OF(member), ##__VA_ARGS__ }

#define LEFT(member) ROW(LEFT_OUT, member)
#define ANY(member) ROW(BYTES, member)
/* Bitfields have no place of their own: they are so many bytes behind that member. */
#define BITS_BEHIND(member, bytes, names) \
	{ .type = BYTES, .name = names, .offset = offsetof(IN, member) + SIZE_OF(member), .size = bytes }
#define LIMITED(member, lowest, highest) ROW(NUMBER, member, .low = lowest, .high = highest, .is_signed = IS_SIGNED(member))
#define FLAG(member) ROW(NUMBER, member, .low = 0, .high = 1)
#define TIME(member) LIMITED(member, 0, MOST_TIME)
#define PAGES(member) LIMITED(member, 0, 4 * MOST_PAGES)	/* some come back that were counted elsewhere */
#define LIMIT(member) LIMITED(member, 0, CGROUP_UNLIMITED)
#define CHARACTERS(member) ROW(TEXT, member)
#define WORDS(member, most) ROW(STRING, member, .high = most)
#define BINARY(member) ROW(BLOB, member, .high = UINT32_MAX / 2)
#define PART(member, of) ROW(PARTS, member, .table = &of)
#define ITS_OWN(member, of) ROW(OWNED, member, .table = &of)
#define COUNTED(member, counter) .count = offsetof(IN, counter), .count_size = SIZE_OF(counter)
#define ALL(member, counter, most, of) ROW(ARRAY, member, COUNTED(member, counter), .high = most, .table = of)
#define ONE(member, of_kind) ROW(REFERENCE, member, .kind = of_kind)
#define NEEDED(member, of_kind) ROW(REFERENCE, member, .kind = of_kind, .is_needed = true)
#define MEMBERS(member, of) ROW(LIST, member, .list = &of)
#define BY_HAND(member, how) ROW(SPECIAL, member, .special = &how)

#define WORDS_OF(words) #words
#define NAME_OF(words) WORDS_OF(words)
#define TABLE(of, all) static const struct table of = { NAME_OF(IN), sizeof(IN), all, sizeof(all) / sizeof(all[0]) }

/* ---- what others are made of ---- */

#define IN struct spent
static const struct row spent_rows[] = {
	ANY(utime), ANY(stime), ANY(min_flt), ANY(maj_flt), ANY(nvcsw), ANY(nivcsw), ANY(rchar), ANY(wchar), ANY(syscr),
	ANY(syscw), ANY(read_bytes), ANY(write_bytes), ANY(cancelled_write_bytes),
};
TABLE(spent, spent_rows);
#undef IN

#define IN struct account
static const struct row account_rows[] = {
	PART(so_far, spent),
	TIME(since),
	ANY(user), ANY(system),
};
TABLE(account, account_rows);
#undef IN

#define IN struct memory
static const struct row memory_rows[] = {
	PAGES(anon), PAGES(file), PAGES(shmem), PAGES(swapents),
	ANY(ptes), ANY(pmds),
	PAGES(total_vm),
	ANY(anon_locked), ANY(shmem_shared),
};
TABLE(memory, memory_rows);
#undef IN

#define IN struct psi_state
static const struct row psi_state_rows[] = {
	ANY(total),
	TIME(since),
	TIME(until),
	LIMITED(rate, 0, PSI_WHOLE),
	ANY(averaged), LEFT(polled), ANY(averages),
};
TABLE(psi_state, psi_state_rows);
#undef IN

/* Without an open file there is no trigger: nobody looks at it in time. */
#define IN struct psi
static const struct row psi_rows[] = {
	LEFT(list), LEFT(next), LEFT(is_machine),
	TIME(now),
	PART(states, psi_state),
	TIME(averaged),
	LEFT(triggers), LEFT(is_polling), LEFT(poll_next), LEFT(poll_until),
};
TABLE(psi, psi_rows);
#undef IN

/* ---- tasks ---- */

#define IN struct cred
static const struct row cred_rows[] = {
	LEFT(users),
	ANY(uid), ANY(euid), ANY(suid), ANY(gid), ANY(egid), ANY(sgid),
	FLAG(keepcaps), FLAG(in_user_namespace),
	ANY(effective), ANY(permitted), ANY(inheritable), ANY(bounding),
};
TABLE(cred, cred_rows);
#undef IN

/* Its place is another one in the world that is loaded. */
static void save_account(struct saver *s, const void *object)
{
	const struct task *t = object;

	save_number(s, t->account ? 1 : 0);
	if (t->account)
		save_table(s, &account, &saved_world(s)->accounts.of_tasks[t->account]);
}

static bool load_account(struct loader *l, void *object)
{
	struct account *its;
	uint32_t is_there;

	if (!load_number(l, &is_there))
		return false;
	if (!is_there)
		return true;
	its = account_make(loaded_world(l), object);
	return its ? load_table(l, &account, its) : refuse(l, "finds no memory");
}

static const struct special its_account = { save_account, load_account };
static const struct list children = {
	A_PROCESS, offsetof(struct task, last_child), offsetof(struct signal, sibling_newer),
	offsetof(struct signal, sibling_older), offsetof(struct signal, parent),
};

#define IN struct task
static const struct row task_rows[] = {
	LIMITED(pid, 1, PID_LIMIT - 1),
	ANY(flags), ANY(serial),
	LEFT(signal),
	ONE(mm, AN_MM), NEEDED(cred, A_CRED),
	LEFT(next), LEFT(prev),
	MEMBERS(first_child, children), LEFT(last_child),
	LEFT(vfork_waiter), ONE(vfork_child, A_TASK),
	ANY(mems),
	TIME(start_time),
	CHARACTERS(comm),
	BY_HAND(account, its_account),
	ANY(state),
};
TABLE(task, task_rows);
#undef IN

#define IN struct extra
static const struct row extra_rows[] = {
	BINARY(cmdline), BINARY(environ),
	WORDS(exe, LONGEST_PATH - 1), WORDS(cwd, LONGEST_PATH - 1),
	LIMITED(open_files, 0, MOST_FILES + 1), ANY(signals),
	PART(dead_threads, spent), PART(children, spent),
	ONE(oom_mm, AN_MM),
};
TABLE(extra, extra_rows);
#undef IN

static const struct list threads = {
	A_TASK, offsetof(struct signal, last_thread), offsetof(struct task, next), offsetof(struct task, prev),
	offsetof(struct task, signal),
};

#define IN struct signal
static const struct row process_rows[] = {
	MEMBERS(leader, threads), LEFT(last_thread),
	LEFT(parent), LEFT(sibling_older), LEFT(sibling_newer),
	LEFT(mm), LEFT(sharer_older), LEFT(sharer_newer),
	LIMITED(oom_score_adj, OOM_SCORE_ADJ_MIN, OOM_SCORE_ADJ_MAX), LIMITED(oom_score_adj_min, OOM_SCORE_ADJ_MIN, OOM_SCORE_ADJ_MAX),
	BITS_BEHIND(oom_score_adj_min, 2, "unkillable subreaper group_exit group_coredump oom_flag_origin"),
	LEFT(oom_victims), LEFT(threads),
	ANY(exit_code), ANY(namespace),
	LEFT(candidate),
	ITS_OWN(extra, extra),
	LEFT(cgroup), LEFT(cgroup_older), LEFT(cgroup_newer),
};
TABLE(process, process_rows);
#undef IN

#define IN struct mm
static const struct row mm_rows[] = {
	LEFT(users), LEFT(sharers), LEFT(pins),
	ANY(hiwater_rss), ANY(hiwater_vm),
	FLAG(dumpable),
	BITS_BEHIND(dumpable, 1, "multiprocess oom_reaped not_reapable reap_queued"),
	LEFT(oldest), LEFT(newest), LEFT(used_before), LEFT(used_after),
	PAGES(evicted),
	PART(memory, memory),
};
TABLE(mm, mm_rows);
#undef IN

/* ---- cgroups ---- */

#define IN struct cgroup_limits
static const struct row limits_rows[] = {
	LIMIT(min), LIMIT(low), LIMIT(high), LIMIT(max), LIMIT(swap_high), LIMIT(swap_max), LIMIT(memsw_max),
};
TABLE(limits, limits_rows);
#undef IN

#define IN struct pids
static const struct row pids_rows[] = {
	LEFT(count), LIMITED(peak, 0, PID_LIMIT), LIMIT(max), ANY(refused), ANY(refused_here),
};
TABLE(pids, pids_rows);
#undef IN

#define IN struct cgroup_v1
static const struct row v1_rows[] = {
	LIMIT(soft_limit),
	ANY(failcnt_read),
	FLAG(oom_kill_disable), FLAG(notify_on_release), FLAG(clone_children),
	LIMITED(swappiness, 0, 200),
};
TABLE(v1, v1_rows);
#undef IN

#define IN struct xattr
static const struct row xattr_rows[] = {
	WORDS(name, XATTR_NAME_BYTES),
	ALL(value, length, XATTR_VALUE_BYTES, NULL), LEFT(length),
};
TABLE(xattr, xattr_rows);
#undef IN

#define IN struct kernfs_node
static const struct row kernfs_node_rows[] = {
	ANY(place),
	FLAG(has_mode), FLAG(has_owner),
	LIMITED(mode, 0, 07777), ANY(uid), ANY(gid),
	ALL(xattrs, xattr_count, UINT32_MAX, &xattr), LEFT(xattr_count),
};
TABLE(kernfs_node, kernfs_node_rows);
#undef IN

#define IN struct kernfs
static const struct row kernfs_rows[] = {
	ALL(nodes, count, UINT32_MAX, &kernfs_node), LEFT(count),
};
TABLE(kernfs, kernfs_rows);
#undef IN

static const struct list cgroup_processes = {
	A_PROCESS, offsetof(struct cgroup, newest), offsetof(struct signal, cgroup_newer), offsetof(struct signal, cgroup_older),
	offsetof(struct signal, cgroup),
};

#define IN struct cgroup
static const struct row cgroup_rows[] = {
	WORDS(name, CGROUP_NAME),
	ANY(id),
	ONE(parent, A_CGROUP),
	LEFT(children), LEFT(child_count), LEFT(first_child), LEFT(last_child), LEFT(sibling_older), LEFT(sibling_newer),
	MEMBERS(oldest, cgroup_processes), LEFT(newest), LEFT(process_count), LEFT(remains),
	FLAG(removed), FLAG(oom_group), FLAG(frozen),
	PART(limits, limits),
	LEFT(usage),
	LIMIT(peak),
	ANY(events), ANY(local_events), ANY(vm_events),
	LIMIT(swap_peak),
	PART(pids, pids),
	PART(gone, spent),
	PART(psi, psi), FLAG(has_no_pressure),
	LIMITED(subtree_control, 0, CONTROLS_ALL),
	LIMITED(max_depth, 0, INT32_MAX), LIMITED(max_descendants, 0, INT32_MAX),
	ANY(cpu_weight),
	LIMIT(cpu_quota), LIMIT(cpu_period),
	PART(v1, v1),
	TIME(made),
	FLAG(has_owner), ANY(uid), ANY(gid), LIMITED(mode, 0, 07777),
	PART(kernfs, kernfs),
};
TABLE(cgroup, cgroup_rows);
#undef IN

/* ---- the machine ---- */

#define IN struct machine
static const struct row machine_rows[] = { LIMITED(cpus, 1, CPUS_MAX), CHARACTERS(hostname) };
TABLE(machine, machine_rows);
#undef IN

#define IN struct loadavg
static const struct row load_rows[] = { ANY(averages), TIME(sampled), LEFT(running), LEFT(blocked) };
TABLE(load, load_rows);
#undef IN

#define IN struct own_pages
static const struct row own_rows[] = { PAGES(cache), PAGES(buffers), PAGES(dirty), PAGES(slab_reclaimable), PAGES(slab_unreclaimable) };
TABLE(own, own_rows);
#undef IN

static const struct list used = {
	AN_MM, offsetof(struct reclaim, newest), offsetof(struct mm, used_after), offsetof(struct mm, used_before), NO_BACK,
};

#define IN struct reclaim
static const struct row reclaim_rows[] = {
	PART(own, own), PAGES(slab_kept), MEMBERS(oldest, used), LEFT(newest), ANY(last_drop), FLAG(drops_silently),
};
TABLE(reclaim, reclaim_rows);
#undef IN

#define IN struct pid_table
static const struct row pid_table_rows[] = {
	LEFT(leaf), LEFT(count), LIMITED(last, 0, PID_LIMIT - 1), LIMITED(max, PID_RESERVED + 1, PID_LIMIT),
};
TABLE(pid_table, pid_table_rows);
#undef IN

#define IN struct namespace
static const struct row namespace_rows[] = { ANY(parent), ONE(init, A_PROCESS) };
TABLE(namespace, namespace_rows);
#undef IN

#define IN struct accounts
static const struct row accounts_rows[] = { PART(all, account), LEFT(of_tasks), LEFT(count), LEFT(room), LEFT(free) };
TABLE(accounts, accounts_rows);
#undef IN

#define IN struct sysctl
static const struct row sysctl_rows[] = {
	ANY(panic_on_oom), ANY(oom_kill_allocating_task), ANY(oom_dump_tasks), ANY(overcommit_memory), ANY(overcommit_ratio),
	ANY(swappiness), ANY(min_free_kbytes), ANY(watermark_scale_factor), ANY(watermark_boost_factor),
	ANY(dirty_background_ratio), ANY(dirty_ratio), ANY(vfs_cache_pressure), ANY(vfs_cache_pressure_denom), ANY(page_cluster),
	ANY(max_map_count), ANY(laptop_mode), ANY(legacy_va_layout), ANY(compact_unevictable_allowed),
	ANY(compaction_proactiveness), ANY(defrag_mode), ANY(extfrag_threshold), ANY(dirty_expire_centisecs),
	ANY(dirty_writeback_centisecs), ANY(dirtytime_expire_seconds), ANY(memfd_noexec), ANY(min_slab_ratio),
	ANY(min_unmapped_ratio), ANY(page_lock_unfairness), ANY(percpu_pagelist_high_fraction), ANY(stat_interval),
	ANY(unprivileged_userfaultfd), ANY(zone_reclaim_mode), ANY(threads_max), ANY(panic), ANY(panic_on_oops),
	ANY(randomize_va_space), ANY(dmesg_restrict), ANY(kptr_restrict), ANY(core_uses_pid), ANY(sysrq), ANY(perf_event_paranoid),
	ANY(overflowuid), ANY(overflowgid), ANY(nr_open), ANY(pipe_max_size), ANY(suid_dumpable), ANY(overcommit_kbytes),
	ANY(dirty_bytes), ANY(dirty_background_bytes), ANY(user_reserve_kbytes), ANY(admin_reserve_kbytes), ANY(mmap_min_addr),
	ANY(hung_task_timeout_secs), ANY(file_max),
};
TABLE(sysctl, sysctl_rows);
#undef IN

#define IN struct wait
static const struct row wait_rows[] = {
	LIMITED(what, FOR_MEMORY, FOR_LOCK), ANY(pid), ANY(holder), ANY(serial), ANY(holder_serial),
	LIMITED(pages, SOME_PAGES, MOST_PAGES), ANY(freed_before),
};
TABLE(wait, wait_rows);
#undef IN

#define IN struct memstall
static const struct row memstall_rows[] = { NEEDED(task, A_TASK), TIME(some), TIME(full) };
TABLE(memstall, memstall_rows);
#undef IN

#define IN struct memstalls
static const struct row memstalls_rows[] = { ALL(all, count, UINT32_MAX, &memstall), LEFT(count) };
TABLE(memstalls, memstalls_rows);
#undef IN

#define IN struct killed
static const struct row killed_rows[] = { ANY(pid), ANY(serial) };
TABLE(killed, killed_rows);
#undef IN

#define IN struct victim
static const struct row victim_rows[] = {
	ANY(pid), ANY(serial), CHARACTERS(comm), ANY(leader_pid), ANY(leader_serial), ONE(mm, AN_MM), LIMITED(attempts, 0, REAP_ATTEMPTS),
	TIME(next),
};
TABLE(victim, victim_rows);
#undef IN

#define IN struct oom_outcome
static const struct row outcome_rows[] = { LIMITED(how, OOM_NEVER_ASKED, OOM_HAS_EXITED), ANY(chosen), ANY(victim) };
TABLE(outcome, outcome_rows);
#undef IN

#define IN struct oom
static const struct row oom_rows[] = {
	ALL(queue, queued, UINT32_MAX, &victim), LEFT(queued), LEFT(room),
	FLAG(limited), TIME(window), LIMITED(printed, 0, INT_MAX / 2), LIMITED(missed, 0, INT_MAX / 2),
	FLAG(disabled), LIMITED(notifier_frees, 0, INT_MAX), CHARACTERS(panic), PART(outcome, outcome), ANY(kills),
};
TABLE(oom, oom_rows);
#undef IN

/* ---- what is kept in a ring: only what is still in it ---- */

#define IN struct death
static const struct row death_rows[] = {
	LEFT(seq), TIME(time), ANY(serial), ANY(pid), LIMITED(how, KILLED_BY_OOM, HAS_DIED), ANY(exit_code), CHARACTERS(comm),
};
TABLE(death, death_rows);
#undef IN

static void save_deaths(struct saver *s, const void *object)
{
	const struct deaths *deaths = &((const struct world *)object)->deaths;
	struct death record;

	for (uint64_t seq = deaths_first(deaths); death_find(deaths, seq, &record); seq = record.seq + 1)
		save_table(s, &death, &record);
}

static bool load_deaths(struct loader *l, void *object)
{
	struct world *w = object;
	uint64_t end = w->deaths.end;
	struct death record = { 0 };

	for (w->deaths.end = deaths_first(&w->deaths); w->deaths.end < end;)
		if (!load_table(l, &death, &record))
			return false;
		else if (!death_keep(&w->deaths, &record))
			return refuse(l, "finds no memory");
	return true;
}

static const struct special its_deaths = { save_deaths, load_deaths };

#define IN struct deaths
static const struct row deaths_rows[] = { LEFT(ring), LIMITED(end, 0, INT64_MAX) };
TABLE(deaths, deaths_rows);
#undef IN

#define IN struct klog
static const struct row klog_rows[] = {
	LEFT(ring), LIMITED(end, 0, INT64_MAX), LEFT(size), LIMITED(syslog_seq, 0, INT64_MAX), ANY(syslog_taken),
};
TABLE(klog, klog_rows);
#undef IN

#define IN struct log_record
static const struct row record_rows[] = {
	LEFT(seq), TIME(time), LIMITED(level, 0, INT_MAX), LIMITED(length, 0, LOG_LINE), LEFT(text),
};
TABLE(record, record_rows);
#undef IN

static void save_log(struct saver *s, const void *object)
{
	const struct klog *log = &((const struct world *)object)->log;
	struct log_record line;

	for (uint64_t seq = klog_first(log); klog_next(log, seq, &line); seq = line.seq + 1) {
		save_table(s, &record, &line);
		save_bytes(s, line.text, (size_t)line.length);
	}
}

static bool load_line(struct loader *l, struct log_record *line)
{
	return load_table(l, &record, line) && load_bytes(l, line->text, (size_t)line->length);
}

static bool load_log(struct loader *l, void *object)
{
	struct world *w = object;
	uint64_t end = w->log.end;
	struct log_record line;

	for (w->log.end = klog_first(&w->log); w->log.end < end;)
		if (!load_line(l, &line))
			return false;
		else if (!klog_keep(&w->log, line.time, (uint32_t)line.level, line.text, (size_t)line.length))
			return refuse(l, "finds no memory");
	return true;
}

static const struct special its_log = { save_log, load_log };

/* ---- the world ---- */

/* In the order in which the world has them, before others lead to them: that is their order when it is loaded. */
static void save_everybody(struct saver *s, const void *object)
{
	const struct world *w = object;

	for (size_t i = 0; i < w->cgroups.count; i++)
		save_found(s, A_CGROUP, w->cgroups.all[i]);
	for (const struct signal *p = NULL; (p = process_after(w, p));)
		save_found(s, A_PROCESS, p);
}

static bool load_everybody(struct loader *l, void *object)
{
	(void)l, (void)object;
	return true;
}

static const struct special everybody = { save_everybody, load_everybody };

#define IN struct cgroups
static const struct row cgroups_rows[] = { LEFT(all), LEFT(count), LEFT(room), ANY(last_id), ANY(changes), LEFT(watched) };
TABLE(cgroups, cgroups_rows);
#undef IN

#define IN struct world
static const struct row world_rows[] = {
	BY_HAND(candidates, everybody),
	LEFT(lock),
	LIMITED(version, 0, VERSIONS - 1), ANY(patches), FLAG(rules.cgroups_are_v1), LEFT(rules),
	TIME(now), LIMITED(boot_time, -MOST_TIME, MOST_TIME),
	LIMITED(ram_pages, 0, NODES * MOST_PAGES), PAGES(swap_pages),
	PART(machine, machine),
	ANY(uuids),
	PART(load, load),
	PART(reclaim, reclaim),
	ANY(nodes), ANY(node_pages),
	FLAG(mmu),
	ANY(last_serial),
	PART(pids, pid_table),
	ALL(namespaces, namespace_count, UINT32_MAX, &namespace), LEFT(namespace_count),
	LEFT(tasks), LEFT(signals), LEFT(mms),
	PART(accounts, accounts),
	PART(log, klog), BY_HAND(log.ring, its_log),
	PART(deaths, deaths), BY_HAND(deaths.ring, its_deaths),
	FLAG(oom_adj_warned),
	LEFT(control),
	PART(sysctl, sysctl),
	LEFT(root),		/* is saved with the other cgroups, the first of them */
	PART(cgroups, cgroups),
	ALL(killed, killed_count, UINT32_MAX, &killed), LEFT(killed_count), LEFT(killed_room),
	ALL(waits, wait_count, UINT32_MAX, &wait), LEFT(wait_count),
	ANY(freed_pages), ANY(progress),
	PART(oom, oom),
	PART(psi, psi), LEFT(psi_list), PART(memstalls, memstalls),
	LEFT(bell), LEFT(open_files), LEFT(is_left), LEFT(alarm), LEFT(adopter), LEFT(has_caller), LEFT(caller),
};
TABLE(world, world_rows);
#undef IN

const struct table *const tables[KINDS] = {
	[A_WORLD] = &world, [A_CGROUP] = &cgroup, [A_PROCESS] = &process, [A_TASK] = &task, [AN_MM] = &mm, [A_CRED] = &cred,
};

/* ---- about the tables ---- */

static size_t least_of(const struct row *row)
{
	switch (row->type) {
	case LEFT_OUT: case SPECIAL:
		return 0;
	case BYTES: case NUMBER: case TEXT:
		return row->size;
	case PARTS:
		return row->size / row->table->size * least_size(row->table);
	default:
		return sizeof(uint32_t);
	}
}

size_t least_size(const struct table *table)
{
	size_t sum = 0;

	for (size_t i = 0; i < table->count; i++)
		sum += least_of(&table->rows[i]);
	return sum;
}

static int describe_row(const struct row *row, struct text *out)
{
	return text_printf(out, "%s: %d %zu %" PRId64 " %" PRId64 " %d %d\n", row->name, (int)row->type, least_of(row), row->low,
			   row->high, (int)row->kind, row->is_needed);
}

static int describe(const struct table *of, struct text *out)
{
	int error = text_printf(out, "%s\n", of->name);

	for (size_t i = 0; !error && i < of->count; i++)
		error = describe_row(&of->rows[i], out);
	for (size_t i = 0; !error && i < of->count; i++)
		if (of->rows[i].table)
			error = describe(of->rows[i].table, out);
	return error;
}

/* Versions are saved by their numbers; what is saved by hand has tables, too. */
int state_describe(struct text *out)
{
	int error = text_printf(out, "%d\n", __BYTE_ORDER__) || describe(&death, out) || describe(&record, out)
		|| describe(&account, out);

	for (int v = 0; !error && v < VERSIONS; v++)
		error = text_printf(out, "%s\n", rules_version_name(v));
	for (enum kind kind = 0; !error && kind < KINDS; kind++)
		error = describe(tables[kind], out);
	return error;
}
