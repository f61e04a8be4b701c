/*
 * All of the core that Python sees, and nothing else: the cffi cdef is made from this file.
 *
 * Calls return 0 or more, or a negative errno. Tasks are named by the id they have in the
 * world (a thread's id names the thread). Every call takes the world's lock for itself. Once the machine has
 * panicked, what would change it is -EHOSTDOWN.
 */
#ifndef FAKEPROC_H
#define FAKEPROC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct world;
struct cgroup;
struct file;
struct text;

enum { COMM_SIZE = 16 };	/* 15 bytes and a NUL, as TASK_COMM_LEN */

/* Who asks: the identity of a file operation. Capabilities count only in the initial user namespace. */
struct caller {
	int32_t pid;		/* of the thread; 0 = unknown to the world */
	uint32_t uid, gid;	/* the file system ids */
	uint64_t caps;		/* effective */
	uint64_t mems;		/* allowed memory nodes, a bit each */
	char comm[COMM_SIZE];
};

/* What stat(2) tells of a file of the tree; times in nanoseconds since the epoch. */
struct status {
	uint64_t ino;
	uint32_t mode, nlink, uid, gid, block_size;
	int64_t time;
	int64_t size;		/* 0, but of kmsg in a mount: see kmsg.c */
};

/* Pages and page tables of an mm. */
struct memory {
	int64_t anon, file, shmem, swapents;	/* pages */
	uint32_t ptes, pmds;			/* page table pages */
	uint64_t total_vm;			/* pages */
	uint32_t anon_locked, shmem_shared;	/* parts of anon and shmem that the reaper leaves */
};

/* One task as its world knows it. */
struct task_info {
	int32_t pid, tgid, ppid, threads;
	int32_t vfork_waiter;	/* the thread that waits for this vforked child, or 0 */
	int32_t vfork_child;	/* the vforked child that this thread waits for, or 0 */
	uint64_t serial;	/* never used again in this world, unlike the pid */
	uint64_t mm;		/* identity of its mm, 0 = none */
	uint32_t mm_users;
	uint32_t sharers;	/* processes using that mm */
	uint32_t uid, euid, suid, gid, egid, sgid;
	uint64_t caps;		/* effective */
	uint64_t caps_permitted;
	uint64_t caps_inheritable;
	uint64_t mems;
	int16_t oom_score_adj, oom_score_adj_min;
	int32_t dumpable;
	uint32_t flags;		/* TASK_* */
	int32_t exit_code;	/* as wait(2) gives it */
	int32_t oom_victims;	/* threads of its process that have TASK_MEMDIE; 0 or 1 since 4.9 */
	char state;		/* R S D T Z as in /proc/PID/stat */
	char comm[COMM_SIZE];
	struct memory memory;
};

enum {
	TASK_KTHREAD = 1,
	TASK_VFORK_DONE = 2,	/* vfork_done is set: not yet exec'ed, or made by kthread_create() */
	TASK_ZOMBIE = 4,
	TASK_GLOBAL_INIT = 8,
	TASK_NAMESPACE_INIT = 16,
	TASK_IN_USER_NAMESPACE = 32,
	TASK_MULTIPROCESS = 64,	/* MMF_MULTIPROCESS of its mm */
	TASK_OOM_REAPED = 128,	/* MMF_OOM_REAPED, later MMF_OOM_SKIP, of its mm */
	TASK_SIGHAND_GONE = 256,
	TASK_KILLED = 512,		/* SIGKILL is pending for it (fatal_signal_pending) */
	TASK_EXITING = 1024,		/* PF_EXITING */
	TASK_MEMDIE = 2048,		/* TIF_MEMDIE: may use the reserves */
	TASK_DSLEEP = 4096,		/* sleeps uninterruptibly: cannot exit */
	TASK_HOLDS_MMAP_LOCK = 8192,	/* for writing: the reaper cannot take it */
	TASK_COREDUMPING = 16384,	/* writes a core dump: not dying, but SIGKILL ends it */
	TASK_EXIT_WAITS = 32768,	/* exiting, its mm still attached: waits for an mmap lock that another holds */
	TASK_GROUP_EXIT = 65536,	/* SIGNAL_GROUP_EXIT of its process */
	TASK_OOM_ORIGIN = 131072,	/* oom_flag_origin of its process: swapoff, KSM */
	TASK_NOT_REAPABLE = 262144,	/* MMF_OOM_NOT_REAPABLE of its mm */
	TASK_WILL_FREE_MEM = 524288,	/* task_will_free_mem() says so */
	TASK_IN_VFORK = 1048576,	/* in_vfork() says so */
	TASK_AWAITS_REAPER = 2097152,	/* a victim that the reaper has been asked for */
	TASK_FROZEN = 4194304,		/* by the freezer: cannot exit, unless it is made a victim */
	TASK_ADOPTED = 8388608,		/* a real process, or thread of one, that has asked */
	TASK_CGROUP_FROZEN = 16777216	/* by cgroup.freeze: does not run, but can be killed */
};

