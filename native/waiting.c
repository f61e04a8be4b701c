/* See waiting.h. */
#include "waiting.h"

#include "oom_kill.h"
#include "run.h"
#include "task.h"
#include "text.h"
#include "world.h"

#include <errno.h>
#include <stdlib.h>

/* An allocator tries again every 0.1 s. Two rounds of the reaper and its delay of today take 4 s: after 8 s nothing comes. */
static const int64_t RETRY = 100000000, PATIENCE = 8000000000;

static struct task *find(const struct world *w, int32_t pid, uint64_t serial)
{
	struct task *t = pid_find(&w->pids, pid);

	return t && t->serial == serial && !is_zombie(t) ? t : NULL;
}

static struct task *waiter_of(const struct world *w, const struct wait *wait)
{
	return find(w, wait->pid, wait->serial);
}

static struct task *holder_of(const struct world *w, const struct wait *wait)
{
	return find(w, wait->holder, wait->holder_serial);
}

static const struct wait *wait_of(const struct world *w, const struct task *t)
{
	for (size_t i = 0; i < w->wait_count; i++)
		if (w->waits[i].serial == t->serial && w->waits[i].pid == t->pid)
			return &w->waits[i];
	return NULL;
}

bool is_waiting(const struct world *w, const struct task *t)
{
	return wait_of(w, t) != NULL;
}

