/* See cgroup_tree.h. */
#include "tree/cgroup_tree.h"

#include "cgroup_control.h"
#include "cred.h"
#include "number.h"
#include "task.h"
#include "text.h"
#include "world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct cgroup *cgroup_of_node(struct world *w, const struct node *node)
{
	struct cgroup *cg = node->number ? cgroup_by_id(w, node->number) : &w->root;

	return cg && !cg->removed ? cg : NULL;
}

/* ---- names ---- */

static struct node node_of(const struct node *directory, const struct cgroup *cg)
{
	bool is_v1 = directory->entry->directory->operations == &cgroup_v1_operations;

	return (struct node){ is_v1 ? &cgroup_v1_entry : &cgroup_entry, NULL, BOTH, 0, cg->id };
}

bool find_cgroup(struct world *w, const struct node *directory, const char *name, size_t length, struct node *out)
{
	const struct cgroup *cg = cgroup_of_node(w, directory), *child = cg ? cgroup_child(cg, name, length) : NULL;

	if (child)
		*out = node_of(directory, child);
	return child;
}

/* Brothers stand in the order of their ids. The position is the id behind the last one's, who may be gone. */
static const struct cgroup *first_from(const struct world *w, const struct cgroup *cg, uint64_t id)
{
	const struct cgroup *last = id ? cgroup_by_id(w, id - 1) : NULL, *child = cg->first_child;

	if (last && last->parent == cg && !last->removed)
		return last->sibling_newer;
	while (child && child->id < id)
		child = child->sibling_newer;
	return child;
}

bool next_cgroup(struct world *w, const struct node *directory, int64_t *at, char name[256], struct node *out)
{
	const struct cgroup *cg = cgroup_of_node(w, directory), *child = cg ? first_from(w, cg, (uint64_t)*at) : NULL;

	if (!child)
		return false;
	*at = (int64_t)child->id + 1;
	strcpy(name, child->name);
	*out = node_of(directory, child);
	return true;
}

/* ---- what is there, mkdir, rmdir ---- */

static uint32_t controllers_of(unsigned int flags)
{
	return (flags & OF_CPU ? CONTROLS_CPU : 0) | (flags & OF_IO ? CONTROLS_IO : 0)
		| (flags & OF_MEMORY ? CONTROLS_MEMORY : 0) | (flags & OF_PIDS ? CONTROLS_PIDS : 0);
}

static bool has(const struct world *w, const struct node *directory, const struct entry *e)
{
	const struct cgroup *cg = cgroup_of_node((struct world *)w, directory);

	if (!cg || (e->flags & (cg->parent ? ONLY_ON_ROOT : NOT_ON_ROOT)))
		return false;
	if ((e->flags & PRESSURE) && cg->has_no_pressure)
		return false;
	return !(controllers_of(e->flags) & ~cgroup_controllers(w, cg));
}

/* In the old hierarchy there is one controller, for all. */
static bool has_v1(const struct world *w, const struct node *directory, const struct entry *e)
{
	const struct cgroup *cg = cgroup_of_node((struct world *)w, directory);

	return cg && !(e->flags & (cg->parent ? ONLY_ON_ROOT : NOT_ON_ROOT));
}

static int make(struct world *w, const struct node *directory, const struct caller *who, const char *name, uint32_t mode)
{
	struct cgroup *parent = cgroup_of_node(w, directory), *cg;
	int error = parent ? 0 : -ENOENT;

	if (!error && strchr(name, '\n'))
		error = -EINVAL;
	if (!error)
		error = cgroup_may_grow(parent);
	if (!error)
		error = cgroup_make(w, parent, name, &cg);
	if (error)
		return error;
	cg->has_owner = true;
	cg->uid = who->uid;
	cg->gid = who->gid;
	cg->mode = mode & 07777;
	return 0;
}

static int delete(struct world *w, const struct node *directory)
{
	struct cgroup *cg = cgroup_of_node(w, directory);

	return cg ? cgroup_remove(w, cg) : -ENOENT;
}

const struct directory_operations cgroup_operations = { has, make, delete }, cgroup_v1_operations = { has_v1, make, delete };

/* ---- what stat(2) tells ---- */

/* Of the directory itself it is 0, wherever that stands. */
static uint64_t place_of(const struct node *node)
{
	return node->entry->directory ? 0 : node->place;
}

static void set_owner(const struct world *w, const struct cgroup *cg, const struct kernfs_node *kept, struct status *out)
{
	out->uid = cg->has_owner ? cg->uid : w->control.uid;
	out->gid = cg->has_owner ? cg->gid : w->control.gid;
	if (kept && kept->has_owner) {
		out->uid = kept->uid;
		out->gid = kept->gid;
	}
}

