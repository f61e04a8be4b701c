/* The OOM reaper: takes a victim's memory before the victim has exited. Patches 8, 9 and 10 of the series. */
#ifndef REAPER_H
#define REAPER_H

#include <stdbool.h>
#include <stdint.h>

struct task;
struct world;

enum { REAP_ATTEMPTS = 10 };

void reaper_queue(struct world *w, struct task *victim);
/* When it has something to do next, INT64_MAX for never. */
int64_t reaper_next(const struct world *w);
/* Does what is due now. */
void reaper_step(struct world *w);
/* process_mrelease(2): what the reaper does, asked for by user space. */
int process_mrelease(struct world *w, struct task *t, uint32_t flags);
void reaper_drop(struct world *w);

#endif
