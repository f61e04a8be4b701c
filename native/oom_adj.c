/* See oom_adj.h. Mirrors oom_adj_write(), oom_score_adj_write(), __set_oom_adj() of fs/proc. */
#include "oom_adj.h"

#include "number.h"
#include "task.h"
#include "world.h"

#include <errno.h>
#include <string.h>

static int parse(const char *bytes, size_t count, int *value)
{
	char text[NUMBER_BYTES + 1] = "";

	memcpy(text, bytes, count < NUMBER_BYTES ? count : NUMBER_BYTES);
	return number_parse(text, value);
}

int oom_adj_parse(const char *bytes, size_t count, int *value)
{
	int error = parse(bytes, count, value);

	if (error)
		return error;
	if (*value != OOM_DISABLE && (*value < OOM_ADJUST_MIN || *value > OOM_ADJUST_MAX))
		return -EINVAL;
	*value = *value == OOM_ADJUST_MAX ? OOM_SCORE_ADJ_MAX : *value * OOM_SCORE_ADJ_MAX / -OOM_DISABLE;
	return 0;
}

int oom_score_adj_parse(const char *bytes, size_t count, int *value)
{
	int error = parse(bytes, count, value);

	if (error)
		return error;
	return *value < OOM_SCORE_ADJ_MIN || *value > OOM_SCORE_ADJ_MAX ? -EINVAL : 0;
}

static bool is_capable(const struct caller *who)
{
	return who->caps & CAP_BIT(CAP_SYS_RESOURCE);
}

/* Whose mm the write follows: NULL where it stays with the task's own process. */
static struct mm *shared_mm(const struct world *w, const struct task *t)
{
	struct mm *mm = t->signal->mm;

	if (!w->rules.sharers_follow_write || is_vfork_done_set(t) || !mm)
		return NULL;
	if (w->rules.sharing_is_marked)
		return mm->multiprocess ? mm : NULL;
	return mm->users > 1 ? mm : NULL;
}

static bool follows(const struct signal *sharer, const struct task *target)
{
	return sharer != target->signal && !is_kthread(sharer->leader) && !is_global_init(sharer->leader)
		&& !is_vfork_done_set(sharer->leader);
}

static void log_following(struct world *w, const struct task *p, const struct task *target, int value)
{
	klog_printf(w, LOG_INFO,
		    "updating oom_score_adj for %d (%s) from %d to %d because it shares mm with %d (%s). "
		    "Report if this is unexpected.",
		    p->pid, p->comm, p->signal->oom_score_adj, value, target->pid, target->comm);
}

/* No permission is asked of sharers, and a value that is equal already is set and logged all the same. */
static void propagate(struct world *w, struct mm *mm, const struct task *target, int value, bool sets_minimum)
{
	for (struct signal *sharer = mm->oldest; sharer; sharer = sharer->sharer_newer) {
		if (!follows(sharer, target))
			continue;
		if (w->rules.following_is_logged)
			log_following(w, sharer->leader, target, value);
		sharer->oom_score_adj = (int16_t)value;
		candidate_update(w, sharer);
		if (sets_minimum)
			sharer->oom_score_adj_min = (int16_t)value;
	}
}

static int check_task(const struct world *w, const struct task *t)
{
	if (w->rules.own_mm_needed && !t->mm)
		return -EINVAL;
	if (w->rules.sighand_needed && (t->flags & TASK_SIGHAND_GONE))
		return -ESRCH;
	return 0;
}

static void set(struct world *w, struct task *t, int value, bool sets_minimum)
{
	struct mm *mm = shared_mm(w, t);

	t->signal->oom_score_adj = (int16_t)value;
	candidate_update(w, t->signal);
	if (sets_minimum)
		t->signal->oom_score_adj_min = (int16_t)value;
	if (mm)
		propagate(w, mm, t, value, sets_minimum);
}

bool oom_adj_names_writer(const struct world *w)
{
	return !w->oom_adj_warned;
}

/* Once a boot, and not used up by a write that is refused. */
static void warn_deprecated(struct world *w, const struct task *t, const struct caller *who)
{
	if (!oom_adj_names_writer(w))
		return;
	w->oom_adj_warned = true;
	klog_printf(w, LOG_WARNING, "%.15s (%d): /proc/%d/oom_adj is deprecated, please use /proc/%d/oom_score_adj instead.",
		    who->comm, who->pid, t->pid, t->pid);
}

/* The old file compares with the value as it is and never moves the minimum. */
int oom_adj_set(struct world *w, struct task *t, const struct caller *who, int value)
{
	int error = check_task(w, t);

	if (error)
		return error;
	if (value < t->signal->oom_score_adj && !is_capable(who))
		return -EACCES;
	warn_deprecated(w, t, who);
	set(w, t, value, false);
	return 0;
}

int oom_score_adj_set(struct world *w, struct task *t, const struct caller *who, int value)
{
	int error = check_task(w, t);

	if (error)
		return error;
	if (value < t->signal->oom_score_adj_min && !is_capable(who))
		return -EACCES;
	set(w, t, value, is_capable(who));
	return 0;
}

static bool is_out_of_reach(const struct world *w, const struct task *t)
{
	return w->rules.sighand_needed && (t->flags & TASK_SIGHAND_GONE);
}

int oom_adj_get(const struct world *w, const struct task *t)
{
	int adj = t->signal->oom_score_adj, value;

	if (is_out_of_reach(w, t))
		return OOM_ADJUST_MIN;
	if (adj == OOM_SCORE_ADJ_MAX)
		return OOM_ADJUST_MAX;
	value = adj * -OOM_DISABLE / OOM_SCORE_ADJ_MAX;
	return w->rules.oom_adj_reads_at_most_15 && value > OOM_ADJUST_MAX ? OOM_ADJUST_MAX : value;
}

int oom_score_adj_get(const struct world *w, const struct task *t)
{
	return is_out_of_reach(w, t) ? OOM_SCORE_ADJ_MIN : t->signal->oom_score_adj;
}
