/* /proc/PID/fd and fdinfo: descriptors from 0 on, all of them /dev/null, open for both. */
#include "extra.h"
#include "ptrace.h"
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

static const struct entry fd_entry = { "", S_IFLNK | 0700, FRESH, BOTH, fd_read, NULL, NULL, LINK_OF_FILE, 0 };
static const struct entry fdinfo_entry = { "", S_IFREG | 0444, SHOWN, BOTH, fdinfo_read, NULL, NULL, GUARDED, 0 };
static const struct entry old_fdinfo_entry = { "", S_IFREG | 0400, SHOWN, BOTH, fdinfo_read, NULL, NULL, 0, 0 };

static struct node fd_node(const struct world *w, const struct node *directory, uint32_t number)
{
	bool is_link = directory->entry->directory == &fd_directory;
	const struct entry *entry = is_link ? &fd_entry : w->rules.fdinfo_asks_ptrace ? &fdinfo_entry : &old_fdinfo_entry;

	return (struct node){ entry, directory->task, directory->level, (is_link ? FD_PLACE : FDINFO_PLACE) + number, number };
}

static bool find_fd(struct world *w, const struct node *directory, const char *name, size_t length, struct node *out)
{
	bool is_zero = length == 1 && name[0] == '0';
	int number = is_zero ? 0 : parse_pid(name, length);

	if ((!number && !is_zero) || (uint32_t)number >= count_files(directory->task))
		return false;
	*out = fd_node(w, directory, (uint32_t)number);
	return true;
}

static bool next_fd(struct world *w, const struct node *directory, int64_t *at, char name[256], struct node *out)
{
	if (*at < 0 || *at >= count_files(directory->task))
		return false;
	print_number(name, (uint64_t)*at);
	*out = fd_node(w, directory, (uint32_t)*at);
	(*at)++;
	return true;
}

const struct directory fd_directory = { NULL, 0, find_fd, next_fd, BOTH, 0, 2, NULL };
const struct directory fdinfo_directory = { NULL, 0, find_fd, next_fd, BOTH, 0, 2, NULL };
