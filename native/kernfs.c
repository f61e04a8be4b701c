/* See kernfs.h. Mirrors fs/xattr.c (simple_xattr_*) and kernfs_vfs_user_xattr_set(). */
#include "kernfs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

/* KERNFS_MAX_USER_XATTRS and KERNFS_USER_XATTR_SIZE_LIMIT: only of "user.". */
enum { USER_XATTRS = 128, USER_BYTES = 128 << 10 };

struct kernfs_node *kernfs_find(const struct kernfs *k, uint64_t place)
{
	for (size_t i = 0; i < k->count; i++)
		if (k->nodes[i].place == place)
			return &k->nodes[i];
	return NULL;
}

struct kernfs_node *kernfs_make(struct kernfs *k, uint64_t place)
{
	struct kernfs_node *found = kernfs_find(k, place), *grown;

	if (found)
		return found;
	grown = realloc(k->nodes, (k->count + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	k->nodes = grown;
	grown[k->count] = (struct kernfs_node){ .place = place };
	return &grown[k->count++];
}

static void xattr_free(struct xattr *x)
{
	free(x->name);
	free(x->value);
}

void kernfs_drop(struct kernfs *k)
{
	for (size_t i = 0; i < k->count; i++) {
		for (size_t j = 0; j < k->nodes[i].xattr_count; j++)
			xattr_free(&k->nodes[i].xattrs[j]);
		free(k->nodes[i].xattrs);
	}
	free(k->nodes);
	*k = (struct kernfs){ 0 };
}

/* ---- extended attributes ---- */

static bool is_in_order(const struct kernfs_node *node)
{
	for (size_t i = 0; i < node->xattr_count; i++)
		if (!node->xattrs[i].name || (i && strcmp(node->xattrs[i - 1].name, node->xattrs[i].name) <= 0))
			return false;
	return true;
}

bool kernfs_is_sound(const struct kernfs *k)
{
	for (size_t i = 0; i < k->count; i++)
		if (!is_in_order(&k->nodes[i]))
			return false;
	return true;
}

/* Where one of that name stands, or would. */
static size_t place_of(const struct kernfs_node *node, const char *name)
{
	size_t i = 0;

	while (i < node->xattr_count && strcmp(node->xattrs[i].name, name) > 0)
		i++;
	return i;
}

static bool is_at(const struct kernfs_node *node, size_t place, const char *name)
{
	return place < node->xattr_count && !strcmp(node->xattrs[place].name, name);
}

ssize_t xattr_get(const struct kernfs_node *node, const char *name, void *value, size_t size)
{
	size_t place = node ? place_of(node, name) : 0;
	const struct xattr *x;

	if (!node || !is_at(node, place, name))
		return -ENODATA;
	x = &node->xattrs[place];
	if (!size)
		return (ssize_t)x->length;
	if (size < x->length)
		return -ERANGE;
	if (x->length)
		memcpy(value, x->value, x->length);
	return (ssize_t)x->length;
}

static bool is_user(const char *name)
{
	return !strncmp(name, "user.", 5);
}

/* Counted before what it replaces is taken away: who is full cannot replace, either. */
static bool is_full(const struct kernfs_node *node, size_t more)
{
	size_t count = 1, bytes = more;

	for (size_t i = 0; i < node->xattr_count; i++)
		if (is_user(node->xattrs[i].name)) {
			count++;
			bytes += node->xattrs[i].length;
		}
	return count > USER_XATTRS || bytes > USER_BYTES;
}

static int insert(struct kernfs_node *node, size_t place, struct xattr x)
{
	struct xattr *grown = realloc(node->xattrs, (node->xattr_count + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	node->xattrs = grown;
	memmove(grown + place + 1, grown + place, (node->xattr_count++ - place) * sizeof(*grown));
	grown[place] = x;
	return 0;
}

static int put(struct kernfs_node *node, size_t place, bool replaces, struct xattr x)
{
	int error = x.name && x.value ? 0 : -ENOMEM;

	if (!error && !replaces)
		error = insert(node, place, x);
	if (error) {
		xattr_free(&x);
	} else if (replaces) {
		xattr_free(&node->xattrs[place]);
		node->xattrs[place] = x;
	}
	return error;
}

int xattr_set(struct kernfs_node *node, const char *name, const void *value, size_t length, int flags)
{
	size_t place = place_of(node, name);
	bool is_there = is_at(node, place, name);
	struct xattr x;

	if (flags & ~(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	if (strlen(name) > XATTR_NAME_BYTES)
		return -ERANGE;
	if (length > XATTR_VALUE_BYTES)
		return -E2BIG;
	if (is_user(name) && is_full(node, length))
		return -ENOSPC;
	if (is_there && (flags & XATTR_CREATE))
		return -EEXIST;
	if (!is_there && (flags & XATTR_REPLACE))
		return -ENODATA;
	x = (struct xattr){ strdup(name), malloc(length + 1), length };
	if (x.value && length)
		memcpy(x.value, value, length);
	return put(node, place, is_there, x);
}

int xattr_remove(struct kernfs_node *node, const char *name)
{
	size_t place = node ? place_of(node, name) : 0;

	if (!node || !is_at(node, place, name))
		return -ENODATA;
	xattr_free(&node->xattrs[place]);
	node->xattr_count--;
	memmove(node->xattrs + place, node->xattrs + place + 1, (node->xattr_count - place) * sizeof(*node->xattrs));
	return 0;
}

ssize_t xattr_list(const struct kernfs_node *node, bool sees_trusted, char *list, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; node && i < node->xattr_count; i++) {
		const char *name = node->xattrs[i].name;
		size_t length = strlen(name) + 1;

		if (!sees_trusted && !strncmp(name, "trusted.", 8))
			continue;
		if (size && used + length > size)
			return -ERANGE;
		if (size)
			memcpy(list + used, name, length);
		used += length;
	}
	return (ssize_t)used;
}