void cgroup_status(const struct world *w, const struct node *node, struct status *out)
{
	const struct cgroup *cg = node->number ? cgroup_by_id(w, node->number) : &w->root;
	const struct kernfs_node *kept = cg ? kernfs_find(&cg->kernfs, place_of(node)) : NULL;
	bool is_directory = node->entry->directory;

	out->block_size = 4096;
	if (!cg)
		return;
	if (is_directory) {
		out->nlink = 2 + (uint32_t)cg->child_count;
		out->mode = S_IFDIR | cg->mode;
	}
	if (kept && kept->has_mode)
		out->mode = (out->mode & S_IFMT) | kept->mode;
	out->time = w->boot_time + cg->made;
	set_owner(w, cg, kept, out);
}

int cgroup_permission(const struct world *w, const struct cgroup *cg, const struct caller *who, const char *name)
{
	const struct directory *d = w->rules.cgroups_are_v1 ? &cgroup_v1_directory : &cgroup_directory;

	for (size_t i = 0; i < d->count; i++)
		if (!strcmp(d->entries[i].name, name)) {
			struct node node = { &d->entries[i], NULL, BOTH, d->first + i, cg->parent ? cg->id : 0 };

			return tree_permission(w, &node, who, W_OK);
		}
	return -ENOENT;
}

static struct kernfs_node *kept_for(struct world *w, const struct node *node)
{
	struct cgroup *cg = cgroup_of_node(w, node);

	return cg ? kernfs_make(&cg->kernfs, place_of(node)) : NULL;
}

static const struct kernfs_node *kept_of(struct world *w, const struct node *node)
{
	const struct cgroup *cg = cgroup_of_node(w, node);

	return cg ? kernfs_find(&cg->kernfs, place_of(node)) : NULL;
}

/* proc_setattr(): a mode is refused, owners and times are taken and forgotten. */
int tree_chmod(struct world *w, const struct node *node, const struct caller *who, uint32_t mode)
{
	struct kernfs_node *kept;

	if (!(node->entry->flags & KERNFS) || !tree_is_owner(w, node, who))
		return -EPERM;
	kept = kept_for(w, node);
	if (!kept)
		return -ENOMEM;
	kept->has_mode = true;
	kept->mode = mode & 07777;
	return 0;
}

/* setattr_prepare() */
static bool may_chown(const struct status *s, const struct caller *who, uint32_t uid, uint32_t gid)
{
	bool is_owner = who->uid == s->uid;

	if (who->caps & CAP_BIT(CAP_CHOWN))
		return true;
	if (uid != UINT32_MAX && !(is_owner && uid == s->uid))
		return false;
	return gid == UINT32_MAX || (is_owner && (gid == s->gid || gid == who->gid));
}

int tree_chown(struct world *w, const struct node *node, const struct caller *who, uint32_t uid, uint32_t gid)
{
	struct kernfs_node *kept;
	struct status s;

	tree_status(w, node, &s);
	if (!may_chown(&s, who, uid, gid))
		return -EPERM;
	if (!(node->entry->flags & KERNFS))
		return 0;
	kept = kept_for(w, node);
	if (!kept)
		return -ENOMEM;
	kept->has_owner = true;
	kept->uid = uid == UINT32_MAX ? s.uid : uid;
	kept->gid = gid == UINT32_MAX ? s.gid : gid;
	return 0;
}

/* ---- extended attributes ---- */

static bool begins(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix));
}

/* xattr_resolve_name(): 0, or what a name is answered that nothing can be kept under. */
static int check_name(const struct world *w, const struct node *node, const char *name)
{
	static const char *const prefixes[] = { "user.", "trusted.", "security." };

	if (!(node->entry->flags & KERNFS) || (begins(name, "user.") && !w->rules.cgroup_user_xattrs))
		return -ENOTSUP;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (begins(name, prefixes[i]))
			return name[strlen(prefixes[i])] ? 0 : -EINVAL;
	return -ENOTSUP;
}

/* xattr_permission(); "security." is the business of security modules, of which there is none. */
static int check_xattr(const struct world *w, const struct node *node, const struct caller *who, const char *name, int mask)
{
	bool is_admin = who->caps & CAP_BIT(CAP_SYS_ADMIN);
	int error = check_name(w, node, name);

	if (error)
		return error;
	if (begins(name, "trusted.") && !is_admin)
		return mask & W_OK ? -EPERM : -ENODATA;
	if (begins(name, "security.") && (mask & W_OK) && !is_admin)
		return -EPERM;
	return begins(name, "user.") ? tree_permission(w, node, who, mask) : 0;
}

ssize_t tree_getxattr(struct world *w, const struct node *node, const struct caller *who, const char *name, void *value, size_t size)
{
	int error = check_xattr(w, node, who, name, R_OK);

	return error ? error : xattr_get(kept_of(w, node), name, value, size);
}

int tree_setxattr(struct world *w, const struct node *node, const struct caller *who, const char *name, const void *value,
		  size_t size, int flags)
{
	int error = check_xattr(w, node, who, name, W_OK);
	struct kernfs_node *kept = error ? NULL : kept_for(w, node);

	if (error)
		return error;
	return kept ? xattr_set(kept, name, value, size, flags) : -ENOMEM;
}

ssize_t tree_listxattr(struct world *w, const struct node *node, const struct caller *who, char *list, size_t size)
{
	if (!(node->entry->flags & KERNFS))
		return 0;
	return xattr_list(kept_of(w, node), who->caps & CAP_BIT(CAP_SYS_ADMIN), list, size);
}

