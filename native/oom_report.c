/* See oom_report.h. */
#include "oom_report.h"

#include "charge.h"
#include "constraint.h"
#include "oom_kill.h"
#include "task.h"
#include "text.h"
#include "world.h"

#include <inttypes.h>

enum { BURST = 10 };
static const int64_t WINDOW = 5000000000;	/* nanoseconds */

static unsigned long kilobytes(int64_t pages)
{
	return pages > 0 ? (unsigned long)pages * 4 : 0;
}

/* ---- the flags of an allocation, as %pGg ---- */

static const struct { uint32_t mask; const char *name; } gfp_names[] = {
	{ 0x24200ca, "GFP_HIGHUSER_MOVABLE" }, { 0x24200c2, "GFP_HIGHUSER" }, { 0x24200c0, "GFP_USER" },
	{ 0x25000c0, "GFP_KERNEL_ACCOUNT" }, { 0x24000c0, "GFP_KERNEL" }, { 0x2400040, "GFP_NOFS" },
	{ 0x2080020, "GFP_ATOMIC" }, { 0x2400000, "GFP_NOIO" }, { 0x2000000, "GFP_NOWAIT" },
	{ 0x1, "GFP_DMA" }, { 0x2, "__GFP_HIGHMEM" }, { 0x4, "GFP_DMA32" }, { 0x8, "__GFP_MOVABLE" },
	{ 0x10, "__GFP_RECLAIMABLE" }, { 0x20, "__GFP_HIGH" }, { 0x40, "__GFP_IO" }, { 0x80, "__GFP_FS" },
	{ 0x100, "__GFP_COLD" }, { 0x200, "__GFP_NOWARN" }, { 0x400, "__GFP_REPEAT" }, { 0x800, "__GFP_NOFAIL" },
	{ 0x1000, "__GFP_NORETRY" }, { 0x2000, "__GFP_MEMALLOC" }, { 0x4000, "__GFP_COMP" }, { 0x8000, "__GFP_ZERO" },
	{ 0x10000, "__GFP_NOMEMALLOC" }, { 0x20000, "__GFP_HARDWALL" }, { 0x40000, "__GFP_THISNODE" },
	{ 0x80000, "__GFP_ATOMIC" }, { 0x100000, "__GFP_ACCOUNT" }, { 0x400000, "__GFP_DIRECT_RECLAIM" },
	{ 0x1000000, "__GFP_WRITE" }, { 0x2000000, "__GFP_KSWAPD_RECLAIM" },
};

static const struct { uint32_t mask; const char *name; } gfp_names_today[] = {
	{ 0x100cca, "GFP_HIGHUSER_MOVABLE" }, { 0x100cc2, "GFP_HIGHUSER" }, { 0x100cc0, "GFP_USER" },
	{ 0x400cc0, "GFP_KERNEL_ACCOUNT" }, { 0xcc0, "GFP_KERNEL" }, { 0xc40, "GFP_NOFS" }, { 0xc00, "GFP_NOIO" },
	{ 0x4, "GFP_DMA32" }, { 0x20, "__GFP_HIGH" }, { 0x40, "__GFP_IO" }, { 0x80, "__GFP_FS" },
	{ 0x2000, "__GFP_NOWARN" }, { 0x4000, "__GFP_RETRY_MAYFAIL" }, { 0x8000, "__GFP_NOFAIL" },
	{ 0x10000, "__GFP_NORETRY" }, { 0x40000, "__GFP_COMP" }, { 0x100, "__GFP_ZERO" },
	{ 0x80000, "__GFP_NOMEMALLOC" }, { 0x20000, "__GFP_MEMALLOC" }, { 0x100000, "__GFP_HARDWALL" },
	{ 0x200000, "__GFP_THISNODE" }, { 0x10, "__GFP_RECLAIMABLE" }, { 0x8, "__GFP_MOVABLE" },
	{ 0x400000, "__GFP_ACCOUNT" }, { 0x1000, "__GFP_WRITE" }, { 0x400, "__GFP_DIRECT_RECLAIM" },
	{ 0x800, "__GFP_KSWAPD_RECLAIM" },
};

/* Largest combinations first; what has no name is written in hex. */
#define NAME_FLAGS(table, mask, out) \
	for (size_t i = 0; i < sizeof(table) / sizeof((table)[0]); i++) \
		if (((mask) & (table)[i].mask) == (table)[i].mask) { \
			text_printf(out, "%s%s", (out)->length ? "|" : "", (table)[i].name); \
			(mask) &= ~(table)[i].mask; \
		}

