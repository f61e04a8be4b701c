/* The doors of fakeproc.h to saved worlds. */
#include "state.h"

#include "surface.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The text's bytes go to the caller: a short text has them in itself. */
static int hand_over(int error, struct text *text, char **bytes, size_t *length)
{
	bool is_short = text->bytes == text->small;
	char *own = error ? NULL : is_short ? malloc(sizeof(text->small)) : text->bytes;

	*bytes = own;
	*length = text->length;
	if (own && is_short)
		memcpy(own, text->small, sizeof(text->small));
	if (!own)
		text_drop(text);
	return own ? 0 : -ENOMEM;
}

int world_save(struct world *w, char **bytes, size_t *length)
{
	struct text text;

	text_init(&text);
	return hand_over(LOCKED(w, state_save(w, &text)), &text, bytes, length);
}

struct world *world_load(const char *bytes, size_t length, char *why, size_t size)
{
	struct text text;
	struct world *w;

	text_init(&text);
	w = state_load(bytes, length, &text);
	if (size)
		snprintf(why, size, "%.*s", (int)text.length, text.bytes);
	text_drop(&text);
	return w;
}

int world_version(struct world *w) { return (int)w->version; }
uint32_t world_patches(struct world *w) { return w->patches; }

int state_layout(char **bytes, size_t *length)
{
	struct text text;

	text_init(&text);
	return hand_over(state_describe(&text), &text, bytes, length);
}

void state_free(char *bytes) { free(bytes); }
