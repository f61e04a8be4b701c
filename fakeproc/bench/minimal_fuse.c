/*
 * minimal_fuse COUNT MOUNTPOINT [FUSE options]
 *
 * The yardstick: what a C programmer writes against libfuse 2 in an afternoon. COUNT numbered directories,
 * in each a file that reads as a constant and takes every write. No lock, no task, no rule.
 */
#define FUSE_USE_VERSION 26
#include <errno.h>
#include <fuse.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum kind { NOTHING, ROOT, PROCESS, ADJUSTMENT };

static const char text[] = "0\n";
static long count;

static enum kind kind_of(const char *path)
{
	char *end;
	long pid;

	if (!strcmp(path, "/"))
		return ROOT;
	pid = strtol(path + 1, &end, 10);
	if (pid < 1 || pid > count)
		return NOTHING;
	if (!*end)
		return PROCESS;
	return strcmp(end, "/oom_score_adj") ? NOTHING : ADJUSTMENT;
}

static int minimal_getattr(const char *path, struct stat *status)
{
	enum kind kind = kind_of(path);

	memset(status, 0, sizeof(*status));
	if (kind == NOTHING)
		return -ENOENT;
	status->st_mode = kind == ADJUSTMENT ? S_IFREG | 0644 : S_IFDIR | 0555;
	status->st_nlink = kind == ADJUSTMENT ? 1 : 2;
	return 0;
}

static int minimal_open(const char *path, struct fuse_file_info *info)
{
	if (kind_of(path) != ADJUSTMENT)
		return -ENOENT;
	info->direct_io = 1;
	return 0;
}

static int minimal_read(const char *path, char *buffer, size_t size, off_t offset, struct fuse_file_info *info)
{
	size_t left = offset < (off_t)strlen(text) ? strlen(text) - (size_t)offset : 0;

	(void)path, (void)info;
	if (size > left)
		size = left;
	memcpy(buffer, text + offset, size);
	return (int)size;
}

static int minimal_write(const char *path, const char *bytes, size_t size, off_t offset, struct fuse_file_info *info)
{
	(void)path, (void)bytes, (void)offset, (void)info;
	return (int)size;
}

static int minimal_truncate(const char *path, off_t size)
{
	(void)path, (void)size;
	return 0;
}

static int minimal_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset, struct fuse_file_info *info)
{
	char name[24];

	(void)offset, (void)info;
	fill(buffer, ".", NULL, 0);
	fill(buffer, "..", NULL, 0);
	if (kind_of(path) == PROCESS)
		return fill(buffer, "oom_score_adj", NULL, 0);
	for (long pid = 1; pid <= count; pid++) {
		snprintf(name, sizeof(name), "%ld", pid);
		fill(buffer, name, NULL, 0);
	}
	return 0;
}

static void *minimal_init(struct fuse_conn_info *connection)
{
	(void)connection;
	puts("ready");
	fflush(stdout);
	return NULL;
}

static const struct fuse_operations operations = {
	.getattr = minimal_getattr,
	.open = minimal_open,
	.read = minimal_read,
	.write = minimal_write,
	.truncate = minimal_truncate,
	.readdir = minimal_readdir,
	.init = minimal_init,
};

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGTERM);	/* no mount outlives the bench */
	count = atol(argv[1]);
	argv[1] = argv[0];
	return fuse_main(argc - 1, argv + 1, &operations, NULL);
}
