/*
 * /proc/PID/fd and fdinfo: descriptors from 0 on, all of them /dev/null, open for both. Those of adopted processes are
 * their own: the names here, the links and what is in fdinfo with the mount, see real.h.
 */
#include "adopt.h"
#include "extra.h"
#include "ptrace.h"
#include "real.h"
#include "text.h"
#include "tree/task_files.h"
#include "world.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { FD_PLACE = 1 << 18, FDINFO_PLACE = 1 << 19 };	/* inode numbers, see struct directory */

uint32_t count_files(const struct task *t)
{
	return has_files(t) && !is_kthread(t) ? open_files_of(t->signal) : 0;
}

static int fd_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	return ptrace_may_access(w, reader, node->task) ? text_printf(out, "/dev/null") : -EACCES;
}

static int fdinfo_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)node, (void)reader;
	return text_printf(out, "pos:\t0\nflags:\t0100002\nmnt_id:\t27\n%s", w->rules.fdinfo_asks_ptrace ? "ino:\t5\n" : "");
}

/* By what the descriptor is open for: nothing (O_PATH), reading, writing, both. */
static const struct entry fd_entries[] = {
#define LINK(mode) { "", S_IFLNK | mode, FRESH, BOTH, fd_read, NULL, NULL, LINK_OF_FILE | MAGIC, 0 }
	LINK(0000), LINK(0500), LINK(0300), LINK(0700),
};
static const struct entry fdinfo_entry = { "", S_IFREG | 0444, SHOWN, BOTH, fdinfo_read, NULL, NULL, GUARDED | REAL, 0 };
static const struct entry old_fdinfo_entry = { "", S_IFREG | 0400, SHOWN, BOTH, fdinfo_read, NULL, NULL, REAL, 0 };

/* mode: of the link in fd. */
static struct node fd_node(const struct world *w, const struct node *directory, uint32_t number, uint32_t mode)
{
	bool is_link = directory->entry->directory == &fd_directory;
	const struct entry *link = &fd_entries[(mode & 0400 ? 1 : 0) + (mode & 0200 ? 2 : 0)];
	const struct entry *entry = is_link ? link : w->rules.fdinfo_asks_ptrace ? &fdinfo_entry : &old_fdinfo_entry;

	return (struct node){ entry, directory->task, directory->level, (is_link ? FD_PLACE : FDINFO_PLACE) + number, number };
}

static uint32_t mode_of(const struct world *w, const struct node *directory, uint32_t number)
{
	if (is_adopted(directory->task))
		return real_fd(w, directory, number);
	return number < count_files(directory->task) ? S_IFLNK | 0700 : 0;
}

static int64_t next_open(const struct world *w, const struct node *directory, int64_t from)
{
	if (is_adopted(directory->task))
		return real_next_fd(w, directory, from);
	return from < count_files(directory->task) ? from : -1;
}

int64_t fd_count(const struct world *w, const struct node *directory)
{
	return is_adopted(directory->task) ? real_fd_count(w, directory) : count_files(directory->task);
}

static bool find_fd(struct world *w, const struct node *directory, const char *name, size_t length, struct node *out)
{
	bool is_zero = length == 1 && name[0] == '0';
	int number = is_zero ? 0 : parse_pid(name, length);
	uint32_t mode = number || is_zero ? mode_of(w, directory, (uint32_t)number) : 0;

	if (mode)
		*out = fd_node(w, directory, (uint32_t)number, mode);
	return mode;
}

static bool next_fd(struct world *w, const struct node *directory, int64_t *at, char name[256], struct node *out)
{
	int64_t number = *at < 0 ? -1 : next_open(w, directory, *at);

	if (number < 0 || number > INT32_MAX)
		return false;
	print_number(name, (uint64_t)number);
	*out = fd_node(w, directory, (uint32_t)number, mode_of(w, directory, (uint32_t)number));
	*at = number + 1;
	return true;
}

const struct directory fd_directory = { NULL, 0, find_fd, next_fd, BOTH, 0, 2, NULL };
const struct directory fdinfo_directory = { NULL, 0, find_fd, next_fd, BOTH, 0, 2, NULL };
