/* What happens by itself while time passes: who was killed exits, who waits goes on, and the reaper reaps. */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>
#include <stdint.h>

struct oom_request;
struct task;
struct world;

void run_until(struct world *w, int64_t end);
/* When something happens by itself next, INT64_MAX for never. */
int64_t next_event(const struct world *w);

/* An allocation of that task finds no memory: out_of_memory(), and what others do before it returns. */
bool allocate(struct world *w, struct task *current, const struct oom_request *request);
/* The same by a kernel thread of that name, which is no task of the world. */
bool allocate_by_kworker(struct world *w, const char *comm, const struct oom_request *request);

/* gfp masks of the commonest allocations: of the kernel's own, and of a page that a process touches. */
uint32_t gfp_kernel(const struct world *w);
uint32_t gfp_fault(const struct world *w);

#endif
