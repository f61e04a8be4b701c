/* See slab.h. Freed objects are poisoned under AddressSanitizer, so that a stale pointer is caught. */
#include "slab.h"

#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define POISON(object, size) ASAN_POISON_MEMORY_REGION(object, size)
#define UNPOISON(object, size) ASAN_UNPOISON_MEMORY_REGION(object, size)
#else
#define POISON(object, size) ((void)0)
#define UNPOISON(object, size) ((void)0)
#endif

enum { OBJECTS = 256, HEADER = 16 };

static void *from_chunk(struct slab *s)
{
	if (!s->chunk || s->used == OBJECTS) {
		char *chunk = calloc(1, HEADER + OBJECTS * s->size);

		if (!chunk)
			return NULL;
		memcpy(chunk, &s->chunk, sizeof(s->chunk));
		s->chunk = chunk;
		s->used = 0;
	}
	return s->chunk + HEADER + s->size * s->used++;
}

void *slab_take(struct slab *s)
{
	void *object = s->free;

	if (!object)
		return from_chunk(s);
	UNPOISON(object, s->size);
	memcpy(&s->free, object, sizeof(s->free));
	return memset(object, 0, s->size);
}

void slab_give(struct slab *s, void *object)
{
	memcpy(object, &s->free, sizeof(s->free));
	s->free = object;
	POISON(object, s->size);
}

void slab_drop(struct slab *s)
{
	while (s->chunk) {
		char *chunk = s->chunk;

		memcpy(&s->chunk, chunk, sizeof(s->chunk));
		UNPOISON(chunk, HEADER + OBJECTS * s->size);
		free(chunk);
	}
	s->free = NULL;
}
