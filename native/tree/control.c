/*
 * The files of .fakeproc that Python answers. The world's lock is let go meanwhile: Python calls the
 * world again, and whoever holds the interpreter may be waiting for the lock.
 */
#include "tree/tree.h"
#include "world.h"

#include <errno.h>

int control_file_read(struct world *w, const char *name, struct text *out)
{
	struct control control = w->control;
	int error;

	world_unlock(w);
	error = control.read(control.self, name, out);
	world_lock(w);
	return error;
}

ssize_t control_file_write(struct world *w, const char *name, const char *bytes, size_t count, const struct caller *writer)
{
	struct control control = w->control;
	ssize_t result;

	world_unlock(w);
	result = control.write(control.self, name, bytes, count, writer);
	world_lock(w);
	return result;
}
