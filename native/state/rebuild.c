/* What follows from what was loaded, and is therefore not in it: places, counts, sums, lists in an order of their own. */
#include "state/rows.h"

#include "adopt.h"
#include "candidates.h"
#include "cgroup.h"
#include "memory.h"
#include "pid.h"
#include "rules.h"
#include "task.h"
#include "world.h"

/* The cgroup hierarchies that are shown may be others than the kernel had. */
static bool rebuild_rules(struct loader *l)
{
	struct world *w = loaded_world(l);
	bool are_v1 = w->rules.cgroups_are_v1;

	rules_fill(&w->rules, w->version, w->patches);
	w->rules.cgroups_are_v1 = are_v1;
	w->rules.cgroups_are_v2 = !are_v1;
	return true;
}

static bool rebuild_cgroups(struct loader *l)
{
	struct objects cgroups = loaded(l, A_CGROUP);

	for (uint32_t i = 0; i < cgroups.count; i++)
		if (!cgroup_restore(loaded_world(l), cgroups.all[i]))
			return refuse(l, "a cgroup is not where it can be");
	return true;
}

static bool rebuild_pids(struct loader *l)
{
	struct world *w = loaded_world(l);
	struct objects tasks = loaded(l, A_TASK);

	for (uint32_t i = 0; i < tasks.count; i++) {
		struct task *t = tasks.all[i];

		if (pid_find(&w->pids, t->pid) || pid_put(&w->pids, t->pid, t))
			return refuse(l, "a pid is that of two tasks");
	}
	return true;
}

static bool rebuild_vforks(struct loader *l)
{
	struct objects tasks = loaded(l, A_TASK);

	for (uint32_t i = 0; i < tasks.count; i++) {
		struct task *waiter = tasks.all[i];

		if (!waiter->vfork_child)
			continue;
		if (waiter->vfork_child->vfork_waiter)
			return refuse(l, "two tasks wait for one vforked child");
		waiter->vfork_child->vfork_waiter = waiter;
	}
	return true;
}

static bool are_counts(const struct usage *usage)
{
	const int64_t most = 16 * MOST_PAGES;

	return usage->anon <= most && usage->file <= most && usage->shmem <= most && usage->swap <= most && usage->tables <= most;
}

/* They are loaded in the order in which they were created. */
static bool rebuild_processes(struct loader *l)
{
	struct world *w = loaded_world(l);
	struct objects processes = loaded(l, A_PROCESS);
	uint64_t serial = 0;

	for (uint32_t i = 0; i < processes.count; i++) {
		struct signal *s = processes.all[i];

		if (s->leader->serial <= serial)
			return refuse(l, "a process is younger than the one behind it");
		serial = s->leader->serial;
		if (candidates_add(w, s))
			return refuse(l, "there is not enough memory for it");
		restore_process(w, s);
		if (!are_counts(&w->root.usage))
			return refuse(l, "its processes hold more than any machine has");
	}
	return true;
}

static bool rebuild_victims(struct loader *l)
{
	struct world *w = loaded_world(l);

	w->oom.room = w->oom.queued;
	w->killed_room = w->killed_count;
	for (size_t i = 0; i < w->oom.queued; i++)
		if (w->oom.queue[i].mm)
			mm_pin(w->oom.queue[i].mm);
	return true;
}

static bool is_used(const struct mm *mm)
{
	return mm->users || mm->pins;
}

static bool check_mms(struct loader *l)
{
	struct objects mms = loaded(l, AN_MM);

	for (const struct mm *mm = loaded_world(l)->reclaim.oldest; mm; mm = mm->used_after)
		if (!mm->users)
			return refuse(l, "memory is reclaimed from an mm that nobody has");
	for (uint32_t i = 0; i < mms.count; i++)
		if (!is_used(mms.all[i]))
			return refuse(l, "nobody has an mm that there is");
	return true;
}

/* When all of them are there. */
static bool rebuild_candidates(struct loader *l)
{
	struct objects processes = loaded(l, A_PROCESS);

	for (uint32_t i = 0; i < processes.count; i++)
		candidate_update(loaded_world(l), processes.all[i]);
	return true;
}

bool state_rebuild(struct loader *l)
{
	static bool (*const steps[])(struct loader *l) = {
		rebuild_rules, rebuild_cgroups, rebuild_pids, rebuild_vforks, rebuild_processes, rebuild_victims, check_mms,
		rebuild_candidates,
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (!steps[i](l))
			return false;
	drop_adopted(loaded_world(l));
	return true;
}
