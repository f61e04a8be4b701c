/*
 * Processes of a lab: placeholders with the very pids of synthetic processes, and the command.
 *
 * A child is made with our memory, on a stack of its own, and execs by itself: we go on meanwhile, and the kernel tells
 * when its stack is free again. Of the cheap kind, which keep our memory and loop in pause(2), one costs 20 us and 26 kB.
 * Who calls must be in the pid namespace, privileged there, be one thread, and have no handlers but for SIGCHLD: those
 * of the cheap kind inherit what is ignored.
 */
#define _GNU_SOURCE
#include "fakeproc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { STACK = 16 * 1024, CRADLES = 64, REPORTS = 3, HOLD_DIRECTORY = 4, FIRST_TO_CLOSE = 5, CLOSE_ON_EXEC = 4 };
#define CLEAR_SIGHAND 0x100000000ULL	/* since Linux 5.5, as set_tid */

struct clone_args_v2 {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

/* Where a child is until it execs. */
struct cradle {
	_Alignas(16) char stack[STACK];
	_Atomic uint32_t tid;	/* 0: it is free; the kernel writes it */
	const struct nursery *nursery;
	struct placeholder placeholder;
	char handled[24], uid[16], gid[16];
	char *threads;
};

struct nursery {
	int program, reports, hold;
	struct cradle cradles[CRADLES];
};

struct nursery *nursery_new(int program, int reports, int hold)
{
	struct nursery *n = aligned_alloc(16, sizeof(*n));

	if (!n)
		return NULL;
	memset(n, 0, sizeof(*n));
	n->program = program;
	n->reports = reports;
	n->hold = hold;
	return n;
}

/* Only once nobody is in a cradle, which an end of the process sees to. */
void nursery_free(struct nursery *n)
{
	free(n);
}

#ifdef __x86_64__
typedef void child(const void *what);

/* The child calls run(what) on its own stack, which must not return; the parent goes on after its exec or exit. */
static long clone_and_run(struct clone_args_v2 *args, child *run, const void *what)
{
	register child *r8 __asm__("r8") = run;
	register const void *r9 __asm__("r9") = what;
	long result;

	__asm__ volatile("syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\txor %%ebp, %%ebp\n\tmov %%r9, %%rdi\n\tcall *%%r8\n\tud2\n1:"
		: "=a"(result) : "a"(SYS_clone3), "D"(args), "S"(sizeof(*args)), "r"(r8), "r"(r9)
		: "rcx", "r11", "rdx", "memory");
	return result;
}

/* The same for one that never needs a stack: it takes its ids and a session, closes everything, and pauses for ever. */
static long clone_and_pause(struct clone_args_v2 *args, uint64_t uid, uint64_t gid)
{
	register uint64_t r8 __asm__("r8") = uid;
	register uint64_t r9 __asm__("r9") = gid;
	long result;

	__asm__ volatile("syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n"
		"\tmov %[close], %%eax\n\txor %%edi, %%edi\n\tmov $-1, %%esi\n\txor %%edx, %%edx\n\tsyscall\n"
		"\tmov %[setsid], %%eax\n\tsyscall\n"
		"\tmov %[setgid], %%eax\n\tmov %%r9, %%rdi\n\tmov %%r9, %%rsi\n\tmov %%r9, %%rdx\n\tsyscall\n"
		"\tmov %[setuid], %%eax\n\tmov %%r8, %%rdi\n\tmov %%r8, %%rsi\n\tmov %%r8, %%rdx\n\tsyscall\n"
		"2:\tmov %[pause], %%eax\n\tsyscall\n\tjmp 2b\n1:"
		: "=a"(result) : "a"(SYS_clone3), "D"(args), "S"(sizeof(*args)), "r"(r8), "r"(r9), [close] "i"(SYS_close_range),
		  [setsid] "i"(SYS_setsid), [setgid] "i"(SYS_setresgid), [setuid] "i"(SYS_setresuid), [pause] "i"(SYS_pause)
		: "rcx", "r11", "rdx", "memory");
	return result;
}

/* A child that runs beside us has our thread's errno: it must not be written. */
static long quietly(long number, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d, uintptr_t e)
{
	register uintptr_t r10 __asm__("r10") = d;
	register uintptr_t r8 __asm__("r8") = e;
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
		: "rcx", "r11", "memory");
	return result;
}

static void set_signals(uint64_t blocked)
{
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &blocked, NULL, sizeof(blocked));
}

static void take_ids(const struct placeholder *p)
{
	quietly(SYS_setresgid, p->gid, p->gid, p->gid, 0, 0);
	quietly(SYS_setresuid, p->uid, p->uid, p->uid, 0, 0);
}

static void wait_for(const struct cradle *c)
{
	const struct timespec soon = { .tv_nsec = 1000000 };
	uint32_t tid = c->tid;

	if (tid)
		syscall(SYS_futex, &c->tid, FUTEX_WAIT, tid, &soon);
}

/* Somebody stops who is about to exec: then another cradle is free soon. */
static struct cradle *free_cradle(struct nursery *n)
{
	for (;;) {
		for (size_t i = 0; i < CRADLES; i++)
			if (!n->cradles[i].tid)
				return &n->cradles[i];
		wait_for(&n->cradles[0]);
	}
}