int wait_for(struct world *w, struct task *t, enum waits_for what, const struct task *holder)
{
	struct wait *grown;

	if (is_zombie(t) || holder == t)
		return -EINVAL;
	if (is_waiting(w, t))
		return -EBUSY;
	grown = realloc(w->waits, (w->wait_count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	w->waits = grown;
	w->waits[w->wait_count++] = (struct wait){
		what, t->pid, holder ? holder->pid : 0, t->serial, holder ? holder->serial : 0,
	};
	return 0;
}

void waits_drop(struct world *w)
{
	free(w->waits);
}

/* ---- moving on ---- */

/* Who holds a lock lets it go as soon as he can run. */
static bool can_run(const struct world *w, const struct task *t)
{
	return !is_waiting(w, t) && !(t->flags & (TASK_DSLEEP | TASK_FROZEN | TASK_EXIT_WAITS));
}

static bool gets_memory(const struct world *w, const struct task *t, uint64_t freed_before)
{
	return w->freed_pages > freed_before || (t->flags & TASK_MEMDIE);
}

static bool has_ended(const struct world *w, const struct wait *wait, uint64_t freed_before)
{
	const struct task *t = waiter_of(w, wait), *holder = holder_of(w, wait);

	if (!t)
		return true;
	if (wait->what == FOR_MEMORY)
		return gets_memory(w, t, freed_before);
	return !holder || can_run(w, holder);
}

static void end_waits(struct world *w, uint64_t freed_before)
{
	size_t left = 0;

	for (size_t i = 0; i < w->wait_count; i++) {
		struct wait wait = w->waits[i];

		if (!has_ended(w, &wait, freed_before))
			w->waits[left++] = wait;
		else
			w->progress++;
	}
	w->wait_count = left;
}

/* The mmap lock, too, is let go by who can run. */
static void release_mmap_locks(struct world *w)
{
	for (struct signal *s = w->oldest; s; s = s->newer)
		for (struct task *t = s->leader; t; t = t->next)
			if ((t->flags & TASK_HOLDS_MMAP_LOCK) && can_run(w, t))
				t->flags &= ~(uint32_t)TASK_HOLDS_MMAP_LOCK;
}

static void ask_for_memory(struct world *w)
{
	const struct oom_request request = { .gfp_mask = gfp_kernel(w) };

	for (size_t i = 0; i < w->wait_count; i++) {
		struct task *t = w->waits[i].what == FOR_MEMORY ? waiter_of(w, &w->waits[i]) : NULL;

		if (t && !(t->flags & TASK_MEMDIE) && !w->oom.panic[0])
			allocate(w, t, &request);
	}
}

static void one_round(struct world *w)
{
	uint64_t freed_before = w->freed_pages;

	release_mmap_locks(w);
	ask_for_memory(w);
	run_until(w, w->now + RETRY);
	end_waits(w, freed_before);
	run_until(w, w->now);
}

/* ---- saying why not ---- */

static const struct task *lock_holder(const struct task *t)
{
	for (const struct signal *s = t->mm ? t->mm->oldest : NULL; s; s = s->sharer_newer)
		for (const struct task *other = s->leader; other; other = other->next)
			if (other != t && other->mm == t->mm && (other->flags & TASK_HOLDS_MMAP_LOCK))
				return other;
	return NULL;
}

/* One link of the chain, and who comes next: NULL at its end. */
static const struct task *say_why(const struct world *w, const struct task *t, struct text *why)
{
	const struct wait *wait = wait_of(w, t);
	const struct task *holder = wait ? holder_of(w, wait) : lock_holder(t);

	if (wait && wait->what == FOR_MEMORY)
		text_printf(why, ", %s waits for memory", t->comm);
	else if (wait && holder)
		text_printf(why, ", %s waits for a lock of %s", t->comm, holder->comm);
	else if (t->flags & TASK_DSLEEP)
		text_printf(why, ", %s sleeps uninterruptibly", t->comm);
	else if (t->flags & TASK_FROZEN)
		text_printf(why, ", %s is frozen", t->comm);
	else if (holder)
		text_printf(why, ", %s waits for the mmap lock that %s holds", t->comm, holder->comm);
	return (t->flags & TASK_DSLEEP) && !wait ? NULL : holder;
}

static void say_chain(const struct world *w, const struct task *t, struct text *why)
{
	for (size_t links = 0; t && links <= w->wait_count; links++)
		t = say_why(w, t, why);
}

static struct task *waited_for(const struct world *w)
{
	for (struct signal *s = w->oldest; s; s = s->newer)
		if (in_flight(w, s) == VICTIM_IS_WAITED_FOR)
			return first_with_mm(s) ? first_with_mm(s) : live_thread(s);
	return NULL;
}

static const struct task *someone_short_of_memory(const struct world *w)
{
	for (size_t i = 0; i < w->wait_count; i++)
		if (w->waits[i].what == FOR_MEMORY)
			return waiter_of(w, &w->waits[i]);
	return NULL;
}

static void explain(const struct world *w, struct text *why)
{
	const struct oom_request request = { .gfp_mask = gfp_kernel(w) };
	const struct task *waiter = someone_short_of_memory(w);
	struct task *victim = waited_for(w);

	text_printf(why, "no progress possible: ");
	if (!waiter && w->wait_count)
		waiter = waiter_of(w, &w->waits[0]);
	if (!waiter)
		return;
	text_printf(why, "%s", waiter->comm);
	if (wait_of(w, waiter)->what == FOR_LOCK) {
		text_printf(why, " is locked out");
		say_chain(w, waiter, why);
		return;
	}
	text_printf(why, " waits for memory");
	if (victim) {
		text_printf(why, ", the OOM killer waits for %s", victim->comm);
	} else {
		victim = would_choose(w, pid_find(&w->pids, waiter->pid), &request);
		if (victim)
			text_printf(why, ", the OOM killer kills %s again and again", victim->comm);
	}
	if (victim && victim != waiter)
		say_chain(w, victim, why);
}

enum settled settle(struct world *w, int64_t end, struct text *why)
{
	uint64_t progress = w->progress;
	int64_t since = w->now;

	while (w->wait_count && w->now < end && !w->oom.panic[0]) {
		one_round(w);
		if (w->progress != progress) {
			progress = w->progress;
			since = w->now;
		} else if (w->now - since > PATIENCE) {
			explain(w, why);
			return STUCK;
		}
	}
	return w->oom.panic[0] ? PANICKED : MOVES_ON;
}
