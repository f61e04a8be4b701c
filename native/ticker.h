/*
 * The thread of a mount that lets time pass when nobody asks: it sleeps until the world's next event, and wakes who
 * polls for it. Whoever changes the world meanwhile rings its alarm: see world_unlock().
 */
#ifndef TICKER_H
#define TICKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct world;

/* What a ticker knew of its world when it fell asleep. A world with two mounts has the alarm of one of them. */
struct alarm {
	bool is_set;
	int bell;		/* eventfd(2): a fork(2) that is thrown away may ring it, too, and nothing is lost */
	int64_t due, now;
	uint64_t log_end, changes;	/* changes: of cgroups, heeded while somebody may poll for them */
};

void alarm_set(struct world *w, int bell);
/* Rings where the ticker would sleep too long, or something is new. With the world's lock. */
void alarm_check(struct world *w);

struct ticker {
	/* Lets pass what time has passed: when it is due again, by host_nanoseconds(); INT64_MAX for never. */
	int64_t (*tick)(void *self);
	void *self;
	pthread_t thread;
	bool runs, stops;
	int bell;
};

int64_t host_nanoseconds(void);
/* 0 or a negative errno: then it is as if it never was due. */
int ticker_start(struct ticker *t, int64_t (*tick)(void *self), void *self);
void ticker_ring(const struct ticker *t);
void ticker_stop(struct ticker *t);

#endif
