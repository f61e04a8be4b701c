/*
 * /proc/PID/status: the line list of the kernel of the rules, the same for all processes and another for all kernel
 * threads and zombies, because programs take lines by their number. The parts are those of proc_pid_status().
 */
#include "extra.h"
#include "layout.h"
#include "text.h"
#include "tree/task_files.h"
#include "world.h"

#include <inttypes.h>

enum { USUAL_BYTES = 2048, FILES_AT_FIRST = 64 };

/* A mask of 1024 memory nodes, as distributions configure it: all but the last two words are 0. */
#define NO_NODES "00000000,00000000,00000000,00000000,00000000,00000000,"
#define LOW_NODES NO_NODES NO_NODES NO_NODES NO_NODES NO_NODES

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
	int error = text_append(out, "Name:\t", 6);

	for (const char *c = t->comm; !error && *c; c++)
		error = *c == '\n' ? text_append(out, "\\n", 2) : *c == '\\' ? text_append(out, "\\\\", 2) : text_append(out, c, 1);
	if (!error && has_files(t))
		error = text_printf(out, "\nUmask:\t0022");
	return error;
}

/* The table of descriptors doubles; it is gone with the files. */
static uint32_t fd_size(const struct task *t)
{
	uint32_t size = FILES_AT_FIRST, count = count_files(t);

	while (size < count)
		size *= 2;
	return has_files(t) ? size : 0;
}

static int ids(const struct world *w, const struct task *t, struct text *out)
{
	const struct task *parent = t->signal->parent;
	const struct cred *c = t->cred;

	return text_printf(out,
			   "\nState:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n"
			   "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nFDSize:\t%u\nGroups:\t%s\n",
			   state_name(t->state), t->signal->leader->pid, t->pid,
			   parent ? parent->signal->leader->pid : 0, c->uid, c->euid, c->suid, c->euid, c->gid, c->egid,
			   c->sgid, c->egid, fd_size(t), w->rules.groups_end_in_space ? " " : "");
}

/* In every namespace that it is in. Ids of inner ones are not modelled, but that their init is 1 there. */
static int ns_line(const struct world *w, const struct task *t, const char *title, int32_t pid, struct text *out)
{
	int error = text_printf(out, "%s:\t%d", title, pid);

	for (uint32_t ns = t->signal->namespace; !error && ns; ns = w->namespaces[ns].parent)
		error = text_printf(out, "\t%d", w->namespaces[ns].init == t->signal && is_leader(t) ? 1 : pid);
	return error ? error : text_append(out, "\n", 1);
}

static int namespaces(const struct world *w, const struct task *t, struct text *out)
{
	int32_t leader = t->signal->leader->pid, group = is_kthread(t) ? 0 : leader;
	int error = ns_line(w, t, "NStgid", leader, out);

	if (!error)
		error = ns_line(w, t, "NSpid", t->pid, out);
	if (!error)
		error = ns_line(w, t, "NSpgid", group, out);
	if (!error)
		error = ns_line(w, t, "NSsid", group, out);
	if (!error && w->rules.status_has_kthread)
		error = text_printf(out, "Kthread:\t%d\n", is_kthread(t));
	return error;
}

static uint64_t kilobytes(int64_t pages)
{
	return pages > 0 ? (uint64_t)pages * 4 : 0;
}

static int sizes(const struct world *w, const struct mm *mm, struct text *out)
{
	const struct memory *m = &mm->memory;
	struct vm_sizes vm = layout_sizes(&w->rules, mm);
	int error = text_printf(out,
		"VmPeak:\t%8" PRIu64 " kB\nVmSize:\t%8" PRIu64 " kB\nVmLck:\t%8" PRIu64 " kB\nVmPin:\t       0 kB\n"
		"VmHWM:\t%8" PRIu64 " kB\nVmRSS:\t%8" PRIu64 " kB\nRssAnon:\t%8" PRIu64 " kB\nRssFile:\t%8" PRIu64 " kB\n"
		"RssShmem:\t%8" PRIu64 " kB\nVmData:\t%8" PRIu64 " kB\nVmStk:\t%8" PRIu64 " kB\nVmExe:\t%8" PRIu64 " kB\n"
		"VmLib:\t%8" PRIu64 " kB\n",
		hiwater_vm(mm) * 4, m->total_vm * 4, (uint64_t)m->anon_locked * 4, hiwater_rss(mm) * 4,
		kilobytes(m->anon) + kilobytes(m->file) + kilobytes(m->shmem), kilobytes(m->anon), kilobytes(m->file),
		kilobytes(m->shmem), vm.data * 4, vm.stack * 4, vm.exe * 4, vm.lib * 4);

	if (!error && w->rules.status_has_vmpmd)
		error = text_printf(out, "VmPTE:\t%8" PRIu64 " kB\nVmPMD:\t%8" PRIu64 " kB\n", (uint64_t)m->ptes * 4,
				    (uint64_t)m->pmds * 4);
	else if (!error)
		error = text_printf(out, "VmPTE:\t%8" PRIu64 " kB\n", ((uint64_t)m->ptes + m->pmds) * 4);
	return error ? error : text_printf(out, "VmSwap:\t%8" PRIu64 " kB\nHugetlbPages:\t       0 kB\n", kilobytes(m->swapents));
}

