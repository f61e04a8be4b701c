/*
 * What kernfs keeps for a file or a directory beyond its table: a mode and an owner that somebody gave it, and extended
 * attributes. Most nodes have none of it.
 */
#ifndef KERNFS_H
#define KERNFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct xattr {
	char *name;			/* with its prefix: "user.oomd_avoid" */
	char *value;
	size_t length;
};

struct kernfs_node {
	uint64_t place;			/* which file of its directory; 0 is the directory itself */
	bool has_mode, has_owner;
	uint32_t mode, uid, gid;
	struct xattr *xattrs;		/* in descending order of their names */
	size_t xattr_count;
};

struct kernfs {
	struct kernfs_node *nodes;
	size_t count;
};

enum { XATTR_NAME_BYTES = 255, XATTR_VALUE_BYTES = 64 << 10 };	/* XATTR_NAME_MAX, XATTR_SIZE_MAX */
enum { KERNFS_WRITE = 4096 };		/* bytes: a longer write is -E2BIG */

/* NULL where nothing is kept for it. */
struct kernfs_node *kernfs_find(const struct kernfs *k, uint64_t place);
/* Made where there is none; NULL without memory. */
struct kernfs_node *kernfs_make(struct kernfs *k, uint64_t place);
/* Has each attribute a name, and are they in order? Of what was loaded. */
bool kernfs_is_sound(const struct kernfs *k);
void kernfs_drop(struct kernfs *k);

/* As getxattr(2), setxattr(2), listxattr(2), removexattr(2): -ENODATA, -EEXIST, -ENOSPC, -E2BIG, -ERANGE. */
ssize_t xattr_get(const struct kernfs_node *node, const char *name, void *value, size_t size);
int xattr_set(struct kernfs_node *node, const char *name, const void *value, size_t length, int flags);
int xattr_remove(struct kernfs_node *node, const char *name);
/* Those of the name space "trusted." only for who may see them. */
ssize_t xattr_list(const struct kernfs_node *node, bool sees_trusted, char *list, size_t size);

#endif
