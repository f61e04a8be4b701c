/* Files of a task that tell the same of everybody, or nothing: what stands behind them is not modelled. */
#include "ptrace.h"
#include "text.h"
#include "tree/task_files.h"
#include "world.h"

#include <errno.h>

int nothing_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)w, (void)node, (void)reader, (void)out;
	return 0;
}

int personality_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	return ptrace_may_access(w, reader, node->task) ? text_printf(out, "00000000\n") : -EPERM;
}

/* loginuid and sessionid: nobody has logged in. */
int loginuid_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)w, (void)node, (void)reader;
	return text_printf(out, "4294967295");
}

int coredump_filter_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)w, (void)reader;
	return mm_of(node->task) ? text_printf(out, "00000033\n") : 0;
}

int cpuset_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)w, (void)node, (void)reader;
	return text_printf(out, "/\n");
}

int timerslack_ns_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	const struct task *by = pid_find(&w->pids, reader->pid);

	if (by != node->task && !(reader->caps & CAP_BIT(CAP_SYS_NICE)))
		return -EPERM;
	return text_printf(out, "50000\n");
}

int arch_status_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)w, (void)reader;
	return is_kthread(node->task) ? 0 : text_printf(out, "AVX512_elapsed_ms:\t-1\n");
}

int timens_offsets_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)w, (void)reader;
	if (!has_files(node->task))
		return 0;
	return text_printf(out, "%-10s %10d %9d\n%-10s %10d %9d\n", "monotonic", 0, 0, "boottime", 0, 0);
}

/* A child user namespace maps nothing. */
int id_map_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)w, (void)reader;
	return node->task && node->task->cred->in_user_namespace ? 0 : text_printf(out, "%10u %10u %10u\n", 0, 0, UINT32_MAX);
}

int setgroups_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)w, (void)node, (void)reader;
	return text_printf(out, "allow\n");
}

/* Address 0, where a reading begins, is mapped nowhere. */
int mem_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)w, (void)reader, (void)out;
	return node->task && mm_of(node->task) ? -EIO : 0;
}

/* Referenced bits are not modelled: what is asked for is checked, and done. */
ssize_t clear_refs_write(struct world *w, const struct node *node, const struct caller *who, const char *bytes, size_t count,
			 int64_t offset)
{
	(void)w, (void)who, (void)offset;
	if (!count || bytes[0] < '1' || bytes[0] > '5' || (count > 1 && bytes[1] != '\n'))
		return -EINVAL;
	return node->task ? (ssize_t)count : -ESRCH;
}
