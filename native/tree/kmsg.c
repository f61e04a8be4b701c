/* kmsg, as /dev/kmsg: a record at a time. */
#define _GNU_SOURCE
#include "klog.h"
#include "tree/file.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/*
 * FUSE moves the position by itself: where a read comes from another than the expected one, it was lseek(2). kmsg
 * has a size there, that of what the log keeps, so that SEEK_END leads behind it; from the middle it is plain bytes.
 */
static void follow_seek(struct file *f, int64_t offset)
{
	const struct klog *log = &f->world->log;

	if (offset == f->position)
		return;
	f->position = offset;
	f->record = offset ? log->end : klog_first(log);
	f->as_bytes = offset && offset < log->size;
}

static ssize_t read_bytes(struct file *f, void *buffer, size_t count, int64_t offset)
{
	const struct klog *log = &f->world->log;
	uint64_t seq = klog_at(log, &offset);
	struct log_record record;
	int error = 0;

	text_drop(&f->text);
	for (; !error && f->text.length < (size_t)offset + count && klog_next(log, seq, &record); seq++)
		error = klog_format(&record, &f->text);
	return error ? error : copy_out(f, buffer, count, offset);
}

/*
 * devkmsg_read(): a record that does not fit is passed over. At the end a reader that would wait is told that there
 * is no more: whoever serves a mount must not wait. In a lab he can, see fuse.c.
 */
ssize_t kmsg_read(struct file *f, void *buffer, size_t count, int64_t offset)
{
	const struct klog *log = &f->world->log;
	struct log_record record;
	int error;

	follow_seek(f, offset);
	if (f->as_bytes)
		return read_bytes(f, buffer, count, offset);
	if (f->record >= log->end)
		return f->flags & O_NONBLOCK ? -EAGAIN : 0;
	if (f->record < klog_first(log)) {
		f->record = klog_first(log);
		return -EPIPE;
	}
	text_drop(&f->text);
	klog_next(log, f->record++, &record);
	error = klog_format(&record, &f->text);
	if (error)
		return error;
	return count < f->text.length ? -EINVAL : copy_out(f, buffer, count, 0);
}

/* devkmsg_llseek(): the first record, the first since the log was cleared (it never is), behind the last. */
int64_t kmsg_seek(struct file *f, int64_t offset, int whence)
{
	const struct klog *log = &f->world->log;

	if (offset)
		return -ESPIPE;
	if (whence != SEEK_SET && whence != SEEK_DATA && whence != SEEK_END)
		return -EINVAL;
	f->record = whence == SEEK_END ? log->end : klog_first(log);
	f->as_bytes = false;
	return f->position = 0;
}

/* ---- what programs say there ---- */

enum { USER = 1, DEFAULT_LEVEL = 4 };

static uint32_t priority_of(uint32_t facility, uint32_t level)
{
	return facility << 3 | level;
}

/* "<30>text": the priority and where the text begins. Nobody speaks as the kernel, whose facility is 0. */
static uint32_t take_priority(const char **text)
{
	const char *at = *text;
	uint32_t number = 0;

	if (*at != '<')
		return priority_of(USER, DEFAULT_LEVEL);
	while (*++at >= '0' && *at <= '9')
		number = number * 10 + (uint32_t)(*at - '0');
	if (*at != '>')
		return priority_of(USER, DEFAULT_LEVEL);
	*text = at + 1;
	return priority_of(number >> 3 & 0xff ? number >> 3 & 0xff : USER, number & 7);
}

/* devkmsg_write(): up to a NUL, without a newline at the end. It is never too often: nothing is suppressed. */
ssize_t kmsg_write(struct world *w, const struct node *node, const struct caller *who, const char *bytes, size_t count,
		   int64_t offset)
{
	char line[LOG_LINE + 1];
	const char *text = line;
	uint32_t priority;
	size_t length;

	(void)node, (void)who, (void)offset;
	if (is_halted(w))
		return -EHOSTDOWN;
	if (count > LOG_LINE)
		return -EINVAL;
	memcpy(line, bytes, count);
	line[count] = '\0';
	priority = take_priority(&text);
	length = strlen(text);
	if (count)
		klog_add(w, priority, text, length && text[length - 1] == '\n' ? length - 1 : length);
	return (ssize_t)count;
}

/* devkmsg_poll() */
unsigned int kmsg_poll(const struct file *f)
{
	const struct klog *log = &f->world->log;

	if (f->as_bytes)
		return POLLIN | POLLRDNORM;
	if (f->record < klog_first(log))
		return POLLIN | POLLRDNORM | POLLERR | POLLPRI;
	return f->record < log->end ? POLLIN | POLLRDNORM : 0;
}
