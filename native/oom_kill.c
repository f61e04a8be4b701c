/* See oom_kill.h. Mirrors mm/oom_kill.c: constraint, selection, kill. */
#include "oom_kill.h"

#include "badness.h"
#include "constraint.h"
#include "extra.h"
#include "memory.h"
#include "oom_adj.h"
#include "oom_report.h"
#include "reaper.h"
#include "task.h"
#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- dying ---- */

static bool is_dumping(const struct world *w, const struct signal *signal)
{
	if (!w->rules.dump_outlasts_kill)
		return signal->group_coredump;
	for (const struct task *t = signal->leader; t; t = t->next)
		if (t->flags & TASK_COREDUMPING)
			return true;
	return false;
}

static bool is_alone(const struct task *t)
{
	return t->signal->threads == 1;
}

/* Before patch 7: the task itself is exiting, and with it its process. */
static bool exits_itself(const struct task *t)
{
	return !t->signal->group_coredump && (t->flags & TASK_EXITING) && (is_alone(t) || t->signal->group_exit);
}

static bool is_dying(const struct world *w, const struct task *t)
{
	if (is_dumping(w, t->signal))
		return false;
	return t->signal->group_exit || (is_alone(t) && (t->flags & TASK_EXITING));
}

static bool all_sharers_die(const struct world *w, const struct task *t)
{
	for (const struct signal *s = t->mm->oldest; s; s = s->sharer_newer)
		if (s != t->signal && !is_dying(w, s->leader))
			return false;
	return true;
}

bool will_free_mem(const struct world *w, const struct task *t)
{
	if (!w->rules.dying_means_all_sharers)
		return exits_itself(t) && !(w->rules.reaped_mm_frees_nothing && t->mm && t->mm->oom_reaped);
	if (!t->mm || !is_dying(w, t))
		return false;
	if (w->rules.reaped_mm_frees_nothing && t->mm->oom_reaped)
		return false;
	return t->mm->users <= 1 || all_sharers_die(w, t);
}

/* ---- victims ---- */

/* Before patch 7 the reaper is asked only where everybody on the mm is being killed. */
static bool everybody_is_killed(const struct mm *mm)
{
	for (const struct signal *s = mm->oldest; mm->users > 1 && s; s = s->sharer_newer)
		if (!(s->leader->flags & TASK_KILLED) && !s->group_exit)
			return false;
	return true;
}

/* It dies anyway: silently make it a victim, so that it may use the reserves. */
static void let_die(struct world *w, struct task *t)
{
	mark_victim(w, t);
	if (w->rules.dying_means_all_sharers || (t->mm && everybody_is_killed(t->mm)))
		reaper_queue(w, t);
}

static bool current_dies_anyway(const struct world *w, const struct oom_control *oc)
{
	if (w->rules.dying_means_all_sharers)
		return will_free_mem(w, oc->current);
	if (!oc->current->mm && !oc->memcg)
		return false;
	return (oc->current->flags & TASK_KILLED) || will_free_mem(w, oc->current);
}

/* ---- who may be chosen ---- */

int in_flight(const struct world *w, const struct signal *signal)
{
	const struct mm *mm = oom_mm_of(signal);
	const struct task *user;

	if (w->rules.victim_keeps_mm && !mm)
		return NOT_A_VICTIM;
	if (w->rules.victim_keeps_mm)
		return mm->oom_reaped ? VICTIM_IS_SKIPPED : VICTIM_IS_WAITED_FOR;
	if (!signal->oom_victims)
		return NOT_A_VICTIM;
	user = w->rules.pinned_mm_hidden ? first_with_mm(signal) : NULL;
	return user && user->mm->oom_reaped ? VICTIM_IS_SKIPPED : VICTIM_IS_WAITED_FOR;
}

enum verdict { LOOK, SKIP, SELECT, ABORT };

static enum verdict victim_in_flight(const struct world *w, const struct signal *signal)
{
	static const enum verdict verdicts[] = {
		[NOT_A_VICTIM] = LOOK, [VICTIM_IS_SKIPPED] = SKIP, [VICTIM_IS_WAITED_FOR] = ABORT,
	};

	return verdicts[in_flight(w, signal)];
}

static enum verdict scan(const struct world *w, const struct task *t, const struct oom_control *oc)
{
	enum verdict in_flight;

