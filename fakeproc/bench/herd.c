/*
 * herd COUNT: that many children, each with a memory of its own: this program exec'ed again. Prints how many there
 * are; they live until its input ends, and as long as the pid namespace does whose init it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int member(char *program)
{
	pid_t pid = vfork();

	if (!pid) {
		execl(program, program, (char *)NULL);
		_exit(1);
	}
	return pid > 0;
}

int main(int argc, char **argv)
{
	long wanted = argc > 1 ? atol(argv[1]) : 0, count = 0;
	char byte;

	if (argc < 2)
		return pause();
	while (count < wanted && member(argv[0]))
		count++;
	printf("%ld\n", count);
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
