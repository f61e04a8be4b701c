/* What the OOM killer writes to the kernel log, letter for letter. */
#ifndef OOM_REPORT_H
#define OOM_REPORT_H

#include <stdint.h>

struct cgroup;
struct oom_control;
struct task;
struct world;

/* "invoked oom-killer", Mem-Info and the task table (dump_header): at most ten times in five seconds. */
void report_header(struct world *w, const struct task *victim, const struct oom_control *oc);
void report_kill(struct world *w, const struct task *p, uint32_t score, const char *message, const struct oom_control *oc);
void report_killed(struct world *w, const struct task *victim, const char *message);
void report_exiting(struct world *w, const struct task *victim, const char *message);
void report_group(struct world *w, const struct cgroup *group);
void report_pinned(struct world *w, const struct task *victim, const struct task *sharer);
void report_no_victim(struct world *w);
void report_panic(struct world *w);

#endif