	if (!is_eligible(w, t, oc))
		return SKIP;
	in_flight = is_sysrq(oc) ? LOOK : victim_in_flight(w, t->signal);
	if (in_flight != LOOK)
		return in_flight;
	return t->signal->oom_flag_origin ? SELECT : LOOK;
}

/* ---- selection ---- */

struct choice {
	struct task *task;
	int64_t points;
	bool is_origin, aborted;
};

static bool is_better(const struct world *w, const struct choice *so_far, int64_t points,
		      const struct oom_control *oc)
{
	if (!so_far->task)
		return true;
	if (so_far->is_origin || points < so_far->points)
		return false;
	return points > so_far->points || !(oc->memcg && w->rules.memcg_keeps_first);
}

/* The younger of two equals wins, but in a memory cgroup until 5.0 the older. */
static bool consider(const struct world *w, struct task *t, const struct oom_control *oc, struct choice *choice)
{
	enum verdict verdict = scan(w, t, oc);
	int64_t points;

	if (verdict == ABORT)
		*choice = (struct choice){ t, 0, false, true };
	else if (verdict == SELECT)
		*choice = (struct choice){ t, 0, true, false };
	else if (verdict == LOOK && badness_of_total(w, t, oc->total, &points)
		 && is_better(w, choice, points, oc))
		*choice = (struct choice){ t, points, false, false };
	return verdict != ABORT;
}

/* The best of the candidates from *i up to the next one that must be asked, where *i then stands. */
static void compare_packed(const struct world *w, size_t *i, struct choice *choice)
{
	const struct candidates *all = &w->candidates;
	const struct rules rules = w->rules;
	uint64_t total = total_pages(w);
	int64_t most = choice->task ? choice->points : INT64_MIN;
	size_t best = all->count;

	for (; *i < all->count && !(all->packed[*i].flags & CANDIDATE_ASK); (*i)++) {
		struct candidate c = all->packed[*i];
		int64_t points = points_of(&rules, c.pages, c.oom_score_adj, c.flags & CANDIDATE_BONUS, total);

		if (points < most || (c.flags & CANDIDATE_NEVER))
			continue;
		most = points;
		best = *i;
	}
	if (best < all->count && !choice->is_origin)
		*choice = (struct choice){ all->processes[best]->leader, most, false, false };
}

static struct choice select_packed(const struct world *w, const struct oom_control *oc)
{
	struct choice choice = { NULL, 0, false, false };

	for (size_t i = 0; i < w->candidates.count && !choice.aborted; i++) {
		compare_packed(w, &i, &choice);
		if (i < w->candidates.count)
			consider(w, w->candidates.processes[i]->leader, oc, &choice);
	}
	return choice;
}

/* The kernel goes from cgroup to cgroup here: on equal points that order decides. */
static struct choice select_in_memcg(const struct world *w, const struct oom_control *oc)
{
	struct choice choice = { NULL, 0, false, false };

	for (struct signal *s = NULL; (s = cgroup_next_process(oc->memcg, s));)
		if (!consider(w, s->leader, oc, &choice))
			break;
	return choice;
}

static struct choice select_victim(const struct world *w, const struct oom_control *oc)
{
	struct choice choice = { NULL, 0, false, false };

	if (concerns_all(w, oc))
		return select_packed(w, oc);
	if (oc->memcg)
		return select_in_memcg(w, oc);
	for (struct signal *s = NULL; (s = process_after(w, s));)
		if (!consider(w, s->leader, oc, &choice))
			break;
	return choice;
}

/* The points of an origin are the largest number there is: its score is what is left of that in 32 bits. */
static uint32_t score_of(const struct choice *choice, uint64_t total)
{
	uint64_t points = choice->is_origin ? UINT64_MAX : (uint64_t)choice->points;

	return total ? (uint32_t)(points * 1000 / total) : 0;
}

/* ---- kill ---- */

static struct task *worst_child(const struct world *w, struct task *p, const struct oom_control *oc)
{
	struct task *victim = p;
	uint32_t worst = 0;

	for (struct task *t = p->signal->leader; t; t = t->next)
		for (struct signal *child = t->first_child; child; child = child->sibling_newer) {
			int64_t points;

			if ((p->mm && child->mm == p->mm) || !is_eligible(w, child->leader, oc))
				continue;
			if (!badness_of_total(w, child->leader, oc->total, &points) || (uint32_t)points <= worst)
				continue;
			worst = (uint32_t)points;
			victim = child->leader;
		}
	return victim;
}

