/* /proc/PID/mounts, mountinfo and mountstats: one small machine for all. */
#include "text.h"
#include "tree/task_files.h"

struct mount_row {
	int id, parent;
	const char *device, *numbers, *point, *type, *options, *super;
	size_t rule;		/* WHERE(...): only there */
};

static const struct mount_row rows[] = {
	{ 24, 1,  "/dev/vda1", "254:1", "/",               "ext4",    "rw,relatime", "rw", 0 },
	{ 25, 24, "proc",      "0:21",  "/proc",           "proc",    "rw,nosuid,nodev,noexec,relatime", "rw", 0 },
	{ 26, 24, "sysfs",     "0:22",  "/sys",            "sysfs",   "rw,nosuid,nodev,noexec,relatime", "rw", 0 },
	{ 27, 24, "devtmpfs",  "0:5",   "/dev",            "devtmpfs", "rw,nosuid,relatime", "rw,mode=755", 0 },
	{ 28, 27, "tmpfs",     "0:23",  "/dev/shm",        "tmpfs",   "rw,nosuid,nodev", "rw", 0 },
	{ 29, 26, "cgroup2",   "0:24",  "/sys/fs/cgroup",  "cgroup2", "rw,nosuid,nodev,noexec,relatime", "rw", WHERE(cgroups_are_v2) },
	{ 29, 26, "tmpfs",     "0:24",  "/sys/fs/cgroup",  "tmpfs",   "ro,nosuid,nodev,noexec", "rw,mode=755", WHERE(cgroups_are_v1) },
	{ 30, 29, "cgroup",    "0:25",  "/sys/fs/cgroup/memory", "cgroup", "rw,nosuid,nodev,noexec,relatime", "rw,memory",
	  WHERE(cgroups_are_v1) },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

int mounts_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	int error = 0;

	(void)node, (void)reader;
	for (int i = 0; i < ROWS && !error; i++)
		if (rule_holds(w, rows[i].rule))
			error = text_printf(out, "%s %s %s %s%s 0 0\n", rows[i].device, rows[i].point, rows[i].type, rows[i].options,
				    rows[i].super + 2);
	return error;
}

int mountinfo_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	int error = 0;

	(void)node, (void)reader;
	for (int i = 0; i < ROWS && !error; i++)
		if (rule_holds(w, rows[i].rule))
			error = text_printf(out, "%d %d %s / %s %s - %s %s %s\n", rows[i].id, rows[i].parent, rows[i].numbers,
				    rows[i].point, rows[i].options, rows[i].type, rows[i].device, rows[i].super);
	return error;
}

int mountstats_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	int error = 0;

	(void)node, (void)reader;
	for (int i = 0; i < ROWS && !error; i++)
		if (rule_holds(w, rows[i].rule))
			error = text_printf(out, "device %s mounted on %s with fstype %s\n", rows[i].device, rows[i].point, rows[i].type);
	return error;
}
