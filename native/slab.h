/* Fixed-size objects from large chunks: no header an object, so that a task stays under 400 bytes. */
#ifndef SLAB_H
#define SLAB_H

#include <stddef.h>

struct slab {
	size_t size;		/* of one object, at least a pointer */
	void *free;		/* given back, linked through their first word */
	char *chunk;		/* the chunk being filled; its first word links to the older ones */
	size_t used;		/* objects taken from it */
};

void *slab_take(struct slab *s);	/* zeroed; NULL without memory */
void slab_give(struct slab *s, void *object);
void slab_drop(struct slab *s);		/* everything at once */

#endif
