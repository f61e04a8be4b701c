/*
 * /proc/kmsg: the kernel log as syslog(2) gives it. What one reader has taken, no other gets; a read takes whole lines as
 * long as they fit. Who would wait for more is told that there is none: whoever serves a mount must not wait, but
 * in a lab, see fuse.c.
 */
#define _GNU_SOURCE
#include "clock.h"
#include "cred.h"
#include "klog.h"
#include "tree/file.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>

static int line_of(const struct log_record *record, struct text *out)
{
	int error = text_printf(out, "<%d>[%5" PRId64 ".%06" PRId64 "] ", record->level, record->time / NSEC_PER_SEC,
				record->time % NSEC_PER_SEC / NSEC_PER_USEC);

	if (!error)
		error = text_append(out, record->text, (size_t)record->length);
	return error ? error : text_append(out, "\n", 1);
}

/* The next line; what a read has left of it comes first. */
static int load(struct world *w, struct text *out)
{
	struct log_record record;

	if (w->log.syslog_seq < klog_first(&w->log)) {
		w->log.syslog_seq = klog_first(&w->log);
		w->log.syslog_taken = 0;
	}
	if (!klog_next(&w->log, w->log.syslog_seq, &record))
		return 0;
	return line_of(&record, out);
}

static size_t take(struct world *w, const struct text *line, char *buffer, size_t room)
{
	size_t taken = w->log.syslog_taken < line->length ? w->log.syslog_taken : line->length;
	size_t left = line->length - taken, count = left < room ? left : room;

	memcpy(buffer, line->bytes + taken, count);
	w->log.syslog_taken = taken + count;
	if (w->log.syslog_taken == line->length) {
		w->log.syslog_seq++;
		w->log.syslog_taken = 0;
	}
	return count;
}

ssize_t proc_kmsg_read(struct file *f, void *buffer, size_t count)
{
	struct world *w = f->world;
	size_t done = 0;
	int error = 0;

	if (!buffer && count)
		return -EFAULT;
	while (done < count) {
		text_drop(&f->text);
		error = load(w, &f->text);
		if (error || !f->text.length || (done && f->text.length > count - done))
			break;
		done += take(w, &f->text, (char *)buffer + done, count - done);
	}
	if (done || error)
		return done ? (ssize_t)done : error;
	return count && f->flags & O_NONBLOCK ? -EAGAIN : 0;
}

unsigned int proc_kmsg_poll(const struct file *f)
{
	return f->world->log.syslog_seq < f->world->log.end ? POLLIN | POLLRDNORM : 0;
}
