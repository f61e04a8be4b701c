/*
 * What stands behind the pid of a synthetic process in a lab: a process of its own, with its own memory, that does
 * nothing but take signals. A program without a C library, so that ten thousand of them are cheap.
 *
 *   argv[0]  its comm
 *   argv[1]  the signals that do nothing to it but be reported, a bit each (bit n - 1 is signal n)
 *   fd 3     where signals are reported, 16 bytes each: its pid, the signal, who sent it, and his uid
 *   fd 4     a directory; a read of the file `hold` in it ends when the process may go on
 *
 * All signals are blocked and waited for, so that their senders are known; then their default actions are taken.
 * SIGRTMAX from init means: sleep uninterruptibly.
 */
#ifndef __x86_64__
#error "the lab is for x86-64 so far"
#endif

typedef unsigned long word;
typedef unsigned int u32;

enum { READ = 0, WRITE = 1, CLOSE = 3, RT_SIGPROCMASK = 14, GETPID = 39, KILL = 62, RT_SIGTIMEDWAIT = 128, PRCTL = 157,
	OPENAT = 257 };
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

static void take(u32 signal, u32 pid)
{
	block(~bit(signal));
	call(KILL, pid, signal, 0, 0);
	block(~0UL);
}

__attribute__((used, noreturn)) static void begin(char **argv)
{
	word handled = number(argv[1]), all = ~0UL;
	u32 pid = (u32)call(GETPID, 0, 0, 0, 0);
	struct siginfo info;

	call(PRCTL, PR_SET_NAME, (word)argv[0], 0, 0);
	for (;;) {
		long signal = call(RT_SIGTIMEDWAIT, (word)&all, (word)&info, 0, sizeof(all));
		struct report report = { pid, (u32)signal, info.sender, info.uid };

		if (signal <= 0)
			continue;
		if (signal == SIGRTMAX && info.sender == 1) {
			hold(handled);
			continue;
		}
		call(WRITE, REPORTS, (word)&report, sizeof(report), 0);
		if (!(handled & bit((u32)signal)))
			take((u32)signal, pid);
	}
}

/* The kernel leaves argc on the stack, and argv above it. */
__asm__(".globl _start\n_start:\n\tlea 8(%rsp), %rdi\n\tand $-16, %rsp\n\tcall begin\n");
