/* The kernel's reading of an integer from a text (kstrtoint, strstrip, proc_get_long). */
#ifndef NUMBER_H
#define NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 0 and *out, -EINVAL, or -ERANGE. White space around the number is allowed, as the kernel's strstrip() takes it. */
int number_parse(char *text, int *out);

/* strstrip(): from the first to the last byte that is no white space, in place. */
char *number_strip(char *text);

/*
 * memparse(): a number, with K, M, G, T, P or E behind it a size. What is behind that; no digits are 0, more than 64 bits
 * are cut off.
 */
const char *number_take_size(const char *text, uint64_t *out);

/* kstrtoull(text, 0), kstrtoll(text, 0): the same as number_parse() for 64 bits, and no white space but a newline behind it. */
int number_parse_unsigned(const char *text, uint64_t *out);
int number_parse_signed(const char *text, int64_t *out);

/* The first number of a write to /proc/sys. */
struct sysctl_number {
	uint64_t magnitude;
	bool negative;
	size_t used;		/* bytes, with the white space around it */
};

/* As do_proc_dointvec() takes it: 0 or -EINVAL. wraps: more than 64 bits are cut off, not refused. */
int number_take(const char *bytes, size_t count, bool wraps, struct sysctl_number *out);

/* %u of the kernel's sscanf(): what is behind the number, NULL where there is none. More than 32 bits are cut off. */
const char *number_scan(const char *text, uint32_t *out);

#endif
