/* One synthetic machine: everything that it owns, and its lock. */
#ifndef WORLD_H
#define WORLD_H

#include "fakeproc.h"
#include "account.h"
#include "candidates.h"
#include "cgroup.h"
#include "deaths.h"
#include "klog.h"
#include "loadavg.h"
#include "memory.h"
#include "memstall.h"
#include "pid.h"
#include "psi.h"
#include "reclaim.h"
#include "rules.h"
#include "slab.h"
#include "ticker.h"

#include <pthread.h>
#include <stdbool.h>

struct adopter;
struct killed;
struct mm;
struct signal;
struct wait;

/* A pid namespace other than the initial one. */
struct namespace {
	uint32_t parent;	/* index, 0 = the initial namespace */
	struct signal *init;	/* NULL once it has been reaped */
};

struct control {
	void *self;
	control_read read;
	control_write write;
	uint32_t uid, gid;	/* who may write */
};

/* What the OOM killer and the reaper keep between two kills. */
struct victim {
	int32_t pid;
	uint64_t serial;
	char comm[COMM_SIZE];
	int32_t leader_pid;
	uint64_t leader_serial;
	struct mm *mm;			/* pinned; NULL until 4.8, where the reaper looks it up */
	int attempts;
	int64_t next;			/* when the reaper tries (again) */
};

struct oom {
	struct victim *queue;		/* newest last */
	size_t queued, room;
	bool limited;			/* the rate limit of the report has begun */
	int64_t window;			/* when its 5 s began */
	int printed, missed;
	bool disabled;			/* oom_killer_disable(): for a suspend */
	int notifier_frees;		/* how often a notifier will find memory to free */
	char panic[LOG_LINE];
	struct oom_outcome outcome;
	uint64_t kills;			/* since boot, as vmstat counts them */
};

enum { NODES = 64 };

struct world {
	pthread_mutex_t lock;
	enum version version;
	uint32_t patches;
	struct rules rules;
	int64_t now;			/* nanoseconds since boot */
	int64_t boot_time;		/* nanoseconds since the epoch */
	uint64_t ram_pages, swap_pages;
	struct machine machine;
	uint64_t uuids;			/* made so far, for random/uuid */
	struct loadavg load;
	struct reclaim reclaim;
	uint64_t nodes;			/* memory nodes that there are, a bit each */
	uint64_t node_pages[NODES];
	bool mmu;			/* without one there is no reaper */
	uint64_t last_serial;
	struct pid_table pids;
	struct namespace *namespaces;	/* [0] unused */
	uint32_t namespace_count;
	struct slab tasks, signals, mms;
	struct accounts accounts;
	struct klog log;
	struct deaths deaths;
	bool oom_adj_warned;		/* the deprecation line is logged once a boot */
	struct control control;
	struct sysctl sysctl;
	struct candidates candidates;	/* all processes */
	struct cgroup root;		/* of the cgroups: its usage is the machine's */
	struct cgroups cgroups;
	struct killed *killed;		/* who shall exit as soon as he can */
	size_t killed_count, killed_room;
	struct wait *waits;		/* see waiting.h */
	size_t wait_count;
	uint64_t freed_pages;		/* by exits, by the reaper and by who gave them back, since boot */
	uint64_t progress;		/* counts whatever brings a stall nearer to its end */
	struct oom oom;
	struct psi psi;			/* the machine's; a cgroup has its own, of the same list */
	struct psi_list psi_list;
	struct memstalls memstalls;
	int bell;			/* an eventfd: a lab wants to know who comes and goes; 0 = none */
	int open_files;
	bool is_left;			/* world_free() waits for them */
	struct alarm alarm;		/* of the mount that serves this world */
	struct adopter *adopter;	/* NULL: who is unknown stays so */
	bool has_caller;		/* requests of a mount are judged as `caller`'s, not as the real caller's */
	struct caller caller;
};

/* With nothing in it, not even a kernel; NULL without memory. */
struct world *world_blank(void);
void world_drop(struct world *w);
void bell_ring(const struct world *w);
static inline void world_lock(struct world *w) { pthread_mutex_lock(&w->lock); }

static inline void world_unlock(struct world *w)
{
	if (w->alarm.is_set)
		alarm_check(w);
	pthread_mutex_unlock(&w->lock);
}

/* After a panic nothing changes any more, and time stands still: whatever would change something is -EHOSTDOWN. */
static inline bool is_halted(const struct world *w) { return w->oom.panic[0]; }
/* They are numbered from 0 on, without a gap. */
static inline bool has_node(const struct world *w, int node) { return node < NODES && w->nodes >> node & 1; }
static inline uint64_t total_pages(const struct world *w) { return w->ram_pages + w->swap_pages; }

#endif
