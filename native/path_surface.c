/* The doors of fakeproc.h to the tree by path: what is asked of a name, and what changes names, modes, owners. */
#define _GNU_SOURCE
#include "fakeproc.h"

#include "surface.h"
#include "text.h"
#include "tree/cgroup_tree.h"
#include "tree/tree.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int path_stat(struct world *w, const struct caller *who, const char *path, struct status *out)
{
	return WITH_NODE(w, who, path, false, (tree_status(w, &node, out), 0));
}

int path_access(struct world *w, const struct caller *who, const char *path, int mask)
{
	return WITH_NODE(w, who, path, false, mask & ~7 ? -EINVAL : tree_permission(w, &node, who, mask));
}

static int link_target(struct world *w, const struct caller *who, const struct node *node, char *buffer, size_t size)
{
	struct text target;
	int result;

	if (!S_ISLNK(node->entry->mode) || !size)
		return -EINVAL;
	text_init(&target);
	result = node->entry->read(w, node, who, &target);
	if (!result) {
		result = (int)(target.length < size ? target.length : size);
		memcpy(buffer, target.bytes, (size_t)result);
	}
	text_drop(&target);
	return result;
}

ssize_t path_readlink(struct world *w, const struct caller *who, const char *path, char *buffer, size_t size)
{
	return WITH_NODE(w, who, path, false, link_target(w, who, &node, buffer, size));
}

static int truncate_node(const struct world *w, const struct caller *who, const struct node *node)
{
	if (node->entry->directory)
		return -EISDIR;
	return tree_permission(w, node, who, W_OK);
}

int path_truncate(struct world *w, const struct caller *who, const char *path)
{
	return WITH_NODE(w, who, path, true, truncate_node(w, who, &node));
}

/* ---- modes and owners ---- */

int path_chmod(struct world *w, const struct caller *who, const char *path, uint32_t mode)
{
	return WITH_NODE(w, who, path, true, tree_chmod(w, &node, who, mode));
}

int path_chown(struct world *w, const struct caller *who, const char *path, uint32_t uid, uint32_t gid)
{
	return WITH_NODE(w, who, path, false, tree_chown(w, &node, who, uid, gid));
}

/* To now, which whoever may write may do as well as the owner. */
static int touch(const struct world *w, const struct caller *who, const struct node *node)
{
	return tree_is_owner(w, node, who) ? 0 : tree_permission(w, node, who, W_OK);
}

int path_utimens(struct world *w, const struct caller *who, const char *path)
{
	return WITH_NODE(w, who, path, false, touch(w, who, &node));
}

/* ---- names ---- */

/* The directory that a path is in, and the last name of it. */
static int directory_of(struct world *w, const struct caller *who, const char *path, struct node *out, const char **name)
{
	const char *slash = strrchr(path, '/');
	char *above = strndup(path, slash ? (size_t)(slash - path) : 0);
	int error = above ? tree_resolve(w, who, above, true, out) : -ENOMEM;

	free(above);
	*name = slash ? slash + 1 : path;
	return !error && !out->entry->directory ? -ENOTDIR : error;
}

/* Procfs has no place for another name: looking it up ends in ENOENT, before the directory is asked to do anything. */
static int make(struct world *w, const struct caller *who, const char *path, uint32_t mode)
{
	const struct directory_operations *operations;
	struct node directory;
	const char *name;
	int error = directory_of(w, who, path, &directory, &name);

	if (error)
		return error;
	operations = directory.entry->directory->operations;
	if (!operations)
		return -ENOENT;
	error = tree_permission(w, &directory, who, W_OK | X_OK);
	if (error)
		return error;
	if (!S_ISDIR(mode))
		return S_ISREG(mode) ? -EACCES : -EPERM;
	return UNLESS_HALTED(w, operations->make(w, &directory, who, name, mode));
}

int path_create(struct world *w, const struct caller *who, const char *path, uint32_t mode)
{
	int error = WITH_NODE(w, who, path, false, -EEXIST);

	return error == -ENOENT ? LOCKED(w, make(w, who, path, mode)) : error;
}

static int delete(struct world *w, const struct caller *who, const char *path, const struct node *node)
{
	struct node directory;
	const char *name;
	int error;

	if (!node->entry->directory)
		return -ENOTDIR;
	if (!node->entry->directory->operations)
		return -EPERM;
	error = directory_of(w, who, path, &directory, &name);
	if (!error)
		error = tree_permission(w, &directory, who, W_OK | X_OK);
	return error ? error : UNLESS_HALTED(w, node->entry->directory->operations->remove(w, node));
}

int path_rmdir(struct world *w, const struct caller *who, const char *path)
{
	return WITH_NODE(w, who, path, false, delete(w, who, path, &node));
}

static int no_unlink(const struct node *node)
{
	return node->entry->directory && node->entry->directory->operations ? -EISDIR : -EPERM;
}

int path_unlink(struct world *w, const struct caller *who, const char *path)
{
	return WITH_NODE(w, who, path, false, no_unlink(&node));
}

int path_rename(struct world *w, const struct caller *who, const char *from, const char *to)
{
	int error = WITH_NODE(w, who, from, false, node.entry->flags & KERNFS ? -EPERM : 0);

	return error ? error : WITH_NODE(w, who, to, false, -EPERM);
}

/* ---- extended attributes ---- */

ssize_t path_getxattr(struct world *w, const struct caller *who, const char *path, const char *name, void *value, size_t size)
{
	return WITH_NODE(w, who, path, false, tree_getxattr(w, &node, who, name, value, size));
}

int path_setxattr(struct world *w, const struct caller *who, const char *path, const char *name, const void *value, size_t size,
		  int flags)
{
	return WITH_NODE(w, who, path, false, UNLESS_HALTED(w, tree_setxattr(w, &node, who, name, value, size, flags)));
}

ssize_t path_listxattr(struct world *w, const struct caller *who, const char *path, char *list, size_t size)
{
	return WITH_NODE(w, who, path, false, tree_listxattr(w, &node, who, list, size));
}

int path_removexattr(struct world *w, const struct caller *who, const char *path, const char *name)
{
	return WITH_NODE(w, who, path, false, UNLESS_HALTED(w, tree_removexattr(w, &node, who, name)));
}