/* All that were spawned have their sessions and ids. */
static void wait_for_all(const struct nursery *n)
{
	for (size_t i = 0; i < CRADLES; i++)
		while (n->cradles[i].tid)
			wait_for(&n->cradles[i]);
}

/* Whoever has threads takes its ids when it has made them: a chosen id is for the privileged. */
static void become_placeholder(const void *what)
{
	const struct cradle *b = what;
	char *argv[] = { (char *)b->placeholder.comm, (char *)b->handled, NULL, (char *)b->uid, (char *)b->gid,
			 b->placeholder.is_leader_dead ? "dead" : "", NULL };
	char *envp[] = { NULL };

	argv[2] = b->threads;
	quietly(SYS_dup2, (uintptr_t)b->nursery->reports, REPORTS, 0, 0, 0);
	quietly(SYS_dup2, (uintptr_t)b->nursery->hold, HOLD_DIRECTORY, 0, 0, 0);
	quietly(SYS_close_range, FIRST_TO_CLOSE, UINT32_MAX, CLOSE_ON_EXEC, 0, 0);
	quietly(SYS_setsid, 0, 0, 0, 0, 0);
	if (!b->threads)
		take_ids(&b->placeholder);
	quietly(SYS_execveat, (uintptr_t)b->nursery->program, (uintptr_t)"", (uintptr_t)argv, (uintptr_t)envp, AT_EMPTY_PATH);
	quietly(SYS_exit, 127, 0, 0, 0, 0);
}

static void become_zombie(const void *what)
{
	const struct cradle *b = what;

	quietly(SYS_setsid, 0, 0, 0, 0, 0);
	take_ids(&b->placeholder);
	quietly(SYS_exit, 0, 0, 0, 0, 0);
}

static int born(long result)
{
	return result < 0 ? (int)result : 0;
}

/* Signals are blocked from its birth on: it takes them when it is what it will be. */
static long spawn_in(struct cradle *c, struct clone_args_v2 *args, child *become)
{
	uint64_t all = UINT64_MAX, before;
	long result;

	args->flags |= CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
	args->parent_tid = args->child_tid = (uintptr_t)&c->tid;
	args->stack = (uintptr_t)c->stack;
	args->stack_size = STACK;
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof(all));
	result = clone_and_run(args, become, c);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof(before));
	return result;
}

/* What it is given as text stays until the cradle is free again. */
static struct cradle *prepare_cradle(struct nursery *n, const struct placeholder *p)
{
	struct cradle *c = free_cradle(n);

	free(c->threads);
	c->threads = p->threads ? strdup(p->threads) : NULL;
	c->nursery = n;
	c->placeholder = *p;
	snprintf(c->handled, sizeof(c->handled), "%llu", (unsigned long long)p->handled);
	snprintf(c->uid, sizeof(c->uid), "%u", p->uid);
	snprintf(c->gid, sizeof(c->gid), "%u", p->gid);
	return c;
}

/* A child that ends without a signal is waited for with __WALL only: so zombies stay. */
int placeholder_spawn(struct nursery *n, const struct placeholder *p)
{
	int32_t pid = p->pid;
	struct clone_args_v2 args = {
		.flags = CLONE_VM | CLEAR_SIGHAND, .exit_signal = p->is_zombie ? 0 : SIGCHLD, .set_tid = (uintptr_t)&pid,
		.set_tid_size = 1,
	};

	if (p->is_cheap)
		return born(clone_and_pause(&args, p->uid, p->gid));
	return born(spawn_in(prepare_cradle(n, p), &args, p->is_zombie ? become_zombie : become_placeholder));
}

/* Our descriptors are the server's as well until then: the listener is left with it. */
static void hand_over_listener(struct command *c)
{
	if (c->listener)
		c->listener = intercept_install(c->listener);
	syscall(SYS_unshare, CLONE_FILES);
}

static void become_command(const void *what)
{
	struct command *c = (struct command *)(uintptr_t)what;

	hand_over_listener(c);
	if (c->listener < 0)
		_exit(126);
	if (syscall(SYS_setns, c->mounts, CLONE_NEWNS) || chdir(c->directory))
		_exit(126);
	dup2(c->output, STDOUT_FILENO);
	set_signals(0);
	execvpe(c->argv[0], c->argv, c->envp);
	_exit(errno == ENOENT ? 127 : 126);
}

int command_spawn(struct nursery *n, struct command *c)
{
	struct clone_args_v2 args = {
		.flags = CLONE_VM | CLONE_FILES | CLONE_VFORK | CLEAR_SIGHAND, .exit_signal = SIGCHLD, .stack_size = STACK,
		.stack = (uintptr_t)free_cradle(n)->stack,
	};

	wait_for_all(n);
	return (int)clone_and_run(&args, become_command, c);
}
#else
int placeholder_spawn(struct nursery *n, const struct placeholder *p) { return -ENOSYS; }
int command_spawn(struct nursery *n, struct command *c) { return -ENOSYS; }
#endif
