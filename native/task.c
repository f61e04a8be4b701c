/* See task.h. What clone, exec, exit, kill and wait do to tasks, signals and mms. */
#include "task.h"

#include "account.h"
#include "cgroup_control.h"
#include "charge.h"
#include "extra.h"
#include "loadavg.h"
#include "memstall.h"
#include "reclaim.h"
#include "text.h"
#include "waiting.h"
#include "world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* With its place among the candidates, and in the table of pids, a process of one thread takes no more than that. */
_Static_assert(sizeof(struct task) + sizeof(struct signal) + sizeof(struct mm) + sizeof(struct candidate)
	       + 2 * sizeof(void *) <= 400, "bytes a task");

/* ---- mm ---- */

static int64_t at_least_0(int64_t counter)
{
	return counter > 0 ? counter : 0;
}

int64_t pages_of(const struct memory *m)
{
	return at_least_0(m->anon) + at_least_0(m->file) + at_least_0(m->shmem) + at_least_0(m->swapents)
		+ m->ptes + m->pmds;
}

static struct mm *mm_new(struct world *w)
{
	struct mm *mm = slab_take(&w->mms);

	if (mm)
		mm->dumpable = 1;
	return mm;
}

/* Flags of the OOM killer, the mark of sharing and locks stay behind; dumpable goes along (mmf_init_flags). */
static struct mm *mm_copy(struct world *w, const struct mm *from)
{
	struct mm *mm = mm_new(w);

	if (!mm)
		return NULL;
	mm->dumpable = from->dumpable;
	mm->memory = from->memory;
	mm->memory.anon_locked = 0;
	mm->evicted = from->evicted;
	return mm;
}

/* Sharers stand in the order of the list of all processes: one that comes late (a kernel thread) is sorted in. */
static void sharers_add(struct mm *mm, struct signal *signal)
{
	struct signal *older = mm->newest;
	struct cgroup *counted = cgroup_of_mm(mm);

	while (older && older->leader->serial > signal->leader->serial)
		older = older->sharer_older;
	signal->mm = mm;
	signal->sharer_older = older;
	signal->sharer_newer = older ? older->sharer_newer : mm->oldest;
	*(older ? &older->sharer_newer : &mm->oldest) = signal;
	*(signal->sharer_newer ? &signal->sharer_newer->sharer_older : &mm->newest) = signal;
	mm->sharers++;
	mm_recharge(mm, counted);
}

static void sharers_remove(struct mm *mm, struct signal *signal)
{
	struct cgroup *counted = cgroup_of_mm(mm);

	*(signal->sharer_older ? &signal->sharer_older->sharer_newer : &mm->oldest) = signal->sharer_newer;
	*(signal->sharer_newer ? &signal->sharer_newer->sharer_older : &mm->newest) = signal->sharer_older;
	signal->sharer_older = signal->sharer_newer = NULL;
	signal->mm = NULL;
	mm->sharers--;
	mm_recharge(mm, counted);
}

static void mm_attach(struct world *w, struct task *t, struct mm *mm)
{
	t->mm = mm;
	mm->users++;
	mm_list(w, mm);
	if (!t->signal->mm)
		sharers_add(mm, t->signal);
	candidate_update(w, t->signal);
}

struct task *first_with_mm(const struct signal *signal)
{
	for (struct task *t = signal->leader; t; t = t->next)
		if (t->mm)
			return t;
	return NULL;
}

static void mm_release(struct world *w, struct mm *mm)
{
	if (!mm->users && !mm->pins)
		slab_give(&w->mms, mm);
}

static void mm_detach(struct world *w, struct task *t)
{
	struct mm *mm = t->mm;

	if (!mm)
		return;
	t->mm = NULL;
	if (!first_with_mm(t->signal))
		sharers_remove(mm, t->signal);
	candidate_update(w, t->signal);
	if (--mm->users)
		return;
	w->freed_pages += (uint64_t)pages_of(&mm->memory);
	mm_forget(w, mm);
	if (w->rules.victim_keeps_mm)
		mm_hide(w, mm);
	mm_release(w, mm);
}