/* clone(2) flags, with the kernel's values. */
enum {
	CORE_CLONE_VM = 0x100,
	CORE_CLONE_SIGHAND = 0x800,
	CORE_CLONE_VFORK = 0x4000,
	CORE_CLONE_PARENT = 0x8000,
	CORE_CLONE_THREAD = 0x10000,
	CORE_CLONE_NEWPID = 0x20000000
};

/* Who asked for memory, and how. */
struct oom_request {
	uint32_t gfp_mask;		/* 0: the page-fault path */
	int32_t order;			/* -1: SysRq-f */
	uint64_t nodemask;		/* nodes of the allocation's memory policy, 0 = none */
	struct cgroup *memcg;		/* whose limit was hit, NULL = the machine's: world_oom() finds it by its path */
	uint64_t memcg_pages;		/* its limit */
};

/* How the last out_of_memory() ended. */
enum {
	OOM_NEVER_ASKED,
	OOM_KILLED,
	OOM_CURRENT_DIES,	/* who allocates dies anyway, and is let die silently */
	OOM_CHOSEN_DIES,	/* and so for the chosen one */
	OOM_VICTIM_IN_FLIGHT,	/* an earlier victim is waited for: nobody is chosen */
	OOM_NOBODY,		/* nobody is eligible */
	OOM_REFUSED,		/* such an allocation kills nobody */
	OOM_PANIC,
	OOM_HAS_EXITED		/* the chosen one has no mm any more */
};

struct oom_outcome {
	int32_t how;		/* OOM_* */
	int32_t chosen;		/* the process with the most points, 0 = nobody was chosen */
	int32_t victim;		/* the process that was killed: the chosen one, or its child */
};

/* Why a process would be chosen, or never is. */
enum {
	ELIGIBLE,
	IS_GLOBAL_INIT,
	IS_KTHREAD,
	HAS_NO_MM,		/* a zombie */
	IS_AT_MINUS_1000,
	MM_IS_REAPED,		/* or pinned, or given up */
	IS_VFORKED		/* in its parent's mm until it execs */
};

/* What becomes of a process that was a victim before. */
enum {
	NOT_A_VICTIM,
	VICTIM_IS_SKIPPED,	/* nothing more is to be had from it */
	VICTIM_IS_WAITED_FOR	/* nobody else is chosen meanwhile */
};

/* One process as the OOM killer ranks it. */
struct ranking {
	uint64_t serial;	/* of its leader */
	int64_t pages;		/* that killing it would free, page tables among them */
	int64_t points;		/* 0 where it is not eligible */
	uint64_t score;		/* oom_score, as root reads it */
	int32_t pid;
	int32_t oom_score_adj;
	int32_t eligibility;	/* ELIGIBLE, or why not */
	int32_t in_flight;	/* for any trigger but SysRq-f */
	char comm[COMM_SIZE];
};

/* What became of a process. One that was killed may be unable to die yet. */
enum { KILLED_BY_OOM, KILLED_BY_SIGNAL, HAS_DIED };

struct death {
	uint64_t seq;
	int64_t time;		/* nanoseconds since boot */
	uint64_t serial;	/* of its leader */
	int32_t pid;
	int32_t how;
	int32_t exit_code;	/* as wait(2) gives it */
	char comm[COMM_SIZE];
};

/* What status says of the signals of a process, a bit each (bit n - 1 is signal n). */
struct signals {
	uint64_t pending, ignored, caught;
};

/* What a lab has to know of a process: who has that pid, and TASK_KTHREAD ZOMBIE KILLED DSLEEP ADOPTED of its leader. */
struct presence {
	uint64_t serial;
	int32_t pid;
	uint32_t flags;
};

/* What a plot shows of a process. */
struct sample {
	uint64_t serial;
	int64_t resident, swap;	/* pages; 0 where an older process has the same mm */
	int32_t pid;
	int32_t oom_score_adj;
	char comm[COMM_SIZE];
};

