/* The doors of fakeproc.h: take the lock, find the task, call the room that knows. */
#define _GNU_SOURCE
#include "fakeproc.h"

#include "account.h"
#include "adopt.h"
#include "badness.h"
#include "cgroup.h"
#include "charge.h"
#include "extra.h"
#include "clock.h"
#include "klog.h"
#include "machine.h"
#include "memory.h"
#include "oom_adj.h"
#include "oom_kill.h"
#include "reaper.h"
#include "reclaim.h"
#include "run.h"
#include "surface.h"
#include "sysctl.h"
#include "sysrq.h"
#include "task.h"
#include "text.h"
#include "tree/file.h"
#include "tree/tree.h"
#include "waiting.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

enum { PID_MAX_DEFAULT = 32768 };

/* ---- worlds ---- */

struct world *world_blank(void)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	pthread_mutex_init(&w->lock, NULL);
	psi_init(&w->psi, &w->psi_list, 0);
	w->psi.is_machine = true;
	w->tasks.size = sizeof(struct task);
	w->signals.size = sizeof(struct signal);
	w->mms.size = sizeof(struct mm);
	return w;
}

struct world *world_new(int version, uint32_t patches, uint64_t ram_pages, uint64_t swap_pages)
{
	bool can_be = version >= 0 && version < VERSIONS && ram_pages <= MOST_PAGES && swap_pages <= MOST_PAGES;
	struct world *w = can_be ? world_blank() : NULL;

	if (w && cgroups_init(w)) {
		world_drop(w);
		w = NULL;
	}
	if (!w)
		return NULL;
	w->version = (enum version)version;
	w->patches = patches;
	rules_fill(&w->rules, w->version, patches);
	w->ram_pages = ram_pages;
	w->swap_pages = swap_pages;
	w->nodes = 1;
	w->node_pages[0] = ram_pages;
	w->pids.max = PID_MAX_DEFAULT;
	sysctl_boot(w);
	machine_boot(w);
	w->mmu = true;
	return w;
}