static void leave_mm(struct world *w, struct task *threads)
{
	for (struct task *t = threads; t; t = t->next)
		mm_detach(w, t);
}

void mm_hide(struct world *w, struct mm *mm)
{
	if (mm->oom_reaped)
		return;
	mm->oom_reaped = true;
	w->progress++;
	candidates_update_mm(w, mm);
}

static uint64_t rss_of(const struct mm *mm)
{
	return (uint64_t)(at_least_0(mm->memory.anon) + at_least_0(mm->memory.file) + at_least_0(mm->memory.shmem));
}

static uint32_t saturated(uint64_t pages)
{
	return pages < UINT32_MAX ? (uint32_t)pages : UINT32_MAX;
}

void update_hiwater(struct mm *mm)
{
	mm->hiwater_rss = saturated(hiwater_rss(mm));
	mm->hiwater_vm = saturated(hiwater_vm(mm));
}

uint64_t hiwater_rss(const struct mm *mm)
{
	return rss_of(mm) > mm->hiwater_rss ? rss_of(mm) : mm->hiwater_rss;
}

uint64_t hiwater_vm(const struct mm *mm)
{
	return mm->memory.total_vm > mm->hiwater_vm ? mm->memory.total_vm : mm->hiwater_vm;
}

void change_state(struct world *w, struct task *t, char state)
{
	account_stop(w, t);
	loadavg_count(&w->load, t->state, -1);
	t->state = state;
	loadavg_count(&w->load, t->state, 1);
	account_start(w, t);
}

void mm_pin(struct mm *mm)
{
	mm->pins++;
}

void mm_unpin(struct world *w, struct mm *mm)
{
	mm->pins--;
	mm_release(w, mm);
}

/* ---- vfork ---- */

bool in_vfork(const struct task *t)
{
	return is_vfork_done_set(t) && t->signal->parent && t->signal->parent->mm == t->mm;
}

static void vfork_end(struct world *w, struct task *child)
{
	if (child->vfork_waiter) {
		child->vfork_waiter->vfork_child = NULL;
		change_state(w, child->vfork_waiter, 'S');
	}
	child->vfork_waiter = NULL;
	child->flags &= ~(uint32_t)TASK_VFORK_DONE;
	candidate_update(w, child->signal);
}

/* A waiting parent is killed: its child becomes an ordinary sharer. */
static void vfork_give_up(struct world *w, struct task *parent)
{
	if (parent->vfork_child)
		vfork_end(w, parent->vfork_child);
}

static void vfork_begin(struct world *w, struct task *parent, struct task *child)
{
	child->flags |= TASK_VFORK_DONE;
	child->vfork_waiter = parent;
	parent->vfork_child = child;
	change_state(w, parent, 'D');
	candidate_update(w, child->signal);
}

/* ---- lists ---- */

static void children_add(struct task *parent, struct signal *child)
{
	child->parent = parent;
	if (!parent)
		return;
	child->sibling_older = parent->last_child;
	child->sibling_newer = NULL;
	*(parent->last_child ? &parent->last_child->sibling_newer : &parent->first_child) = child;
	parent->last_child = child;
}

static void children_remove(struct signal *child)
{
	struct task *parent = child->parent;

	if (!parent)
		return;
	*(child->sibling_older ? &child->sibling_older->sibling_newer : &parent->first_child) = child->sibling_newer;
	*(child->sibling_newer ? &child->sibling_newer->sibling_older : &parent->last_child) = child->sibling_older;
	child->sibling_older = child->sibling_newer = NULL;
	child->parent = NULL;
}

static void threads_add(struct signal *signal, struct task *t)
{
	t->signal = signal;
	t->prev = signal->last_thread;
	*(signal->last_thread ? &signal->last_thread->next : &signal->leader) = t;
	signal->last_thread = t;
	signal->threads++;
	cgroup_count_tasks(signal->cgroup, 1);
}

