/* See number.h. Mirrors strstrip() and kstrtoint(text, 0), proc_get_long() of the sysctls, vsscanf() and memparse(). */
#include "number.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* The kernel's ctype table marks 0xa0 (no-break space) as space, too. */
static bool is_space(unsigned char c)
{
	return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0xa0;
}

char *number_strip(char *text)
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

/* The value of the digits, cut to 64 bits, and *text behind them. */
static uint64_t take_digits(const char **text, int radix, bool *overflow)
{
	uint64_t value = 0;

	*overflow = false;
	for (; digit_value(**text) < radix; (*text)++) {
		*overflow |= __builtin_mul_overflow(value, (uint64_t)radix, &value);
		*overflow |= __builtin_add_overflow(value, (uint64_t)digit_value(**text), &value);
	}
	return value;
}

/* Digits, an optional newline, the end. Overflow is found before what follows the digits is looked at. */
static int parse_unsigned(const char *s, uint64_t *out)
{
	int radix = radix_of(&s);
	const char *first = s;
	bool overflow;
	uint64_t value = take_digits(&s, radix, &overflow);

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
	char *s = number_strip(text);
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

int number_parse_unsigned(const char *text, uint64_t *out)
{
	return parse_unsigned(*text == '+' ? text + 1 : text, out);
}

int number_parse_signed(const char *text, int64_t *out)
{
	bool negative = *text == '-';
	uint64_t value;
	int error = parse_unsigned(negative || *text == '+' ? text + 1 : text, &value);

	if (error)
		return error;
	if (value > (uint64_t)INT64_MAX + negative)
		return -ERANGE;
	*out = (int64_t)(negative ? -value : value);
	return 0;
}

const char *number_take_size(const char *text, uint64_t *out)
{
	static const char units[] = "kmgtpe";
	bool overflow;
	uint64_t value = take_digits(&text, radix_of(&text), &overflow);
	const char *unit = *text ? strchr(units, *text | 0x20) : NULL;

	*out = unit ? value << (10 * (unit - units + 1)) : value;
	return unit ? text + 1 : text;
}

static size_t spaces(const char *bytes, size_t count)
{
	size_t length = 0;

	while (length < count && is_space((unsigned char)bytes[length]))
		length++;
	return length;
}

/* proc_get_long(): 21 bytes are too many, since what follows them is not known. */
static int take_long(const char *bytes, size_t count, bool wraps, struct sysctl_number *out)
{
	enum { MOST = 21 };
	char text[MOST + 1] = "";
	const char *s = text;
	bool overflow;

	memcpy(text, bytes, count < MOST ? count : MOST);
	out->negative = *s == '-' && count > 1;
	s += out->negative;
	if (digit_value(*s) >= 10)
		return -EINVAL;
	out->magnitude = take_digits(&s, radix_of(&s), &overflow);
	out->used = (size_t)(s - text);
	if ((overflow && !wraps) || out->used == MOST)
		return -EINVAL;
	return out->used < count && (!*s || !strchr(" \t\n", *s)) ? -EINVAL : 0;
}

int number_take(const char *bytes, size_t count, bool wraps, struct sysctl_number *out)
{
	size_t before = spaces(bytes, count);
	int error = before < count ? take_long(bytes + before, count - before, wraps, out) : -EINVAL;

	if (error)
		return error;
	out->used += before;
	out->used += spaces(bytes + out->used, count - out->used);
	return 0;
}

const char *number_scan(const char *text, uint32_t *out)
{
	bool overflow;

	while (is_space((unsigned char)*text))
		text++;
	if (digit_value(*text) >= 10)
		return NULL;
	*out = (uint32_t)take_digits(&text, 10, &overflow);
	return text;
}
