/*
 * A file whose read ends when the lab says so. Who reads it sleeps, and once he has a fatal signal, uninterruptibly:
 * a victim that does not die, made by the real kernel.
 *
 * It is a FUSE connection of its own, spoken by hand: libfuse's replies cannot be put off without a thread each. Its
 * descriptor does not block, the answers to everything but a read are given at once, and whoever serves it waits for
 * nobody. At most HOLDS are held at a time; a read too many ends at once.
 */
#define _GNU_SOURCE
#include "fakeproc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { HOLDS = 64, BUFFER = 64 * 1024, FILE_NODE = 2, SET_FLAG = 0, SET_STRING = 1, CREATE = 6 };

struct held {
	uint64_t unique;
	int32_t pid;
};

struct hold {
	int device;
	int count;
	struct held held[HOLDS];
	char buffer[BUFFER];
};

/* ---- mounting: detached, it has no place in any directory ---- */

static int configure(int fs, int device)
{
	char fd[16];

	snprintf(fd, sizeof(fd), "%d", device);
	const char *const options[][2] = {
		{ "source", "fakeproc-hold" }, { "fd", fd }, { "rootmode", "40555" }, { "user_id", "0" }, { "group_id", "0" },
	};
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (syscall(SYS_fsconfig, fs, SET_STRING, options[i][0], options[i][1], 0))
			return -errno;
	if (syscall(SYS_fsconfig, fs, SET_FLAG, "allow_other", NULL, 0) || syscall(SYS_fsconfig, fs, CREATE, NULL, NULL, 0))
		return -errno;
	return 0;
}

static int mount_detached(int device)
{
	int fs = (int)syscall(SYS_fsopen, "fuse", 1), error, root;

	if (fs < 0)
		return -errno;
	error = configure(fs, device);
	root = error ? error : (int)syscall(SYS_fsmount, fs, 1, 0);
	if (!error && root < 0)
		root = -errno;
	close(fs);
	return root;
}

struct hold *hold_new(int *directory)
{
	struct hold *h = calloc(1, sizeof(*h));

	if (!h)
		return *directory = -ENOMEM, NULL;
	h->device = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	*directory = h->device < 0 ? -errno : mount_detached(h->device);
	if (*directory >= 0)
		return h;
	if (h->device >= 0)
		close(h->device);
	free(h);
	return NULL;
}

void hold_free(struct hold *h)
{
	close(h->device);
	free(h);
}

int hold_device(const struct hold *h) { return h->device; }

/* ---- answers ---- */

static void answer(const struct hold *h, uint64_t unique, int error, const void *body, size_t size)
{
	struct fuse_out_header head = { .len = (uint32_t)(sizeof(head) + size), .error = error, .unique = unique };
	struct iovec parts[] = { { &head, sizeof(head) }, { (void *)body, size } };

	/* ENOENT: who asked is gone */
	if (writev(h->device, parts, size ? 2 : 1) < 0)
		return;
}

static struct fuse_attr attributes(uint64_t node)
{
	return (struct fuse_attr){
		.ino = node, .mode = node == FILE_NODE ? S_IFREG | 0444 : S_IFDIR | 0555, .nlink = 1, .blksize = 4096,
	};
}

static void answer_init(const struct hold *h, const struct fuse_in_header *in)
{
	struct fuse_init_out out = { .major = 7, .minor = 31, .max_readahead = 0, .max_write = 4096 };

	answer(h, in->unique, 0, &out, sizeof(out));
}

static void answer_lookup(const struct hold *h, const struct fuse_in_header *in)
{
	struct fuse_entry_out out = { .nodeid = FILE_NODE, .entry_valid = 3600, .attr_valid = 3600, .attr = attributes(FILE_NODE) };

	answer(h, in->unique, 0, &out, sizeof(out));
}

static void answer_attr(const struct hold *h, const struct fuse_in_header *in)
{
	struct fuse_attr_out out = { .attr_valid = 3600, .attr = attributes(in->nodeid) };

	answer(h, in->unique, 0, &out, sizeof(out));
}

static void answer_open(const struct hold *h, const struct fuse_in_header *in)
{
	struct fuse_open_out out = { .open_flags = FOPEN_DIRECT_IO };

	answer(h, in->unique, 0, &out, sizeof(out));
}

static int keep(struct hold *h, const struct fuse_in_header *in, struct hold_event *event)
{
	if (h->count == HOLDS) {
		answer(h, in->unique, 0, NULL, 0);
		return 0;
	}
	h->held[h->count++] = (struct held){ in->unique, (int32_t)in->pid };
	*event = (struct hold_event){ HOLD_BEGINS, (int32_t)in->pid };
	return 1;
}

static int interrupted(const struct hold *h, uint64_t unique, struct hold_event *event)
{
	for (int i = 0; i < h->count; i++)
		if (h->held[i].unique == unique) {
			*event = (struct hold_event){ HOLD_HAS_SIGNAL, h->held[i].pid };
			return 1;
		}
	return 0;
}

/* 1: there is an event. */
static int serve(struct hold *h, const struct fuse_in_header *in, struct hold_event *event)
{
	switch (in->opcode) {
	case FUSE_INIT: answer_init(h, in); return 0;
	case FUSE_LOOKUP: answer_lookup(h, in); return 0;
	case FUSE_GETATTR: answer_attr(h, in); return 0;
	case FUSE_OPEN: answer_open(h, in); return 0;
	case FUSE_READ: return keep(h, in, event);
	case FUSE_INTERRUPT: return interrupted(h, ((const struct fuse_interrupt_in *)(in + 1))->unique, event);
	case FUSE_FLUSH: case FUSE_RELEASE: answer(h, in->unique, 0, NULL, 0); return 0;
	case FUSE_FORGET: case FUSE_BATCH_FORGET: return 0;
	default: answer(h, in->unique, -ENOSYS, NULL, 0); return 0;
	}
}

int hold_next(struct hold *h, struct hold_event *event)
{
	ssize_t length;

	do {
		length = read(h->device, h->buffer, sizeof(h->buffer));
		if (length < (ssize_t)sizeof(struct fuse_in_header))
			return 0;
	} while (!serve(h, (const struct fuse_in_header *)h->buffer, event));
	return 1;
}

int hold_release(struct hold *h, int pid)
{
	for (int i = 0; i < h->count; i++)
		if (h->held[i].pid == pid) {
			answer(h, h->held[i].unique, 0, NULL, 0);
			h->held[i] = h->held[--h->count];
			return 1;
		}
	return 0;
}
