/*
 * The tree of the cgroups: what the files of both versions have in common. A node's number is the id of its cgroup, 0 the
 * root. A directory's table has all files that one may have; which of them are there its kernel says, its place (the root
 * has fewer) and the controllers that its parent shares out.
 */
#ifndef CGROUP_TREE_H
#define CGROUP_TREE_H

#include "cgroup.h"
#include "tree/tree.h"

/* What a file shows; what is done with what was written, which has no white space around it. 0 or an errno. */
typedef int shower(struct world *w, struct cgroup *cg, struct text *out);
typedef int storer(struct world *w, struct cgroup *cg, const struct caller *who, char *text);

struct cgroup_file {
	shower *show;		/* NULL: -EINVAL, as the next one */
	storer *store;
};

/* The entry of the directory of a cgroup that is not the root. */
extern const struct entry cgroup_entry, cgroup_v1_entry;
extern const struct directory_operations cgroup_operations, cgroup_v1_operations;

/* NULL once it is removed. */
struct cgroup *cgroup_of_node(struct world *w, const struct node *node);
void cgroup_status(const struct world *w, const struct node *node, struct status *out);
bool find_cgroup(struct world *w, const struct node *directory, const char *name, size_t length, struct node *out);
bool next_cgroup(struct world *w, const struct node *directory, int64_t *at, char name[256], struct node *out);
/* May he write that file, by its name, of the cgroup? */
int cgroup_permission(const struct world *w, const struct cgroup *cg, const struct caller *who, const char *name);

/* What a poll of it tells: another number than when it was last shown is a change; 0 once the cgroup is removed. */
uint64_t cgroup_version(struct world *w, const struct node *node);

/* chmod(2), chown(2) with UINT32_MAX for "as it is", and extended attributes: of any node, as its file system answers. */
int tree_chmod(struct world *w, const struct node *node, const struct caller *who, uint32_t mode);
int tree_chown(struct world *w, const struct node *node, const struct caller *who, uint32_t uid, uint32_t gid);
ssize_t tree_getxattr(struct world *w, const struct node *node, const struct caller *who, const char *name, void *value, size_t size);
int tree_setxattr(struct world *w, const struct node *node, const struct caller *who, const char *name, const void *value,
		  size_t size, int flags);
ssize_t tree_listxattr(struct world *w, const struct node *node, const struct caller *who, char *list, size_t size);
int tree_removexattr(struct world *w, const struct node *node, const struct caller *who, const char *name);

/* For the tables: one reader and one writer for all files, which ask the table of their methods. */
int cgroup_show(struct world *w, const struct node *node, const struct cgroup_file *file, struct text *out);
ssize_t cgroup_store(struct world *w, const struct node *node, const struct cgroup_file *file, const struct caller *who,
		     const char *bytes, size_t count);

/* The files that both versions have. */
shower show_procs, show_threads;
storer store_procs;

/* "max" or a size in pages, "-1" for max in v1: page_counter_memparse(). */
int take_pages(const char *text, const char *max, int64_t *pages);
int show_pages(struct text *out, int64_t pages);

#endif
