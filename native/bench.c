/* What the core does by itself, without Python or FUSE around it. */
#include "fakeproc.h"

#include "oom_kill.h"
#include "task.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

static double nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

double bench_write(struct world *w, const char *path, uint64_t count)
{
	const struct caller root = { .caps = UINT64_MAX, .mems = UINT64_MAX };
	struct file *f;
	int error = count ? file_open(w, &root, path, O_WRONLY, &f) : -EINVAL;
	double start = nanoseconds();

	if (error)
		return error;
	for (uint64_t i = 0; i < count; i++) {
		ssize_t written = file_write(f, &root, i & 1 ? "1" : "2", 1);

		if (written != 1) {
			file_close(f);
			return written < 0 ? (double)written : -EIO;
		}
	}
	file_close(f);
	return (nanoseconds() - start) / (double)count;
}

double bench_fork(struct world *w, int parent, uint64_t count)
{
	double start = nanoseconds();

	for (uint64_t i = 0; i < count; i++) {
		int pid = task_clone(w, parent, 0, 0);

		if (pid < 0)
			return pid;
	}
	return count ? (nanoseconds() - start) / (double)count : -EINVAL;
}

double bench_select(struct world *w, uint64_t count)
{
	const struct oom_request request = { .order = -1 };
	struct task current = { .mems = UINT64_MAX };
	double start = nanoseconds();
	const struct task *chosen = NULL;

	world_lock(w);
	for (uint64_t i = 0; i < count; i++)
		chosen = would_choose(w, &current, &request).task;
	world_unlock(w);
	return chosen ? (nanoseconds() - start) / (double)count : -ESRCH;
}
