/* /proc/PID/exe, cwd and root: where they lead, for who may look into the task. */
#include "extra.h"
#include "layout.h"
#include "ptrace.h"
#include "text.h"
#include "tree/task_files.h"

#include <errno.h>
#include <string.h>

int exe_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	char path[4096];

	if (!ptrace_may_access(w, reader, node->task))
		return -EACCES;
	if (!mm_of(node->task))
		return -ENOENT;
	exe_of(node->task, path, sizeof(path));
	return text_append(out, path, strlen(path));
}

static int directory_of(struct world *w, const struct task *t, const struct caller *reader, const char *path, struct text *out)
{
	if (!ptrace_may_access(w, reader, t))
		return -EACCES;
	return has_files(t) ? text_append(out, path, strlen(path)) : -ENOENT;
}

int cwd_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	return directory_of(w, node->task, reader, cwd_of(node->task->signal), out);
}

int root_link_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	return directory_of(w, node->task, reader, "/", out);
}