static bool is_pinning(const struct world *w, const struct task *sharer)
{
	return is_global_init(sharer) || (is_kthread(sharer) && w->rules.kthread_pins_mm);
}

/* One process on the victim's mm: kill it, or find that the mm cannot be reaped. Returns whether it can. */
static bool kill_sharer(struct world *w, struct signal *sharer, const struct task *victim)
{
	if (is_pinning(w, sharer->leader)) {
		if (w->rules.pinned_mm_hidden) {
			mm_hide(w, victim->mm);
			report_pinned(w, victim, sharer->leader);
		}
		return false;
	}
	if (is_kthread(sharer->leader))
		return true;
	if (!w->rules.sharers_at_minus_1000_die && sharer->oom_score_adj == OOM_SCORE_ADJ_MIN)
		return false;
	send_kill(w, sharer, KILLED_BY_OOM);
	return true;
}

static void kill_with_sharers(struct world *w, struct task *victim, const char *message)
{
	bool can_reap = true;

	w->oom.kills++;
	cgroup_event(w, victim->signal->cgroup, MEMORY_OOM_KILL);
	send_kill(w, victim->signal, KILLED_BY_OOM);
	mark_victim(w, victim);
	report_killed(w, victim, message);
	for (struct signal *s = victim->mm->oldest; s; s = s->sharer_newer)
		if (s != victim->signal)
			can_reap &= kill_sharer(w, s, victim);
	if (can_reap)
		reaper_queue(w, victim);
}

static bool has_live_thread(const struct signal *s)
{
	for (const struct task *t = s->leader; t; t = t->next)
		if (!is_zombie(t))
			return true;
	return false;
}

/* The kernel's walk of a cgroup passes over who is only waiting to be reaped. */
static bool dies_with_group(const struct signal *s)
{
	return !is_unkillable(s->leader) && s->oom_score_adj != OOM_SCORE_ADJ_MIN && has_live_thread(s);
}

/* The first victim is visited again: a second line says so while it still has its mm. */
static void kill_group(struct world *w, struct cgroup *group, const char *message)
{
	if (w->rules.group_kill_is_counted)
		cgroup_event(w, group, MEMORY_OOM_GROUP_KILL);
	report_group(w, group);
	for (struct signal *s = NULL; (s = cgroup_next_process(group, s));) {
		struct task *victim = dies_with_group(s) ? first_with_mm(s) : NULL;

		if (victim)
			kill_with_sharers(w, victim, message);
		else if (dies_with_group(s))
			report_exiting(w, s->leader, message);
	}
}

static void ended(struct world *w, int how, const struct task *chosen, const struct task *victim)
{
	w->oom.outcome = (struct oom_outcome){ how, chosen ? chosen->signal->leader->pid : 0,
					       victim ? victim->signal->leader->pid : 0 };
}

static bool needs_no_kill(const struct world *w, const struct task *p)
{
	return p->mm && will_free_mem(w, p);
}

static void kill_process(struct world *w, struct task *p, uint32_t score, const char *message,
			 const struct oom_control *oc)
{
	struct task *victim;

	if (needs_no_kill(w, p)) {
		let_die(w, p);
		ended(w, OOM_CHOSEN_DIES, p, NULL);
		return;
	}
	report_kill(w, p, score, message, oc);
	victim = w->rules.child_is_sacrificed ? worst_child(w, p, oc) : p;
	victim = first_with_mm(victim->signal);
	if (victim) {
		struct cgroup *group = w->rules.group_is_killed ? memory_oom_group(victim->signal, oc->memcg) : NULL;

		kill_with_sharers(w, victim, message);
		if (group)
			kill_group(w, group, message);
	}
	ended(w, victim ? OOM_KILLED : OOM_HAS_EXITED, p, victim);
}

/* ---- out of memory ---- */

enum { GFP_FS = 0x80, GFP_NOFAIL_OF_2016 = 0x800, GFP_NOFAIL = 0x8000 };

static bool must_not_fail(const struct world *w, const struct oom_control *oc)
{
	uint32_t no_fail = w->rules.gfp_values_of_2016 ? GFP_NOFAIL_OF_2016 : GFP_NOFAIL;

	return w->rules.no_fail_kills && (oc->gfp_mask & no_fail);
}

/* Without __GFP_FS nobody is killed: the file system may free memory that this allocation cannot wait for. */
static bool is_refused(const struct world *w, const struct oom_control *oc)
{
	return oc->gfp_mask && !oc->memcg && !(oc->gfp_mask & GFP_FS) && !must_not_fail(w, oc);
}

