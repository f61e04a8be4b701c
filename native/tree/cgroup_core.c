/* The files cgroup.* of a cgroup of v2. */
#include "cgroup_control.h"
#include "number.h"
#include "task.h"
#include "text.h"
#include "tree/cgroup_files.h"
#include "world.h"

#include <errno.h>
#include <string.h>

/* ---- controllers ---- */

static int show_names(struct text *out, uint32_t controllers)
{
	const char *between = "";
	int error = 0;

	for (int i = 0; i < CONTROLLERS && !error; i++)
		if (controllers & (1U << i)) {
			error = text_printf(out, "%s%s", between, controller_names[i]);
			between = " ";
		}
	return error || !controllers ? error : text_printf(out, "\n");
}

int show_controllers(struct world *w, struct cgroup *cg, struct text *out)
{
	return show_names(out, cgroup_controllers(w, cg));
}

int show_subtree_control(struct world *w, struct cgroup *cg, struct text *out)
{
	return show_names(out, cg->subtree_control & cgroup_controllers(w, cg));
}

int store_subtree_control(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	(void)who;
	return cgroup_share_out(w, cg, text);
}

/* ---- threads: there are no threaded cgroups ---- */

int show_type(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w, (void)cg;
	return text_printf(out, "domain\n");
}

int store_type(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	(void)w, (void)cg, (void)who;
	return strcmp(text, "threaded") ? -EINVAL : -EOPNOTSUPP;
}

int store_threads(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	const struct task *t;
	int pid;

	if (number_parse(text, &pid) || pid < 0)
		return -EINVAL;
	t = pid_find(&w->pids, pid ? pid : who->pid);
	if (!t)
		return -ESRCH;
	return t->signal->cgroup == cg ? 0 : -EOPNOTSUPP;
}

/* ---- what is in it ---- */

int show_events(struct world *w, struct cgroup *cg, struct text *out)
{
	int error = text_printf(out, "populated %d\n", cgroup_is_populated(cg));

	if (error || !w->rules.cgroup_freezes)
		return error;
	return text_printf(out, "frozen %d\n", cgroup_has_frozen(cg));
}

static int show_by_controller(const struct world *w, const struct cgroup *cg, struct text *out)
{
	int error = 0;

	for (int i = 0; i < CONTROLLERS && !error; i++)
		error = text_printf(out, "nr_subsys_%s %zu\n", controller_names[i], cgroup_count_controlled(w, cg, 1U << i));
	return error;
}

static int show_dying_by_controller(struct text *out)
{
	int error = 0;

	for (int i = 0; i < CONTROLLERS && !error; i++)
		error = text_printf(out, "nr_dying_subsys_%s 0\n", controller_names[i]);
	return error;
}

int show_stat(struct world *w, struct cgroup *cg, struct text *out)
{
	bool by_controller = w->rules.cgroup_stat_by_controller;
	int error = text_printf(out, "nr_descendants %zu\n", cgroup_descendants(cg));

	if (!error && by_controller)
		error = show_by_controller(w, cg, out);
	if (!error)
		error = text_printf(out, "nr_dying_descendants %zu\n", cgroup_dying_descendants(w, cg));
	if (!error && by_controller)
		error = show_dying_by_controller(out);
	return error;
}

/* How long it has been frozen is not counted. */
int show_stat_local(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w, (void)cg;
	return text_printf(out, "frozen_usec 0\n");
}

/* ---- limits of the hierarchy ---- */

static int show_most(struct text *out, int32_t most)
{
	return most == INT32_MAX ? text_printf(out, "max\n") : text_printf(out, "%d\n", most);
}

static int store_most(const char *text, int32_t *most)
{
	char copy[KERNFS_WRITE + 1];
	int value = INT32_MAX, error;

	strcpy(copy, text);
	error = strcmp(text, "max") ? number_parse(copy, &value) : 0;
	if (error)
		return error;
	if (value < 0)
		return -ERANGE;
	*most = value;
	return 0;
}

int show_max_depth(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w;
	return show_most(out, cg->max_depth);
}

int show_max_descendants(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w;
	return show_most(out, cg->max_descendants);
}

int store_max_depth(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	(void)w, (void)who;
	return store_most(text, &cg->max_depth);
}

int store_max_descendants(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	(void)w, (void)who;
	return store_most(text, &cg->max_descendants);
}

/* ---- switches ---- */

static int take_switch(char *text, int *value)
{
	int error = number_parse(text, value);

	if (error)
		return error;
	return *value < 0 || *value > 1 ? -ERANGE : 0;
}

int show_freeze(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w;
	return text_printf(out, "%d\n", cg->frozen);
}

int store_freeze(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	int value, error = take_switch(text, &value);

	(void)who;
	if (!error)
		cgroup_freeze(w, cg, value);
	return error;
}

int store_kill(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	int value, error = take_switch(text, &value);

	(void)who;
	if (!error && !value)
		error = -ERANGE;
	if (!error)
		cgroup_kill(w, cg);
	return error;
}

int show_pressure(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w;
	return text_printf(out, "%d\n", !cg->has_no_pressure);
}

int store_pressure(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	int value, error = take_switch(text, &value);

	(void)w, (void)who;
	if (!error)
		cg->has_no_pressure = !value;
	return error;
}