/* The numbers of /proc/sys/vm, kernel and fs. The OOM killer asks the first three, see sysctl.c for what is heeded. */
struct sysctl {
	int32_t panic_on_oom, oom_kill_allocating_task, oom_dump_tasks;
	int32_t overcommit_memory, overcommit_ratio, swappiness, min_free_kbytes;
	int32_t watermark_scale_factor, watermark_boost_factor, dirty_background_ratio, dirty_ratio;
	int32_t vfs_cache_pressure, vfs_cache_pressure_denom, page_cluster, max_map_count, laptop_mode, legacy_va_layout;
	int32_t compact_unevictable_allowed, compaction_proactiveness, defrag_mode, extfrag_threshold;
	int32_t dirty_expire_centisecs, dirty_writeback_centisecs, dirtytime_expire_seconds;
	int32_t memfd_noexec, min_slab_ratio, min_unmapped_ratio, page_lock_unfairness, percpu_pagelist_high_fraction;
	int32_t stat_interval, unprivileged_userfaultfd, zone_reclaim_mode;
	int32_t threads_max, panic, panic_on_oops, randomize_va_space, dmesg_restrict, kptr_restrict, core_uses_pid, sysrq;
	int32_t perf_event_paranoid, overflowuid, overflowgid, nr_open, pipe_max_size, suid_dumpable;
	int64_t overcommit_kbytes, dirty_bytes, dirty_background_bytes, user_reserve_kbytes, admin_reserve_kbytes;
	int64_t mmap_min_addr, hung_task_timeout_secs, file_max;
};

/* What the machine is besides its processes. */
enum { HOSTNAME_SIZE = 65, CPUS_MAX = 1024 };
struct machine {
	int32_t cpus;
	char hostname[HOSTNAME_SIZE];
};

/* Pages that belong to no process. */
struct own_pages {
	int64_t cache;			/* of files, mapped by nobody */
	int64_t buffers;
	int64_t dirty;			/* a part of the cache */
	int64_t slab_reclaimable, slab_unreclaimable;
};

/* Sums over processes, in pages. */
struct usage {
	int64_t anon, file, shmem, swap, tables;
	int64_t locked;			/* a part of anon */
};

/* memory.min ... memory.swap.max of a cgroup, in pages. */
enum { CGROUP_UNLIMITED = 2251799813685247 };	/* "max", as PAGE_COUNTER_MAX */
struct cgroup_limits {
	int64_t min, low, high, max, swap_high, swap_max;
	int64_t memsw_max;		/* of the old hierarchy: resident and swapped pages together */
};

/* memory.events, in the order of its lines, and memory.swap.events. */
enum {
	MEMORY_LOW, MEMORY_HIGH, MEMORY_MAX, MEMORY_OOM, MEMORY_OOM_KILL, MEMORY_OOM_GROUP_KILL,
	MEMORY_SWAP_HIGH, MEMORY_SWAP_MAX, MEMORY_SWAP_FAIL, MEMORY_EVENTS
};

/* One cgroup as its world knows it. */
struct cgroup_info {
	uint64_t id;			/* never used again in this world, unlike the path */
	int32_t processes, children;	/* itself, not what is below */
	int32_t populated;		/* somebody is alive in it, or below it */
	int32_t oom_group, frozen;
	struct cgroup_limits limits;
	struct usage usage;		/* with what is below */
	int64_t peak;			/* resident pages */
	uint64_t events[MEMORY_EVENTS];	/* with those below */
	uint64_t local_events[MEMORY_EVENTS];
};

/* What a task, a process or the machine has used so far. Times in nanoseconds. */
struct spent {
	uint64_t utime, stime;
	uint64_t min_flt, maj_flt;
	uint64_t nvcsw, nivcsw;				/* voluntary and involuntary switches */
	uint64_t rchar, wchar, syscr, syscw;		/* of read(2) and write(2): bytes, calls */
	uint64_t read_bytes, write_bytes, cancelled_write_bytes;	/* of the disk */
};

/* ---- rules: what a kernel version does ---- */
int rules_version_count(void);
const char *rules_version_name(int version);
int rules_version(const char *name);			/* -EINVAL: not a version of the table */
uint32_t rules_close_patches(uint32_t patches);		/* with the patches that they build on; bit n = patch n */
int rules_row_count(void);
const char *rules_row_name(int row);
const char *rules_row_text(int row);
int rules_row_since(int row);				/* version numbers, -1 = always */
int rules_row_until(int row);
int rules_row_patch(int row);				/* 0 = not of the series */
int rules_row_holds(int row, int version, uint32_t patches);