static void threads_remove(struct task *t)
{
	struct signal *signal = t->signal;

	*(t->prev ? &t->prev->next : &signal->leader) = t->next;
	*(t->next ? &t->next->prev : &signal->last_thread) = t->prev;
	t->next = t->prev = NULL;
	signal->threads--;
	cgroup_count_tasks(signal->cgroup, -1);
}

static void give_children_away(struct world *w, struct task *dying);

/* A world may have been built with children below a task that is dead. */
static void task_free(struct world *w, struct task *t)
{
	give_children_away(w, t);
	threads_remove(t);
	if (t->signal->leader)
		candidate_update(w, t->signal);
	pid_put(&w->pids, t->pid, NULL);
	cred_put(t->cred);
	account_forget(w, t);
	slab_give(&w->tasks, t);
}

/* ---- creation ---- */

static int choose_pid(struct world *w, int pid)
{
	if (!pid)
		return pid_free_one(&w->pids);
	if (pid < 0 || pid >= PID_LIMIT)
		return -EINVAL;
	return pid_find(&w->pids, pid) ? -EEXIST : pid;
}

static struct signal *signal_new(struct world *w, const struct signal *creator)
{
	struct signal *signal = slab_take(&w->signals);

	if (signal && candidates_add(w, signal)) {
		slab_give(&w->signals, signal);
		return NULL;
	}
	if (!signal)
		return NULL;
	cgroup_join(w, creator ? cgroup_of_child(creator) : &w->root, signal);
	if (!creator)
		return signal;
	signal->oom_score_adj = creator->oom_score_adj;
	signal->oom_score_adj_min = creator->oom_score_adj_min;
	signal->namespace = creator->namespace;
	extra_fork(signal, creator);
	return signal;
}

static void signal_free(struct world *w, struct signal *signal)
{
	if (oom_mm_of(signal))
		mm_unpin(w, oom_mm_of(signal));
	candidates_remove(w, signal);
	extra_drop(signal);
	slab_give(&w->signals, signal);
}

/* A task with its pid, in no process yet. */
static int task_new(struct world *w, int pid, struct cred *cred, struct task **out)
{
	bool asked = pid != 0;
	struct task *t;

	pid = choose_pid(w, pid);
	if (pid < 0)
		return pid;
	t = slab_take(&w->tasks);
	if (!t || pid_put(&w->pids, pid, t)) {
		if (t)
			slab_give(&w->tasks, t);
		return -ENOMEM;
	}
	if (!asked)
		w->pids.last = pid;
	t->pid = pid;
	t->serial = ++w->last_serial;
	bell_ring(w);
	t->cred = cred_get(cred);
	t->mems = UINT64_MAX;
	t->start_time = w->now;
	t->state = 'S';
	*out = t;
	return 0;
}

static int check_clone(const struct task *parent, uint64_t flags)
{
	const uint64_t known = CORE_CLONE_VM | CORE_CLONE_SIGHAND | CORE_CLONE_VFORK | CORE_CLONE_PARENT
		| CORE_CLONE_THREAD | CORE_CLONE_NEWPID;

	if (flags & ~known)
		return -EINVAL;
	if ((flags & CORE_CLONE_THREAD) && !(flags & CORE_CLONE_SIGHAND))
		return -EINVAL;
	if ((flags & CORE_CLONE_SIGHAND) && !(flags & CORE_CLONE_VM))
		return -EINVAL;
	if ((flags & CORE_CLONE_NEWPID) && (flags & (CORE_CLONE_THREAD | CORE_CLONE_PARENT)))
		return -EINVAL;
	if ((flags & CORE_CLONE_PARENT) && parent->signal->unkillable)
		return -EINVAL;
	if ((flags & CORE_CLONE_THREAD) && is_kthread(parent))
		return -EINVAL;
	if (is_zombie(parent))
		return -ESRCH;
	return parent->vfork_child ? -EBUSY : 0;
}

