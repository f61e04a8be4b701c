/* See account.h. */
#include "account.h"

#include "cgroup.h"
#include "extra.h"
#include "task.h"
#include "world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { WHOLE_CPU = 1000, FIELDS = sizeof(struct spent) / sizeof(uint64_t) };

/* All fields of struct spent are counters of one type. */
static void add(struct spent *to, const struct spent *more)
{
	uint64_t *sum = (uint64_t *)to;
	const uint64_t *each = (const uint64_t *)more;

	for (size_t i = 0; i < FIELDS; i++)
		sum[i] += each[i];
}

static void add_bytes(struct spent *to, const struct spent *more)
{
	to->rchar += more->rchar;
	to->wchar += more->wchar;
	to->syscr += more->syscr;
	to->syscw += more->syscw;
	to->read_bytes += more->read_bytes;
	to->write_bytes += more->write_bytes;
	to->cancelled_write_bytes += more->cancelled_write_bytes;
}

/* In two parts, so that the product stays in 64 bits for a thousand CPUs over a thousand years. */
static uint64_t share_of(uint32_t share, uint64_t elapsed)
{
	return elapsed / WHOLE_CPU * share + elapsed % WHOLE_CPU * share / WHOLE_CPU;
}

/* The clock may have been set back. */
static uint64_t elapsed_since(const struct world *w, int64_t since)
{
	return w->now > since ? (uint64_t)(w->now - since) : 0;
}

static struct spent spent_now(const struct world *w, const struct account *a, bool runs)
{
	uint64_t elapsed = runs ? elapsed_since(w, a->since) : 0;
	struct spent sum = a->so_far;
	uint64_t user = share_of(a->user, elapsed), system = share_of(a->system, elapsed);

	sum.utime += user;
	sum.stime += system;
	return sum;
}

static void settle(const struct world *w, struct account *a, bool runs)
{
	a->so_far = spent_now(w, a, runs);
	a->since = w->now;
}

static bool may_run(const struct task *t)
{
	return (t->state == 'S' || t->state == 'R') && !(t->flags & (TASK_ZOMBIE | TASK_DSLEEP | TASK_FROZEN))
		&& !cgroup_is_frozen(t->signal->cgroup);
}

static struct spent with_switches(struct spent sum)
{
	sum.nvcsw += (sum.utime + sum.stime) / CPU_SLICE;
	return sum;
}

static struct account *account_of(const struct world *w, const struct task *t)
{
	return t->account ? &w->accounts.of_tasks[t->account] : NULL;
}

static struct spent raw_spent(const struct world *w, const struct task *t)
{
	const struct account *a = account_of(w, t);

	return a ? spent_now(w, a, may_run(t)) : (struct spent){ 0 };
}

struct spent spent_by_task(const struct world *w, const struct task *t)
{
	return with_switches(raw_spent(w, t));
}

struct spent spent_in_process(const struct world *w, const struct signal *signal)
{
	struct spent sum = signal->extra ? signal->extra->dead_threads : (struct spent){ 0 };

	for (const struct task *t = signal->leader; t; t = t->next) {
		struct spent own;

		if (!t->account)
			continue;
		own = raw_spent(w, t);
		add(&sum, &own);
	}
	return sum;
}

struct spent spent_by_process(const struct world *w, const struct signal *signal)
{
	struct spent sum = spent_in_process(w, signal);

	if (signal->extra)
		add_bytes(&sum, &signal->extra->children);
	return with_switches(sum);
}

struct spent spent_by_children(const struct signal *signal)
{
	return signal->extra ? with_switches(signal->extra->children) : (struct spent){ 0 };
}

struct spent spent_by_all(const struct world *w)
{
	return with_switches(spent_now(w, &w->accounts.all, true));
}

struct cpu_time cpu_time_of_all(const struct world *w)
{
	struct spent sum = spent_now(w, &w->accounts.all, true);

	return (struct cpu_time){ sum.utime, sum.stime };
}

/* The next free place; 0 without memory. */
static uint32_t new_place(struct accounts *accounts)
{
	uint32_t place = accounts->free;

	if (place) {
		accounts->free = accounts->of_tasks[place].user;
		return place;
	}
	if (accounts->count + 1 >= accounts->room) {
		uint32_t room = accounts->room ? accounts->room * 2 : 16;
		struct account *grown = realloc(accounts->of_tasks, room * sizeof(*grown));

		if (!grown)
			return 0;
		accounts->of_tasks = grown;
		accounts->room = room;
	}
	return ++accounts->count;
}

struct account *account_make(struct world *w, struct task *t)
{
	if (!t->account) {
		t->account = new_place(&w->accounts);
		if (t->account)
			w->accounts.of_tasks[t->account] = (struct account){ 0 };
	}
	return account_of(w, t);
}

void account_forget(struct world *w, struct task *t)
{
	if (!t->account)
		return;
	w->accounts.of_tasks[t->account].user = w->accounts.free;
	w->accounts.free = t->account;
	t->account = 0;
}

void accounts_drop(struct world *w)
{
	free(w->accounts.of_tasks);
}

void spend(struct world *w, struct task *t, const struct spent *more)
{
	struct account *a = account_make(w, t);

	if (!a)
		return;
	add(&a->so_far, more);
	add(&w->accounts.all.so_far, more);
}

void account_stop(struct world *w, struct task *t)
{
	struct account *a = account_of(w, t);

	if (!a || !may_run(t))
		return;
	settle(w, a, true);
	settle(w, &w->accounts.all, true);
	w->accounts.all.user -= a->user;
	w->accounts.all.system -= a->system;
}

void account_start(struct world *w, struct task *t)
{
	struct account *a = account_of(w, t);

	if (!a || !may_run(t))
		return;
	a->since = w->now;
	settle(w, &w->accounts.all, true);
	w->accounts.all.user += a->user;
	w->accounts.all.system += a->system;
}

int set_cpu_share(struct world *w, struct task *t, int user, int system)
{
	struct account *a;

	if (user < 0 || system < 0 || user > WHOLE_CPU || system > WHOLE_CPU - user)
		return -EINVAL;
	if (is_zombie(t))
		return -ESRCH;
	a = account_make(w, t);
	if (!a)
		return -ENOMEM;
	account_stop(w, t);
	a->user = (uint32_t)user;
	a->system = (uint32_t)system;
	account_start(w, t);
	return 0;
}

void account_release(struct world *w, struct task *t)
{
	struct extra *extra = t->account ? extra_of(t->signal) : NULL;
	struct spent own = raw_spent(w, t);

	if (extra)
		add(&extra->dead_threads, &own);
	account_forget(w, t);
}

void account_reap(struct world *w, const struct signal *signal)
{
	struct spent sum = spent_in_process(w, signal);
	const struct spent nothing = { 0 };
	struct extra *extra;

	if (signal->extra)
		add(&sum, &signal->extra->children);
	if (!signal->parent || !memcmp(&sum, &nothing, sizeof(sum)))
		return;
	extra = extra_of(signal->parent->signal);
	if (extra)
		add(&extra->children, &sum);
}

uint32_t cpu_share(const struct world *w, const struct task *t)
{
	const struct account *a = account_of(w, t);

	return a ? a->user + a->system : 0;
}