static int flags_of_mm(const struct world *w, const struct task *t, struct text *out)
{
	int error = 0;

	if (w->rules.status_has_core_dumping)
		error = text_printf(out, "CoreDumping:\t%d\n", t->signal->group_coredump);
	if (!error && w->rules.status_has_thp)
		error = text_printf(out, "THP_enabled:\t1\n");
	if (!error && w->rules.status_has_untag_mask)
		error = text_printf(out, "untag_mask:\t0xffffffffffffffff\n");
	return error;
}

/* What has been said of them, and SIGKILL for a thread that is to end; kernel threads ignore all. */
static int signals(const struct world *w, const struct task *t, struct text *out)
{
	uint64_t pending = (t->flags & TASK_KILLED) && !is_zombie(t) ? 1 << 8 : 0;
	struct signals of_process = signals_of(t->signal);

	return text_printf(out,
			   "Threads:\t%d\nSigQ:\t0/%" PRIu64 "\nSigPnd:\t%016" PRIx64 "\nShdPnd:\t%016" PRIx64 "\n"
			   "SigBlk:\t%016d\nSigIgn:\t%016" PRIx64 "\nSigCgt:\t%016" PRIx64 "\n",
			   t->signal->threads, limit_of_processes(w), pending, of_process.pending, 0,
			   is_kthread(t) ? UINT64_MAX : of_process.ignored, of_process.caught);
}

static int capabilities(const struct world *w, const struct task *t, struct text *out)
{
	uint64_t known = w->rules.cap_last_is_40 ? CAPS_ALL : (1ULL << 38) - 1;
	const struct cred *c = t->cred;

	return text_printf(out, "CapInh:\t%016" PRIx64 "\nCapPrm:\t%016" PRIx64 "\nCapEff:\t%016" PRIx64
			   "\nCapBnd:\t%016" PRIx64 "\nCapAmb:\t%016d\n", c->inheritable & known, c->permitted & known,
			   c->effective & known, c->bounding & known, 0);
}

static int security(const struct world *w, struct text *out)
{
	return text_printf(out, "%sSeccomp:\t0\n%s%s%s", w->rules.status_has_no_new_privs ? "NoNewPrivs:\t0\n" : "",
			   w->rules.status_has_seccomp_filters ? "Seccomp_filters:\t0\n" : "",
			   w->rules.status_has_speculation ? "Speculation_Store_Bypass:\tvulnerable\n" : "",
			   w->rules.status_has_indirect_branch ? "SpeculationIndirectBranch:\talways enabled\n" : "");
}

/* A list such as 0-3,8 of the bits in a mask. */
static int list(uint64_t mask, struct text *out)
{
	const char *comma = "";
	int error = 0;

	for (int first = 0, last; !error && first < 64; first = last + 1) {
		last = first;
		if (!(mask & (1ULL << first)))
			continue;
		while (last < 63 && (mask & (1ULL << (last + 1))))
			last++;
		error = last > first ? text_printf(out, "%s%d-%d", comma, first, last) : text_printf(out, "%s%d", comma, first);
		comma = ",";
	}
	return error ? error : text_append(out, "\n", 1);
}

/* A bit for each CPU, in groups of 32, the last ones first. */
static int cpus_of_machine(int32_t cpus, struct text *out)
{
	const char *before = "Cpus_allowed:\t";
	int error = 0;

	for (int32_t bits; !error && cpus > 0; cpus -= bits) {
		bits = (cpus - 1) % 32 + 1;
		error = text_printf(out, "%s%0*" PRIx32, before, (bits + 3) / 4, UINT32_MAX >> (32 - bits));
		before = ",";
	}
	return error;
}

static int last_of(int32_t cpus, struct text *out)
{
	int error = text_printf(out, "\nCpus_allowed_list:\t0");

	return error || cpus == 1 ? error : text_printf(out, "-%d", cpus - 1);
}

/* Everybody may use every CPU. */
static int where(const struct world *w, const struct task *t, struct text *out)
{
	uint64_t nodes = t->mems & w->nodes;
	int error = cpus_of_machine(w->machine.cpus, out);

	if (!error)
		error = last_of(w->machine.cpus, out);
	if (!error)
		error = text_printf(out, "\nMems_allowed:\t" LOW_NODES "%08x,%08x\nMems_allowed_list:\t",
				    (uint32_t)(nodes >> 32), (uint32_t)nodes);
	return error ? error : list(nodes, out);
}

static int switches(const struct world *w, const struct task *t, struct text *out)
{
	struct spent c = spent_by_task(w, t);

	return text_printf(out, "voluntary_ctxt_switches:\t%" PRIu64 "\nnonvoluntary_ctxt_switches:\t%" PRIu64 "\n", c.nvcsw,
			   c.nivcsw);
}

static int with_mm(const struct world *w, const struct task *t, struct text *out)
{
	int error = sizes(w, t->mm, out);

	return error ? error : flags_of_mm(w, t, out);
}

int status_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	const struct task *t = node->task;
	int error = text_reserve(out, USUAL_BYTES);

	(void)reader;
	if (!error)
		error = name(t, out);
	if (!error)
		error = ids(w, t, out);
	if (!error)
		error = namespaces(w, t, out);
	if (!error && mm_of(t))
		error = with_mm(w, t, out);
	if (!error)
		error = signals(w, t, out);
	if (!error)
		error = capabilities(w, t, out);
	if (!error)
		error = security(w, out);
	if (!error)
		error = where(w, t, out);
	return error ? error : switches(w, t, out);
}
