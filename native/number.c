/* See number.h. Mirrors strstrip() and kstrtoint(text, 0). */
#include "number.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The kernel's ctype table marks 0xa0 (no-break space) as space, too. */
static bool is_space(unsigned char c)
{
	return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0xa0;
}

static char *strip(char *text)
{
	size_t length = strlen(text);

	while (length && is_space((unsigned char)text[length - 1]))
		length--;
	text[length] = '\0';
	while (is_space((unsigned char)*text))
		text++;
	return text;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return INT_MAX;
}

static int radix_of(const char **text)
{
	const char *s = *text;

	if (s[0] != '0')
		return 10;
	if ((s[1] != 'x' && s[1] != 'X') || digit_value(s[2]) >= 16)
		return 8;
	*text += 2;
	return 16;
}

/* Digits, an optional newline, the end. Overflow is found before what follows the digits is looked at. */
static int parse_unsigned(const char *s, uint64_t *out)
{
	int radix = radix_of(&s);
	const char *first = s;
	uint64_t value = 0;
	bool overflow = false;

	for (; digit_value(*s) < radix; s++) {
		overflow |= __builtin_mul_overflow(value, (uint64_t)radix, &value);
		overflow |= __builtin_add_overflow(value, (uint64_t)digit_value(*s), &value);
	}
	if (s == first)
		return -EINVAL;
	if (overflow)
		return -ERANGE;
	if (*s == '\n')
		s++;
	*out = value;
	return *s ? -EINVAL : 0;
}

int number_parse(char *text, int *out)
{
	char *s = strip(text);
	bool negative = *s == '-';
	uint64_t value;
	int error = parse_unsigned(*s == '-' || *s == '+' ? s + 1 : s, &value);

	if (error)
		return error;
	if (value > (uint64_t)INT_MAX + negative)
		return -ERANGE;
	*out = negative ? (int)-(int64_t)value : (int)value;
	return 0;
}