/* ---- worlds ---- */
struct world *world_new(int version, uint32_t patches, uint64_t ram_pages, uint64_t swap_pages);
void world_free(struct world *w);			/* now, or with the last file that is open in it */
void world_hold(struct world *w);			/* nobody else is inside until world_release(): fork(2) then copies it whole */
void world_release(struct world *w);
int world_rule(struct world *w, int row);
uint64_t world_total_pages(struct world *w);
int world_set_total_pages(struct world *w, uint64_t ram_pages, uint64_t swap_pages);
int world_set_nodes(struct world *w, const uint64_t *pages, int count);	/* memory nodes; the RAM is their sum */
int64_t world_now(struct world *w);			/* nanoseconds since boot */
int world_set_now(struct world *w, int64_t nanoseconds);	/* -EINVAL: before boot, or over 146 years later */
int world_set_boot_time(struct world *w, int64_t nanoseconds);
void world_machine(struct world *w, struct machine *out);
int world_set_machine(struct world *w, const struct machine *value);	/* -EINVAL: no CPU, too many, no host name */
void world_own_pages(struct world *w, struct own_pages *out);
int world_set_own_pages(struct world *w, const struct own_pages *value);	/* -EINVAL: less than nothing, or more dirty than cached */
int world_last_pid(struct world *w);
void world_set_last_pid(struct world *w, int pid);
int world_set_pid_max(struct world *w, int pid_max);
int world_task_count(struct world *w);
int world_next_task(struct world *w, int pid);		/* smallest id >= pid that a task has, or 0 */
int world_processes(struct world *w, int32_t *pids, int most);	/* oldest first; returns how many there are */
int world_threads(struct world *w, int pid, int32_t *pids, int most);	/* leader first */
int world_children(struct world *w, int pid, int32_t *pids, int most);	/* of that very thread, oldest first */
int world_samples(struct world *w, struct sample *out, int most);	/* of every process with an mm, oldest first; returns how many */
void world_log_boot(struct world *w);	/* the first line of a kernel's log: which one it is */
int world_presences(struct world *w, struct presence *out, int most);	/* of every process, oldest first; returns how many */
int world_waiting(struct world *w, int32_t *pids, int most);	/* tasks that wait for memory or a lock */
int world_sharers(struct world *w, int pid, int32_t *pids, int most);	/* processes using its mm, itself among them */

/* ---- a world as bytes, see state.h; what it gives is to be given to state_free() ---- */
int world_save(struct world *w, char **bytes, size_t *length);
struct world *world_load(const char *bytes, size_t length, char *why, size_t size);	/* NULL, and a sentence that says why */
int world_version(struct world *w);			/* of the kernel; and the patches on it */
uint32_t world_patches(struct world *w);
int state_layout(char **bytes, size_t *length);		/* what the bytes of this build mean, in words */
void state_free(char *bytes);

/* ---- life cycle ---- */
int task_clone(struct world *w, int parent, uint64_t flags, int pid);	/* pid 0 = the next free one; returns the pid */
int task_break_cow(struct world *w, int pid);	/* a copy that does not fit is taken as by one that grows */
int task_init(struct world *w);				/* pid 1: global init */
int task_kthread(struct world *w, const char *comm, int pid);	/* the first is kthreadd */
int task_exec(struct world *w, int pid);		/* returns the pid, which changes for a thread that does not lead */
int task_exit_thread(struct world *w, int pid, int exit_code);
int task_exit_group(struct world *w, int pid, int exit_code);
int task_kill(struct world *w, int pid, int signal);	/* to the process; 0 only asks */
int task_core_dumped(struct world *w, int pid, int signal);	/* its dump is done: it dies of that signal, with the core flag */
int task_signal(struct world *w, const struct caller *who, int pid, int signal);	/* kill(2) by that one; -EPERM */
int task_reap(struct world *w, int pid);
int task_release_sighand(struct world *w, int pid);	/* stage the race of patch 2: found, but being released */
int task_use_mm(struct world *w, int kthread, int pid);
int task_unuse_mm(struct world *w, int kthread);

