/* See reaper.h. Mirrors oom_reap_task() and wake_oom_reaper(). */
#include "reaper.h"

#include "badness.h"
#include "charge.h"
#include "extra.h"
#include "oom_kill.h"
#include "task.h"
#include "world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const int64_t PAUSE = 100000000, DELAY = 2000000000;	/* nanoseconds: 0.1 s between attempts, 2 s before the first */

/* Who had no memory to keep the mm in mind is taken for queued: there is nothing that could be. */
static bool is_queued(const struct world *w, const struct task *t)
{
	const struct mm *kept = oom_mm_of(t->signal);

	if (w->rules.victim_keeps_mm)
		return !kept || kept->reap_queued;
	for (size_t i = 0; i < w->oom.queued; i++)
		if (w->oom.queue[i].serial == t->serial)
			return true;
	return false;
}

static bool make_room(struct oom *oom)
{
	size_t room = oom->room ? oom->room * 2 : 16;
	struct victim *queue;

	if (oom->queued < oom->room)
		return true;
	queue = realloc(oom->queue, room * sizeof(*queue));
	if (!queue)
		return false;
	oom->queue = queue;
	oom->room = room;
	return true;
}

/* The newest is served first. Without an MMU there is nothing to reap, and no reaper. */
void reaper_queue(struct world *w, struct task *t)
{
	struct victim victim = { .pid = t->pid, .serial = t->serial, .next = w->now };

	if (!w->mmu || is_queued(w, t) || !make_room(&w->oom))
		return;
	memcpy(victim.comm, t->comm, COMM_SIZE);
	victim.leader_pid = t->signal->leader->pid;
	victim.leader_serial = t->signal->leader->serial;
	if (w->rules.reaper_waits)
		victim.next += DELAY;
	if (w->rules.victim_keeps_mm) {
		victim.mm = oom_mm_of(t->signal);
		victim.mm->reap_queued = true;
		mm_pin(victim.mm);
	}
	w->oom.queue[w->oom.queued++] = victim;
}

static struct task *find(const struct world *w, int32_t pid, uint64_t serial)
{
	struct task *t = pid_find(&w->pids, pid);

	return t && t->serial == serial ? t : NULL;
}

static struct mm *mm_of(const struct world *w, const struct victim *v)
{
	const struct task *leader = find(w, v->leader_pid, v->leader_serial);
	const struct task *user = leader ? first_with_mm(leader->signal) : NULL;

	if (v->mm)
		return v->mm->users && !v->mm->oom_reaped ? v->mm : NULL;
	return user ? user->mm : NULL;
}

/* What is mlocked stays (until 5.17), and what is mapped shared. */
static void take_pages(struct world *w, struct mm *mm)
{
	struct memory m = mm->memory;
	int64_t before = pages_of(&m);

	m.anon = w->rules.reaper_takes_locked ? 0 : m.anon_locked;
	m.file = 0;
	m.shmem = m.shmem_shared;
	m.swapents = 0;
	w->freed_pages += (uint64_t)(before - pages_of(&m));
	w->progress += before > pages_of(&m);
	mm_set_memory(w, mm, &m);
}

static void reap_mm(struct world *w, const struct victim *v, struct mm *mm)
{
	const struct memory *m = &mm->memory;

	take_pages(w, mm);
	mm_hide(w, mm);
	klog_printf(w, LOG_INFO,
		    "oom_reaper: reaped process %d (%s), now anon-rss:%lukB, file-rss:%lukB, shmem-rss:%lukB", v->pid,
		    v->comm, (unsigned long)m->anon * 4, (unsigned long)m->file * 4, (unsigned long)m->shmem * 4);
}

/* Twice is enough: nobody shall wait for this mm again. */
static void give_up(struct world *w, const struct victim *v, struct mm *mm)
{
	bool is_second = w->rules.reaper_gives_up && mm->not_reapable;

	if (is_second)
		klog_printf(w, LOG_INFO, "oom_reaper: giving up pid:%d (%s)", v->pid, v->comm);
	if (is_second || w->rules.victim_keeps_mm)
		mm_hide(w, mm);
	mm->not_reapable |= w->rules.reaper_gives_up;
}

static void finish(struct world *w, size_t index)
{
	struct victim v = w->oom.queue[index];
	struct task *t = find(w, v.pid, v.serial);

	memmove(&w->oom.queue[index], &w->oom.queue[index + 1], (w->oom.queued - index - 1) * sizeof(v));
	w->oom.queued--;
	if (v.mm)
		mm_unpin(w, v.mm);
	else if (t)
		exit_victim(w, t);
}

/* After the last pause it does not look again, at a lock or (until 4.8) at an mm that went meanwhile. */
static void fail(struct world *w, const struct victim *v, struct mm *mm)
{
	if (!mm && w->rules.victim_keeps_mm)
		return;
	klog_printf(w, LOG_INFO, "oom_reaper: unable to reap pid:%d (%s)", v->pid, v->comm);
	if (mm)
		give_up(w, v, mm);
}

/* One attempt: true when it is done with this victim. */
static bool attempt(struct world *w, struct victim *v)
{
	struct mm *mm = mm_of(w, v);

	if (v->attempts == REAP_ATTEMPTS) {
		fail(w, v, mm);
		return true;
	}
	if (!mm)
		return true;
	if (!is_mm_locked(mm, NULL)) {
		reap_mm(w, v, mm);
		return true;
	}
	v->attempts++;
	v->next = w->now + PAUSE;
	return false;
}

/* Whom it has begun with it finishes; else the newest that is due. Its queue's length where there is none. */
static size_t whose_turn(const struct world *w)
{
	const struct oom *oom = &w->oom;
	size_t best = oom->queued;

	for (size_t i = 0; i < oom->queued; i++) {
		if (oom->queue[i].attempts)
			return i;
		if (best == oom->queued || oom->queue[i].next <= w->now)
			best = i;
	}
	return best;
}

int64_t reaper_next(const struct world *w)
{
	size_t turn = whose_turn(w);
	int64_t next = INT64_MAX;

	if (turn < w->oom.queued && w->oom.queue[turn].attempts)
		return w->oom.queue[turn].next;
	for (size_t i = 0; i < w->oom.queued; i++)
		if (w->oom.queue[i].next < next)
			next = w->oom.queue[i].next;
	return next;
}

void reaper_step(struct world *w)
{
	while (reaper_next(w) <= w->now) {
		size_t turn = whose_turn(w);

		if (attempt(w, &w->oom.queue[turn]))
			finish(w, turn);
	}
}

int process_mrelease(struct world *w, struct task *t, uint32_t flags)
{
	struct task *user = first_with_mm(t->signal);

	if (!w->rules.mrelease_exists)
		return -ENOSYS;
	if (flags)
		return -EINVAL;
	if (!user)
		return -ESRCH;
	if (!will_free_mem(w, user))
		return user->mm->oom_reaped ? 0 : -EINVAL;
	if (is_mm_locked(user->mm, NULL))
		return -EAGAIN;
	take_pages(w, user->mm);
	return 0;
}

void reaper_drop(struct world *w)
{
	free(w->oom.queue);
}
