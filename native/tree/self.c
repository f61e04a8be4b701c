/*
 * The links of /proc. self and thread-self: who asks; a caller that the world does not know gets a dangling link.
 * mounts and net are his.
 */
#include "task.h"
#include "text.h"
#include "tree/tree.h"
#include "world.h"

#include <errno.h>

static int32_t leader_of(const struct world *w, const struct caller *who)
{
	const struct task *t = pid_find(&w->pids, who->pid);

	return t ? t->signal->leader->pid : who->pid;
}

int self_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)node;
	return reader->pid ? text_printf(out, "%d", leader_of(w, reader)) : -ENOENT;
}

int thread_self_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)node;
	return reader->pid ? text_printf(out, "%d/task/%d", leader_of(w, reader), reader->pid) : -ENOENT;
}

int mounts_link_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)w, (void)node, (void)reader;
	return text_printf(out, "self/mounts");
}

int net_link_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)w, (void)node, (void)reader;
	return text_printf(out, "self/net");
}
