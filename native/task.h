/* Tasks, processes (one struct signal each) and mms, and what clone, exec and exit do to them. */
#ifndef TASK_H
#define TASK_H

#include "account.h"
#include "cred.h"
#include "fakeproc.h"

#include <stdbool.h>

enum { OOM_SCORE_ADJ_MIN = -1000, OOM_SCORE_ADJ_MAX = 1000 };

struct cgroup;
struct world;

struct task {
	int32_t pid;
	uint32_t flags;			/* TASK_KTHREAD, TASK_VFORK_DONE, TASK_ZOMBIE, TASK_SIGHAND_GONE */
	uint64_t serial;		/* of its pid: goes to the thread that execs, as the pid does */
	struct signal *signal;
	struct mm *mm;
	struct cred *cred;
	struct task *next, *prev;	/* threads of the process, leader first */
	struct signal *first_child, *last_child;	/* oldest first */
	struct task *vfork_waiter;	/* who waits for this vforked child */
	struct task *vfork_child;	/* the vforked child that this one waits for */
	uint64_t mems;
	int64_t start_time;		/* nanoseconds since boot */
	char comm[COMM_SIZE];
	uint32_t account;		/* see account.h */
	char state;
};

struct signal {
	struct task *leader, *last_thread;
	struct task *parent;		/* real_parent: one thread, not its process */
	struct signal *sibling_older, *sibling_newer;
	struct mm *mm;			/* of the first thread with one */
	struct signal *sharer_older, *sharer_newer;	/* processes on that mm, in the order of the list of all */
	int16_t oom_score_adj, oom_score_adj_min;
	uint16_t unkillable : 1, subreaper : 1, group_exit : 1, group_coredump : 1, oom_flag_origin : 1;
	int16_t oom_victims;
	int32_t threads;		/* not yet released, a zombie leader among them */
	int32_t exit_code;
	uint32_t namespace;
	uint32_t candidate;		/* its place in the list of all processes, see candidates.h */
	struct extra *extra;		/* NULL = nothing set that stands there */
	struct cgroup *cgroup;
	struct signal *cgroup_older, *cgroup_newer;	/* processes in it, as they joined */
};

struct mm {
	uint32_t users;			/* tasks on it */
	uint32_t sharers;		/* processes on it */
	uint32_t pins;			/* who keeps the struct after its last user (mm_count) */
	uint32_t hiwater_rss, hiwater_vm;	/* pages; as of the last time that there were fewer, see update_hiwater() */
	uint8_t dumpable;
	bool multiprocess : 1, oom_reaped : 1, not_reapable : 1, reap_queued : 1;
	struct signal *oldest, *newest;	/* the processes on it */
	struct mm *used_before, *used_after;	/* see reclaim.h */
	int64_t evicted;		/* pages of files that were taken, and come back when they are touched */
	struct memory memory;		/* changed by mm_set_memory() only */
};

static inline bool is_kthread(const struct task *t) { return t->flags & TASK_KTHREAD; }
static inline bool is_zombie(const struct task *t) { return t->flags & TASK_ZOMBIE; }
static inline bool is_vfork_done_set(const struct task *t) { return t->flags & TASK_VFORK_DONE; }
static inline bool is_leader(const struct task *t);
static inline bool is_global_init(const struct task *t);

/* What it had at most, before that changes: mm_set_memory() does. Saturates at 16 TiB. */
void update_hiwater(struct mm *mm);
uint64_t hiwater_rss(const struct mm *mm);
uint64_t hiwater_vm(const struct mm *mm);
/* RSDTZ: what it has used is counted up to now. */
void change_state(struct world *w, struct task *t, char state);
void mm_pin(struct mm *mm);
/* MMF_OOM_REAPED, later MMF_OOM_SKIP: the OOM killer does not look at it any more. */
void mm_hide(struct world *w, struct mm *mm);
void mm_unpin(struct world *w, struct mm *mm);
/* Does another task hold its lock for writing? */
bool is_mm_locked(const struct mm *mm, const struct task *but);
/* A victim of the OOM killer may use the reserves (TIF_MEMDIE), until it has dropped its mm. */
void mark_victim(struct world *w, struct task *t);
void exit_victim(struct world *w, struct task *t);

/* A process that was killed, and has not exited yet. */
struct killed {
	int32_t pid;
	uint64_t serial;	/* of its leader */
};

/* SIGKILL to every thread of a process: they die when they next run, see run.h. */
void send_kill(struct world *w, struct signal *signal, int how);	/* KILLED_BY_... */
/* That thread dies now: do_exit() to its end. */
void thread_dies(struct world *w, struct task *t);
struct task *live_thread(const struct signal *signal);

/* The first thread with an mm, leader first (find_lock_task_mm), or NULL. */
struct task *first_with_mm(const struct signal *signal);
/* vfork_done is set and the real parent uses the same mm (in_vfork). */
bool in_vfork(const struct task *t);

/* Where an mm counts, see charge.h: NULL without a process on it. */
static inline struct cgroup *cgroup_of_mm(const struct mm *mm) { return mm->oldest ? mm->oldest->cgroup : NULL; }
static inline bool is_leader(const struct task *t) { return t->signal->leader == t; }
static inline bool is_global_init(const struct task *t) { return t->signal->leader->pid == 1; }
static inline bool is_unkillable(const struct task *t) { return is_global_init(t) || is_kthread(t); }

/* What freeing the mm would give: resident, swapped and page table pages. */
int64_t pages_of(const struct memory *m);

int clone_task(struct world *w, struct task *parent, uint64_t flags, int pid, struct task **out);
int create_init(struct world *w);
int create_kthread(struct world *w, const char *comm, int pid);
int exec_task(struct world *w, struct task *t);
int exit_thread(struct world *w, struct task *t, int exit_code);
int exit_group(struct world *w, struct task *t, int exit_code);
int signal_process(struct world *w, struct task *t, int number);
enum { WAIT_COREFLAG = 0x80 };	/* in a status of wait(2): it dumped core */
int core_dumped(struct world *w, struct task *t, int number);
int reap(struct world *w, struct task *t);
int use_mm(struct world *w, struct task *kthread, struct mm *mm);
int unuse_mm(struct world *w, struct task *kthread);
void set_parent(struct task *t, struct task *parent);
int set_mm(struct world *w, struct signal *signal, struct mm *mm);
void set_vfork_done(struct world *w, struct task *t, bool set);
int commit_cred(struct world *w, struct task *t, struct cred *cred);
void set_comm(struct task *t, const char *bytes, size_t length);
/* Of a process that was loaded: all that follows from its threads, their mm and its cgroup. */
void restore_process(struct world *w, struct signal *signal);
void drop_tasks(struct world *w);

#endif