/* ---- state ---- */
int task_get(struct world *w, int pid, struct task_info *out);
int64_t task_flags(struct world *w, int pid, uint64_t serial);	/* its own of TASK_*, as ZOMBIE and KILLED; -ESRCH: the pid is another's */
int task_set_comm(struct world *w, int pid, const char *bytes, size_t length);
int task_set_cmdline(struct world *w, int pid, const char *bytes, size_t length);
ssize_t task_get_cmdline(struct world *w, int pid, char *bytes, size_t size);
int task_set_environ(struct world *w, int pid, const char *bytes, size_t length);
int task_set_exe(struct world *w, int pid, const char *path);	/* absolute, or NULL: what the arguments and the comm give */
int task_set_cwd(struct world *w, int pid, const char *path);
int task_set_open_files(struct world *w, int pid, int count);	/* descriptors 0 to count - 1 */
int task_set_signals(struct world *w, int pid, const struct signals *given);
int task_signals(struct world *w, int pid, struct signals *out);
int task_set_state(struct world *w, int pid, char state);
int task_set_memory(struct world *w, int pid, const struct memory *memory);
int task_set_mems(struct world *w, int pid, uint64_t mems);
int task_set_oom_score_adj(struct world *w, int pid, int value, int minimum);	/* as it stands, no rule asked */
int task_set_oom_reaped(struct world *w, int pid);
int task_set_vfork_done(struct world *w, int pid, int set);
int task_set_parent(struct world *w, int pid, int parent);	/* real_parent, by a thread's id; 0 = none */
int task_set_mm_of(struct world *w, int pid, int other);	/* the mm of that task from now on */
int task_set_subreaper(struct world *w, int pid, int set);
int task_badness(struct world *w, int pid, int64_t *points);	/* 1 = eligible, 0 = not */
int task_caller(struct world *w, int pid, struct caller *out);	/* who that task is for a file */

int task_set_memory_kept(struct world *w, int pid, int64_t anon_locked, int64_t shmem_shared);
int task_set_flag(struct world *w, int pid, uint32_t flag, int set);	/* DSLEEP HOLDS_MMAP_LOCK COREDUMPING EXIT_WAITS KILLED EXITING MEMDIE AWAITS_REAPER OOM_ORIGIN NOT_REAPABLE OOM_REAPED */

/* ---- out of memory ---- */
/*
 * pid: who allocates, 0 = a kworker of that name; memcg: path of the memory cgroup that is full (made where there is
 * none), NULL = the machine. 1 = somebody was killed or is dying, 0 = nobody, or an errno.
 */
int world_oom(struct world *w, int pid, const char *kworker, const struct oom_request *request, const char *memcg);
int world_sysrq(struct world *w, char key, const char *kworker);	/* 1 = somebody dies */
uint32_t world_gfp_kernel(struct world *w);		/* GFP_KERNEL has other values in other versions */
void world_run(struct world *w, int64_t nanoseconds);	/* time passes: victims exit, the reaper reaps, who waits for memory gets it */
void world_sysctl(struct world *w, struct sysctl *out);
int world_set_sysctl(struct world *w, const struct sysctl *value);
struct limits {
	int64_t low, high;
};
int world_sysctl_limits(struct world *w, const char *name, struct limits *out);	/* name: of its file. -ENOENT */
int world_candidates_agree(struct world *w);		/* is what selection goes by what the processes are? For tests */
int world_charges_agree(struct world *w);		/* are the sums of memory those of a walk? For tests */
void world_oom_outcome(struct world *w, struct oom_outcome *out);
void world_set_mmu(struct world *w, int has_mmu);	/* without one there is no reaper */
int task_rank(struct world *w, int pid, struct ranking *out);
int world_rankings(struct world *w, struct ranking *out, int most);	/* of every process, oldest first; returns how many */
int world_mrelease(struct world *w, int pid, uint32_t flags);	/* process_mrelease(2): -ENOSYS before 5.15 */
int world_oom_disable(struct world *w);			/* oom_killer_disable(): 0, or -EBUSY while a victim is on its way out */
void world_oom_enable(struct world *w);
void world_set_oom_notifier(struct world *w, int times);	/* how often an OOM notifier will free memory */
/* Stalls: who waits for memory, or for a lock (holder: who holds it), and whether anything can still move. */
int task_wait_for_memory(struct world *w, int pid);
int task_wait_for_lock(struct world *w, int pid, int holder);
enum { WORLD_STUCK = 0, WORLD_MOVES_ON = 1, WORLD_PANICKED = 2 };
int world_settle(struct world *w, int64_t nanoseconds, char *why, size_t size);	/* WORLD_*; why is a sentence where it is stuck */
void world_waits(struct world *w, char *text, size_t size);	/* "a waits for memory, b waits for a lock of a", cut to the size */
const char *world_panic(struct world *w);		/* what the machine panicked with, or NULL */