void world_drop(struct world *w)
{
	adopter_drop(w);
	reaper_drop(w);
	waits_drop(w);
	memstalls_drop(w);
	drop_tasks(w);
	candidates_drop(w);
	cgroups_drop(w);
	pid_drop(&w->pids);
	klog_drop(&w->log);
	deaths_drop(&w->deaths);
	free(w->namespaces);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

/* Who answered its files is gone by now; the files themselves may stay open for a while. */
void world_free(struct world *w)
{
	bool has_files;

	if (!w)
		return;
	world_lock(w);
	w->control = (struct control){ 0 };
	w->is_left = true;
	has_files = w->open_files;
	world_unlock(w);
	if (!has_files)
		world_drop(w);
}

void world_hold(struct world *w) { world_lock(w); }
void world_release(struct world *w) { world_unlock(w); }

int world_rule(struct world *w, int row) { return rules_row_holds(row, (int)w->version, w->patches); }
uint64_t world_total_pages(struct world *w) { return LOCKED(w, total_pages(w)); }
int world_adopt(struct world *w, int proc, int kills) { return LOCKED(w, adopter_new(w, proc, kills)); }

void world_settle_adopted(struct world *w)
{
	world_lock(w);
	if (w->adopter)
		drop_ended(w);
	world_unlock(w);
}

void world_leave_out(struct world *w, int pid, int stands_in)
{
	world_lock(w);
	if (w->adopter)
		adopter_leave_out(w, pid, stands_in);
	world_unlock(w);
}

int64_t world_now(struct world *w) { return LOCKED(w, w->now); }

static int set_now(struct world *w, int64_t nanoseconds)
{
	if (nanoseconds < 0 || nanoseconds > LATEST)
		return -EINVAL;
	clock_to(w, nanoseconds);
	return 0;
}

int world_set_now(struct world *w, int64_t nanoseconds) { return LOCKED(w, set_now(w, nanoseconds)); }

static int set_boot_time(struct world *w, int64_t nanoseconds)
{
	if (nanoseconds < -LATEST || nanoseconds > LATEST)
		return -EINVAL;
	w->boot_time = nanoseconds;
	return 0;
}

int world_set_boot_time(struct world *w, int64_t nanoseconds) { return LOCKED(w, set_boot_time(w, nanoseconds)); }
void world_machine(struct world *w, struct machine *out) { LOCKED(w, (*out = w->machine, 0)); }
int world_set_machine(struct world *w, const struct machine *value) { return CHANGE(w, set_machine(w, value)); }
void world_own_pages(struct world *w, struct own_pages *out) { LOCKED(w, (*out = w->reclaim.own, 0)); }
int world_set_own_pages(struct world *w, const struct own_pages *value) { return CHANGE(w, set_own_pages(w, value)); }
int world_last_pid(struct world *w) { return LOCKED(w, w->pids.last); }
void world_set_last_pid(struct world *w, int pid) { LOCKED(w, w->pids.last = pid > 0 && pid < PID_LIMIT ? pid : 0); }
int world_task_count(struct world *w) { return LOCKED(w, w->pids.count); }

static int set_nodes(struct world *w, const uint64_t *pages, int count)
{
	if (count < 1 || count > NODES)
		return -EINVAL;
	for (int node = 0; node < count; node++)
		if (pages[node] > MOST_PAGES)
			return -EINVAL;
	memset(w->node_pages, 0, sizeof(w->node_pages));
	w->nodes = count == NODES ? UINT64_MAX : (1ULL << count) - 1;
	w->ram_pages = 0;
	for (int node = 0; node < count; node++) {
		w->node_pages[node] = pages[node];
		w->ram_pages += pages[node];
	}
	return 0;
}

int world_set_nodes(struct world *w, const uint64_t *pages, int count) { return CHANGE(w, set_nodes(w, pages, count)); }

static int set_total(struct world *w, uint64_t ram_pages, uint64_t swap_pages)
{
	if (!ram_pages || ram_pages > MOST_PAGES || swap_pages > MOST_PAGES)
		return -EINVAL;
	w->swap_pages = swap_pages;
	return set_nodes(w, &ram_pages, 1);
}

int world_set_total_pages(struct world *w, uint64_t ram, uint64_t swap) { return CHANGE(w, set_total(w, ram, swap)); }

int world_set_pid_max(struct world *w, int pid_max)
{
	if (pid_max <= PID_RESERVED || pid_max > PID_LIMIT)
		return -EINVAL;
	LOCKED(w, w->pids.max = pid_max);
	return 0;
}

static int next_task(const struct world *w, int pid)
{
	const struct task *t = pid_first_from(&w->pids, pid);

	return t ? t->pid : 0;
}

int world_next_task(struct world *w, int pid) { return LOCKED(w, next_task(w, pid)); }

int world_processes(struct world *w, int32_t *pids, int most)
{
	struct pid_list list = { pids, most, 0 };

	world_lock(w);
	for (const struct signal *s = NULL; (s = process_after(w, s));)
		list_add(&list, s->leader->pid);
	world_unlock(w);
	return list.count;
}

/* An eventfd does not block: whoever waits for it is woken, and nobody waits for him. */
void bell_ring(const struct world *w)
{
	uint64_t one = 1;

	if (w->bell && write(w->bell, &one, sizeof(one)) < 0)
		return;
}

void world_set_bell(struct world *w, int eventfd) { (void)LOCKED(w, w->bell = eventfd); }

/* Memory that several share counts for the oldest of them. */
static struct sample sample_of(const struct signal *s)
{
	const struct memory *m = s->mm && s->mm->oldest == s ? &s->mm->memory : NULL;
	struct sample sample = { .serial = s->leader->serial, .pid = s->leader->pid, .oom_score_adj = s->oom_score_adj };

	memcpy(sample.comm, s->leader->comm, sizeof(sample.comm));
	if (m) {
		sample.resident = m->anon + m->file + m->shmem;
		sample.swap = m->swapents;
	}
	return sample;
}

int world_samples(struct world *w, struct sample *out, int most)
{
	int count = 0;

	world_lock(w);
	for (const struct signal *s = NULL; (s = process_after(w, s));)
		if (s->mm && count++ < most)
			out[count - 1] = sample_of(s);
	world_unlock(w);
	return count;
}

void world_log_boot(struct world *w)
{
	char release[RELEASE_SIZE];

	world_lock(w);
	release_of(w, release);
	klog_printf(w, LOG_NOTICE, "Linux version %s (fakeproc@localhost)", release);
	world_unlock(w);
}

int world_presences(struct world *w, struct presence *out, int most)
{
	int count = 0;

	world_lock(w);
	for (const struct signal *s = NULL; (s = process_after(w, s));)
		if (count++ < most)
			out[count - 1] = (struct presence){ s->leader->serial, s->leader->pid, s->leader->flags };
	world_unlock(w);
	return count;
}

int world_waiting(struct world *w, int32_t *pids, int most)
{
	struct pid_list list = { pids, most, 0 };

	world_lock(w);
	for (size_t i = 0; i < w->wait_count; i++)
		list_add(&list, w->waits[i].pid);
	world_unlock(w);
	return list.count;
}

typedef void list_of(const struct task *t, struct pid_list *list);

static int list_for(struct world *w, int pid, list_of *of, struct pid_list list)
{
	const struct task *t;

	world_lock(w);
	t = pid_find(&w->pids, pid);
	if (t)
		of(t, &list);
	world_unlock(w);
	return t ? list.count : -ESRCH;
}

static void list_threads(const struct task *t, struct pid_list *list)
{
	for (const struct task *thread = t->signal->leader; thread; thread = thread->next)
		list_add(list, thread->pid);
}

static void list_children(const struct task *t, struct pid_list *list)
{
	for (const struct signal *child = t->first_child; child; child = child->sibling_newer)
		list_add(list, child->leader->pid);
}

static void list_sharers(const struct task *t, struct pid_list *list)
{
	for (const struct signal *s = t->mm ? t->mm->oldest : NULL; s; s = s->sharer_newer)
		list_add(list, s->leader->pid);
}

int world_threads(struct world *w, int pid, int32_t *pids, int most)
{
	return list_for(w, pid, list_threads, (struct pid_list){ pids, most, 0 });
}

int world_children(struct world *w, int pid, int32_t *pids, int most)
{
	return list_for(w, pid, list_children, (struct pid_list){ pids, most, 0 });
}

int world_sharers(struct world *w, int pid, int32_t *pids, int most)
{
	return list_for(w, pid, list_sharers, (struct pid_list){ pids, most, 0 });
}

/* ---- tasks ---- */

static int clone_to_pid(struct world *w, struct task *parent, uint64_t flags, int pid)
{
	struct task *child;
	int error = clone_task(w, parent, flags, pid, &child);

	return error ? error : child->pid;
}

int task_clone(struct world *w, int parent, uint64_t flags, int pid)
{
	return CHANGE_TASK(w, parent, clone_to_pid(w, t, flags, pid));
}

int task_break_cow(struct world *w, int pid)
{
	return CHANGE_TASK(w, pid, (memory_break_cow(w, t), 0));
}

int task_init(struct world *w) { return CHANGE(w, create_init(w)); }
int task_kthread(struct world *w, const char *comm, int pid) { return CHANGE(w, create_kthread(w, comm, pid)); }
int task_exec(struct world *w, int pid) { return CHANGE_TASK(w, pid, exec_task(w, t)); }
int task_exit_thread(struct world *w, int pid, int exit_code) { return CHANGE_TASK(w, pid, exit_thread(w, t, exit_code)); }
int task_exit_group(struct world *w, int pid, int exit_code) { return CHANGE_TASK(w, pid, exit_group(w, t, exit_code)); }
int task_kill(struct world *w, int pid, int signal) { return CHANGE_TASK(w, pid, signal_process(w, t, signal)); }
int task_core_dumped(struct world *w, int pid, int signal) { return CHANGE_TASK(w, pid, core_dumped(w, t, signal)); }

/* kill_ok_by_cred() */
static bool may_signal(const struct caller *who, const struct cred *cred)
{
	return who->uid == cred->suid || who->uid == cred->uid || (who->caps & CAP_BIT(CAP_KILL));
}

static int signal_by(struct world *w, const struct caller *who, struct task *t, int signal)
{
	return may_signal(who, t->cred) ? signal_process(w, t, signal) : -EPERM;
}

int task_signal(struct world *w, const struct caller *who, int pid, int signal)
{
	return CHANGE_TASK(w, pid, signal_by(w, who, t, signal));
}

int task_reap(struct world *w, int pid) { return CHANGE_TASK(w, pid, reap(w, t)); }
int task_unuse_mm(struct world *w, int kthread) { return CHANGE_TASK(w, kthread, unuse_mm(w, t)); }

int task_release_sighand(struct world *w, int pid)
{
	return CHANGE_TASK(w, pid, is_zombie(t) ? (t->flags |= TASK_SIGHAND_GONE, 0) : -EBUSY);
}

static int borrow(struct world *w, struct task *kthread, int pid)
{
	const struct task *owner = pid_find(&w->pids, pid);

	return owner ? use_mm(w, kthread, owner->signal->mm) : -ESRCH;
}

int task_use_mm(struct world *w, int kthread, int pid) { return CHANGE_TASK(w, kthread, borrow(w, t, pid)); }

static uint32_t flags_of(const struct world *w, const struct task *t)
{
	uint32_t flags = t->flags;

	flags |= t->signal->group_exit ? TASK_GROUP_EXIT : 0;
	flags |= t->signal->oom_flag_origin ? TASK_OOM_ORIGIN : 0;
	flags |= t->mm && t->mm->not_reapable ? TASK_NOT_REAPABLE : 0;
	flags |= will_free_mem(w, t) ? TASK_WILL_FREE_MEM : 0;
	flags |= in_vfork(t) ? TASK_IN_VFORK : 0;
	flags |= cgroup_is_frozen(t->signal->cgroup) ? TASK_CGROUP_FROZEN : 0;

	flags |= is_global_init(t) ? TASK_GLOBAL_INIT : 0;
	flags |= t->signal->unkillable && !is_global_init(t) ? TASK_NAMESPACE_INIT : 0;
	flags |= t->cred->in_user_namespace ? TASK_IN_USER_NAMESPACE : 0;
	flags |= t->mm && t->mm->multiprocess ? TASK_MULTIPROCESS : 0;
	flags |= t->mm && t->mm->oom_reaped ? TASK_OOM_REAPED : 0;
	return flags;
}

static void fill_info(const struct world *w, const struct task *t, struct task_info *out)
{
	const struct task *parent = t->signal->parent;
	const struct cred *c = t->cred;

	*out = (struct task_info){
		.pid = t->pid, .tgid = t->signal->leader->pid, .ppid = parent ? parent->signal->leader->pid : 0,
		.threads = t->signal->threads,
		.vfork_waiter = t->vfork_waiter ? t->vfork_waiter->pid : 0,
		.vfork_child = t->vfork_child ? t->vfork_child->pid : 0,
		.serial = t->serial, .mm = (uint64_t)(uintptr_t)t->mm,
		.uid = c->uid, .euid = c->euid, .suid = c->suid, .gid = c->gid, .egid = c->egid, .sgid = c->sgid,
		.caps = c->effective, .caps_permitted = c->permitted, .caps_inheritable = c->inheritable,
		.mems = t->mems,
		.oom_score_adj = t->signal->oom_score_adj, .oom_score_adj_min = t->signal->oom_score_adj_min,
		.flags = flags_of(w, t), .oom_victims = t->signal->oom_victims, .exit_code = t->signal->exit_code, .state = t->state,
	};
	memcpy(out->comm, t->comm, COMM_SIZE);
	if (!t->mm)
		return;
	out->mm_users = t->mm->users;
	out->sharers = t->mm->sharers;
	out->dumpable = t->mm->dumpable;
	out->memory = t->mm->memory;
}

static int64_t own_flags_of(const struct task *t, uint64_t serial)
{
	return t->serial == serial ? (int64_t)t->flags : -ESRCH;
}

int64_t task_flags(struct world *w, int pid, uint64_t serial) { return WITH_TASK(w, pid, own_flags_of(t, serial)); }

int task_get(struct world *w, int pid, struct task_info *out) { return WITH_TASK(w, pid, (fill_info(w, t, out), 0)); }

int task_set_comm(struct world *w, int pid, const char *bytes, size_t length)
{
	return CHANGE_TASK(w, pid, (set_comm(t, bytes, length), 0));
}

int task_set_cmdline(struct world *w, int pid, const char *bytes, size_t length)
{
	return CHANGE_TASK(w, pid, set_cmdline(t->signal, bytes, length));
}

static int copy_cmdline(const struct blob *cmdline, char *bytes, size_t size)
{
	if (!cmdline)
		return 0;
	if (cmdline->length <= size)
		memcpy(bytes, cmdline->bytes, cmdline->length);
	return (int)cmdline->length;
}

ssize_t task_get_cmdline(struct world *w, int pid, char *bytes, size_t size)
{
	return WITH_TASK(w, pid, copy_cmdline(cmdline_of(t->signal), bytes, size));
}

int task_set_environ(struct world *w, int pid, const char *bytes, size_t length)
{
	return CHANGE_TASK(w, pid, set_environ(t->signal, bytes, length));
}

int task_set_exe(struct world *w, int pid, const char *path) { return CHANGE_TASK(w, pid, set_exe(t->signal, path)); }
int task_set_cwd(struct world *w, int pid, const char *path) { return CHANGE_TASK(w, pid, set_cwd(t->signal, path)); }
int task_set_signals(struct world *w, int pid, const struct signals *given)
{
	return CHANGE_TASK(w, pid, set_signals(t->signal, given));
}

int task_signals(struct world *w, int pid, struct signals *out)
{
	return CHANGE_TASK(w, pid, (*out = signals_of(t->signal), 0));
}

int task_set_open_files(struct world *w, int pid, int count) { return CHANGE_TASK(w, pid, set_open_files(t->signal, count)); }

static int set_state(struct world *w, struct task *t, char state)
{
	if (!state || !strchr("RSDT", state))
		return -EINVAL;
	if (is_zombie(t))
		return -ESRCH;
	change_state(w, t, state);
	return 0;
}

int task_set_state(struct world *w, int pid, char state) { return CHANGE_TASK(w, pid, set_state(w, t, state)); }

static bool is_count(int64_t pages)
{
	return pages >= 0 && pages <= MOST_PAGES;
}

static int change_memory(struct world *w, struct mm *mm, const struct memory *m)
{
	if (!mm || !is_count(m->anon) || !is_count(m->file) || !is_count(m->shmem) || !is_count(m->swapents))
		return -EINVAL;
	if (m->total_vm > MOST_PAGES)
		return -EINVAL;
	mm_set_memory(w, mm, m);
	return 0;
}

int task_set_memory(struct world *w, int pid, const struct memory *memory)
{
	return CHANGE_TASK(w, pid, change_memory(w, t->mm, memory));
}

static int change_mems(struct world *w, struct task *t, uint64_t mems)
{
	if (!mems)
		return -EINVAL;
	t->mems = mems;
	candidate_update(w, t->signal);
	return 0;
}

int task_set_mems(struct world *w, int pid, uint64_t mems) { return CHANGE_TASK(w, pid, change_mems(w, t, mems)); }

static int change_adj(struct world *w, struct signal *signal, int value, int minimum)
{
	if (value < OOM_SCORE_ADJ_MIN || value > OOM_SCORE_ADJ_MAX)
		return -EINVAL;
	if (minimum < OOM_SCORE_ADJ_MIN || minimum > OOM_SCORE_ADJ_MAX)
		return -EINVAL;
	signal->oom_score_adj = (int16_t)value;
	signal->oom_score_adj_min = (int16_t)minimum;
	candidate_update(w, signal);
	return 0;
}

int task_set_oom_score_adj(struct world *w, int pid, int value, int minimum)
{
	return CHANGE_TASK(w, pid, change_adj(w, t->signal, value, minimum));
}

int task_set_oom_reaped(struct world *w, int pid) { return task_set_flag(w, pid, TASK_OOM_REAPED, 1); }

int task_set_vfork_done(struct world *w, int pid, int set) { return CHANGE_TASK(w, pid, (set_vfork_done(w, t, set), 0)); }

static bool descends_from(const struct task *t, const struct signal *ancestor)
{
	while (t && t->signal != ancestor)
		t = t->signal->parent;
	return t;
}

static int change_parent(const struct world *w, struct task *t, int pid)
{
	struct task *parent = pid_find(&w->pids, pid);

	if (pid && (!parent || descends_from(parent, t->signal)))
		return -EINVAL;
	set_parent(t, parent);
	return 0;
}

int task_set_parent(struct world *w, int pid, int parent) { return CHANGE_TASK(w, pid, change_parent(w, t, parent)); }

static int change_mm(struct world *w, struct task *t, int pid)
{
	const struct task *other = pid_find(&w->pids, pid);

	return other ? set_mm(w, t->signal, other->mm) : -ESRCH;
}

int task_set_mm_of(struct world *w, int pid, int other) { return CHANGE_TASK(w, pid, change_mm(w, t, other)); }

int task_set_subreaper(struct world *w, int pid, int set)
{
	return CHANGE_TASK(w, pid, (t->signal->subreaper = set != 0, 0));
}

int task_badness(struct world *w, int pid, int64_t *points) { return WITH_TASK(w, pid, badness(w, t, points)); }

static int identify(const struct task *t, struct caller *out)
{
	*out = (struct caller){ t->pid, t->cred->euid, t->cred->egid, cred_caps(t->cred), t->mems, "" };
	memcpy(out->comm, t->comm, COMM_SIZE);
	return 0;
}

int task_caller(struct world *w, int pid, struct caller *out) { return WITH_TASK(w, pid, identify(t, out)); }

/* ---- out of memory ---- */

void world_run(struct world *w, int64_t nanoseconds)
{
	world_lock(w);
	run_until(w, clock_after(w, nanoseconds));
	world_unlock(w);
}

/* The limit was met: that is an event of its own, whatever comes of it. */
static int run_out(struct world *w, struct task *t, const char *kworker, struct oom_request request, const char *memcg)
{
	int error = memcg ? cgroup_open(w, memcg, &request.memcg) : 0;

	if (error)
		return error;
	if (memcg)
		cgroup_event(w, request.memcg, MEMORY_MAX);
	else
		request.memcg = NULL;
	return t ? allocate(w, t, &request) : allocate_by_kworker(w, kworker, &request);
}

int world_oom(struct world *w, int pid, const char *kworker, const struct oom_request *request, const char *memcg)
{
	if (!pid)
		return CHANGE(w, run_out(w, NULL, kworker, *request, memcg));
	return CHANGE_TASK(w, pid, run_out(w, t, NULL, *request, memcg));
}

int world_sysrq(struct world *w, char key, const char *kworker) { return CHANGE(w, sysrq(w, key, kworker)); }
uint32_t world_gfp_kernel(struct world *w) { return gfp_kernel(w); }

void world_sysctl(struct world *w, struct sysctl *out) { LOCKED(w, (*out = w->sysctl, 0)); }

int world_sysctl_limits(struct world *w, const char *name, struct limits *out)
{
	return LOCKED(w, sysctl_limits(w, name, out));
}

int world_set_sysctl(struct world *w, const struct sysctl *value) { return CHANGE(w, sysctl_replace(w, value)); }

void world_set_mmu(struct world *w, int has_mmu) { LOCKED(w, w->mmu = has_mmu != 0); }
void world_oom_outcome(struct world *w, struct oom_outcome *out) { LOCKED(w, (*out = w->oom.outcome, 0)); }

static struct ranking ranking_of(const struct world *w, const struct signal *s)
{
	const struct caller root = { .mems = UINT64_MAX };
	const struct task *user = first_with_mm(s), *leader = s->leader;
	struct ranking ranking = {
		.serial = leader->serial, .pid = leader->pid, .oom_score_adj = s->oom_score_adj,
		.pages = user ? pages_of(&user->mm->memory) : 0, .score = oom_score(w, leader, &root),
		.eligibility = eligibility_of(w, leader), .in_flight = in_flight(w, s),
	};

	memcpy(ranking.comm, leader->comm, sizeof(ranking.comm));
	badness(w, leader, &ranking.points);
	return ranking;
}

static int rank(const struct world *w, const struct task *t, struct ranking *out)
{
	*out = ranking_of(w, t->signal);
	return 0;
}

int task_rank(struct world *w, int pid, struct ranking *out) { return WITH_TASK(w, pid, rank(w, t, out)); }

int world_rankings(struct world *w, struct ranking *out, int most)
{
	int count = 0;

	world_lock(w);
	for (const struct signal *s = process_after(w, NULL); s; s = process_after(w, s))
		if (count++ < most)
			out[count - 1] = ranking_of(w, s);
	world_unlock(w);
	return count;
}

int world_mrelease(struct world *w, int pid, uint32_t flags) { return CHANGE_TASK(w, pid, process_mrelease(w, t, flags)); }
int world_oom_disable(struct world *w) { return CHANGE(w, oom_killer_disable(w)); }
void world_oom_enable(struct world *w) { LOCKED(w, (oom_killer_enable(w), 0)); }
void world_set_oom_notifier(struct world *w, int times) { LOCKED(w, w->oom.notifier_frees = times > 0 ? times : 0); }

static int wait_in_allocator(struct world *w, const struct task *t)
{
	const struct wait wait = wait_for_memory(w, t, SOME_PAGES);

	return wait_begin(w, &wait);
}

int task_wait_for_memory(struct world *w, int pid) { return CHANGE_TASK(w, pid, wait_in_allocator(w, t)); }

static int wait_for_lock_of(struct world *w, const struct task *t, int pid)
{
	const struct task *holder = pid_find(&w->pids, pid);
	struct wait wait;

	if (!holder)
		return -ESRCH;
	wait = wait_for_lock(t, holder);
	return wait_begin(w, &wait);
}

int task_wait_for_lock(struct world *w, int pid, int holder) { return CHANGE_TASK(w, pid, wait_for_lock_of(w, t, holder)); }

/* Cut where it is longer; the text is dropped. */
static void hand_over(struct text *text, char *out, size_t size)
{
	size_t length = text->length < size ? text->length : size - 1;

	memcpy(out, text->bytes, length);
	out[length] = '\0';
	text_drop(text);
}

int world_settle(struct world *w, int64_t nanoseconds, char *why, size_t size)
{
	struct text text;
	int settled;

	text_init(&text);
	world_lock(w);
	settled = (int)settle(w, clock_after(w, nanoseconds), &text);
	world_unlock(w);
	hand_over(&text, why, size);
	return settled;
}

void world_waits(struct world *w, char *text, size_t size)
{
	struct text waits;

	text_init(&waits);
	world_lock(w);
	say_waits(w, &waits);
	world_unlock(w);
	hand_over(&waits, text, size);
}

const char *world_panic(struct world *w) { return w->oom.panic[0] ? w->oom.panic : NULL; }

static int keep_memory(struct world *w, struct mm *mm, int64_t anon_locked, int64_t shmem_shared)
{
	struct memory m = mm ? mm->memory : (struct memory){ 0 };

	if (!mm || anon_locked < 0 || shmem_shared < 0 || anon_locked > UINT32_MAX || shmem_shared > UINT32_MAX)
		return -EINVAL;
	m.anon_locked = (uint32_t)anon_locked;
	m.shmem_shared = (uint32_t)shmem_shared;
	mm_set_memory(w, mm, &m);
	return 0;
}

int task_set_memory_kept(struct world *w, int pid, int64_t anon_locked, int64_t shmem_shared)
{
	return CHANGE_TASK(w, pid, keep_memory(w, t->mm, anon_locked, shmem_shared));
}

/* Marks of the mm, which every sharer shows. */
static int change_mm_flag(struct world *w, struct mm *mm, uint32_t flag, bool set)
{
	if (!mm || (flag != TASK_OOM_REAPED && flag != TASK_NOT_REAPABLE))
		return -EINVAL;
	if (flag == TASK_OOM_REAPED)
		mm->oom_reaped = set;
	else
		mm->not_reapable = set;
	candidates_update_mm(w, mm);
	return 0;
}

/* A task without an mm was marked while it had one, which only 4.7 and 4.8 do not ask for. */
static int set_victim(struct world *w, struct task *t, bool set)
{
	if (set && !t->mm && w->rules.victim_keeps_mm)
		return -EINVAL;
	set ? mark_victim(w, t) : exit_victim(w, t);
	return 0;
}

static int ask_reaper(struct world *w, struct task *t, bool set)
{
	if (!set || !t->mm || !(t->flags & TASK_MEMDIE))
		return -EINVAL;
	reaper_queue(w, t);
	return 0;
}

static int change_flag(struct world *w, struct task *t, uint32_t flag, bool set)
{
	switch (flag) {
	case TASK_COREDUMPING:
		t->signal->group_coredump = set;
		/* fall through */
	case TASK_DSLEEP: case TASK_FROZEN: case TASK_HOLDS_MMAP_LOCK: case TASK_EXIT_WAITS: case TASK_EXITING:
		account_stop(w, t);
		t->flags = set ? t->flags | flag : t->flags & ~flag;
		account_start(w, t);
		bell_ring(w);
		return 0;
	case TASK_KILLED:
		return set && !is_unkillable(t) ? (send_kill(w, t->signal, KILLED_BY_SIGNAL), 0) : -EINVAL;
	case TASK_MEMDIE:
		return set_victim(w, t, set);
	case TASK_AWAITS_REAPER:
		return ask_reaper(w, t, set);
	case TASK_GROUP_EXIT:
		t->signal->group_exit = set;
		return 0;
	case TASK_OOM_ORIGIN:
		t->signal->oom_flag_origin = set;
		candidate_update(w, t->signal);
		return 0;
	default:
		return change_mm_flag(w, t->mm, flag, set);
	}
}

int task_set_flag(struct world *w, int pid, uint32_t flag, int set)
{
	return CHANGE_TASK(w, pid, change_flag(w, t, flag, set != 0));
}

/* ---- pressure ---- */

static struct psi *pressure_of(struct world *w, const char *path)
{
	struct cgroup *cg = path ? cgroup_find(w, path) : &w->root;

	return cg ? cgroup_psi(w, cg) : NULL;
}

static int set_pressure(struct world *w, struct psi *psi, int resource, uint32_t some, uint32_t full)
{
	if (resource < 0 || resource >= PSI_RESOURCES)
		return -EINVAL;
	return psi ? psi_set_pressure(psi, (enum psi_resource)resource, some, full, w->now) : -ENOENT;
}

int world_set_pressure(struct world *w, const char *cgroup, int resource, uint32_t some, uint32_t full)
{
	return CHANGE(w, set_pressure(w, pressure_of(w, cgroup), resource, some, full));
}

static int add_stall(struct world *w, const char *path, int resource, int64_t some, int64_t full)
{
	struct cgroup *cg = path ? cgroup_find(w, path) : &w->root;

	if (resource < 0 || resource >= PSI_RESOURCES || full < 0 || full > some || some > w->now)
		return -EINVAL;
	if (!cg)
		return -ENOENT;
	cgroup_stall(w, cg, (enum psi_resource)resource, (uint64_t)some, (uint64_t)full);
	return 0;
}

int world_stall(struct world *w, const char *cgroup, int resource, int64_t some, int64_t full)
{
	return CHANGE(w, add_stall(w, cgroup, resource, some, full));
}

int64_t world_next_event(struct world *w) { return LOCKED(w, next_event(w)); }

/* ---- memory ---- */

int64_t task_grow(struct world *w, int pid, int64_t pages) { return CHANGE_TASK(w, pid, memory_grow(w, t, pages)); }
int task_shrink(struct world *w, int pid, int64_t pages) { return CHANGE_TASK(w, pid, memory_shrink(w, t, pages)); }
int64_t task_swap_out(struct world *w, int pid, int64_t pages) { return CHANGE_TASK(w, pid, memory_swap_out(w, t, pages)); }
int64_t task_touch(struct world *w, int pid) { return CHANGE_TASK(w, pid, memory_touch(w, t)); }

/* ---- what is used ---- */

int task_set_cpu(struct world *w, int pid, int user, int system) { return CHANGE_TASK(w, pid, set_cpu_share(w, t, user, system)); }
int task_spend(struct world *w, int pid, const struct spent *more) { return CHANGE_TASK(w, pid, (spend(w, t, more), 0)); }

static struct spent spent_by(const struct world *w, const struct task *t, int whose)
{
	if (whose == SPENT_BY_CHILDREN)
		return spent_by_children(t->signal);
	return whose == SPENT_BY_PROCESS ? spent_by_process(w, t->signal) : spent_by_task(w, t);
}

int task_spent(struct world *w, int pid, int whose, struct spent *out)
{
	return WITH_TASK(w, pid, (*out = spent_by(w, t, whose), 0));
}

void world_spent(struct world *w, struct spent *out) { *out = LOCKED(w, spent_by_all(w)); }

/* ---- credentials: `change` works on the copy `to` of t's, which then replaces it ---- */

#define CHANGE_CRED(w, pid, change) \
	CHANGE_TASK(w, pid, ({ \
		struct cred *to = cred_copy(t->cred); \
		int error_ = to ? (change) : -ENOMEM; \
		if (error_) \
			cred_put(to); \
		error_ ? error_ : commit_cred(w, t, to); \
	}))

int task_setresuid(struct world *w, int pid, int64_t real, int64_t effective, int64_t saved)
{
	const int64_t ids[3] = { real, effective, saved };

	return CHANGE_CRED(w, pid, cred_setresuid(to, t->cred, ids));
}

int task_setresgid(struct world *w, int pid, int64_t real, int64_t effective, int64_t saved)
{
	const int64_t ids[3] = { real, effective, saved };

	return CHANGE_CRED(w, pid, cred_setresgid(to, t->cred, ids));
}

int task_capset(struct world *w, int pid, uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	return CHANGE_CRED(w, pid, cred_capset(to, t->cred, effective, permitted, inheritable));
}

int task_set_bounding(struct world *w, int pid, uint64_t bounding)
{
	return CHANGE_CRED(w, pid, (to->bounding = bounding & CAPS_ALL, 0));
}

int task_set_keepcaps(struct world *w, int pid, int set) { return CHANGE_CRED(w, pid, (to->keepcaps = set != 0, 0)); }

/* check_unshare_flags(): one thread, and it leads. Its namespace's ids map to nothing, so it makes no further one. */
static int unshare_user(const struct task *t, struct cred *to)
{
	return is_leader(t) && t->signal->threads == 1 ? cred_unshare_user(to) : -EINVAL;
}

int task_unshare_user(struct world *w, int pid) { return CHANGE_CRED(w, pid, unshare_user(t, to)); }

static int change_dumpable(struct mm *mm, int value)
{
	if (!mm || value < 0 || value > 1)
		return -EINVAL;
	mm->dumpable = (uint8_t)value;
	return 0;
}

int task_set_dumpable(struct world *w, int pid, int value) { return CHANGE_TASK(w, pid, change_dumpable(t->mm, value)); }

/* ---- open files ---- */

int file_open(struct world *w, const struct caller *who, const char *path, int flags, struct file **out)
{
	return LOCKED(w, open_path(w, who, path, flags, out));
}

int file_open_at(struct file *dir, const struct caller *who, const char *name, int flags, struct file **out)
{
	return LOCKED(dir->world, open_below(dir, who, name, flags, out));
}

void file_close(struct file *f)
{
	if (f)
		close_file(f);
}

unsigned int file_poll(struct file *f) { return LOCKED(f->world, poll_file(f)); }

ssize_t file_pread(struct file *f, const struct caller *who, void *buffer, size_t count, int64_t offset)
{
	return offset < 0 ? -EINVAL : LOCKED(f->world, read_at(f, who, buffer, count, offset));
}

ssize_t file_read(struct file *f, const struct caller *who, void *buffer, size_t count)
{
	ssize_t result = file_pread(f, who, buffer, count, f->position);

	if (result > 0)
		f->position += result;
	return result;
}

ssize_t file_write(struct file *f, const struct caller *who, const void *buffer, size_t count)
{
	ssize_t result = LOCKED(f->world, write_to(f, who, buffer, count, f->position));

	if (result > 0 && (f->entry->flags & SYSCTL))
		f->position += result;
	return result;
}

ssize_t file_pwrite(struct file *f, const struct caller *who, const void *buffer, size_t count, int64_t offset)
{
	if (offset < 0)
		return -EINVAL;
	if (refuses_pwrite(f))
		return -ESPIPE;
	return LOCKED(f->world, write_to(f, who, buffer, count, offset));
}

int64_t file_lseek(struct file *f, const struct caller *who, int64_t offset, int whence)
{
	return LOCKED(f->world, seek(f, who, offset, whence));
}

/* O_RDONLY is no way to truncate; the rest is taken and nothing happens. */
int file_truncate(struct file *f)
{
	int mode = f->flags & O_ACCMODE;

	if (f->flags & O_PATH)
		return -EBADF;
	return mode == O_WRONLY || mode == O_RDWR ? 0 : -EINVAL;
}

int file_fsync(struct file *f)
{
	return f->flags & O_PATH ? -EBADF : -EINVAL;
}

static int open_status(const struct file *f, struct status *out)
{
	struct node node;

	if (file_node(f, &node)) {
		*out = (struct status){ .mode = f->entry->mode, .nlink = 1, .block_size = 1024 };
		return 0;
	}
	tree_status(f->world, &node, out);
	return 0;
}

/* An open file of a task that is gone can still be looked at: root's, as the kernel leaves it. */
int file_stat(struct file *f, struct status *out) { return LOCKED(f->world, open_status(f, out)); }

int file_entry(struct file *f, char name[256], uint64_t *ino, uint32_t *mode)
{
	struct node node;
	int found = LOCKED(f->world, directory_entry(f, &f->position, name, &node));

	if (found > 0) {
		*ino = tree_ino(&node);
		*mode = node.entry->mode;
	}
	return found;
}

/* ---- control and log ---- */

void world_set_control(struct world *w, void *self, control_read read, control_write write, uint32_t owner_uid, uint32_t owner_gid)
{
	world_lock(w);
	w->control = (struct control){ self, read, write, owner_uid, owner_gid };
	world_unlock(w);
}

int log_next(struct world *w, uint64_t seq, struct log_record *out) { return LOCKED(w, klog_next(&w->log, seq, out)); }
int world_candidates_agree(struct world *w) { return LOCKED(w, candidates_agree(w)); }
int world_charges_agree(struct world *w) { return LOCKED(w, charges_agree(w)); }
uint64_t log_end(struct world *w) { return LOCKED(w, w->log.end); }
int death_next(struct world *w, uint64_t seq, struct death *out) { return LOCKED(w, death_find(&w->deaths, seq, out)); }
uint64_t death_end(struct world *w) { return LOCKED(w, w->deaths.end); }
