/*
 * least_fuse COUNT MOUNTPOINT
 *
 * The least that any FUSE server can take: COUNT processes whose files are constants, answered by one read(2) and one
 * write(2) of /dev/fuse each, with no library in between. What ps needs longer here than on procfs is FUSE's price.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES = 16, NAMES_KEPT = 60, LARGEST = 1 << 17 };

struct file {
	const char *name, *text;
	size_t length;
};

#define CONSTANT(name, text) { name, text, sizeof(text) - 1 }

static const struct file of_a_process[FILES] = {
	{ "", "", 0 },	/* its directory */
	CONSTANT("stat", "1 (task) S 1 1 1 0 -1 4194560 123 0 0 0 10 20 0 0 20 0 1 0 100 12345678 900 18446744073709551615 "
		"94000000000000 94000000100000 140000000000000 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 94000000200000 "
		"94000000300000 94000010000000 140000000100000 140000000100010 140000000100010 140000000100020 0\n"),
	CONSTANT("status", "Name:\ttask\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t1\nNgid:\t0\nPid:\t1\nPPid:\t1\n"
		"TracerPid:\t0\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nFDSize:\t64\nGroups:\t \nVmSize:\t 1000 kB\n"
		"VmRSS:\t 900 kB\nThreads:\t1\nSigPnd:\t0000000000000000\nSigBlk:\t0000000000000000\n"),
	CONSTANT("environ", ""),
	CONSTANT("cmdline", "task\0"),
	CONSTANT("oom_score", "666\n"),
	CONSTANT("oom_score_adj", "0\n"),
};
static const struct file of_the_machine[FILES] = {
	{ "", "", 0 },
	CONSTANT("uptime", "1000.00 900.00\n"),
	CONSTANT("meminfo", "MemTotal:        8388608 kB\nMemFree:         4194304 kB\n"),
};

/* A node is its process, 0 for the machine, and its file: the machine's directory is 1. */
static uint64_t node_of(long process, int file) { return (uint64_t)process * FILES + (uint64_t)file + FUSE_ROOT_ID; }
static long process_of(uint64_t node) { return (long)((node - FUSE_ROOT_ID) / FILES); }
static size_t place_of(uint64_t node) { return (node - FUSE_ROOT_ID) % FILES; }
static const struct file *files_of(uint64_t node) { return process_of(node) ? of_a_process : of_the_machine; }

static struct fuse_attr attributes(uint64_t node)
{
	return (struct fuse_attr){
		.ino = node, .nlink = 1, .blksize = 1024,
		.mode = place_of(node) ? S_IFREG | 0444 : S_IFDIR | 0555,
	};
}

/* Of a name in a directory; 0 for none. */
static uint64_t find(uint64_t directory, const char *name, long count)
{
	long process = directory != FUSE_ROOT_ID ? 0 : strcmp(name, "self") ? atol(name) : 1;

	if (process > 0 && process <= count)
		return node_of(process, 0);
	for (int i = 1; i < FILES; i++)
		if (files_of(directory)[i].name && !strcmp(files_of(directory)[i].name, name))
			return node_of(process_of(directory), i);
	return 0;
}

/* Each answers into `out`: how many bytes, or a negative errno. */
static int answer_lookup(uint64_t node, const void *name, void *out, long count)
{
	uint64_t found = find(node, name, count);

	*(struct fuse_entry_out *)out = (struct fuse_entry_out){
		.nodeid = found, .entry_valid = NAMES_KEPT, .attr = attributes(found)
	};
	return found ? (int)sizeof(struct fuse_entry_out) : -ENOENT;
}

static int answer_read(uint64_t node, const struct fuse_read_in *in, void *out)
{
	const struct file *file = &files_of(node)[place_of(node)];
	size_t left = in->offset < file->length ? file->length - in->offset : 0;
	size_t size = left < in->size ? left : in->size;

	memcpy(out, file->text + in->offset, size);
	return (int)size;
}

static int answer_readdir(uint64_t node, const struct fuse_read_in *in, char *out, long count)
{
	size_t used = 0;

	if (node != FUSE_ROOT_ID)
		return 0;
	for (uint64_t i = in->offset + 1; i <= (uint64_t)count; i++) {
		char name[24];
		size_t length = (size_t)snprintf(name, sizeof(name), "%lu", (unsigned long)i);
		struct fuse_dirent *entry = (void *)(out + used);

		if (used + FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + length) > in->size)
			break;
		*entry = (struct fuse_dirent){ .ino = node_of((long)i, 0), .off = i, .namelen = (uint32_t)length, .type = 4 };
		memcpy(entry->name, name, length);
		used += FUSE_DIRENT_SIZE(entry);
	}
	return (int)used;
}

static int answer_init(const struct fuse_init_in *in, void *out)
{
	*(struct fuse_init_out *)out = (struct fuse_init_out){
		.major = FUSE_KERNEL_VERSION, .minor = in->minor < 31 ? in->minor : 31, .max_readahead = LARGEST,
		.max_write = LARGEST, .max_background = 64, .congestion_threshold = 48,
	};
	puts("ready");
	fflush(stdout);
	return sizeof(struct fuse_init_out);
}

static int answer(const struct fuse_in_header *in, void *out, long count)
{
	switch (in->opcode) {
	case FUSE_INIT:
		return answer_init((const void *)(in + 1), out);
	case FUSE_LOOKUP:
		return answer_lookup(in->nodeid, in + 1, out, count);
	case FUSE_GETATTR:
		*(struct fuse_attr_out *)out = (struct fuse_attr_out){ .attr = attributes(in->nodeid) };
		return sizeof(struct fuse_attr_out);
	case FUSE_OPEN:
		*(struct fuse_open_out *)out = (struct fuse_open_out){ .open_flags = FOPEN_DIRECT_IO };
		return sizeof(struct fuse_open_out);
	case FUSE_OPENDIR:
		*(struct fuse_open_out *)out = (struct fuse_open_out){ 0 };
		return sizeof(struct fuse_open_out);
	case FUSE_READ:
		return answer_read(in->nodeid, (const void *)(in + 1), out);
	case FUSE_READDIR:
		return answer_readdir(in->nodeid, (const void *)(in + 1), out, count);
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
		return 0;
	default:
		return -ENOSYS;
	}
}

static int mounted_device(const char *point)
{
	char options[160];
	int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=%d,group_id=%d,max_read=16384%s", device,
		(int)getuid(), (int)getgid(), getuid() ? "" : ",allow_other");
	if (device < 0 || mount("least", point, "fuse.least", MS_NOSUID | MS_NODEV, options)) {
		perror(point);
		return -1;
	}
	return device;
}

int main(int argc, char **argv)
{
	static _Alignas(8) char in[LARGEST + 4096], out[LARGEST + 4096];
	const struct fuse_in_header *request = (const void *)in;
	struct fuse_out_header *reply = (void *)out;
	int device = argc == 3 ? mounted_device(argv[2]) : -1;

	if (device < 0)
		return 2;
	while (read(device, in, sizeof(in)) >= 0 || errno == EINTR || errno == ENOENT) {
		int length = answer(request, reply + 1, atol(argv[1]));

		if (request->opcode == FUSE_FORGET || request->opcode == FUSE_BATCH_FORGET)
			continue;
		*reply = (struct fuse_out_header){
			.unique = request->unique, .error = length < 0 ? length : 0,
			.len = (uint32_t)(sizeof(*reply) + (length > 0 ? (size_t)length : 0)),
		};
		if (write(device, out, reply->len) < 0 && errno == ENODEV)
			break;
	}
	return 0;
}
