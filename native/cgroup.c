/* See cgroup.h. */
#include "cgroup.h"

#include "account.h"
#include "charge.h"
#include "memstall.h"
#include "task.h"
#include "world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct cgroup_limits unlimited = {
	.high = CGROUP_UNLIMITED, .max = CGROUP_UNLIMITED,
	.swap_high = CGROUP_UNLIMITED, .swap_max = CGROUP_UNLIMITED, .memsw_max = CGROUP_UNLIMITED,
};
enum { DEFAULT_WEIGHT = 100, DEFAULT_PERIOD = 100000 };

/* ---- names and paths ---- */

/* A newline would break the lines of /proc/PID/cgroup. */
static bool is_name(const char *name, size_t length)
{
	if (!length || length > CGROUP_NAME || memchr(name, '\n', length) || memchr(name, '/', length))
		return false;
	return !(length == 1 && name[0] == '.') && !(length == 2 && name[0] == '.' && name[1] == '.');
}

bool is_cgroup_path(const char *path)
{
	size_t length;

	if (path[0] != '/' || strnlen(path, CGROUP_PATH) == CGROUP_PATH)
		return false;
	for (const char *name = path + 1; path[1]; name += length + 1) {
		length = strcspn(name, "/");
		if (!is_name(name, length))
			return false;
		if (!name[length])
			break;
	}
	return true;
}

const char *cgroup_path(const struct cgroup *cg, char path[CGROUP_PATH])
{
	char *start = path + CGROUP_PATH - 1;

	*start = '\0';
	if (!cg->parent)
		*--start = '/';
	for (; cg->parent; cg = cg->parent) {
		size_t length = strlen(cg->name);

		start -= length;
		memcpy(start, cg->name, length);
		*--start = '/';
	}
	return start;
}

static size_t path_length(const struct cgroup *cg)
{
	size_t length = 0;

	for (; cg->parent; cg = cg->parent)
		length += strlen(cg->name) + 1;
	return length;
}

/* ---- children ---- */

static int compare(const struct cgroup *child, const char *name, size_t length)
{
	int order = strncmp(child->name, name, length);

	return order ? order : child->name[length] != '\0';
}