static void name_flags(const struct world *w, uint32_t mask, struct text *out)
{
	if (w->rules.gfp_values_of_2016) {
		NAME_FLAGS(gfp_names, mask, out)
	} else {
		NAME_FLAGS(gfp_names_today, mask, out)
	}
	if (mask)
		text_printf(out, "%s0x%x", out->length ? "|" : "", mask);
	text_append(out, "", 1);
}

/* ---- the report ---- */

static void invoked(struct world *w, const struct oom_control *oc)
{
	struct text names;

	text_init(&names);
	name_flags(w, oc->gfp_mask, &names);
	klog_printf(w, LOG_WARNING, "%s invoked oom-killer: gfp_mask=0x%x(%s),%s order=%d, oom_score_adj=%d", oc->current->comm,
		    oc->gfp_mask, names.bytes, w->rules.header_names_nodemask ? " nodemask=(null)," : "",
		    oc->order, oc->current->signal->oom_score_adj);
	text_drop(&names);
}

static bool is_listed(const struct task *leader, const struct oom_control *oc)
{
	return !is_global_init(leader) && !is_kthread(leader) && first_with_mm(leader->signal)
		&& (!oc->memcg || cgroup_is_below(leader->signal->cgroup, oc->memcg));
}

static int64_t rss_of(const struct memory *m)
{
	return m->anon + m->file + m->shmem;
}

static void row(struct world *w, const struct task *t)
{
	const struct memory *m = &t->mm->memory;
	int uid = (int)t->cred->uid, tgid = t->signal->leader->pid, adj = t->signal->oom_score_adj;
	unsigned long tables = ((unsigned long)m->ptes + m->pmds) * 4096;

	if (!w->rules.table_in_bytes)
		klog_printf(w, LOG_INFO, "[%5d] %5d %5d %8" PRIu64 " %8" PRId64 " %7u %7u %8" PRId64 "         %5d %s",
			    t->pid, uid, tgid, m->total_vm, rss_of(m), m->ptes, m->pmds, m->swapents, adj, t->comm);
	else if (!w->rules.table_splits_rss)
		klog_printf(w, LOG_INFO, "[%7d] %5d %5d %8" PRIu64 " %8" PRId64 " %8lu %8" PRId64 "         %5d %s", t->pid,
			    uid, tgid, m->total_vm, rss_of(m), tables, m->swapents, adj, t->comm);
	else
		klog_printf(w, LOG_INFO,
			    "[%7d] %5d %5d %8" PRIu64 " %8" PRId64 " %8" PRId64 " %8" PRId64 " %9" PRId64 " %8lu %8" PRId64
			    "         %5d %s",
			    t->pid, uid, tgid, m->total_vm, rss_of(m), m->anon, m->file, m->shmem, tables, m->swapents,
			    adj, t->comm);
}

static const char *table_header(const struct world *w)
{
	if (!w->rules.table_in_bytes)
		return "[ pid ]   uid  tgid total_vm      rss nr_ptes nr_pmds swapents oom_score_adj name";
	if (!w->rules.table_splits_rss)
		return "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name";
	return "[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name";
}

static void table(struct world *w, const struct oom_control *oc)
{
	if (!w->sysctl.oom_dump_tasks)
		return;
	if (w->rules.table_is_announced)
		klog_printf(w, LOG_INFO, "Tasks state (memory values in pages):");
	klog_printf(w, LOG_INFO, "%s", table_header(w));
	for (const struct signal *s = NULL; (s = process_after(w, s));)
		if (is_listed(s->leader, oc))
			row(w, first_with_mm(s));
}

static void memory_lines(struct world *w, const struct task *victim, const struct oom_control *oc)
{
	char task[CGROUP_PATH], limited[CGROUP_PATH];

	if (!oc->memcg) {
		klog_printf(w, LOG_WARNING, "Mem-Info:");
		klog_printf(w, LOG_WARNING, "Total swap = %lukB", kilobytes((int64_t)w->swap_pages));
		klog_printf(w, LOG_WARNING, "%" PRIu64 " pages RAM", w->ram_pages);
		return;
	}
	if (w->rules.kill_line_names_score)
		klog_printf(w, LOG_INFO, "Task in %s killed as a result of limit of %s",
			    cgroup_path(victim ? victim->signal->cgroup : &w->root, task), cgroup_path(oc->memcg, limited));
	klog_printf(w, LOG_INFO, "memory: usage %lukB, limit %lukB, failcnt 0", kilobytes(resident(&oc->memcg->usage)),
		    kilobytes((int64_t)oc->total));
}

