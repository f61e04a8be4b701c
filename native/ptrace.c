/* See ptrace.h. */
#include "ptrace.h"

#include "cred.h"
#include "task.h"
#include "world.h"

static bool has_same_ids(const struct caller *who, const struct cred *c)
{
	return who->uid == c->uid && who->uid == c->euid && who->uid == c->suid
		&& who->gid == c->gid && who->gid == c->egid && who->gid == c->sgid;
}

/* cap_ptrace_access_check(): who makes a user namespace has every capability in it. */
static bool has_its_caps(const struct caller *who, const struct cred *c)
{
	return c->in_user_namespace || !(c->permitted & ~who->caps);
}

bool ptrace_may_access(const struct world *w, const struct caller *who, const struct task *t)
{
	const struct task *by = pid_find(&w->pids, who->pid);

	if ((by && by->signal == t->signal) || (who->caps & CAP_BIT(CAP_SYS_PTRACE)))
		return true;
	if (!has_same_ids(who, t->cred) || (t->mm && t->mm->dumpable != 1))
		return false;
	return has_its_caps(who, t->cred);
}
