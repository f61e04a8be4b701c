/*
 * probe OPERATION ROUNDS MILLISECONDS PATH...
 *
 * Times one operation on each path in turn, A B C A B C, so that a drift of the machine's speed hits all
 * alike. Prints a line a round: nanoseconds an operation for each path, or a negative errno.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const char value[] = "1000";	/* every process may raise its own to this, whoever it belongs to */

struct place {
	const char *path;
	int fd;
};

static int result_of(ssize_t result)
{
	return result < 0 ? -errno : 0;
}

static int read_and_close(int fd)
{
	char text[64];
	int error = fd < 0 ? -errno : result_of(read(fd, text, sizeof(text)));

	if (fd >= 0)
		close(fd);
	return error;
}

static int write_and_close(int fd)
{
	int error = fd < 0 ? -errno : result_of(write(fd, value, sizeof(value) - 1));

	if (fd >= 0)
		close(fd);
	return error;
}

/* As readdir(3) of glibc does it: 32 KiB a call. */
static int list_and_close(int fd)
{
	static char entries[32768];
	int error = fd < 0 ? -errno : 0;
	long length = 1;

	while (!error && length > 0) {
		length = syscall(SYS_getdents64, fd, entries, sizeof(entries));
		error = result_of(length);
	}
	if (fd >= 0)
		close(fd);
	return error;
}

static int open_read_close(struct place *p) { return read_and_close(open(p->path, O_RDONLY)); }
static int open_write_close(struct place *p) { return write_and_close(open(p->path, O_WRONLY)); }
static int read_directory(struct place *p) { return list_and_close(open(p->path, O_RDONLY | O_DIRECTORY)); }

static int read_open_file(struct place *p)
{
	char text[64];

	return result_of(pread(p->fd, text, sizeof(text), 0));
}

static int write_open_file(struct place *p)
{
	return result_of(pwrite(p->fd, value, sizeof(value) - 1, 0));
}

static int ask_status(struct place *p)
{
	struct stat status;

	return result_of(stat(p->path, &status));
}

static const struct operation {
	const char *name;
	int (*run)(struct place *p);
	int flags;		/* of the file that stays open, -1 = none */
	int batch;		/* operations between two looks at the clock */
} operations[] = {
	{ "open+read+close",  open_read_close,  -1,       8 },
	{ "open+write+close", open_write_close, -1,       8 },
	{ "pread",            read_open_file,   O_RDONLY, 8 },
	{ "pwrite",           write_open_file,  O_WRONLY, 8 },
	{ "stat",             ask_status,       -1,       8 },
	{ "readdir",          read_directory,   -1,       1 },
};

static const struct operation *find_operation(const char *name)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (!strcmp(operations[i].name, name))
			return &operations[i];
	return NULL;
}

static double nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double measure(const struct operation *operation, struct place *p, double length)
{
	double start = nanoseconds(), spent = 0;
	long count = 0;

	while (spent < length) {
		for (int i = 0; i < operation->batch; i++, count++) {
			int error = operation->run(p);

			if (error)
				return error;
		}
		spent = nanoseconds() - start;
	}
	return spent / (double)count;
}

static void play(const struct operation *operation, struct place *places, int count, double length)
{
	for (int i = 0; i < count; i++)
		printf("%.0f ", measure(operation, &places[i], length));
	putchar('\n');
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const struct operation *operation = argc > 4 ? find_operation(argv[1]) : NULL;
	int rounds = argc > 4 ? atoi(argv[2]) : 0, count = argc - 4;
	double length = argc > 4 ? atof(argv[3]) * 1e6 : 0;
	struct place *places = operation ? calloc((size_t)count, sizeof(*places)) : NULL;

	if (!places)
		return 2;
	for (int i = 0; i < count; i++) {
		places[i].path = argv[4 + i];
		places[i].fd = operation->flags < 0 ? -1 : open(places[i].path, operation->flags);
	}
	for (int i = 0; i < rounds; i++)
		play(operation, places, count, length);
	return 0;
}
