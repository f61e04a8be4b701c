/* /proc/sys/{kernel,fs}: what is neither a number of sysctl.c nor constant. */
#include "cred.h"
#include "machine.h"
#include "text.h"
#include "tree/tree.h"
#include "world.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

int cap_last_cap_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)node, (void)reader;
	return text_printf(out, "%d\n", w->rules.cap_last_is_40 ? 40 : 37);
}

int poolsize_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)node, (void)reader;
	return text_printf(out, "%d\n", w->rules.entropy_in_bits_of_blake ? 256 : 4096);
}

/* Another one at each read; the same ones in each run. */
int uuid_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)node, (void)reader;
	return text_printf(out, "5ca1ab1e-0000-4000-8000-%012" PRIx64 "\n", ++w->uuids & 0xffffffffffff);
}

int hostname_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)node, (void)reader;
	return text_printf(out, "%s\n", w->machine.hostname);
}

/* proc_dostring(): up to a newline, cut to what fits; goes on at the position of the write. */
ssize_t hostname_write(struct world *w, const struct node *node, const struct caller *who, const char *bytes, size_t count,
		       int64_t offset)
{
	struct machine changed = w->machine;
	size_t length = strnlen(changed.hostname, HOSTNAME_SIZE), end = 0;

	if (!sysctl_permits(node->entry->mode, who, W_OK))
		return -EPERM;
	if (offset > (int64_t)length)
		return (ssize_t)count;
	length = (size_t)offset;
	while (end < count && bytes[end] && bytes[end] != '\n' && length < HOSTNAME_SIZE - 1)
		changed.hostname[length++] = bytes[end++];
	changed.hostname[length] = '\0';
	set_machine(w, &changed);
	return (ssize_t)count;
}

/* Files are not counted: some for each process. */
int file_nr_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	enum { FILES_A_PROCESS = 8 };

	(void)node, (void)reader;
	return text_printf(out, "%d\t0\t%" PRId64 "\n", process_count(w) * FILES_A_PROCESS, w->sysctl.file_max);
}

/* Nor are inodes: one for each page of slab that holds them. */
int inode_nr_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	static const char *const zeroes[] = { "", "\t0\t0\t0\t0\t0" };
	bool is_state = !strcmp(node->entry->name, "inode-state");

	(void)reader;
	return text_printf(out, "%" PRId64 "\t0%s\n", w->reclaim.own.slab_reclaimable, zeroes[is_state]);
}
