/*
 * Processes of a lab: placeholders with the very pids of synthetic processes, and the command.
 *
 * A child is made as by vfork(2), but on a stack of its own, and execs: 60 us. Of the cheap kind, which share our
 * memory and loop in pause(2), one costs 20 us and 26 kB. Who calls must be in the pid namespace, privileged there,
 * and have no handlers but for SIGCHLD: those of the cheap kind inherit what is ignored.
 */
#define _GNU_SOURCE
#include "fakeproc.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { STACK = 64 * 1024, REPORTS = 3, HOLD_DIRECTORY = 4, FIRST_TO_CLOSE = 5, CLOSE_ON_EXEC = 4 };
#define CLEAR_SIGHAND 0x100000000ULL	/* since Linux 5.5, as set_tid */

struct clone_args_v2 {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

struct nursery {
	int program, reports, hold;
	char *stack;
};

struct nursery *nursery_new(int program, int reports, int hold)
{
	struct nursery *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	*n = (struct nursery){ program, reports, hold, aligned_alloc(16, STACK) };
	return n->stack ? n : (free(n), NULL);
}

void nursery_free(struct nursery *n)
{
	free(n->stack);
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

static void set_signals(uint64_t blocked)
{
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &blocked, NULL, sizeof(blocked));
}

static void take_ids(const struct placeholder *p)
{
	syscall(SYS_setresgid, p->gid, p->gid, p->gid);
	syscall(SYS_setresuid, p->uid, p->uid, p->uid);
}

struct birth {
	const struct nursery *nursery;
	const struct placeholder *placeholder;
	char handled[24];
};

static void become_placeholder(const void *what)
{
	const struct birth *b = what;
	char *argv[] = { (char *)b->placeholder->comm, (char *)b->handled, NULL }, *envp[] = { NULL };

	dup2(b->nursery->reports, REPORTS);
	dup2(b->nursery->hold, HOLD_DIRECTORY);
	syscall(SYS_close_range, FIRST_TO_CLOSE, UINT32_MAX, CLOSE_ON_EXEC);
	syscall(SYS_setsid);
	take_ids(b->placeholder);
	set_signals(UINT64_MAX);
	syscall(SYS_execveat, b->nursery->program, "", argv, envp, AT_EMPTY_PATH);
	_exit(127);
}

static int born(long result)
{
	return result < 0 ? (int)result : 0;
}

int placeholder_spawn(struct nursery *n, const struct placeholder *p)
{
	struct birth birth = { n, p, "" };
	int32_t pid = p->pid;
	struct clone_args_v2 args = {
		.flags = CLONE_VM | CLEAR_SIGHAND, .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1,
	};

	if (p->is_cheap)
		return born(clone_and_pause(&args, p->uid, p->gid));
	args.flags |= CLONE_VFORK;
	args.stack = (uintptr_t)n->stack;
	args.stack_size = STACK;
	snprintf(birth.handled, sizeof(birth.handled), "%llu", (unsigned long long)p->handled);
	return born(clone_and_run(&args, become_placeholder, &birth));
}

static void become_command(const void *what)
{
	const struct command *c = what;

	if (syscall(SYS_setns, c->mounts, CLONE_NEWNS) || chdir(c->directory))
		_exit(126);
	dup2(c->output, STDOUT_FILENO);
	set_signals(0);
	execvpe(c->argv[0], c->argv, c->envp);
	_exit(errno == ENOENT ? 127 : 126);
}

int command_spawn(struct nursery *n, const struct command *c)
{
	struct clone_args_v2 args = {
		.flags = CLONE_VM | CLONE_VFORK | CLEAR_SIGHAND, .exit_signal = SIGCHLD, .stack = (uintptr_t)n->stack,
		.stack_size = STACK,
	};

	return (int)clone_and_run(&args, become_command, c);
}
#else
int placeholder_spawn(struct nursery *n, const struct placeholder *p) { return -ENOSYS; }
int command_spawn(struct nursery *n, const struct command *c) { return -ENOSYS; }
#endif
