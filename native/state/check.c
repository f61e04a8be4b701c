/* What must be so in a world, beyond what a row can say of a member: each is a function that reads like it. */
#include "state/rows.h"

#include "adopt.h"
#include "cgroup.h"
#include "extra.h"
#include "kernfs.h"
#include "machine.h"
#include "memory.h"
#include "reclaim.h"
#include "sysctl.h"
#include "task.h"
#include "world.h"

#include <string.h>

enum { PATCHES = 0x7fe };	/* 1 to 10 */

static const uint32_t ITS_FLAGS = TASK_KTHREAD | TASK_VFORK_DONE | TASK_ZOMBIE | TASK_SIGHAND_GONE | TASK_KILLED | TASK_EXITING
	| TASK_MEMDIE | TASK_DSLEEP | TASK_HOLDS_MMAP_LOCK | TASK_COREDUMPING | TASK_EXIT_WAITS | TASK_FROZEN | TASK_ADOPTED;

struct check {
	const char *what_is_wrong;
	bool (*holds)(struct world *w, void *object);
};

/* ---- the world ---- */

static bool has_known_patches(struct world *w, void *object)
{
	(void)object;
	return !(w->patches & ~(uint32_t)PATCHES);
}

static bool has_a_sound_machine(struct world *w, void *object)
{
	(void)object;
	return machine_is_sound(&w->machine) && own_pages_are_sound(&w->reclaim.own);
}

static bool has_sound_sysctls(struct world *w, void *object)
{
	(void)object;
	return sysctl_is_sound(w);
}

/* Nodes are numbered from 0, and what they have makes up the RAM. */
static bool has_sound_nodes(struct world *w, void *object)
{
	uint64_t sum = 0;

	(void)object;
	for (int node = 0; node < NODES; node++) {
		if (w->node_pages[node] > (uint64_t)MOST_PAGES || (w->node_pages[node] && !(w->nodes >> node & 1)))
			return false;
		sum += w->node_pages[node];
	}
	return w->nodes && !(w->nodes & (w->nodes + 1)) && sum == w->ram_pages;
}

static bool has_sound_pressure(struct world *w, void *object)
{
	(void)object;
	return psi_is_sound(&w->psi, &w->psi_list);
}

/* Who is dead is not stalled. */
static bool has_sound_memstalls(struct world *w, void *object)
{
	(void)object;
	for (uint32_t i = 0; i < w->memstalls.count; i++)
		if (is_zombie(w->memstalls.all[i].task) || w->memstalls.all[i].full > w->memstalls.all[i].some)
			return false;
	return true;
}

/* The parent was there before; an init is that of its own namespace only, and lives. */
static bool is_namespace_sound(const struct world *w, uint32_t i)
{
	const struct namespace *n = &w->namespaces[i];

	if (!i)
		return !n->init && !n->parent;
	return n->parent < i && (!n->init || (n->init->namespace == i && live_thread(n->init)));
}

static bool has_sound_namespaces(struct world *w, void *object)
{
	(void)object;
	for (uint32_t i = 0; i < w->namespace_count; i++)
		if (!is_namespace_sound(w, i))
			return false;
	return true;
}

static const struct check of_the_world[] = {
	{ "it has patches that there are not", has_known_patches },
	{ "its machine can not be", has_a_sound_machine },
	{ "its sysctls are out of their limits", has_sound_sysctls },
	{ "its memory nodes do not make up its RAM", has_sound_nodes },
	{ "its pressure is out of time", has_sound_pressure },
	{ "who is stalled in it can not be", has_sound_memstalls },
	{ "its pid namespaces do not lie in each other", has_sound_namespaces },
};

/* ---- cgroups: their hierarchy is checked when it is rebuilt ---- */

static bool has_sound_files(struct world *w, void *object)
{
	const struct cgroup *cg = object;

	(void)w;
	return kernfs_is_sound(&cg->kernfs);
}

static bool has_pressure_of_its_time(struct world *w, void *object)
{
	struct cgroup *cg = object;

	return psi_is_sound(&cg->psi, &w->psi_list);
}

static const struct check of_cgroups[] = {
	{ "the extended attributes of a cgroup are out of order", has_sound_files },
	{ "the pressure of a cgroup is out of time", has_pressure_of_its_time },
};

/* ---- processes ---- */