/* ---- pressure (PSI); cgroup: NULL is the machine ---- */
enum { PRESSURE_IO, PRESSURE_MEMORY, PRESSURE_CPU };
/* From now on that part of the time is stalled, in hundredths of a percent; -EINVAL, -ENOENT: no such cgroup. */
int world_set_pressure(struct world *w, const char *cgroup, int resource, uint32_t some, uint32_t full);
int world_stall(struct world *w, const char *cgroup, int resource, int64_t some, int64_t full);	/* nanoseconds up to now */
int64_t world_next_event(struct world *w);	/* when something happens by itself next, INT64_MAX for never */

/* ---- memory ---- */
void world_usage(struct world *w, const char *memcg, struct usage *out);	/* NULL: of all processes; 0 where there is none */
int64_t task_grow(struct world *w, int pid, int64_t pages);	/* how many it still waits for; -EINTR: killed, -ENOMEM: nobody can be */
int task_shrink(struct world *w, int pid, int64_t pages);
int64_t task_touch(struct world *w, int pid);			/* how many pages came back, from swap and of files */
int64_t task_swap_out(struct world *w, int pid, int64_t pages);	/* how many went */

/* ---- cgroups, by path ("/", "/a/b"); -ENOENT where there is none ---- */
int cgroup_path_is_valid(const char *path);		/* names of 1 to 255 bytes, none of them . or .. or with a newline */
int world_cgroup_make(struct world *w, const char *path, int with_parents);	/* as mkdir(2), or mkdir -p */
int world_cgroup_remove(struct world *w, const char *path);	/* as rmdir(2) */
int world_cgroup(struct world *w, const char *path, struct cgroup_info *out);
int world_cgroup_child(struct world *w, const char *path, int n, char name[256]);	/* the n-th by name: 1, or 0 */
int world_cgroup_processes(struct world *w, const char *path, int32_t *pids, int most);	/* as they joined */
int world_cgroup_set_limits(struct world *w, const char *path, const struct cgroup_limits *limits);
/* Which hierarchies are shown: 1 or 2; set: 0 is what the kernel of the rules had. */
int world_cgroup_version(struct world *w);
int world_set_cgroup_version(struct world *w, int version);
int world_cgroup_freeze(struct world *w, const char *path, int is_set);
int world_limit(struct world *w, const char *path, uint64_t pages);	/* memory.max, 0 = none; made where there is none, as the next two */
int world_oom_group(struct world *w, const char *path, int is_set);	/* memory.oom.group */
int task_set_cgroup(struct world *w, int pid, const char *path);
int task_move(struct world *w, int pid, const char *path);	/* as task_set_cgroup(), but it must be there */
ssize_t task_cgroup(struct world *w, int pid, char *path, size_t size, uint64_t *id);	/* length of the path */

/* ---- what is used ---- */
enum { SPENT_BY_TASK, SPENT_BY_PROCESS, SPENT_BY_CHILDREN };
int task_set_cpu(struct world *w, int pid, int user, int system);	/* thousandths of a CPU that it takes from now on */
int task_spend(struct world *w, int pid, const struct spent *more);
int task_spent(struct world *w, int pid, int whose, struct spent *out);
void world_spent(struct world *w, struct spent *out);	/* since boot, the dead too */

/* ---- credentials, as the system calls ---- */
int task_setresuid(struct world *w, int pid, int64_t real, int64_t effective, int64_t saved);	/* -1 = keep */
int task_setresgid(struct world *w, int pid, int64_t real, int64_t effective, int64_t saved);
int task_capset(struct world *w, int pid, uint64_t effective, uint64_t permitted, uint64_t inheritable);
int task_set_bounding(struct world *w, int pid, uint64_t bounding);	/* what exec of uid 0 gives */
int task_set_keepcaps(struct world *w, int pid, int set);
int task_set_dumpable(struct world *w, int pid, int value);
int task_unshare_user(struct world *w, int pid);