static int namespace_new(struct world *w, struct signal *init)
{
	uint32_t count = w->namespace_count ? w->namespace_count : 1;
	struct namespace *grown = realloc(w->namespaces, (count + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	grown[0] = (struct namespace){ 0, NULL };
	grown[count] = (struct namespace){ init->namespace, init };
	w->namespaces = grown;
	w->namespace_count = count + 1;
	init->namespace = count;
	init->unkillable = 1;
	return 0;
}

static int join_process(struct world *w, struct task *parent, uint64_t flags, struct task *child)
{
	struct signal *signal;

	if (flags & CORE_CLONE_THREAD) {
		threads_add(parent->signal, child);
		return 0;
	}
	signal = signal_new(w, parent->signal);
	if (!signal)
		return -ENOMEM;
	threads_add(signal, child);
	children_add((flags & CORE_CLONE_PARENT) ? parent->signal->parent : parent, signal);
	return (flags & CORE_CLONE_NEWPID) ? namespace_new(w, signal) : 0;
}

static int join_mm(struct world *w, struct task *parent, uint64_t flags, struct task *child)
{
	struct mm *mm = parent->mm;

	if (!mm)
		return 0;
	if (!(flags & CORE_CLONE_VM)) {
		mm = mm_copy(w, mm);
		if (!mm)
			return -ENOMEM;
	}
	mm_attach(w, child, mm);
	if ((flags & (CORE_CLONE_VM | CORE_CLONE_THREAD | CORE_CLONE_VFORK)) == CORE_CLONE_VM)
		mm->multiprocess = true;
	return 0;
}

static void process_free(struct world *w, struct signal *signal);

int clone_task(struct world *w, struct task *parent, uint64_t flags, int pid, struct task **out)
{
	int error = check_clone(parent, flags);
	struct task *child;

	if (!error)
		error = cgroup_may_fork(w, cgroup_of_child(parent->signal));
	if (!error)
		error = task_new(w, pid, parent->cred, &child);
	if (error)
		return error;
	memcpy(child->comm, parent->comm, COMM_SIZE);
	child->flags = parent->flags & TASK_KTHREAD;
	child->mems = parent->mems;
	if (join_process(w, parent, flags, child) || join_mm(w, parent, flags, child)) {
		if (child->signal && is_leader(child))
			process_free(w, child->signal);
		else if (child->signal)
			task_free(w, child);
		return -ENOMEM;
	}
	if (flags & CORE_CLONE_VFORK)
		vfork_begin(w, parent, child);
	candidate_update(w, child->signal);
	*out = child;
	return 0;
}

static int create_process(struct world *w, int pid, struct task *parent, struct task **out)
{
	struct cred *cred = cred_new();
	struct signal *signal;
	int error = cred ? task_new(w, pid, cred, out) : -ENOMEM;

	cred_put(cred);
	if (error)
		return error;
	signal = signal_new(w, parent ? parent->signal : NULL);
	if (!signal) {
		pid_put(&w->pids, (*out)->pid, NULL);
		cred_put((*out)->cred);
		slab_give(&w->tasks, *out);
		return -ENOMEM;
	}
	threads_add(signal, *out);
	children_add(parent, signal);
	return 0;
}

int create_init(struct world *w)
{
	struct task *t;
	struct mm *mm;
	int error = create_process(w, 1, NULL, &t);

	if (error)
		return error;
	mm = mm_new(w);
	if (!mm) {
		process_free(w, t->signal);
		return -ENOMEM;
	}
	mm_attach(w, t, mm);
	t->signal->unkillable = 1;
	set_comm(t, "init", 4);
	return t->pid;
}

static struct task *find_kthreadd(struct world *w)
{
	for (struct signal *s = NULL; (s = process_after(w, s));)
		if (is_kthread(s->leader) && !s->parent)
			return s->leader;
	return NULL;
}

/* kthreadd is the first; the others are made by kthread_create(), whose completion leaves vfork_done set. */
int create_kthread(struct world *w, const char *comm, int pid)
{
	struct task *kthreadd = find_kthreadd(w), *t;
	int error;

	if (!kthreadd && !pid && !pid_find(&w->pids, 2))
		pid = 2;
	error = create_process(w, pid, kthreadd, &t);
	if (error)
		return error;
	t->flags |= TASK_KTHREAD | (kthreadd ? TASK_VFORK_DONE : 0);
	candidate_update(w, t->signal);
	set_comm(t, comm, strlen(comm));
	return t->pid;
}

/* ---- exit ---- */

/* What it has spent is known while its threads are there, and where its mm counts while it is in its cgroup. */
static void process_free(struct world *w, struct signal *signal)
{
	leave_mm(w, signal->leader);
	cgroup_leave(w, signal);
	while (signal->last_thread)
		task_free(w, signal->last_thread);
	children_remove(signal);
	signal_free(w, signal);
}

struct task *live_thread(const struct signal *signal)
{
	for (struct task *t = signal->leader; t; t = t->next)
		if (!is_zombie(t))
			return t;
	return NULL;
}

/* find_new_reaper(): another thread of the process, a subreaper above it, the init of its namespace, init. */
static struct task *find_reaper(struct world *w, const struct signal *dying)
{
	struct task *reaper = live_thread(dying);
	struct signal *init = dying->namespace ? w->namespaces[dying->namespace].init : NULL;

	if (reaper)
		return reaper;
	for (const struct task *p = dying->parent; p; p = p->signal->parent)
		if (p->signal->subreaper && p->signal->namespace == dying->namespace && (reaper = live_thread(p->signal)))
			return reaper;
	if (init && init != dying && (reaper = live_thread(init)))
		return reaper;
	reaper = pid_find(&w->pids, 1);
	return reaper && reaper->signal != dying ? live_thread(reaper->signal) : NULL;
}

static void give_children_away(struct world *w, struct task *dying)
{
	struct task *reaper = dying->first_child ? find_reaper(w, dying->signal) : NULL;

	while (dying->first_child) {
		struct signal *child = dying->first_child;

		children_remove(child);
		children_add(reaper, child);
	}
}

static bool is_inside(const struct world *w, uint32_t namespace, uint32_t outer)
{
	while (namespace && namespace != outer)
		namespace = w->namespaces[namespace].parent;
	return namespace == outer;
}

/* zap_pid_ns_processes(): with its init, everything in a namespace dies. */
static void kill_namespace(struct world *w, uint32_t namespace)
{
	for (struct signal *s = NULL; (s = process_after(w, s));) {
		struct task *t;

		if (!is_inside(w, s->namespace, namespace))
			continue;
		s->exit_code = 9;
		if (live_thread(s))
			death_note(w, s, KILLED_BY_SIGNAL);
		while ((t = live_thread(s)))
			thread_dies(w, t);
	}
}

static void release_thread(struct world *w, struct task *t)
{
	account_release(w, t);
	task_free(w, t);
}

void thread_dies(struct world *w, struct task *t)
{
	struct signal *signal = t->signal;
	bool leads = is_leader(t);

	w->progress++;
	w->cgroups.changes++;
	vfork_end(w, t);
	vfork_give_up(w, t);
	memstall_end(w, t);
	mm_detach(w, t);
	exit_victim(w, t);
	account_stop(w, t);
	t->flags |= TASK_ZOMBIE | TASK_EXITING;
	t->flags &= ~(uint32_t)(TASK_KILLED | TASK_DSLEEP | TASK_FROZEN | TASK_HOLDS_MMAP_LOCK | TASK_COREDUMPING | TASK_EXIT_WAITS);
	change_state(w, t, 'Z');
	give_children_away(w, t);
	if (!leads)
		release_thread(w, t);
	if (live_thread(signal))
		return;
	death_note(w, signal, HAS_DIED);
	bell_ring(w);
	if (!signal->namespace || w->namespaces[signal->namespace].init != signal)
		return;
	w->namespaces[signal->namespace].init = NULL;
	kill_namespace(w, signal->namespace);
}

bool is_mm_locked(const struct mm *mm, const struct task *but)
{
	for (const struct signal *s = mm->oldest; s; s = s->sharer_newer)
		for (const struct task *t = s->leader; t; t = t->next)
			if (t != but && t->mm == mm && (t->flags & TASK_HOLDS_MMAP_LOCK))
				return true;
	return false;
}

static bool has_other_live_thread(const struct task *t)
{
	for (const struct task *other = t->signal->leader; other; other = other->next)
		if (other != t && !is_zombie(other))
			return true;
	return false;
}

int exit_thread(struct world *w, struct task *t, int exit_code)
{
	if (is_zombie(t))
		return -ESRCH;
	if (t->vfork_child)
		return -EBUSY;
	if (is_global_init(t) && !has_other_live_thread(t))
		return -EPERM;
	t->signal->exit_code = exit_code;
	thread_dies(w, t);
	return 0;
}

static void group_dies(struct world *w, struct signal *signal, int exit_code)
{
	struct task *t;

	signal->exit_code = exit_code;
	signal->group_exit = 1;
	while (signal->last_thread != signal->leader)
		thread_dies(w, signal->last_thread);
	t = live_thread(signal);
	if (t)
		thread_dies(w, t);
}

/* A real init that exits panics the machine: refused here. */
int exit_group(struct world *w, struct task *t, int exit_code)
{
	if (is_zombie(t))
		return -ESRCH;
	if (t->vfork_child)
		return -EBUSY;
	if (is_global_init(t))
		return -EPERM;
	group_dies(w, t->signal, exit_code);
	return 0;
}

/* Default actions of signal(7) that do not end the process. */
enum action { TERMINATE, IGNORE, STOP, CONTINUE };

static enum action default_action(int number)
{
	switch (number) {
	case 17: case 23: case 28:
		return IGNORE;		/* SIGCHLD SIGURG SIGWINCH */
	case 18:
		return CONTINUE;
	case 19: case 20: case 21: case 22:
		return STOP;		/* SIGSTOP SIGTSTP SIGTTIN SIGTTOU */
	default:
		return TERMINATE;
	}
}

/* Without memory for that it is no victim to others, and the next one is chosen. */
static void keep_mm(struct task *t)
{
	struct extra *extra = extra_of(t->signal);

	if (!extra || extra->oom_mm)
		return;
	extra->oom_mm = t->mm;
	mm_pin(t->mm);
}

void mark_victim(struct world *w, struct task *t)
{
	if (t->flags & TASK_MEMDIE)
		return;
	t->flags |= TASK_MEMDIE;
	account_stop(w, t);
	t->flags &= ~(uint32_t)TASK_FROZEN;
	account_start(w, t);
	t->signal->oom_victims++;
	if (w->rules.victim_keeps_mm)
		keep_mm(t);
	candidate_update(w, t->signal);
}

void exit_victim(struct world *w, struct task *t)
{
	if (!(t->flags & TASK_MEMDIE))
		return;
	t->flags &= ~(uint32_t)TASK_MEMDIE;
	t->signal->oom_victims--;
	candidate_update(w, t->signal);
}

static bool is_listed(const struct world *w, uint64_t serial)
{
	for (size_t i = 0; i < w->killed_count; i++)
		if (w->killed[i].serial == serial)
			return true;
	return false;
}

/* Without memory for the list the kill is as late as the next one that finds some. */
static void killed_add(struct world *w, const struct signal *signal)
{
	if (is_listed(w, signal->leader->serial))
		return;
	if (w->killed_count == w->killed_room) {
		size_t room = w->killed_room ? w->killed_room * 2 : 16;
		struct killed *grown = realloc(w->killed, room * sizeof(*grown));

		if (!grown)
			return;
		w->killed = grown;
		w->killed_room = room;
	}
	w->killed[w->killed_count++] = (struct killed){ signal->leader->pid, signal->leader->serial };
}

/* complete_signal() of a fatal signal: nothing changes for a process whose threads are all exiting already. */
void send_kill(struct world *w, struct signal *signal, int how)
{
	bool any = false;

	for (struct task *t = signal->leader; t; t = t->next)
		if (!is_zombie(t) && !(t->flags & TASK_EXITING)) {
			w->progress += !(t->flags & TASK_KILLED);
			t->flags |= TASK_KILLED;
			any = true;
		}
	if (!any)
		return;
	signal->group_exit = 1;
	signal->group_coredump = 0;
	signal->exit_code = 9;
	killed_add(w, signal);
	death_note(w, signal, how);
}

static void set_state_of_all(struct world *w, struct signal *signal, char from, char to)
{
	for (struct task *t = signal->leader; t; t = t->next)
		if (t->state == from || (from == '*' && !is_zombie(t)))
			change_state(w, t, to);
}

static bool has_sleeper(const struct world *w, const struct signal *signal)
{
	for (const struct task *t = signal->leader; t; t = t->next)
		if (!is_zombie(t) && ((t->flags & TASK_DSLEEP) || is_waiting(w, t)))
			return true;
	return false;
}

static void dies_of(struct world *w, struct signal *signal, int number)
{
	death_note(w, signal, KILLED_BY_SIGNAL);
	group_dies(w, signal, number);
}

int core_dumped(struct world *w, struct task *t, int number)
{
	if (!live_thread(t->signal))
		return -ESRCH;
	if (is_unkillable(t) || number < 1 || number > 64)
		return -EINVAL;
	t->signal->group_coredump = 0;
	dies_of(w, t->signal, number | WAIT_COREFLAG);
	return 0;
}

/* kill(2) from outside its namespace: an inner init dies of SIGKILL and SIGSTOP only works there, too. */
int signal_process(struct world *w, struct task *t, int number)
{
	enum action action = default_action(number);

	if (number < 0 || number > 64)
		return -EINVAL;
	if (!number || !live_thread(t->signal) || is_kthread(t) || is_global_init(t))
		return 0;
	if (t->signal->unkillable && number != 9 && number != 19)
		return 0;
	if (number == 9 && has_sleeper(w, t->signal))
		send_kill(w, t->signal, KILLED_BY_SIGNAL);
	else if (action == TERMINATE)
		dies_of(w, t->signal, number);
	else if (action == STOP)
		set_state_of_all(w, t->signal, '*', 'T');
	else if (action == CONTINUE)
		set_state_of_all(w, t->signal, 'T', 'S');
	return 0;
}

int reap(struct world *w, struct task *t)
{
	if (!is_leader(t) || live_thread(t->signal))
		return -ECHILD;
	account_reap(w, t->signal);
	process_free(w, t->signal);
	bell_ring(w);
	return 0;
}

/* ---- exec ---- */

/* de_thread(): the others die; a thread that does not lead takes the leader's pid and place. */
static void become_only_thread(struct world *w, struct task *t)
{
	struct signal *signal = t->signal;
	struct task *leader = signal->leader;
	int32_t pid = t->pid;
	uint64_t serial = t->serial;

	for (struct task *other = leader, *next; other; other = next) {
		next = other->next;
		if (other != t && !is_zombie(other))
			thread_dies(w, other);
	}
	if (t == leader)
		return;
	pid_put(&w->pids, pid, leader);
	pid_put(&w->pids, leader->pid, t);
	t->pid = leader->pid;
	t->serial = leader->serial;
	leader->pid = pid;
	leader->serial = serial;
	release_thread(w, leader);
}

int exec_task(struct world *w, struct task *t)
{
	struct cred *cred;
	struct mm *mm;

	if (is_zombie(t))
		return -ESRCH;
	if (is_kthread(t))
		return -EPERM;
	if (t->vfork_child)
		return -EBUSY;
	cred = cred_copy(t->cred);
	mm = mm_new(w);
	if (!cred || !mm) {
		cred_put(cred);
		if (mm)
			slab_give(&w->mms, mm);
		return -ENOMEM;
	}
	become_only_thread(w, t);
	extra_exec(t->signal);
	vfork_end(w, t);
	mm_detach(w, t);
	cred_exec(cred);
	/* The ids are those of before; whoever gains capabilities by it is hidden, as by setuid(2). */
	mm->dumpable = t->cred->uid == t->cred->euid && t->cred->gid == t->cred->egid && !cred_change_hides(t->cred, cred);
	cred_put(t->cred);
	t->cred = cred;
	mm_attach(w, t, mm);
	return t->pid;
}

/* ---- borrowed mms ---- */

int use_mm(struct world *w, struct task *kthread, struct mm *mm)
{
	if (!is_kthread(kthread) || !mm)
		return -EINVAL;
	if (is_zombie(kthread))
		return -ESRCH;
	if (mm == kthread->mm)
		return 0;
	mm_detach(w, kthread);
	mm_attach(w, kthread, mm);
	return 0;
}

int unuse_mm(struct world *w, struct task *kthread)
{
	if (!is_kthread(kthread))
		return -EINVAL;
	mm_detach(w, kthread);
	return 0;
}

/* ---- as it stands, no rule asked ---- */

void set_parent(struct task *t, struct task *parent)
{
	children_remove(t->signal);
	children_add(parent, t->signal);
}

/* All of a process at once, for its threads are always on one mm. */
int set_mm(struct world *w, struct signal *signal, struct mm *mm)
{
	if (!live_thread(signal) || !mm)
		return -EINVAL;
	if (signal->mm == mm)
		return 0;
	mm_pin(mm);	/* it may be the process itself that lets it go */
	leave_mm(w, signal->leader);
	for (struct task *t = signal->leader; t; t = t->next)
		if (!is_zombie(t))
			mm_attach(w, t, mm);
	mm_unpin(w, mm);
	return 0;
}

/* Whoever is its parent waits for it, where that can be. */
void set_vfork_done(struct world *w, struct task *t, bool set)
{
	struct task *parent = t->signal->parent;

	vfork_end(w, t);	/* it may be another than its parent who waits */
	if (set && !is_zombie(t)) {
		if (parent && !is_kthread(t) && !parent->vfork_child && !is_zombie(parent))
			vfork_begin(w, parent, t);
		else
			t->flags |= TASK_VFORK_DONE;
	}
	candidate_update(w, t->signal);
}

/* ---- state ---- */

/* commit_creds(): takes cred over. */
int commit_cred(struct world *w, struct task *t, struct cred *cred)
{
	if (t->mm && cred_change_hides(t->cred, cred))
		t->mm->dumpable = 0;
	cred_put(t->cred);
	t->cred = cred;
	candidate_update(w, t->signal);
	return 0;
}

/* Cut to 15 bytes and at a NUL, as the kernel does. */
void set_comm(struct task *t, const char *bytes, size_t length)
{
	if (length > COMM_SIZE - 1)
		length = COMM_SIZE - 1;
	memset(t->comm, 0, COMM_SIZE);
	memcpy(t->comm, bytes, strnlen(bytes, length));
}

static void restore_thread(struct world *w, struct task *t)
{
	t->signal->threads++;
	t->signal->oom_victims = (int16_t)(t->signal->oom_victims + ((t->flags & TASK_MEMDIE) != 0));
	loadavg_count(&w->load, t->state, 1);
	cred_get(t->cred);
	if (t->mm)
		t->mm->users++;
}

void restore_process(struct world *w, struct signal *signal)
{
	const struct task *user = first_with_mm(signal);

	for (struct task *t = signal->leader; t; t = t->next)
		restore_thread(w, t);
	signal->cgroup->process_count++;
	cgroup_count_tasks(signal->cgroup, signal->threads);
	if (user)
		sharers_add(user->mm, signal);
	if (oom_mm_of(signal))
		mm_pin(oom_mm_of(signal));
}

void drop_tasks(struct world *w)
{
	for (struct signal *s = NULL; (s = process_after(w, s));) {
		for (struct task *t = s->leader; t; t = t->next)
			cred_put(t->cred);
		cgroup_leave(w, s);
		extra_drop(s);
	}
	free(w->killed);
	accounts_drop(w);
	slab_drop(&w->tasks);
	slab_drop(&w->signals);
	slab_drop(&w->mms);
}