static bool has_threads(struct world *w, void *object)
{
	const struct signal *s = object;

	(void)w;
	return s->leader;
}

static bool has_a_cgroup(struct world *w, void *object)
{
	const struct signal *s = object;

	(void)w;
	return s->cgroup;
}

static bool has_a_namespace(struct world *w, void *object)
{
	const struct signal *s = object;

	return !s->namespace || s->namespace < w->namespace_count;
}

static bool has_paths(struct world *w, void *object)
{
	const struct extra *extra = ((const struct signal *)object)->extra;

	(void)w;
	return !extra || ((!extra->exe || is_path(extra->exe)) && (!extra->cwd || is_path(extra->cwd)));
}

static const struct check of_processes[] = {
	{ "a process has no threads", has_threads },
	{ "a process is in no cgroup", has_a_cgroup },
	{ "a process is in a pid namespace that there is not", has_a_namespace },
	{ "a process has a path that is none", has_paths },
};

/* ---- tasks ---- */

static bool has_a_process(struct world *w, void *object)
{
	const struct task *t = object;

	(void)w;
	return t->signal;
}

static bool has_known_flags(struct world *w, void *object)
{
	const struct task *t = object;

	(void)w;
	return !(t->flags & ~ITS_FLAGS) && (!is_adopted(t) || is_adopted(t->signal->leader));
}

static bool has_a_state(struct world *w, void *object)
{
	const struct task *t = object;

	(void)w;
	return is_zombie(t) ? t->state == 'Z' : t->state && strchr("RSDT", t->state);
}

static bool has_its_serial(struct world *w, void *object)
{
	const struct task *t = object;

	return t->serial <= w->last_serial;
}

/* Threads are always on one mm. */
static bool has_the_mm_of_its_process(struct world *w, void *object)
{
	const struct task *t = object;

	(void)w;
	return !t->mm || t->mm == first_with_mm(t->signal)->mm;
}

/* Only a leader stays when it has died; it has no mm, and waits for nobody. */
static bool is_dead_or_alive(struct world *w, void *object)
{
	const struct task *t = object;

	(void)w;
	if (t->vfork_child && (t->vfork_child == t || is_zombie(t->vfork_child)))
		return false;
	return !is_zombie(t) || (is_leader(t) && !t->mm && !t->vfork_child);
}

static const struct check of_tasks[] = {
	{ "a task is in no process", has_a_process },
	{ "a task has flags that there are not", has_known_flags },
	{ "a task is in a state that there is not", has_a_state },
	{ "a task has a serial that was never given", has_its_serial },
	{ "a task has not the mm of its process", has_the_mm_of_its_process },
	{ "a task is dead and alive", is_dead_or_alive },
};

/* ---- all of them ---- */

static bool check_all(struct loader *l, enum kind kind, const struct check *check)
{
	struct objects objects = loaded(l, kind);

	for (uint32_t i = 0; i < objects.count; i++)
		if (!check->holds(loaded_world(l), objects.all[i]))
			return refuse(l, check->what_is_wrong);
	return true;
}

/* Nobody is his own ancestor. Where one walk up has been is marked with its number; the place is free until it is rebuilt. */
static bool parents_are_older(struct loader *l)
{
	struct objects processes = loaded(l, A_PROCESS);

	for (uint32_t i = 0; i < processes.count; i++) {
		struct signal *s = processes.all[i];

		for (; s && !s->candidate; s = s->parent ? s->parent->signal : NULL)
			s->candidate = i + 1;
		if (s && s->candidate == i + 1)
			return refuse(l, "a process is its own ancestor");
	}
	return true;
}

#define CHECKS(kind, checks) { kind, checks, sizeof(checks) / sizeof((checks)[0]) }

/* In this order: what is asked later can rely on what was asked before. */
bool state_check(struct loader *l)
{
	static const struct {
		enum kind kind;
		const struct check *checks;
		size_t count;
	} all[] = {
		CHECKS(A_PROCESS, of_processes), CHECKS(A_TASK, of_tasks), CHECKS(A_CGROUP, of_cgroups), CHECKS(A_WORLD, of_the_world),
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (size_t j = 0; j < all[i].count; j++)
			if (!check_all(l, all[i].kind, &all[i].checks[j]))
				return false;
	return parents_are_older(l);
}
