/* What the doors of fakeproc.h have in common. */
#ifndef SURFACE_H
#define SURFACE_H

#include "pid.h"
#include "tree/tree.h"
#include "world.h"

#include <errno.h>

#define LOCKED(w, expression) \
	({ \
		world_lock(w); \
		__typeof__(expression) result_ = (expression); \
		world_unlock(w); \
		result_; \
	})

/* Runs `expression` for the task t of that pid, or is -ESRCH. */
#define WITH_TASK(w, pid, expression) \
	({ \
		world_lock(w); \
		struct task *t = pid_find(&(w)->pids, pid); \
		__typeof__(0 + (expression)) result_ = t ? (expression) : -ESRCH; \
		world_unlock(w); \
		result_; \
	})

/* Runs `expression` for the node of that path, or is the error of the walk. */
#define WITH_NODE(w, who, path, follow, expression) \
	({ \
		struct node node; \
		world_lock(w); \
		int result_ = tree_resolve(w, who, path, follow, &node); \
		if (!result_) \
			result_ = (int)(expression); \
		world_unlock(w); \
		result_; \
	})

/* What changes something, in a machine that has not halted. */
#define UNLESS_HALTED(w, expression) (is_halted(w) ? -EHOSTDOWN : (expression))
#define CHANGE(w, expression) LOCKED(w, UNLESS_HALTED(w, expression))
#define CHANGE_TASK(w, pid, expression) WITH_TASK(w, pid, UNLESS_HALTED(w, expression))

/* A list of pids for Python: what does not fit is only counted. */
struct pid_list {
	int32_t *pids;
	int most, count;
};

static inline void list_add(struct pid_list *list, int32_t pid)
{
	if (list->count < list->most)
		list->pids[list->count] = pid;
	list->count++;
}

#endif
