/* The kernel log: a ring of records, numbered since boot. */
#ifndef KLOG_H
#define KLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text;
struct log_record;
struct world;

enum log_level { LOG_EMERG = 0, LOG_ERR = 3, LOG_WARNING = 4, LOG_NOTICE = 5, LOG_INFO = 6 };

/* As a kernel with CONFIG_LOG_BUF_SHIFT=20 keeps about this many lines of the length that the OOM killer writes. */
enum { LOG_RECORDS = 8192 };

struct klog_entry {
	int64_t time;
	int32_t level;			/* with the facility times 8, which is 0 for the kernel's own */
	int32_t length;
	int32_t size;			/* as /dev/kmsg gives it */
	char *bytes;
};

struct klog {
	struct klog_entry *ring;	/* LOG_RECORDS of them, made with the first record */
	uint64_t end;			/* the seq of the next record */
	int64_t size;			/* of all that it keeps */
	uint64_t syslog_seq;		/* the record that /proc/kmsg gives next, */
	size_t syslog_taken;		/* and how much of its line is taken already */
};

/* A record that finds no memory is lost, which is false; it holds LOG_LINE bytes at most. */
bool klog_keep(struct klog *log, int64_t time, uint32_t priority, const char *bytes, size_t length);
void klog_add(struct world *w, uint32_t priority, const char *bytes, size_t length);
void klog_printf(struct world *w, enum log_level level, const char *format, ...) __attribute__((format(printf, 3, 4)));
uint64_t klog_first(const struct klog *log);
int klog_next(const struct klog *log, uint64_t seq, struct log_record *out);
void klog_drop(struct klog *log);

/* One record as /dev/kmsg gives it: "<priority>,<seq>,<microseconds>,-;text\n", control bytes as \xNN. */
int klog_format(const struct log_record *record, struct text *out);
/* The record in which that byte of everything kept lies, *offset then in it; the end behind the last. */
uint64_t klog_at(const struct klog *log, int64_t *offset);

#endif
