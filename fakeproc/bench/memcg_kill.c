/*
 * memcg_kill GROUP USAGE LIMIT ROOMY KILLS CROWD...
 *
 * What choosing a victim costs in the kernel that runs here. GROUP is a memory cgroup with two empty ones in it:
 * GROUP/crowd gets CROWD processes that only wait, GROUP/alone this program and its hog. The hog (at 1000, so it is
 * the victim) hits the limit of GROUP/alone, and dies with nobody but its parent to choose from, or that of GROUP,
 * and is chosen among all. Prints "CROWD ALONE ALL", the nanoseconds of CPU time from fault to death, KILLS times for
 * each CROWD. USAGE and LIMIT are files, called otherwise in cgroup v1 and v2; ROOMY is a limit nobody will reach.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROOM (4L << 20)		/* between what is used and the limit; a fork of the hog needs a fraction */
#define PAGE 4096L		/* larger ones are touched more than once */

static const char *group, *usage_name, *limit_name, *roomy;
static long crowd;			/* how many there are */
static volatile long *fault_began;	/* shared with the hog */

static void fail(const char *format, ...)
{
	va_list rest;

	va_start(rest, format);
	vfprintf(stderr, format, rest);
	va_end(rest);
	fputc('\n', stderr);
	exit(1);
}

/* CPU time: who else runs meanwhile does not count. */
static long used(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static long used_until_death(const struct rusage *all)
{
	long seconds = all->ru_utime.tv_sec + all->ru_stime.tv_sec;

	return seconds * 1000000000L + (all->ru_utime.tv_usec + all->ru_stime.tv_usec) * 1000L;
}

static int open_in(const char *inner, const char *name, int flags)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s%s/%s", group, inner, name);
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		fail("%s: %s", path, strerror(errno));
	return fd;
}

static void put(const char *inner, const char *name, const char *text)
{
	int fd = open_in(inner, name, O_WRONLY);

	if (write(fd, text, strlen(text)) < 0)
		fail("%s%s/%s: %s", group, inner, name, strerror(errno));
	close(fd);
}

static long usage(const char *inner)
{
	int fd = open_in(inner, usage_name, O_RDONLY);
	char text[32] = "";

	if (read(fd, text, sizeof(text) - 1) < 0)
		fail("%s%s/%s: %s", group, inner, usage_name, strerror(errno));
	close(fd);
	return atol(text);
}

static void limit_to_a_little_more(const char *inner)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", usage(inner) + ROOM);
	put(inner, limit_name, text);
}

static void wait_for_the_end(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (getppid() == parent)
		pause();
	_exit(0);
}

/* Fills the crowd up to so many. */
static void gather(long wanted)
{
	pid_t parent = getpid();

	put("/crowd", "cgroup.procs", "0");
	for (; crowd < wanted; crowd++) {
		pid_t pid = fork();

		if (pid < 0)
			fail("this machine lets only %ld more processes run", crowd);
		if (!pid)
			wait_for_the_end(parent);
	}
	put("/alone", "cgroup.procs", "0");
}

static void eat(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);
	char *memory = mmap(NULL, 2 * ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fd < 0 || write(fd, "1000", 4) != 4 || memory == MAP_FAILED)
		_exit(2);
	madvise(memory, 2 * ROOM, MADV_NOHUGEPAGE);
	for (long i = 0; i < 2 * ROOM; i += PAGE) {
		*fault_began = used();
		memory[i] = 1;
	}
	_exit(3);
}

/* From the fault that does not fit to the death of who made it. */
static long time_of_a_kill(const char *inner)
{
	pid_t hog, died;
	int status;
	struct rusage rusage;

	limit_to_a_little_more(inner);
	hog = fork();
	if (!hog)
		eat();
	died = hog < 0 ? -1 : wait4(-1, &status, 0, &rusage);
	put(inner, limit_name, roomy);
	if (died < 0)
		fail("no hog: %s", strerror(errno));
	if (died != hog)
		fail("a process died that should not");
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		fail("the limit of a cgroup killed nobody");
	return used_until_death(&rusage) - *fault_began;
}

static void measure(long kills)
{
	for (; kills > 0; kills--) {
		long alone = time_of_a_kill("/alone");

		printf("%ld %ld %ld\n", crowd, alone, time_of_a_kill(""));
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	if (argc < 7)
		return 2;
	group = argv[1], usage_name = argv[2], limit_name = argv[3], roomy = argv[4];
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fault_began = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fault_began == MAP_FAILED)
		fail("no memory");
	for (int i = 6; i < argc; i++) {
		gather(atol(argv[i]));
		measure(atol(argv[5]));
	}
	if (waitpid(-1, NULL, WNOHANG) > 0)
		fail("a process died that should not");
	return 0;
}
