/* See stand_in.h. */
#define _GNU_SOURCE
#include "stand_in.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

void stand_ins_begin(struct stand_ins *s, const struct requests *requests)
{
	*s = (struct stand_ins){ .requests = *requests, .serving = 1 };
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->needed, NULL);
}

/* 0 or less: there is nothing to answer, or the mount has ended. */
static int next_request(const struct requests *r, char *buffer, struct fuse_chan **channel)
{
	int length;

	do {
		*channel = r->channel;
		length = r->receive(channel, buffer, r->size);
	} while (length == -EINTR || length == -EAGAIN);
	return length;
}

/* Rests while another one serves. */
static void rest_unless_needed(struct stand_ins *s)
{
	pthread_mutex_lock(&s->lock);
	while (s->serving > 1) {
		s->serving--;
		s->resting++;
		pthread_cond_wait(&s->needed, &s->lock);
		s->resting--;
		s->serving++;
	}
	pthread_mutex_unlock(&s->lock);
}

struct stand_in {
	struct stand_ins *all;
	char buffer[];
};

/* Who began it may be bound to a CPU, see follow.h. */
static void run_anywhere(void)
{
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);
}

/* Until the mount has ended. */
static void *serve(void *what)
{
	struct stand_in *it = what;
	const struct requests *r = &it->all->requests;
	struct fuse_chan *channel;
	int length;

	run_anywhere();
	while ((length = next_request(r, it->buffer, &channel)) > 0) {
		r->process(r->session, it->buffer, (size_t)length, channel);
		rest_unless_needed(it->all);
	}
	free(it);
	return NULL;
}

/* Signals are for who began to serve. */
static bool begin_another(struct stand_ins *s)
{
	struct stand_in *it = malloc(sizeof(*it) + s->requests.size);
	sigset_t all, before;
	pthread_t thread;
	int error;

	if (!it)
		return false;
	it->all = s;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, NULL, serve, it);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		free(it);
	else
		pthread_detach(thread);
	return !error;
}

/* A new one serves in my place; one that rests counts itself once it is awake. */
static bool find_another(struct stand_ins *s)
{
	if (!s->resting)
		return begin_another(s);
	pthread_cond_signal(&s->needed);
	s->serving--;
	return true;
}

bool stand_in_for_me(struct stand_ins *s)
{
	bool may_wait = true;

	pthread_mutex_lock(&s->lock);
	if (s->serving > 1)
		s->serving--;
	else
		may_wait = find_another(s);
	pthread_mutex_unlock(&s->lock);
	return may_wait;
}

void back_again(struct stand_ins *s)
{
	pthread_mutex_lock(&s->lock);
	s->serving++;
	pthread_mutex_unlock(&s->lock);
}
