/* See klog.h. */
#include "klog.h"

#include "fakeproc.h"
#include "text.h"
#include "world.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ESCAPED = 4 };	/* bytes of \xNN */

static bool is_escaped(unsigned char c)
{
	return c < ' ' || c >= 127 || c == '\\';
}

static struct klog_entry *next_entry(struct klog *log)
{
	if (!log->ring)
		log->ring = calloc(LOG_RECORDS, sizeof(*log->ring));
	return log->ring ? &log->ring[log->end % LOG_RECORDS] : NULL;
}

/* What klog_format() writes is this long. */
static int32_t size_of(const struct klog_entry *entry, uint64_t seq)
{
	int size = snprintf(NULL, 0, "%d,%" PRIu64 ",%" PRId64 ",-;\n", entry->level, seq, entry->time / 1000) + entry->length;

	for (int32_t i = 0; i < entry->length; i++)
		size += is_escaped((unsigned char)entry->bytes[i]) ? ESCAPED - 1 : 0;
	return size;
}

bool klog_keep(struct klog *log, int64_t time, uint32_t priority, const char *bytes, size_t length)
{
	struct klog_entry *entry = next_entry(log);
	char *copy = entry ? malloc(length + 1) : NULL;

	if (!copy)
		return false;
	memcpy(copy, bytes, length);
	log->size -= entry->size;
	free(entry->bytes);
	*entry = (struct klog_entry){ .time = time, .level = (int32_t)priority, .length = (int32_t)length, .bytes = copy };
	entry->size = size_of(entry, log->end);
	log->size += entry->size;
	log->end++;
	return true;
}

void klog_add(struct world *w, uint32_t priority, const char *bytes, size_t length)
{
	klog_keep(&w->log, w->now, priority, bytes, length);
}

void klog_printf(struct world *w, enum log_level level, const char *format, ...)
{
	char line[LOG_LINE];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (length >= 0)
		klog_add(w, level, line, length < LOG_LINE ? (size_t)length : LOG_LINE - 1);
}

uint64_t klog_first(const struct klog *log)
{
	return log->end > LOG_RECORDS ? log->end - LOG_RECORDS : 0;
}

uint64_t klog_at(const struct klog *log, int64_t *offset)
{
	uint64_t seq = klog_first(log);

	while (seq < log->end && *offset >= log->ring[seq % LOG_RECORDS].size)
		*offset -= log->ring[seq++ % LOG_RECORDS].size;
	return seq;
}

int klog_next(const struct klog *log, uint64_t seq, struct log_record *out)
{
	uint64_t first = klog_first(log);
	const struct klog_entry *entry;

	if (seq < first)
		seq = first;
	if (seq >= log->end)
		return 0;
	entry = &log->ring[seq % LOG_RECORDS];
	*out = (struct log_record){ .seq = seq, .time = entry->time, .level = entry->level, .length = entry->length };
	if (entry->length)
		memcpy(out->text, entry->bytes, (size_t)entry->length);
	return 1;
}

int klog_format(const struct log_record *record, struct text *out)
{
	int error = text_printf(out, "%d,%" PRIu64 ",%" PRId64 ",-;", record->level, record->seq, record->time / 1000);

	for (int i = 0; !error && i < record->length; i++) {
		unsigned char c = (unsigned char)record->text[i];

		if (is_escaped(c))
			error = text_printf(out, "\\x%02x", c);
		else
			error = text_append(out, (const char *)&record->text[i], 1);
	}
	return error ? error : text_append(out, "\n", 1);
}

void klog_drop(struct klog *log)
{
	for (size_t i = 0; log->ring && i < LOG_RECORDS; i++)
		free(log->ring[i].bytes);
	free(log->ring);
}