/* ---- the tree, by path below its root ("/1200/oom_adj") ---- */
int path_stat(struct world *w, const struct caller *who, const char *path, struct status *out);
int path_access(struct world *w, const struct caller *who, const char *path, int mask);
ssize_t path_readlink(struct world *w, const struct caller *who, const char *path, char *buffer, size_t size);
int path_truncate(struct world *w, const struct caller *who, const char *path);
int path_chmod(struct world *w, const struct caller *who, const char *path, uint32_t mode);
int path_chown(struct world *w, const struct caller *who, const char *path, uint32_t uid, uint32_t gid);	/* UINT32_MAX: stays */
int path_utimens(struct world *w, const struct caller *who, const char *path);
int path_unlink(struct world *w, const struct caller *who, const char *path);
int path_rename(struct world *w, const struct caller *who, const char *from, const char *to);
/* mkdir, mknod, symlink by the type of the mode, link(2) with 0: a name that is not there. */
int path_create(struct world *w, const struct caller *who, const char *path, uint32_t mode);
int path_rmdir(struct world *w, const struct caller *who, const char *path);
ssize_t path_getxattr(struct world *w, const struct caller *who, const char *path, const char *name, void *value, size_t size);
int path_setxattr(struct world *w, const struct caller *who, const char *path, const char *name, const void *value, size_t size,
		  int flags);
ssize_t path_listxattr(struct world *w, const struct caller *who, const char *path, char *list, size_t size);
int path_removexattr(struct world *w, const struct caller *who, const char *path, const char *name);

/* ---- open files: a null buffer stands for unreadable user memory (-EFAULT) ---- */
int file_open(struct world *w, const struct caller *who, const char *path, int flags, struct file **out);
int file_open_at(struct file *dir, const struct caller *who, const char *name, int flags, struct file **out);
void file_close(struct file *f);
ssize_t file_read(struct file *f, const struct caller *who, void *buffer, size_t count);
ssize_t file_pread(struct file *f, const struct caller *who, void *buffer, size_t count, int64_t offset);
ssize_t file_write(struct file *f, const struct caller *who, const void *buffer, size_t count);
ssize_t file_pwrite(struct file *f, const struct caller *who, const void *buffer, size_t count, int64_t offset);
unsigned int file_poll(struct file *f);	/* POLL* events; that of a trigger is taken */
int64_t file_lseek(struct file *f, const struct caller *who, int64_t offset, int whence);
int file_truncate(struct file *f);
int file_fsync(struct file *f);
int file_stat(struct file *f, struct status *out);
/* The next entry of an open directory: 1 and its name, 0 at the end. */
int file_entry(struct file *f, char name[256], uint64_t *ino, uint32_t *mode);

/* ---- control files under .fakeproc, answered by Python ---- */
typedef int (*control_read)(void *self, const char *name, struct text *out);
typedef ssize_t (*control_write)(void *self, const char *name, const char *bytes, size_t count, const struct caller *who);
void world_set_control(struct world *w, void *self, control_read read, control_write write, uint32_t owner_uid, uint32_t owner_gid);
int text_append(struct text *out, const char *bytes, size_t length);

/* ---- the kernel log ---- */
enum { LOG_LINE = 1024 };	/* a longer line is cut */
struct log_record {
	uint64_t seq;
	int64_t time;		/* nanoseconds since boot */
	int32_t level;		/* with 8 times the facility, which is 0 for the kernel's own */
	int32_t length;
	char text[LOG_LINE];
};
int log_next(struct world *w, uint64_t seq, struct log_record *out);	/* the first at or after seq: 1, or 0 */
uint64_t log_end(struct world *w);			/* the seq that the next record will have */

/* ---- deaths ---- */
int death_next(struct world *w, uint64_t seq, struct death *out);	/* the first at or after seq: 1, or 0 */
uint64_t death_end(struct world *w);			/* the seq that the next one will have */

/* ---- FUSE: the operation table, and what a mount hands to it as its private data ---- */
struct mount;
enum { CAPS_ROOT = 0, CAPS_CALLER = 1 };	/* who has capabilities: uid 0 as the server sees it, or as the real caller has them */
size_t fuse_operation_count(void);
const char *fuse_operation_name(size_t i);
void *fuse_operation_address(size_t i);
struct mount *mount_new(struct world *w, void *get_context, int caps_policy, int proc);	/* libfuse's fuse_get_context; a directory of the real procfs */
void mount_free(struct mount *m);
/* While it is started, a thread of its own lets time pass and wakes who polls; libfuse must be there from start to stop. */
int mount_start(struct mount *m);
void mount_stop(struct mount *m);
/*
 * From now on adopted processes have the files of the real procfs, see real.h: one of their pid namespace is mounted at
 * .fakeproc/real; and a reader waits at the end of the kernel log. Of libfuse: the session, its channel, the size of a
 * request, fuse_chan_recv, fuse_session_process, fuse_interrupted. 0 or -ENOMEM.
 */
