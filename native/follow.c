/* See follow.h. Where a thread runs is the 39th field of its stat: a look takes about 10 us, so every 64th request has one. */
#define _GNU_SOURCE
#include "follow.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOOK_EVERY = 64, PROCESSOR = 39, AFTER_COMM = 2 };

void follow_begin(struct follower *f)
{
	*f = (struct follower){ .thread = pthread_self(), .cpu = -1 };
	f->follows = !sched_getaffinity(0, sizeof(f->allowed), &f->allowed) && CPU_COUNT(&f->allowed) > 1;
}

/* The field of that number, counted from 1 as proc_pid_stat(5) does; the name may hold blanks and brackets. */
static const char *stat_field(const char *text, int number)
{
	const char *at = strrchr(text, ')');

	for (int i = AFTER_COMM; at && i < number; i++)
		at = strchr(at + 1, ' ');
	return at;
}

static int cpu_of(int proc, pid_t client)
{
	char path[32], text[1024];
	const char *field;
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "%d/stat", (int)client);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[length > 0 ? length : 0] = '\0';
	field = stat_field(text, PROCESSOR);
	return field ? atoi(field + 1) : -1;
}

static void go_to(struct follower *f, int cpu)
{
	cpu_set_t only;

	CPU_ZERO(&only);
	CPU_SET((size_t)cpu, &only);
	if (!sched_setaffinity(0, sizeof(only), &only))
		f->cpu = cpu;
}

void follow_client(struct follower *f, int proc, pid_t client)
{
	int cpu;

	if (!f->follows || client <= 0 || !pthread_equal(f->thread, pthread_self()) || f->requests++ % LOOK_EVERY)
		return;
	cpu = cpu_of(proc, client);
	if (cpu >= 0 && cpu < CPU_SETSIZE && cpu != f->cpu && CPU_ISSET((size_t)cpu, &f->allowed))
		go_to(f, cpu);
}

void follow_end(struct follower *f)
{
	if (f->follows)
		sched_setaffinity(0, sizeof(f->allowed), &f->allowed);
	f->follows = false;
}
