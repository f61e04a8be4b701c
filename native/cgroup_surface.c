/* The doors of fakeproc.h to cgroups. */
#include "fakeproc.h"

#include "cgroup.h"
#include "cgroup_control.h"
#include "memory.h"
#include "surface.h"
#include "task.h"

#include <stdlib.h>
#include <string.h>

/* Runs `expression` for the cgroup cg of that path, or is -ENOENT; the same, but it changes something. */
#define WITH_CGROUP(w, path, expression) \
	({ \
		world_lock(w); \
		struct cgroup *cg = cgroup_find(w, path); \
		int result_ = cg ? (expression) : -ENOENT; \
		world_unlock(w); \
		result_; \
	})

#define CHANGE_CGROUP(w, path, expression) WITH_CGROUP(w, path, UNLESS_HALTED(w, expression))

/* And it is made where there is none: -EINVAL for what is no path. */
#define CHANGE_OPENED(w, path, expression) \
	({ \
		struct cgroup *cg; \
		world_lock(w); \
		int result_ = UNLESS_HALTED(w, cgroup_open(w, path, &cg)); \
		if (!result_) \
			result_ = (expression); \
		world_unlock(w); \
		result_; \
	})

int cgroup_path_is_valid(const char *path) { return is_cgroup_path(path); }

/* ---- the hierarchy ---- */

static int make_last(struct world *w, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	char *above = strndup(path, name == path + 1 ? 1 : (size_t)(name - path - 1));
	struct cgroup *parent = above ? cgroup_find(w, above) : NULL, *made;
	int error = above ? -ENOENT : -ENOMEM;

	free(above);
	return parent ? cgroup_make(w, parent, name, &made) : error;
}

static int make(struct world *w, const char *path, bool with_parents)
{
	struct cgroup *cg = cgroup_find(w, path);

	if (!is_cgroup_path(path))
		return -EINVAL;
	if (with_parents)
		return cgroup_open(w, path, &cg);
	return cg ? -EEXIST : make_last(w, path);
}

int world_cgroup_make(struct world *w, const char *path, int with_parents) { return CHANGE(w, make(w, path, with_parents)); }
int world_cgroup_remove(struct world *w, const char *path) { return CHANGE_CGROUP(w, path, cgroup_remove(w, cg)); }

static int fill(const struct cgroup *cg, struct cgroup_info *out)
{
	*out = (struct cgroup_info){
		.id = cg->id, .processes = (int32_t)cg->process_count, .children = (int32_t)cg->child_count,
		.populated = cgroup_is_populated(cg), .oom_group = cg->oom_group, .frozen = cg->frozen,
		.limits = cg->limits, .usage = cg->usage, .peak = cg->peak,
	};
	memcpy(out->events, cg->events, sizeof(out->events));
	memcpy(out->local_events, cg->local_events, sizeof(out->local_events));
	return 0;
}

int world_cgroup(struct world *w, const char *path, struct cgroup_info *out) { return WITH_CGROUP(w, path, fill(cg, out)); }

static int name_child(const struct cgroup *cg, int n, char name[256])
{
	if (n < 0 || (size_t)n >= cg->child_count)
		return 0;
	memcpy(name, cg->children[n]->name, strlen(cg->children[n]->name) + 1);
	return 1;
}

int world_cgroup_child(struct world *w, const char *path, int n, char name[256])
{
	return WITH_CGROUP(w, path, name_child(cg, n, name));
}

static int list_processes(const struct cgroup *cg, struct pid_list list)
{
	for (const struct signal *s = cg->oldest; s; s = s->cgroup_newer)
		list_add(&list, s->leader->pid);
	return list.count;
}

int world_cgroup_processes(struct world *w, const char *path, int32_t *pids, int most)
{
	return WITH_CGROUP(w, path, list_processes(cg, (struct pid_list){ pids, most, 0 }));
}

/* ---- what is kept for one ---- */

void world_usage(struct world *w, const char *memcg, struct usage *out)
{
	const struct cgroup *cg;

	world_lock(w);
	cg = memcg ? cgroup_find(w, memcg) : &w->root;
	*out = cg ? memory_used(w, cg) : (struct usage){ 0 };
	world_unlock(w);
}

int world_cgroup_set_limits(struct world *w, const char *path, const struct cgroup_limits *limits)
{
	return CHANGE_CGROUP(w, path, memory_set_limits(w, cg, limits));
}

static int set_max(struct world *w, struct cgroup *cg, uint64_t pages)
{
	struct cgroup_limits limits = cg->limits;

	limits.max = pages && pages < INT64_MAX ? (int64_t)pages : UNLIMITED;
	return memory_set_limits(w, cg, &limits);
}

int world_limit(struct world *w, const char *path, uint64_t pages) { return CHANGE_OPENED(w, path, set_max(w, cg, pages)); }

static int set_mark(const struct cgroup *cg, bool *mark, bool is_set)
{
	if (!cg->parent)
		return -EINVAL;
	*mark = is_set;
	return 0;
}

int world_oom_group(struct world *w, const char *path, int is_set)
{
	return CHANGE_OPENED(w, path, set_mark(cg, &cg->oom_group, is_set));
}

static int freeze(struct world *w, struct cgroup *cg, bool is_set)
{
	if (!cg->parent)
		return -EINVAL;
	cgroup_freeze(w, cg, is_set);
	return 0;
}

int world_cgroup_freeze(struct world *w, const char *path, int is_set) { return CHANGE_CGROUP(w, path, freeze(w, cg, is_set)); }

/* ---- which version of them is shown ---- */

int world_cgroup_version(struct world *w) { return LOCKED(w, w->rules.cgroups_are_v1 ? 1 : 2); }

static int set_version(struct world *w, int version)
{
	struct rules rules;

	if (version < 0 || version > 2)
		return -EINVAL;
	rules_fill(&rules, w->version, w->patches);
	w->rules.cgroups_are_v1 = version ? version == 1 : rules.cgroups_are_v1;
	w->rules.cgroups_are_v2 = !w->rules.cgroups_are_v1;
	return 0;
}

int world_set_cgroup_version(struct world *w, int version) { return CHANGE(w, set_version(w, version)); }

/* ---- whose a process is ---- */

static int move(struct world *w, struct signal *signal, struct cgroup *cg)
{
	if (!cg)
		return -ENOENT;
	cgroup_move(w, signal, cg);
	return 0;
}

static int move_or_make(struct world *w, struct signal *signal, const char *path)
{
	struct cgroup *cg;
	int error = cgroup_open(w, path, &cg);

	return error ? error : move(w, signal, cg);
}

int task_set_cgroup(struct world *w, int pid, const char *path) { return CHANGE_TASK(w, pid, move_or_make(w, t->signal, path)); }
int task_move(struct world *w, int pid, const char *path) { return CHANGE_TASK(w, pid, move(w, t->signal, cgroup_find(w, path))); }

static int copy_path(const struct cgroup *cg, char *out, size_t size, uint64_t *id)
{
	char path[CGROUP_PATH];
	const char *start = cgroup_path(cg, path);
	size_t length = strlen(start);

	if (length >= size)
		return -ERANGE;
	memcpy(out, start, length + 1);
	*id = cg->id;
	return (int)length;
}

ssize_t task_cgroup(struct world *w, int pid, char *path, size_t size, uint64_t *id)
{
	return WITH_TASK(w, pid, copy_path(t->signal->cgroup, path, size, id));
}