/* The chain of OOM notifiers: what they free is there, and nobody need die. */
static bool notifiers_free(struct world *w, const struct oom_control *oc)
{
	bool freed = w->oom.notifier_frees > 0 && !oc->memcg;

	if (freed)
		w->oom.notifier_frees--;
	return freed;
}

static bool panics(struct world *w, const struct oom_control *oc)
{
	int32_t value = w->sysctl.panic_on_oom;

	if (!value || is_sysrq(oc))
		return false;
	if (value != 2 && oc->constraint != CONSTRAINT_NONE)
		return false;
	report_header(w, NULL, oc);
	snprintf(w->oom.panic, sizeof(w->oom.panic), "Out of memory: %s panic_on_oom is enabled",
		 value == 2 ? "compulsory" : "system-wide");
	report_panic(w);
	return true;
}

static bool kills_allocating_task(const struct world *w, const struct oom_control *oc)
{
	const struct task *current = oc->current;

	return w->sysctl.oom_kill_allocating_task && !oc->memcg && current->mm && is_eligible(w, current, oc)
		&& current->signal->oom_score_adj != OOM_SCORE_ADJ_MIN;
}

static bool nobody_found(struct world *w, const struct oom_control *oc)
{
	bool is_fatal = !is_sysrq(oc) && !oc->memcg;

	if (!is_fatal && !w->rules.no_victim_is_logged)
		return false;
	report_header(w, NULL, oc);
	if (w->rules.no_victim_is_logged)
		report_no_victim(w);
	if (!is_fatal)
		return false;
	snprintf(w->oom.panic, sizeof(w->oom.panic), "%s",
		 w->rules.no_victim_is_logged ? "System is deadlocked on memory"
					      : "Out of memory and no killable processes...");
	report_panic(w);
	return false;
}

static const char *message_of(const struct oom_control *oc)
{
	return oc->memcg ? "Memory cgroup out of memory" : "Out of memory";
}

struct prospect would_choose(const struct world *w, struct task *current, const struct oom_request *request)
{
	struct oom_control oc = oom_control_of(w, current, request);
	struct choice choice = select_victim(w, &oc);

	return (struct prospect){ choice.task, choice.aborted };
}

static bool select_and_kill(struct world *w, const struct oom_control *oc)
{
	struct choice choice = select_victim(w, oc);

	ended(w, choice.aborted ? OOM_VICTIM_IN_FLIGHT : OOM_NOBODY, NULL, NULL);
	if (choice.aborted)
		return true;
	if (!choice.task)
		return nobody_found(w, oc);
	kill_process(w, choice.task, score_of(&choice, oc->total), message_of(oc), oc);
	return true;
}

/* The order counts: who dies anyway comes before panic_on_oom, and that before oom_kill_allocating_task. */
bool out_of_memory(struct world *w, struct task *current, const struct oom_request *request)
{
	struct oom_control oc = oom_control_of(w, current, request);

	if (oc.memcg)
		cgroup_event(w, oc.memcg, MEMORY_OOM);
	ended(w, OOM_REFUSED, NULL, NULL);
	if (is_halted(w) || w->oom.disabled)
		return false;
	if (notifiers_free(w, &oc))
		return true;
	if (current_dies_anyway(w, &oc)) {
		let_die(w, current);
		ended(w, OOM_CURRENT_DIES, current, NULL);
		return true;
	}
	if (is_refused(w, &oc))
		return true;
	ended(w, OOM_PANIC, NULL, NULL);
	if (panics(w, &oc))
		return false;
	if (!kills_allocating_task(w, &oc))
		return select_and_kill(w, &oc);
	kill_process(w, current, 0, "Out of memory (oom_kill_allocating_task)", &oc);
	return true;
}

/* ---- suspend ---- */

static bool any_victim(const struct world *w)
{
	for (const struct signal *s = NULL; (s = process_after(w, s));)
		if (s->oom_victims)
			return true;
	return false;
}

int oom_killer_disable(struct world *w)
{
	if (any_victim(w))
		return -EBUSY;
	w->oom.disabled = true;
	if (w->rules.disabling_is_logged)
		klog_printf(w, LOG_INFO, "OOM killer disabled.");
	return 0;
}

void oom_killer_enable(struct world *w)
{
	w->oom.disabled = false;
	if (w->rules.disabling_is_logged)
		klog_printf(w, LOG_INFO, "OOM killer enabled.");
}
