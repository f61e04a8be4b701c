/* /proc/PID/status: the lines that the world knows, in the kernel's order; the memory lines only with an mm. */
#include "task.h"
#include "text.h"
#include "tree/tree.h"
#include "world.h"

#include <inttypes.h>

static const char *state_name(char state)
{
	switch (state) {
	case 'R': return "R (running)";
	case 'D': return "D (disk sleep)";
	case 'T': return "T (stopped)";
	case 'Z': return "Z (zombie)";
	default: return "S (sleeping)";
	}
}

/* The kernel escapes newline and backslash here, so that a comm cannot make lines of its own. */
static int name(const struct task *t, struct text *out)
{
	int error = text_printf(out, "Name:\t");

	for (const char *c = t->comm; !error && *c; c++)
		error = *c == '\n' ? text_append(out, "\\n", 2) : *c == '\\' ? text_append(out, "\\\\", 2) : text_append(out, c, 1);
	return error;
}

static int ids(const struct task *t, struct text *out)
{
	const struct task *parent = t->signal->parent;
	const struct cred *c = t->cred;

	return text_printf(out,
			   "\nUmask:\t0022\nState:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n"
			   "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nFDSize:\t64\nGroups:\t \n",
			   state_name(t->state), t->signal->leader->pid, t->pid,
			   parent ? parent->signal->leader->pid : 0, c->uid, c->euid, c->suid, c->euid, c->gid, c->egid,
			   c->sgid, c->egid);
}

static int kilobytes(struct text *out, const char *name, uint64_t pages)
{
	return text_printf(out, "%s:\t%8" PRIu64 " kB\n", name, pages * 4);
}

static int sizes(const struct memory *m, struct text *out)
{
	uint64_t resident = (uint64_t)(m->anon + m->file + m->shmem);
	const struct { const char *name; uint64_t pages; } lines[] = {
		{ "VmPeak", m->total_vm },
		{ "VmSize", m->total_vm },
		{ "VmLck", 0 },
		{ "VmPin", 0 },
		{ "VmHWM", resident },
		{ "VmRSS", resident },
		{ "RssAnon", (uint64_t)m->anon },
		{ "RssFile", (uint64_t)m->file },
		{ "RssShmem", (uint64_t)m->shmem },
		{ "VmData", (uint64_t)(m->anon + m->swapents) },
		{ "VmStk", 33 },
		{ "VmExe", 5 },
		{ "VmLib", 382 },
		{ "VmPTE", (uint64_t)m->ptes + m->pmds },
		{ "VmSwap", (uint64_t)m->swapents },
	};
	int error = 0;

	for (size_t i = 0; !error && i < sizeof(lines) / sizeof(lines[0]); i++)
		error = kilobytes(out, lines[i].name, lines[i].pages);
	return error;
}

static int rest(const struct task *t, struct text *out)
{
	const struct cred *c = t->cred;

	return text_printf(out,
			   "Threads:\t%d\nCapInh:\t%016" PRIx64 "\nCapPrm:\t%016" PRIx64 "\nCapEff:\t%016" PRIx64
			   "\nCapBnd:\t%016" PRIx64 "\nvoluntary_ctxt_switches:\t0\n"
			   "nonvoluntary_ctxt_switches:\t0\n",
			   t->signal->threads, c->inheritable, c->permitted, c->effective, c->bounding);
}

int status_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	const struct task *t = node->task;
	int error = name(t, out);

	(void)w, (void)reader;
	if (!error)
		error = ids(t, out);
	if (!error && t->mm && !is_kthread(t))
		error = sizes(&t->mm->memory, out);
	return error ? error : rest(t, out);
}