int tree_removexattr(struct world *w, const struct node *node, const struct caller *who, const char *name)
{
	int error = check_xattr(w, node, who, name, W_OK);

	return error ? error : xattr_remove((struct kernfs_node *)kept_of(w, node), name);
}

/* ---- reading and writing ---- */

int cgroup_show(struct world *w, const struct node *node, const struct cgroup_file *file, struct text *out)
{
	struct cgroup *cg = cgroup_of_node(w, node);

	if (!cg)
		return -ENODEV;
	return file->show ? file->show(w, cg, out) : -EINVAL;
}

/* kernfs_fop_write_iter(), cgroup_file_write(): nothing is done for nothing, and a NUL ends it. */
ssize_t cgroup_store(struct world *w, const struct node *node, const struct cgroup_file *file, const struct caller *who,
		     const char *bytes, size_t count)
{
	struct cgroup *cg = cgroup_of_node(w, node);
	char text[KERNFS_WRITE + 1];
	int error;

	if (count > KERNFS_WRITE)
		return -E2BIG;
	if (!cg)
		return -ENODEV;
	if (!count)
		return 0;
	memcpy(text, bytes, count);
	text[count] = '\0';
	error = file->store ? file->store(w, cg, who, number_strip(text)) : -EINVAL;
	return error ? error : (ssize_t)count;
}

static uint64_t version_of_events(const struct cgroup *cg)
{
	return 8 + (uint64_t)cgroup_is_populated(cg) + 2 * (uint64_t)cgroup_has_frozen(cg);
}

static uint64_t sum(const uint64_t events[MEMORY_EVENTS], int first, int last)
{
	uint64_t total = 0;

	for (int i = first; i <= last; i++)
		total += events[i];
	return total;
}

uint64_t cgroup_version(struct world *w, const struct node *node)
{
	const struct cgroup *cg = cgroup_of_node(w, node);
	const char *name = node->entry->name;

	if (!cg)
		return 0;
	if (!strcmp(name, "cgroup.events"))
		return version_of_events(cg);
	if (name[0] == 'p')
		return 1 + cg->pids.refused + cg->pids.refused_here;
	if (!strcmp(name, "memory.swap.events"))
		return 1 + sum(cg->events, MEMORY_SWAP_HIGH, MEMORY_SWAP_FAIL);
	return 1 + sum(strcmp(name, "memory.events.local") ? cg->events : cg->local_events, MEMORY_LOW, MEMORY_OOM_GROUP_KILL);
}

/* ---- files of both versions ---- */

/* A process that is dead but for its parent is not told. */
int show_procs(struct world *w, struct cgroup *cg, struct text *out)
{
	int error = 0;

	(void)w;
	for (const struct signal *s = cg->oldest; s && !error; s = s->cgroup_newer)
		if (live_thread(s))
			error = text_printf(out, "%d\n", s->leader->pid);
	return error;
}

int show_threads(struct world *w, struct cgroup *cg, struct text *out)
{
	int error = 0;

	(void)w;
	for (const struct signal *s = cg->oldest; s; s = s->cgroup_newer)
		for (const struct task *t = s->leader; t && !error; t = t->next)
			if (!is_zombie(t))
				error = text_printf(out, "%d\n", t->pid);
	return error;
}

static const struct cgroup *common(const struct cgroup *a, const struct cgroup *b)
{
	while (!cgroup_is_below(b, a))
		a = a->parent;
	return a;
}

/* In v1 the owner of a process may move it, in v2 who may write cgroup.procs above where it was and where it goes. */
static int may_move(const struct world *w, const struct cgroup *to, const struct task *t, const struct caller *who)
{
	if (w->rules.cgroups_are_v1)
		return !who->uid || who->uid == t->cred->uid || who->uid == t->cred->suid ? 0 : -EACCES;
	return cgroup_permission(w, common(t->signal->cgroup, to), who, "cgroup.procs");
}

/* 0 is who writes, where the world knows him. */
int store_procs(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	const struct task *t;
	int pid, error;

	if (number_parse(text, &pid) || pid < 0)
		return -EINVAL;
	t = pid_find(&w->pids, pid ? pid : who->pid);
	if (!t)
		return -ESRCH;
	error = may_move(w, cg, t, who);
	if (!error && !w->rules.cgroups_are_v1)
		error = cgroup_may_hold(cg);
	return error ? error : cgroup_attach(w, cg, t);
}

int take_pages(const char *text, const char *max, int64_t *pages)
{
	uint64_t bytes;

	if (!strcmp(text, max)) {
		*pages = UNLIMITED;
		return 0;
	}
	if (*number_take_size(text, &bytes))
		return -EINVAL;
	bytes /= 4096;
	*pages = bytes < (uint64_t)UNLIMITED ? (int64_t)bytes : UNLIMITED;
	return 0;
}

int show_pages(struct text *out, int64_t pages)
{
	return text_printf(out, "%lld\n", (long long)pages * 4096);
}
