/* See real.h. */
#define _GNU_SOURCE
#include "real.h"

#include "adopt.h"
#include "tree/task_files.h"
#include "world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* ---- descriptors ---- */

/* Always the links of fd: fdinfo has the same names. */
static int open_fds(const struct world *w, const struct node *directory)
{
	const struct task *t = directory->task;
	char path[64];

	snprintf(path, sizeof(path), is_whole(directory) ? "%d/fd" : "%d/task/%d/fd", t->signal->leader->pid, t->pid);
	return openat(adopter_proc(w), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

uint32_t real_fd(const struct world *w, const struct node *directory, uint32_t number)
{
	int fds = open_fds(w, directory);
	struct stat status = { 0 };
	char name[16];

	if (fds < 0)
		return 0;
	snprintf(name, sizeof(name), "%u", number);
	if (fstatat(fds, name, &status, AT_SYMLINK_NOFOLLOW))
		status.st_mode = 0;
	close(fds);
	return status.st_mode;
}

/* The entry at the position of a directory stream: of a listing of procfs, that of descriptor n is n + 2. */
static int64_t fd_at_position(int fds)
{
	union {
		struct dirent64 first;
		char bytes[512];
	} listed;

	while (syscall(SYS_getdents64, fds, &listed, sizeof(listed)) > 0)
		if (listed.first.d_name[0] != '.')
			return atoll(listed.first.d_name);
	return -1;
}

int64_t real_next_fd(const struct world *w, const struct node *directory, int64_t from)
{
	int fds = open_fds(w, directory);
	int64_t found = -1;

	if (fds < 0)
		return -1;
	if (lseek(fds, from + 2, SEEK_SET) >= 0)
		found = fd_at_position(fds);
	close(fds);
	return found;
}

int64_t real_fd_count(const struct world *w, const struct node *directory)
{
	int64_t count = 0;

	for (int64_t fd = real_next_fd(w, directory, 0); fd >= 0; fd = real_next_fd(w, directory, fd + 1))
		count++;
	return count;
}

/* ---- links ---- */

static const char *below(const char *path) { return path + (path[0] == '/'); }

ssize_t real_readlink(int proc, const char *path, char *buffer, size_t size)
{
	ssize_t length = readlinkat(proc, below(path), buffer, size);

	return length < 0 ? -errno : length;
}

/* The number of the system call that a thread is in; -EAGAIN while it runs. */
static int system_call(int proc, pid_t tid)
{
	char path[32], text[256], *end;
	ssize_t length;
	long number;
	int fd;

	snprintf(path, sizeof(path), "%d/syscall", (int)tid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[length > 0 ? length : 0] = '\0';
	number = strtol(text, &end, 10);
	return end == text ? -EAGAIN : (int)number;
}

/*
 * It has asked, and is on its way to sleep, for which it waits for nobody but a CPU: usually it sleeps already. No more
 * than 10 ms, lest a starved one holds up others.
 */
int reads_link(int proc, pid_t tid)
{
	const struct timespec moment = { .tv_nsec = 50000 };
	int number = system_call(proc, tid);

	for (int i = 0; number == -EAGAIN && i < 200; i++) {
		nanosleep(&moment, NULL);
		number = system_call(proc, tid);
	}
#ifdef SYS_readlink
	if (number == SYS_readlink)
		return 1;
#endif
	return number < 0 ? number : number == SYS_readlinkat;
}

/* ---- contents ---- */

/*
 * The owner of an epoll descriptor holds its lock while it adds a file of ours, which asks us; and whoever waits for that
 * lock is woken by no signal, not even at the end of a lab.
 */
static bool is_epoll(int proc, const char *path)
{
	static const char epoll[] = "anon_inode:[eventpoll]";
	const char *number = strstr(path, "/fdinfo/");
	char link[64], target[sizeof(epoll)];

	if (!number)
		return false;
	snprintf(link, sizeof(link), "%.*s/fd/%s", (int)(number - path), path, number + strlen("/fdinfo/"));
	return real_readlink(proc, link, target, sizeof(target)) == sizeof(epoll) - 1 && !memcmp(target, epoll, sizeof(epoll) - 1);
}

int real_open(int proc, const char *path)
{
	return is_epoll(proc, path) ? -1 : openat(proc, below(path), O_RDONLY | O_CLOEXEC);
}