void report_header(struct world *w, const struct task *victim, const struct oom_control *oc)
{
	invoked(w, oc);
	if (!w->rules.summary_line)
		klog_printf(w, LOG_INFO, "%s cpuset=/ mems_allowed=0", oc->current->comm);
	klog_printf(w, LOG_WARNING, "CPU: 0 PID: %d Comm: %.20s Not tainted %s #1", oc->current->pid, oc->current->comm,
		    rules_version_name((int)w->version));
	memory_lines(w, victim, oc);
	table(w, oc);
}

static bool is_within_limit(struct world *w)
{
	struct oom *oom = &w->oom;

	if (!oom->limited || w->now - oom->window > WINDOW) {
		if (oom->missed)
			klog_printf(w, LOG_WARNING, "oom_kill_process: %d callbacks suppressed", oom->missed);
		oom->limited = true;
		oom->window = w->now;
		oom->printed = oom->missed = 0;
	}
	if (oom->printed < BURST)
		oom->printed++;
	else
		oom->missed++;
	return !oom->missed;
}

static void summary(struct world *w, const struct task *p, const struct oom_control *oc)
{
	char task[CGROUP_PATH], limited[CGROUP_PATH];

	klog_printf(w, LOG_INFO,
		    "oom-kill:constraint=%s,nodemask=(null),cpuset=/,mems_allowed=0,%s%s,task_memcg=%s,task=%s,pid=%d,uid=%d",
		    constraint_name(oc->constraint), oc->memcg ? "oom_memcg=" : "global_oom",
		    oc->memcg ? cgroup_path(oc->memcg, limited) : "", cgroup_path(p->signal->cgroup, task), p->comm, p->pid, (int)p->cred->uid);
}

/* Only the report is limited: the kill lines always come. */
void report_kill(struct world *w, const struct task *p, uint32_t score, const char *message, const struct oom_control *oc)
{
	if (is_within_limit(w)) {
		report_header(w, p, oc);
		if (w->rules.summary_line)
			summary(w, p, oc);
	}
	if (w->rules.kill_line_names_score)
		klog_printf(w, LOG_ERR, "%s: Kill process %d (%s) score %u or sacrifice child", message, p->pid, p->comm, score);
}

void report_killed(struct world *w, const struct task *victim, const char *message)
{
	const struct memory *m = &victim->mm->memory;
	struct text prefix, suffix;

	text_init(&prefix);
	text_init(&suffix);
	if (!w->rules.kill_line_names_score)
		text_printf(&prefix, "%s: ", message);
	if (w->rules.kill_line_names_uid)
		text_printf(&suffix, ", UID:%u pgtables:%lukB oom_score_adj:%d", victim->cred->uid,
			    kilobytes((int64_t)m->ptes + m->pmds), victim->signal->oom_score_adj);
	text_append(&prefix, "", 1);
	text_append(&suffix, "", 1);
	klog_printf(w, LOG_ERR, "%sKilled process %d (%s) total-vm:%lukB, anon-rss:%lukB, file-rss:%lukB, shmem-rss:%lukB%s",
		    prefix.bytes, victim->pid, victim->comm, kilobytes((int64_t)m->total_vm), kilobytes(m->anon),
		    kilobytes(m->file), kilobytes(m->shmem), suffix.bytes);
	text_drop(&prefix);
	text_drop(&suffix);
}

void report_exiting(struct world *w, const struct task *victim, const char *message)
{
	klog_printf(w, LOG_INFO, "%s: OOM victim %d (%s) is already exiting. Skip killing the task", message, victim->pid,
		    victim->comm);
}

void report_group(struct world *w, const struct cgroup *group)
{
	char path[CGROUP_PATH];

	klog_printf(w, LOG_INFO, "Tasks in %s are going to be killed due to memory.oom.group set",
		    cgroup_path(group, path));
}

void report_pinned(struct world *w, const struct task *victim, const struct task *sharer)
{
	klog_printf(w, LOG_INFO, "oom killer %d (%s) has mm pinned by %d (%s)", victim->pid, victim->comm, sharer->pid,
		    sharer->comm);
}

void report_no_victim(struct world *w)
{
	klog_printf(w, LOG_WARNING, "Out of memory and no killable processes...");
}

void report_panic(struct world *w)
{
	klog_printf(w, LOG_EMERG, "Kernel panic - not syncing: %s", w->oom.panic);
}
