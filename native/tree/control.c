/*
 * .fakeproc: its table. Python answers its files, but for kmsg, which file.c reads a record at a time, and the cgroups,
 * which are a tree of their own. The world's lock is let go meanwhile: Python calls the world again, and whoever holds
 * the interpreter may be waiting for it.
 */
#include "tree/tree.h"
#include "world.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { REAL_PLACE = 511 };	/* an inode number, see struct node */

int control_read_file(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	struct control control = w->control;
	int error;

	(void)reader;
	if (!control.read)
		return -EIO;
	world_unlock(w);
	error = control.read(control.self, node->entry->name, out);
	world_lock(w);
	return error;
}

ssize_t control_write_file(struct world *w, const struct node *node, const struct caller *who, const char *bytes,
			   size_t count, int64_t offset)
{
	struct control control = w->control;
	ssize_t result;

	(void)offset;
	if (!control.write)
		return -EIO;
	world_unlock(w);
	result = control.write(control.self, node->entry->name, bytes, count, who);
	world_lock(w);
	return result;
}

static const struct entry control_entries[] = {
#define ANSWERED(name, mode) { name, S_IFREG | mode, SHOWN, BOTH, control_read_file, control_write_file, NULL, CONTROL, 0 }
	{ "cgroup", S_IFDIR | 0555, FRESH, BOTH, NULL, NULL, &cgroup_directory, KERNFS, WHERE(cgroups_are_v2) },
	{ "cgroup", S_IFDIR | 0555, FRESH, BOTH, NULL, NULL, &cgroup_hierarchies_directory, 0, WHERE(cgroups_are_v1) },
	ANSWERED("ctl", 0644),
	ANSWERED("explain", 0444),
	ANSWERED("explain.json", 0444),
	{ "kmsg", S_IFREG | 0644, RECORDS, BOTH, NULL, kmsg_write, NULL, CONTROL, 0 },
	ANSWERED("log", 0444),
	ANSWERED("world", 0444),
	ANSWERED("world.json", 0444),
};

/* A place for the real procfs, see real.h. */
static const struct directory real_directory = { NULL, 0, NULL, NULL, BOTH, 0, 2, NULL };
static const struct entry real_entry = { "real", S_IFDIR | 0555, FRESH, BOTH, NULL, NULL, &real_directory, CONTROL, 0 };

static bool find_real(struct world *w, const struct node *directory, const char *name, size_t length, struct node *out)
{
	(void)directory;
	if (!w->adopter || length != strlen(real_entry.name) || memcmp(name, real_entry.name, length))
		return false;
	*out = (struct node){ &real_entry, NULL, BOTH, REAL_PLACE, 0 };
	return true;
}

const struct directory control_directory = { ENTRIES(control_entries), find_real, NULL, BOTH, 512, 3, NULL };
