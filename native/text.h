/* A growing text that the files' generators write into. */
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>

struct text {
	char *bytes;
	size_t length, size;
	char small[256];	/* most files of /proc/PID fit: no allocation on the hot path */
};

void text_init(struct text *text);
void text_drop(struct text *text);
/* Room for so many more bytes, so that what is appended next need not look for it each time. */
int text_reserve(struct text *text, size_t more);
int text_append(struct text *text, const char *bytes, size_t length);
int text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
