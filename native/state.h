/*
 * A world as bytes: everything that it goes on by, so that a copy of it does from then on what it would have done.
 *
 * Not among it is what belongs to who uses it: open files (with the triggers of pressure that were written to them), the
 * mount, its callers and control files. Real processes that have been adopted have left the world that is loaded.
 *
 * The bytes are those of this build: state_describe() says what they mean. Nobody need have written them here: what does not
 * make a world is refused, and nothing that is read is trusted before that.
 */
#ifndef STATE_H
#define STATE_H

#include <stddef.h>

struct text;
struct world;

int state_save(struct world *w, struct text *out);	/* 0 or -ENOMEM */
/* NULL, and why. */
struct world *state_load(const char *bytes, size_t length, struct text *why);
/* What is written for what, in words: bytes of one layout are nothing to another. */
int state_describe(struct text *out);

#endif
