/*
 * What stands behind the pid of a synthetic process in a lab: a process of its own, with its own memory, that does
 * nothing but take signals. A program without a C library, so that ten thousand of them are cheap.
 *
 *   argv[0]  its comm
 *   argv[1]  the signals that do nothing to it but be reported, a bit each (bit n - 1 is signal n)
 *   argv[2]  the ids of its threads, a blank behind each, if it has any; then, too:
 *   argv[3]  its uid, argv[4] its gid: until now it is root, who may choose ids
 *   argv[5]  a word where the leader is to exit, its threads live on
 *   fd 3     where signals are reported, 16 bytes each: its pid, the signal, who sent it, and his uid
 *   fd 4     a directory; a read of the file `hold` in it ends when the process may go on
 *
 * All signals are blocked and waited for, so that their senders are known; then their default actions are taken.
 * SIGRTMAX from init means: sleep uninterruptibly. Threads do the same, but for that.
 */
#ifndef __x86_64__
#error "the lab is for x86-64 so far"
#endif

typedef unsigned long word;
typedef unsigned int u32;

enum { READ = 0, WRITE = 1, CLOSE = 3, MMAP = 9, RT_SIGPROCMASK = 14, GETPID = 39, EXIT = 60, SETRESUID = 117,
	SETRESGID = 119, RT_SIGTIMEDWAIT = 128, PRCTL = 157, GETTID = 186, TGKILL = 234, OPENAT = 257, CLONE3 = 435 };
enum { PROT_BOTH = 3, MAP_PRIVATE_ANONYMOUS = 0x22, THREAD_FLAGS = 0x10f00 /* VM FS FILES SIGHAND THREAD */, STACK = 1024 };
enum { REPORTS = 3, HOLD_DIRECTORY = 4, SIG_SETMASK = 2, PR_SET_NAME = 15, SIGRTMAX = 64 };

struct report {
	u32 pid, signal, sender, uid;
};

/* siginfo_t of the kernel, as far as it is needed */
struct siginfo {
	u32 signal, error, code, padding, sender, uid;
	u32 rest[26];
};

static long call(word number, word a, word b, word c, word d)
{
	register word r10 __asm__("r10") = d;
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
		: "rcx", "r11", "memory");
	return result;
}

static word bit(u32 signal) { return 1UL << (signal - 1); }

static void block(word signals)
{
	call(RT_SIGPROCMASK, SIG_SETMASK, (word)&signals, 0, sizeof(signals));
}

static word number(const char *text)
{
	word value = 0;

	while (*text >= '0' && *text <= '9')
		value = value * 10 + (word)(*text++ - '0');
	return value;
}

/* A fatal signal that comes meanwhile takes effect when the read ends, not before. */
static void hold(word handled)
{
	char byte;
	long fd;

	block(handled | bit(SIGRTMAX));
	fd = call(OPENAT, HOLD_DIRECTORY, (word)"hold", 0, 0);
	if (fd >= 0) {
		call(READ, (word)fd, (word)&byte, 1, 0);
		call(CLOSE, (word)fd, 0, 0, 0);
	}
	block(~0UL);
}

/* Sent to this very thread: another one would take it for a new one. */
static void take(u32 signal, u32 pid)
{
	block(~bit(signal));
	call(TGKILL, pid, (word)call(GETTID, 0, 0, 0, 0), signal, 0);
	block(~0UL);
}

/* What all its threads know. */
struct process {
	word handled, uid, gid;
	u32 pid;
};

static void take_ids(const struct process *p)
{
	call(SETRESGID, p->gid, p->gid, p->gid, 0);
	call(SETRESUID, p->uid, p->uid, p->uid, 0);
}

static void take_signals(const struct process *p, word awaited)
{
	struct siginfo info;

	for (;;) {
		long signal = call(RT_SIGTIMEDWAIT, (word)&awaited, (word)&info, 0, sizeof(awaited));
		struct report report = { p->pid, (u32)signal, info.sender, info.uid };

		if (signal <= 0)
			continue;
		if (signal == SIGRTMAX && info.sender == 1) {
			hold(p->handled);
			continue;
		}
		call(WRITE, REPORTS, (word)&report, sizeof(report), 0);
		if (!(p->handled & bit((u32)signal)))
			take((u32)signal, p->pid);
	}
}

/* ---- threads ---- */

struct clone_args {
	word flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

__attribute__((noreturn)) static void be_thread(const struct process *p)
{
	take_ids(p);
	take_signals(p, ~bit(SIGRTMAX));
	__builtin_unreachable();
}

static void make_thread(const struct process *p, u32 tid, word stack)
{
	struct clone_args args = {
		.flags = THREAD_FLAGS, .stack = stack, .stack_size = STACK, .set_tid = (word)&tid, .set_tid_size = 1,
	};
	register const struct process *r8 __asm__("r8") = p;
	register void (*r9)(const struct process *) __asm__("r9") = be_thread;
	long result;

	__asm__ volatile("syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\tmov %%r8, %%rdi\n\tcall *%%r9\n1:"
		: "=a"(result) : "a"(CLONE3), "D"(&args), "S"(sizeof(args)), "r"(r8), "r"(r9)
		: "rcx", "r11", "rdx", "memory");
}

static word count(const char *ids)
{
	word blanks = 0;

	while (*ids)
		blanks += *ids++ == ' ';
	return blanks;
}

static const char *behind_blank(const char *ids)
{
	while (*ids++ != ' ')
		;
	return ids;
}

/* mmap(2) has six words. */
static word memory(word size)
{
	register word r8 __asm__("r8") = ~0UL;
	register word r9 __asm__("r9") = 0;
	register word r10 __asm__("r10") = MAP_PRIVATE_ANONYMOUS;
	word result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(MMAP), "D"(0UL), "S"(size), "d"((word)PROT_BOTH), "r"(r10), "r"(r8), "r"(r9)
		: "rcx", "r11", "memory");
	return result;
}

static void make_threads(const struct process *p, const char *ids)
{
	word stacks = memory(count(ids) * STACK);

	for (; *ids; ids = behind_blank(ids), stacks += STACK)
		make_thread(p, (u32)number(ids), stacks);
}

__attribute__((used, noreturn)) static void begin(char **argv)
{
	struct process p = { .handled = number(argv[1]), .pid = (u32)call(GETPID, 0, 0, 0, 0) };

	call(PRCTL, PR_SET_NAME, (word)argv[0], 0, 0);
	if (argv[2]) {
		p.uid = number(argv[3]);
		p.gid = number(argv[4]);
		make_threads(&p, argv[2]);
		take_ids(&p);
	}
	if (argv[2] && argv[5][0])
		call(EXIT, 0, 0, 0, 0);
	take_signals(&p, ~0UL);
	__builtin_unreachable();
}

/* The kernel leaves argc on the stack, and argv above it. */
__asm__(".globl _start\n_start:\n\tlea 8(%rsp), %rdi\n\tand $-16, %rsp\n\tcall begin\n");
