/* What an allocation is confined to, and so who is concerned: the machine, memory nodes, a memory cgroup. */
#ifndef CONSTRAINT_H
#define CONSTRAINT_H

#include "fakeproc.h"

#include <stdbool.h>

struct cgroup;
struct task;
struct world;

enum constraint { CONSTRAINT_NONE, CONSTRAINT_CPUSET, CONSTRAINT_MEMORY_POLICY, CONSTRAINT_MEMCG };

/* One call of the OOM killer (struct oom_control). */
struct oom_control {
	struct task *current;		/* who allocates */
	uint32_t gfp_mask;
	int32_t order;
	struct cgroup *memcg;
	uint64_t nodemask;		/* of the memory policy, where that is what confines it; 0 = none */
	enum constraint constraint;
	uint64_t total;			/* pages that there are at all */
};

struct oom_control oom_control_of(const struct world *w, struct task *current, const struct oom_request *request);
static inline bool is_sysrq(const struct oom_control *oc) { return oc->order == -1; }
const char *constraint_name(enum constraint constraint);

/* Where its memory is: all on the first node that it may use. */
int node_of(const struct world *w, const struct task *t);
/* May it be chosen here: no init, no kernel thread, in the cgroup, with memory on one of the nodes? */
bool is_eligible(const struct world *w, const struct task *t, const struct oom_control *oc);
/* Nothing about the call singles processes out. */
bool concerns_all(const struct world *w, const struct oom_control *oc);

#endif