/* Where a child of that name stands, or would. */
static size_t place_of(const struct cgroup *parent, const char *name, size_t length)
{
	size_t low = 0, high = parent->child_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(parent->children[middle], name, length) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct cgroup *cgroup_child(const struct cgroup *parent, const char *name, size_t length)
{
	size_t place = place_of(parent, name, length);

	if (place == parent->child_count || compare(parent->children[place], name, length))
		return NULL;
	return parent->children[place];
}

static bool list_child(struct cgroup *parent, struct cgroup *child)
{
	struct cgroup **grown = realloc(parent->children, (parent->child_count + 1) * sizeof(struct cgroup *));
	size_t place;

	if (!grown)
		return false;
	parent->children = grown;
	place = place_of(parent, child->name, strlen(child->name));
	memmove(grown + place + 1, grown + place, (parent->child_count++ - place) * sizeof(struct cgroup *));
	grown[place] = child;
	child->sibling_older = parent->last_child;
	*(parent->last_child ? &parent->last_child->sibling_newer : &parent->first_child) = child;
	parent->last_child = child;
	return true;
}

static void unlist_child(struct cgroup *child)
{
	struct cgroup *parent = child->parent;
	size_t place = place_of(parent, child->name, strlen(child->name));

	*(child->sibling_older ? &child->sibling_older->sibling_newer : &parent->first_child) = child->sibling_newer;
	*(child->sibling_newer ? &child->sibling_newer->sibling_older : &parent->last_child) = child->sibling_older;
	parent->child_count--;
	memmove(parent->children + place, parent->children + place + 1,
		(parent->child_count - place) * sizeof(struct cgroup *));
}

/* ---- all of them, by id ---- */

static size_t place_of_id(const struct cgroups *c, uint64_t id)
{
	size_t low = 0, high = c->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (c->all[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct cgroup *cgroup_by_id(const struct world *w, uint64_t id)
{
	size_t place = place_of_id(&w->cgroups, id);

	return place < w->cgroups.count && w->cgroups.all[place]->id == id ? w->cgroups.all[place] : NULL;
}

static bool make_room(struct cgroups *c)
{
	size_t room = c->room ? c->room * 2 : 16;
	struct cgroup **grown;

	if (c->count < c->room)
		return true;
	grown = realloc(c->all, room * sizeof(struct cgroup *));
	if (!grown)
		return false;
	c->all = grown;
	c->room = room;
	return true;
}

/* Ids grow: the newest stands last. There is room. */
static void give_id(struct cgroups *c, struct cgroup *cg)
{
	cg->id = ++c->last_id;
	c->all[c->count++] = cg;
}

static void forget_id(struct cgroups *c, const struct cgroup *cg)
{
	size_t place = place_of_id(c, cg->id);

	c->count--;
	memmove(c->all + place, c->all + place + 1, (c->count - place) * sizeof(struct cgroup *));
}

/* ---- making and freeing ---- */

static void set_defaults(struct world *w, struct cgroup *cg)
{
	cg->limits = unlimited;
	cg->pids.max = cg->v1.soft_limit = cg->cpu_quota = UNLIMITED;
	cg->cpu_period = DEFAULT_PERIOD;
	cg->cpu_weight = DEFAULT_WEIGHT;
	cg->max_depth = cg->max_descendants = INT32_MAX;
	cg->v1.swappiness = w->sysctl.swappiness;
	cg->mode = 0755;
	cg->made = w->now;
}

void cgroup_free(struct cgroup *cg)
{
	psi_drop(&cg->psi);
	kernfs_drop(&cg->kernfs);
	free(cg->children);
	free(cg->name);
	free(cg);
}

static struct cgroup *cgroup_new(struct world *w, struct cgroup *parent, const char *name, size_t length)
{
	struct cgroup *cg = make_room(&w->cgroups) ? calloc(1, sizeof(*cg)) : NULL;

	if (!cg)
		return NULL;
	cg->parent = parent;
	set_defaults(w, cg);
	psi_init(&cg->psi, &w->psi_list, w->now);
	cg->name = strndup(name, length);
	if (!cg->name || !list_child(parent, cg)) {
		cgroup_free(cg);
		return NULL;
	}
	give_id(&w->cgroups, cg);
	return cg;
}

/* ---- of a loaded world ---- */

static bool is_root_sound(const struct world *w, const struct cgroup *root)
{
	return root == &w->root && !root->name && !root->parent && !root->removed;
}

/* Ids grow, so that who is above has come before. */
static bool has_its_place(const struct world *w, const struct cgroup *cg)
{
	const struct cgroup *newest = w->cgroups.all[w->cgroups.count - 1], *parent = cg->parent;

	if (!cg->name || !is_name(cg->name, strlen(cg->name)) || cg->id <= newest->id)
		return false;
	if (!parent || cgroup_by_id(w, parent->id) != parent || path_length(cg) >= CGROUP_PATH)
		return false;
	return cg->removed || (!parent->removed && !cgroup_child(parent, cg->name, strlen(cg->name)));
}

bool cgroup_restore(struct world *w, struct cgroup *cg)
{
	if (cg->id > w->cgroups.last_id || !(w->cgroups.count ? has_its_place(w, cg) : is_root_sound(w, cg)))
		return false;
	if (!make_room(&w->cgroups))
		return false;
	w->cgroups.all[w->cgroups.count++] = cg;
	if (cg->parent && cg->removed)
		cg->parent->remains++;
	return !cg->parent || cg->removed || list_child(cg->parent, cg);
}

/* ---- by path ---- */

typedef struct cgroup *step(struct world *w, struct cgroup *parent, const char *name, size_t length);

static struct cgroup *walk(struct world *w, const char *path, step *next)
{
	struct cgroup *cg = &w->root;

	for (const char *name = path + 1; cg && *name;) {
		size_t length = strcspn(name, "/");

		cg = next(w, cg, name, length);
		name += length;
		name += *name == '/';
	}
	return cg;
}

static struct cgroup *find_step(struct world *w, struct cgroup *parent, const char *name, size_t length)
{
	(void)w;
	return cgroup_child(parent, name, length);
}

static struct cgroup *make_step(struct world *w, struct cgroup *parent, const char *name, size_t length)
{
	struct cgroup *found = cgroup_child(parent, name, length);

	parent->subtree_control = CONTROLS_ALL;
	return found ? found : cgroup_new(w, parent, name, length);
}

struct cgroup *cgroup_find(struct world *w, const char *path)
{
	return is_cgroup_path(path) ? walk(w, path, find_step) : NULL;
}

int cgroup_open(struct world *w, const char *path, struct cgroup **out)
{
	if (!is_cgroup_path(path))
		return -EINVAL;
	*out = walk(w, path, make_step);
	return *out ? 0 : -ENOMEM;
}

int cgroup_make(struct world *w, struct cgroup *parent, const char *name, struct cgroup **out)
{
	size_t length = strnlen(name, CGROUP_PATH);

	if (parent->removed)
		return -ENODEV;
	if (length > CGROUP_NAME || path_length(parent) + 1 + length >= CGROUP_PATH)
		return -ENAMETOOLONG;
	if (!is_name(name, length))
		return -EINVAL;
	if (cgroup_child(parent, name, length))
		return -EEXIST;
	*out = cgroup_new(w, parent, name, length);
	return *out ? 0 : -ENOMEM;
}

static bool has_live_process(const struct cgroup *cg)
{
	for (const struct signal *s = cg->oldest; s; s = s->cgroup_newer)
		if (live_thread(s))
			return true;
	return false;
}

bool cgroup_is_populated(const struct cgroup *cg)
{
	for (const struct cgroup *at = cg; at; at = cgroup_next(cg, at))
		if (has_live_process(at))
			return true;
	return false;
}

/* The sums wrap around where a process had spent more before it came than all have here. */
static void add_spent(struct spent *to, const struct spent *more, bool is_less)
{
	uint64_t *sum = (uint64_t *)to;
	const uint64_t *each = (const uint64_t *)more;

	for (size_t i = 0; i < sizeof(*to) / sizeof(*sum); i++)
		sum[i] += is_less ? -each[i] : each[i];
}

/* Once it is removed and nobody dead is left in it, nor in one that was below it. */
static void release(struct world *w, struct cgroup *cg)
{
	while (cg->removed && !cg->process_count && !cg->remains) {
		struct cgroup *parent = cg->parent;

		forget_id(&w->cgroups, cg);
		add_spent(&parent->gone, &cg->gone, false);
		cgroup_free(cg);
		parent->remains--;
		cg = parent;
	}
}

int cgroup_remove(struct world *w, struct cgroup *cg)
{
	if (cg->removed)
		return -ENODEV;
	if (!cg->parent || cg->child_count || has_live_process(cg))
		return -EBUSY;
	unlist_child(cg);
	psi_drop(&cg->psi);
	cg->removed = true;
	w->cgroups.changes++;
	cg->parent->remains++;
	release(w, cg);
	return 0;
}

/* ---- the hierarchy ---- */

bool cgroup_is_below(const struct cgroup *cg, const struct cgroup *top)
{
	while (cg && cg != top)
		cg = cg->parent;
	return cg;
}

struct cgroup *cgroup_next(const struct cgroup *top, const struct cgroup *at)
{
	if (at->first_child)
		return at->first_child;
	while (at != top && !at->sibling_newer)
		at = at->parent;
	return at == top ? NULL : at->sibling_newer;
}

struct signal *cgroup_next_process(const struct cgroup *top, const struct signal *after)
{
	const struct cgroup *cg;

	if (after && after->cgroup_newer)
		return after->cgroup_newer;
	cg = after ? cgroup_next(top, after->cgroup) : top;
	while (cg && !cg->oldest)
		cg = cgroup_next(top, cg);
	return cg ? cg->oldest : NULL;
}

bool cgroup_is_frozen(const struct cgroup *cg)
{
	while (cg && !cg->frozen)
		cg = cg->parent;
	return cg;
}

int cgroups_init(struct world *w)
{
	set_defaults(w, &w->root);
	w->root.mode = 0555;
	w->root.subtree_control = CONTROLS_ALL;
	if (!make_room(&w->cgroups))
		return -ENOMEM;
	give_id(&w->cgroups, &w->root);
	return 0;
}

/* Nobody is in them any more. */
void cgroups_drop(struct world *w)
{
	for (size_t i = 1; i < w->cgroups.count; i++)
		cgroup_free(w->cgroups.all[i]);
	free(w->cgroups.all);
	free(w->root.children);
	kernfs_drop(&w->root.kernfs);
}

/* ---- processes ---- */

/* Whether they run may be another thing afterwards: they may come to where all are frozen. */
static void stop_all(struct world *w, const struct signal *signal)
{
	for (struct task *t = signal->leader; t; t = t->next)
		account_stop(w, t);
}

static void start_all(struct world *w, const struct signal *signal)
{
	for (struct task *t = signal->leader; t; t = t->next)
		account_start(w, t);
}

void cgroup_count_tasks(struct cgroup *cg, int64_t tasks)
{
	for (; cg; cg = cg->parent) {
		cg->pids.count += tasks;
		if (cg->pids.count > cg->pids.peak)
			cg->pids.peak = cg->pids.count;
	}
}

static void move_spent(const struct world *w, struct cgroup *cg, const struct signal *signal, bool is_coming)
{
	struct spent spent = spent_in_process(w, signal);

	add_spent(&cg->gone, &spent, is_coming);
}

struct spent cgroup_spent(const struct world *w, const struct cgroup *cg)
{
	struct spent sum = { 0 };

	for (const struct cgroup *at = cg; at; at = cgroup_next(cg, at)) {
		add_spent(&sum, &at->gone, false);
		for (const struct signal *s = at->oldest; s; s = s->cgroup_newer) {
			struct spent spent = spent_in_process(w, s);

			add_spent(&sum, &spent, false);
		}
	}
	return sum;
}

void cgroup_join(struct world *w, struct cgroup *cg, struct signal *signal)
{
	signal->cgroup = cg;
	signal->cgroup_newer = NULL;
	signal->cgroup_older = cg->newest;
	*(cg->newest ? &cg->newest->cgroup_newer : &cg->oldest) = signal;
	cg->newest = signal;
	cg->process_count++;
	cgroup_count_tasks(cg, signal->threads);
	move_spent(w, cg, signal, true);
	w->cgroups.changes++;
}

void cgroup_leave(struct world *w, struct signal *signal)
{
	struct cgroup *cg = signal->cgroup;

	*(signal->cgroup_older ? &signal->cgroup_older->cgroup_newer : &cg->oldest) = signal->cgroup_newer;
	*(signal->cgroup_newer ? &signal->cgroup_newer->cgroup_older : &cg->newest) = signal->cgroup_older;
	signal->cgroup = NULL;
	cg->process_count--;
	cgroup_count_tasks(cg, -(int64_t)signal->threads);
	move_spent(w, cg, signal, false);
	w->cgroups.changes++;
	release(w, cg);
}

void cgroup_move(struct world *w, struct signal *signal, struct cgroup *to)
{
	struct cgroup *counted = signal->mm ? cgroup_of_mm(signal->mm) : NULL;

	if (signal->cgroup == to)
		return;
	stop_all(w, signal);
	memstall_leave(w, signal);
	cgroup_leave(w, signal);
	cgroup_join(w, to, signal);
	memstall_arrive(w, signal);
	start_all(w, signal);
	if (signal->mm)
		mm_recharge(signal->mm, counted);
}

struct cgroup *cgroup_of_child(const struct signal *creator)
{
	struct cgroup *cg = creator->cgroup;

	while (cg->removed)
		cg = cg->parent;
	return cg;
}

/* ---- pressure and events ---- */

struct psi *cgroup_psi(struct world *w, struct cgroup *cg)
{
	return cg->parent ? &cg->psi : &w->psi;
}

void cgroup_stall(struct world *w, struct cgroup *cg, enum psi_resource resource, uint64_t some, uint64_t full)
{
	for (; cg; cg = cg->parent)
		psi_stall(cgroup_psi(w, cg), resource, some, full, w->now);
}

void cgroup_event(struct world *w, struct cgroup *cg, int event)
{
	w->cgroups.changes++;
	cg->local_events[event]++;
	for (; cg->parent; cg = cg->parent)
		cg->events[event]++;
}
