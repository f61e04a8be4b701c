/* See text.h. */
#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_init(struct text *text)
{
	text->bytes = text->small;
	text->length = 0;
	text->size = sizeof(text->small);
}

void text_drop(struct text *text)
{
	if (text->bytes != text->small)
		free(text->bytes);
	text_init(text);
}

int text_reserve(struct text *text, size_t more)
{
	size_t size = text->size;
	char *bytes;

	if (more <= size - text->length)
		return 0;
	while (more > size - text->length)
		size *= 2;
	bytes = malloc(size);
	if (!bytes)
		return -ENOMEM;
	memcpy(bytes, text->bytes, text->length);
	if (text->bytes != text->small)
		free(text->bytes);
	text->bytes = bytes;
	text->size = size;
	return 0;
}

int text_append(struct text *text, const char *bytes, size_t length)
{
	int error = text_reserve(text, length);

	if (error)
		return error;
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
	return 0;
}

static int print(struct text *text, const char *format, va_list arguments)
{
	size_t room = text->size - text->length;
	int length = vsnprintf(text->bytes + text->length, room, format, arguments);

	if (length < 0)
		return -EINVAL;
	if ((size_t)length >= room)
		return -ENOSPC;
	text->length += (size_t)length;
	return 0;
}

int text_printf(struct text *text, const char *format, ...)
{
	va_list arguments, again;
	int error;

	va_start(arguments, format);
	va_copy(again, arguments);
	error = print(text, format, arguments);
	if (error == -ENOSPC) {
		int length = vsnprintf(NULL, 0, format, again);

		va_end(again);
		va_copy(again, arguments);
		va_end(arguments);
		va_start(arguments, format);
		error = length < 0 ? -EINVAL : text_reserve(text, (size_t)length + 1);
		if (!error)
			error = print(text, format, arguments);
	}
	va_end(again);
	va_end(arguments);
	return error;
}