int mount_reveal(struct mount *m, void *session, void *channel, size_t size, void *receive, void *process,
		 void *is_interrupted);
/* libfuse's fuse_notify_poll and fuse_pollhandle_destroy. */
void fuse_set_poll(void *notify, void *destroy);
/* Callers unknown to the world become processes of it; proc: as above; kills: who dies in the world is killed. */
int world_adopt(struct world *w, int proc, int kills);
void world_settle_adopted(struct world *w);	/* now, and not with the next request */
/* A placeholder has that pid, or has it no more: it is not to be adopted when its process of the world has died. */
void world_leave_out(struct world *w, int pid, int stands_in);
void mount_serve(struct mount *m, struct world *w);	/* another world from now on; files that are open stay with theirs */
/* How fast the world's clock goes, in thousandths of the host's; 0: it stands still. */
void mount_set_speed(struct mount *m, int64_t thousandths);
/* The clock stops at that time of the world, until it is set again: something is to happen there. INT64_MAX: nothing. */
void mount_set_horizon(struct mount *m, int64_t time);
void mount_look(struct mount *m);			/* the clock goes on to now, as with each request */
void fuse_set_caller(struct world *w, const struct caller *who);	/* of the requests that follow; NULL: the real one again */

/* ---- the lab: real processes behind synthetic ones, see spawn.c and hold.c ---- */
struct placeholder {
	int32_t pid;
	uint32_t uid, gid;
	uint64_t handled;	/* signals that are reported and do nothing, a bit each */
	int32_t is_cheap;	/* shares our memory; its signals are not reported, it has no threads and cannot be held */
	int32_t is_zombie;	/* it has exited, and is there until it is waited for with __WALL */
	int32_t is_leader_dead;	/* but not its threads */
	const char *threads;	/* their ids, a blank behind each; one that is taken is left out */
	char comm[COMM_SIZE];
};

struct command {
	char **argv, **envp;
	const char *directory;
	int32_t mounts;		/* the mount namespace in which it runs */
	int32_t output;		/* its stdout */
	int32_t listener;	/* INTERCEPT_*, and then where what is intercepted is heard (0: nowhere), or a negative errno */
};

/* A system call of the command, or of who descends from it, that waits for an answer. */
struct trapped {
	uint64_t id, words[6];
	int32_t pid, number;
};

struct hold_event {
	int32_t what;		/* HOLD_* */
	int32_t pid;
};

/* What a file system cannot answer; and who sends signals, too. */
enum { INTERCEPT_ANSWERS = 1, INTERCEPT_SENDERS };

struct nursery;
struct hold;
enum { HOLD_BEGINS, HOLD_HAS_SIGNAL };
struct nursery *nursery_new(int program, int reports, int hold);	/* descriptors: the placeholder, where they write, what they read */
void nursery_free(struct nursery *n);
int placeholder_spawn(struct nursery *n, const struct placeholder *p);
int command_spawn(struct nursery *n, struct command *c);		/* its pid */
int intercept_install(int what);			/* from now on, for this thread; a descriptor, readable when a call waits */
int intercept_next(int listener, struct trapped *out);
int intercept_is_waiting(int listener, uint64_t id);
int intercept_answer(int listener, uint64_t id, int error, int goes_on);	/* error: an errno, or 0 */
struct hold *hold_new(int *directory);			/* and the directory of the file, or NULL and a negative errno */
void hold_free(struct hold *h);
int hold_device(const struct hold *h);			/* readable when there is something for hold_next() */
int hold_next(struct hold *h, struct hold_event *event);	/* 1, or 0 where there is none; never waits */
int hold_release(struct hold *h, int pid);		/* 1 where it was held */
void world_set_bell(struct world *w, int eventfd);	/* rung whenever a process comes or goes, or its state changes; 0: none */

/* ---- bench ---- */
double bench_write(struct world *w, const char *path, uint64_t count);	/* nanoseconds a write, or a negative errno */
double bench_select(struct world *w, uint64_t count);	/* nanoseconds a selection among all processes */
double bench_fork(struct world *w, int parent, uint64_t count);		/* nanoseconds a fork, or a negative errno */

#endif
