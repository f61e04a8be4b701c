/*
 * crowd COUNT: that many real processes that only wait, so that the real /proc is as full as the synthetic
 * one. Prints how many there are and the pid of the first; the end of its input ends them and itself.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t *members;
static long count;

static void wait_for_the_end(pid_t crowd)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (getppid() == crowd)
		pause();
	_exit(0);
}

static void gather(long wanted)
{
	pid_t crowd = getpid();

	while (count < wanted) {
		pid_t pid = fork();

		if (pid < 0)
			return;
		if (!pid)
			wait_for_the_end(crowd);
		members[count++] = pid;
	}
}

int main(int argc, char **argv)
{
	long wanted = argc > 1 ? atol(argv[1]) : 0;
	char byte;

	members = wanted > 0 ? calloc((size_t)wanted, sizeof(*members)) : NULL;
	if (!members)
		return 2;
	signal(SIGINT, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	gather(wanted);
	printf("%ld %d\n", count, count ? (int)members[0] : 0);
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	for (long i = 0; i < count; i++)
		kill(members[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	return 0;
}
