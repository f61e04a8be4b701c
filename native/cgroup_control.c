/* See cgroup_control.h. Mirrors kernel/cgroup/cgroup.c, freezer.c and pids.c. */
#include "cgroup_control.h"

#include "account.h"
#include "run.h"
#include "task.h"
#include "world.h"

#include <errno.h>
#include <string.h>

const char *const controller_names[CONTROLLERS] = { "cpu", "io", "memory", "pids" };

/* Others that kernels have: known by their names, and nowhere to be had here. */
static const char *const other_names[] = { "cpuset", "hugetlb", "rdma", "misc", "dmem", "perf_event" };

/* Processes and children may compete for these in one cgroup (threaded controllers). */
enum { THREADED = CONTROLS_CPU | CONTROLS_PIDS };

uint32_t cgroup_controllers(const struct world *w, const struct cgroup *cg)
{
	uint32_t all = w->rules.cgroup_cpu_exists ? CONTROLS_ALL : CONTROLS_ALL & ~CONTROLS_CPU;

	return cg->parent ? cg->parent->subtree_control & all : all;
}

/* ---- cgroup.subtree_control ---- */

struct change {
	uint32_t on, off;
};

static bool is_known(const char *name)
{
	for (size_t i = 0; i < sizeof(other_names) / sizeof(other_names[0]); i++)
		if (!strcmp(other_names[i], name))
			return true;
	return false;
}

static uint32_t controller_of(const char *name)
{
	for (int i = 0; i < CONTROLLERS; i++)
		if (!strcmp(controller_names[i], name))
			return 1U << i;
	return 0;
}

/* Of the same name the last word counts. What is known and not there can be taken away. */
static int add_word(const char *word, struct change *change)
{
	uint32_t bit = controller_of(word + 1);

	if (*word != '+' && *word != '-')
		return -EINVAL;
	if (!bit)
		return !is_known(word + 1) ? -EINVAL : *word == '+' ? -ENOENT : 0;
	change->on = *word == '+' ? change->on | bit : change->on & ~bit;
	change->off = *word == '-' ? change->off | bit : change->off & ~bit;
	return 0;
}

/* Names that are nowhere are found before one that is not there. */
static int parse(char *text, struct change *change)
{
	int worst = 0;

	for (char *word; (word = strsep(&text, " "));) {
		int error = *word ? add_word(word, change) : 0;

		if (error == -EINVAL)
			return error;
		worst = error ? error : worst;
	}
	return worst;
}

static bool has_processes(const struct cgroup *cg)
{
	for (const struct signal *s = cg->oldest; s; s = s->cgroup_newer)
		if (live_thread(s))
			return true;
	return false;
}

static int check(const struct world *w, const struct cgroup *cg, const struct change *change)
{
	uint32_t on = change->on & ~cg->subtree_control;

	if (on & ~cgroup_controllers(w, cg))
		return -ENOENT;
	for (size_t i = 0; i < cg->child_count; i++)
		if (cg->children[i]->subtree_control & change->off & cg->subtree_control)
			return -EBUSY;
	return cg->parent && (on & ~(uint32_t)THREADED) && has_processes(cg) ? -EBUSY : 0;
}

/* Who loses a controller loses what it was told: it is another one when it comes back. */
static void forget_settings(struct cgroup *cg, uint32_t off)
{
	if (off & CONTROLS_MEMORY) {
		cg->limits = (struct cgroup_limits){
			.high = UNLIMITED, .max = UNLIMITED, .swap_high = UNLIMITED, .swap_max = UNLIMITED, .memsw_max = UNLIMITED,
		};
		cg->oom_group = false;
		memset(cg->events, 0, sizeof(cg->events));
		memset(cg->local_events, 0, sizeof(cg->local_events));
	}
	if (off & CONTROLS_PIDS)
		cg->pids.max = UNLIMITED;
}

