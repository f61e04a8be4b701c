/* See ticker.h. */
#define _GNU_SOURCE
#include "ticker.h"

#include "run.h"
#include "world.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

static const int64_t SECOND = 1000000000, SHORTEST_SLEEP = 500000;

int64_t host_nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * SECOND + now.tv_nsec;
}

void alarm_set(struct world *w, int bell)
{
	w->alarm = (struct alarm){ true, bell, next_event(w), w->now, w->log.end, w->cgroups.changes };
}

void alarm_check(struct world *w)
{
	const struct alarm *a = &w->alarm;
	bool has_changed = w->cgroups.watched && w->cgroups.changes != a->changes;

	if (w->now == a->now && w->log.end == a->log_end && !has_changed && next_event(w) >= a->due)
		return;
	w->alarm.is_set = false;
	eventfd_write(a->bell, 1);
}

static void sleep_until(const struct ticker *t, int64_t due)
{
	struct pollfd bell = { .fd = t->bell, .events = POLLIN };
	int64_t left = due - host_nanoseconds(), sleep = left > SHORTEST_SLEEP ? left : SHORTEST_SLEEP;
	struct timespec timeout = { sleep / SECOND, sleep % SECOND };
	eventfd_t rings;

	if (ppoll(&bell, 1, due == INT64_MAX ? NULL : &timeout, NULL) > 0)
		eventfd_read(t->bell, &rings);
}

static void *run(void *ticker)
{
	struct ticker *t = ticker;

	while (!__atomic_load_n(&t->stops, __ATOMIC_ACQUIRE))
		sleep_until(t, t->tick(t->self));
	return NULL;
}

/* Signals are for the thread that answers the mount: they end it. */
static int start_without_signals(struct ticker *t)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&t->thread, NULL, run, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -error;
}

int ticker_start(struct ticker *t, int64_t (*tick)(void *self), void *self)
{
	int error;

	*t = (struct ticker){ .tick = tick, .self = self, .bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	error = t->bell < 0 ? -errno : start_without_signals(t);
	t->runs = !error;
	if (error && t->bell >= 0)
		close(t->bell);
	return error;
}

void ticker_ring(const struct ticker *t)
{
	if (t->runs)
		eventfd_write(t->bell, 1);
}

void ticker_stop(struct ticker *t)
{
	if (!t->runs)
		return;
	__atomic_store_n(&t->stops, true, __ATOMIC_RELEASE);
	ticker_ring(t);
	pthread_join(t->thread, NULL);
	close(t->bell);
	t->runs = false;
}
