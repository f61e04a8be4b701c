/* See waiting.h. */
#include "waiting.h"

#include "memory.h"
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

struct task *waiter_of(const struct world *w, const struct wait *wait)
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

struct wait wait_for_memory(const struct world *w, const struct task *t, int64_t pages)
{
	return (struct wait){
		.what = FOR_MEMORY, .pid = t->pid, .serial = t->serial, .pages = pages, .freed_before = w->freed_pages,
	};
}

struct wait wait_for_lock(const struct task *t, const struct task *holder)
{
	return (struct wait){
		.what = FOR_LOCK, .pid = t->pid, .serial = t->serial,
		.holder = holder->pid, .holder_serial = holder->serial,
	};
}

int wait_begin(struct world *w, const struct wait *wait)
{
	const struct task *t = waiter_of(w, wait);
	struct wait *grown;

	if (!t || holder_of(w, wait) == t)
		return -EINVAL;
	if (is_waiting(w, t))
		return -EBUSY;
	grown = realloc(w->waits, (w->wait_count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	w->waits = grown;
	w->waits[w->wait_count++] = *wait;
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

static bool has_ended(struct world *w, struct wait *wait)
{
	const struct task *holder = holder_of(w, wait);

	if (!waiter_of(w, wait))
		return true;
	if (wait->what == FOR_MEMORY)
		return memory_get(w, wait) != -EAGAIN;
	return !holder || can_run(w, holder);
}

void waits_retry(struct world *w)
{
	size_t left = 0;

	for (size_t i = 0; i < w->wait_count; i++) {
		struct wait wait = w->waits[i];

		if (!has_ended(w, &wait))
			w->waits[left++] = wait;
		else
			w->progress++;
	}
	w->wait_count = left;
}

/* The mmap lock, too, is let go by who can run. */
static void release_mmap_locks(struct world *w)
{
	for (struct signal *s = NULL; (s = process_after(w, s));)
		for (struct task *t = s->leader; t; t = t->next)
			if ((t->flags & TASK_HOLDS_MMAP_LOCK) && can_run(w, t))
				t->flags &= ~(uint32_t)TASK_HOLDS_MMAP_LOCK;
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

static void say_short_of_memory(const struct world *w, const struct wait *wait, const struct task *t, struct text *why)
{
	const struct cgroup *memcg = memory_request(w, wait, t).memcg;
	char path[CGROUP_PATH];

	text_printf(why, "%s waits for memory%s%s", t->comm, memcg ? " of " : "", memcg ? cgroup_path(memcg, path) : "");
}

/* One link of the chain, and who comes next: NULL at its end. */
static const struct task *say_why(const struct world *w, const struct task *t, struct text *why)
{
	const struct wait *wait = wait_of(w, t);
	const struct task *holder = wait ? holder_of(w, wait) : lock_holder(t);

	if (wait && wait->what == FOR_MEMORY) {
		text_printf(why, ", ");
		say_short_of_memory(w, wait, t, why);
	} else if (wait && holder)
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

/* The thread that keeps a process from dying. */
static const struct task *who_is_stuck(const struct world *w, const struct signal *signal)
{
	for (const struct task *t = signal->leader; t; t = t->next)
		if (!is_zombie(t) && !can_run(w, t))
			return t;
	return first_with_mm(signal) ? first_with_mm(signal) : signal->leader;
}

static void explain_shortage(const struct world *w, const struct wait *wait, struct task *waiter, struct text *why)
{
	const struct oom_request request = memory_request(w, wait, waiter);
	const struct prospect next = would_choose(w, waiter, &request);
	const struct task *victim = next.task ? who_is_stuck(w, next.task->signal) : NULL;

	say_short_of_memory(w, wait, waiter, why);
	if (!victim)
		return;
	if (next.is_waited_for)
		text_printf(why, ", the OOM killer waits for %s", victim->comm);
	else
		text_printf(why, ", the OOM killer kills %s again and again", victim->comm);
	if (victim != waiter)
		say_chain(w, victim, why);
}

static const struct wait *first_wait(const struct world *w, enum waits_for what)
{
	for (size_t i = 0; i < w->wait_count; i++)
		if (w->waits[i].what == what && waiter_of(w, &w->waits[i]))
			return &w->waits[i];
	return NULL;
}

/* A lack of memory comes first: it is the OOM killer's business, locks are not. */
static void explain(const struct world *w, struct text *why)
{
	const struct wait *shortage = first_wait(w, FOR_MEMORY), *lock = first_wait(w, FOR_LOCK);

	text_printf(why, "no progress possible: ");
	if (shortage) {
		explain_shortage(w, shortage, waiter_of(w, shortage), why);
	} else if (lock) {
		text_printf(why, "%s is locked out", waiter_of(w, lock)->comm);
		say_chain(w, waiter_of(w, lock), why);
	}
}

void say_waits(const struct world *w, struct text *out)
{
	for (size_t i = 0; i < w->wait_count; i++) {
		const struct wait *wait = &w->waits[i];
		const struct task *t = waiter_of(w, wait), *holder = holder_of(w, wait);

		if (!t)
			continue;
		text_printf(out, "%s", out->length ? ", " : "");
		if (wait->what == FOR_MEMORY)
			say_short_of_memory(w, wait, t, out);
		else
			text_printf(out, "%s waits for a lock of %s", t->comm, holder ? holder->comm : "nobody");
	}
}

enum settled settle(struct world *w, int64_t end, struct text *why)
{
	uint64_t progress = w->progress;
	int64_t since = w->now;

	while (w->wait_count && w->now < end && !is_halted(w)) {
		release_mmap_locks(w);
		run_until(w, w->now + RETRY);
		if (w->progress != progress) {
			progress = w->progress;
			since = w->now;
		} else if (w->now - since > PATIENCE) {
			explain(w, why);
			return STUCK;
		}
	}
	return is_halted(w) ? PANICKED : MOVES_ON;
}
