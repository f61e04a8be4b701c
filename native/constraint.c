/* See constraint.h. Mirrors constrained_alloc() and oom_unkillable_task(). */
#include "constraint.h"

#include "badness.h"
#include "task.h"
#include "world.h"

enum { GFP_THISNODE_OF_2016 = 0x40000, GFP_THISNODE = 0x200000 };

static uint64_t pages_on(const struct world *w, uint64_t nodes)
{
	uint64_t pages = 0;

	for (size_t node = 0; node < NODES; node++)
		if (nodes >> node & 1)
			pages += w->node_pages[node];
	return pages;
}

int node_of(const struct world *w, const struct task *t)
{
	uint64_t allowed = t->mems & w->nodes;

	return __builtin_ctzll(allowed ? allowed : 1);
}

static bool is_numa(const struct world *w)
{
	return w->nodes & (w->nodes - 1);
}

static bool covers(const struct world *w, uint64_t nodes)
{
	return !(w->nodes & ~nodes);
}

/* The page-fault path has no zonelist, and __GFP_THISNODE asks for a node by itself: neither confines the killer. */
static bool is_confinable(const struct world *w, const struct oom_request *request)
{
	uint32_t this_node = w->rules.gfp_values_of_2016 ? GFP_THISNODE_OF_2016 : GFP_THISNODE;

	return is_numa(w) && request->gfp_mask && !(request->gfp_mask & this_node);
}

static enum constraint constraint_of(const struct world *w, const struct task *current, const struct oom_request *request)
{
	if (request->memcg)
		return CONSTRAINT_MEMCG;
	if (!is_confinable(w, request))
		return CONSTRAINT_NONE;
	if (request->nodemask && !covers(w, request->nodemask))
		return CONSTRAINT_MEMORY_POLICY;
	return covers(w, current->mems) ? CONSTRAINT_NONE : CONSTRAINT_CPUSET;
}

static uint64_t total_of(const struct world *w, const struct task *current, const struct oom_request *request,
			 enum constraint constraint)
{
	switch (constraint) {
	case CONSTRAINT_MEMCG:
		return request->memcg_pages ? request->memcg_pages : 1;
	case CONSTRAINT_MEMORY_POLICY:
		return w->swap_pages + pages_on(w, request->nodemask);
	case CONSTRAINT_CPUSET:
		return w->swap_pages + pages_on(w, current->mems);
	default:
		return total_pages(w);
	}
}

struct oom_control oom_control_of(const struct world *w, struct task *current, const struct oom_request *request)
{
	enum constraint constraint = constraint_of(w, current, request);

	return (struct oom_control){
		.current = current, .gfp_mask = request->gfp_mask, .order = request->order, .memcg = request->memcg,
		.nodemask = constraint == CONSTRAINT_MEMORY_POLICY ? request->nodemask : 0, .constraint = constraint,
		.total = total_of(w, current, request, constraint),
	};
}

const char *constraint_name(enum constraint constraint)
{
	static const char *const names[] = {
		"CONSTRAINT_NONE", "CONSTRAINT_CPUSET", "CONSTRAINT_MEMORY_POLICY", "CONSTRAINT_MEMCG",
	};

	return names[constraint];
}

static bool has_memory_on(const struct signal *signal, uint64_t nodes)
{
	for (const struct task *t = signal->leader; t; t = t->next)
		if (t->mems & nodes)
			return true;
	return false;
}

bool is_eligible(const struct world *w, const struct task *t, const struct oom_control *oc)
{
	if (is_unkillable(t))
		return false;
	if (oc->memcg)
		return cgroup_is_below(t->signal->cgroup, oc->memcg);
	return !is_numa(w) || has_memory_on(t->signal, oc->nodemask ? oc->nodemask : oc->current->mems);
}

bool concerns_all(const struct world *w, const struct oom_control *oc)
{
	return !oc->memcg && (!is_numa(w) || (!oc->nodemask && covers(w, oc->current->mems)));
}