int cgroup_share_out(struct world *w, struct cgroup *cg, char *text)
{
	struct change change = { 0 };
	int error = parse(text, &change);

	if (!error)
		error = check(w, cg, &change);
	if (error)
		return error;
	for (size_t i = 0; i < cg->child_count; i++)
		forget_settings(cg->children[i], change.off & cg->subtree_control);
	cg->subtree_control = (cg->subtree_control | change.on) & ~change.off;
	run_until(w, w->now);
	return 0;
}

int cgroup_may_hold(const struct cgroup *cg)
{
	return cg->parent && (cg->subtree_control & ~(uint32_t)THREADED) ? -EBUSY : 0;
}

/* ---- processes ---- */

/* The first kernel thread, in whose place the others are made. */
static bool is_kthreadd(const struct task *t)
{
	return is_kthread(t) && !(t->signal->parent && is_kthread(t->signal->parent));
}

int cgroup_attach(struct world *w, struct cgroup *cg, const struct task *t)
{
	if (is_kthreadd(t))
		return -EINVAL;
	if (live_thread(t->signal))
		cgroup_move(w, t->signal, cg);
	run_until(w, w->now);
	return 0;
}

void cgroup_kill(struct world *w, struct cgroup *cg)
{
	for (struct signal *s = NULL; (s = cgroup_next_process(cg, s));)
		if (!is_unkillable(s->leader))
			send_kill(w, s, KILLED_BY_SIGNAL);
	run_until(w, w->now);
}

static void each_task(struct world *w, const struct cgroup *cg, void call(struct world *w, struct task *t))
{
	for (struct signal *s = NULL; (s = cgroup_next_process(cg, s));)
		for (struct task *t = s->leader; t; t = t->next)
			call(w, t);
}

void cgroup_freeze(struct world *w, struct cgroup *cg, bool is_set)
{
	each_task(w, cg, account_stop);
	cg->frozen = is_set;
	each_task(w, cg, account_start);
	w->cgroups.changes++;
	run_until(w, w->now);
}

bool cgroup_has_frozen(const struct cgroup *cg)
{
	if (!cgroup_is_frozen(cg))
		return false;
	for (struct signal *s = NULL; (s = cgroup_next_process(cg, s));)
		for (const struct task *t = s->leader; t; t = t->next)
			if (t->flags & TASK_DSLEEP)
				return false;
	return true;
}

/* ---- how many ---- */

size_t cgroup_descendants(const struct cgroup *cg)
{
	size_t count = 0;

	for (const struct cgroup *at = cg; (at = cgroup_next(cg, at));)
		count++;
	return count;
}

size_t cgroup_dying_descendants(const struct world *w, const struct cgroup *cg)
{
	size_t count = 0;

	for (size_t i = 0; i < w->cgroups.count; i++)
		count += w->cgroups.all[i]->removed && cgroup_is_below(w->cgroups.all[i], cg);
	return count;
}

size_t cgroup_count_controlled(const struct world *w, const struct cgroup *cg, uint32_t controller)
{
	size_t count = 0;

	for (const struct cgroup *at = cg; at; at = cgroup_next(cg, at))
		count += (cgroup_controllers(w, at) & controller) != 0;
	return count;
}

int cgroup_may_grow(const struct cgroup *cg)
{
	int32_t depth = 1;

	for (; cg; cg = cg->parent, depth++) {
		if (depth > cg->max_depth)
			return -EAGAIN;
		if (cg->max_descendants != INT32_MAX && cgroup_descendants(cg) >= (size_t)cg->max_descendants)
			return -EAGAIN;
	}
	return 0;
}

static void count_refusal(struct cgroup *cg)
{
	cg->pids.refused_here++;
	for (; cg->parent; cg = cg->parent)
		cg->pids.refused++;
}

int cgroup_may_fork(struct world *w, struct cgroup *cg)
{
	for (; cg->parent; cg = cg->parent)
		if (cg->pids.max != UNLIMITED && cg->pids.count >= cg->pids.max) {
			count_refusal(cg);
			w->cgroups.changes++;
			return -EAGAIN;
		}
	return 0;
}
