/*
 * One thread answers the requests of a mount. Before it waits for anybody it has another one stand in for it: whoever
 * it waits for may be waiting for an answer. So there is always a thread that takes the next request and waits for
 * nothing, and of those that wait none holds the world's lock.
 *
 * A stand-in that is not needed any more rests; there are as many as have ever waited at the same time.
 */
#ifndef STAND_IN_H
#define STAND_IN_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct fuse_chan;
struct fuse_session;

/* Of libfuse: where requests come from, fuse_chan_recv(), fuse_session_process() and fuse_interrupted(). */
struct requests {
	struct fuse_session *session;
	struct fuse_chan *channel;
	size_t size;		/* of the longest one */
	int (*receive)(struct fuse_chan **channel, char *buffer, size_t size);
	void (*process)(struct fuse_session *session, const char *buffer, size_t length, struct fuse_chan *channel);
	int (*is_interrupted)(void);	/* who made the request that this thread answers has got a signal */
};

struct stand_ins {
	struct requests requests;
	pthread_mutex_t lock;
	pthread_cond_t needed;
	int serving;		/* threads that take requests, and wait for nothing */
	int resting;
};

void stand_ins_begin(struct stand_ins *s, const struct requests *requests);
/* Around whatever may wait, in a thread that answers a request. Without memory for a thread: false, and nothing may wait. */
bool stand_in_for_me(struct stand_ins *s);
void back_again(struct stand_ins *s);

#endif
