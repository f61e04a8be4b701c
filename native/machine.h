/* What the machine is besides its memory and its processes: CPUs, name, and the clock's part in its counters. */
#ifndef MACHINE_H
#define MACHINE_H

#include "fakeproc.h"

#include <stdbool.h>
#include <stddef.h>

struct world;

void machine_boot(struct world *w);
/* Has it CPUs, and a host name that a line can hold? */
bool machine_is_sound(const struct machine *value);
/* -EINVAL: no CPU or too many, no host name or a byte in it that a line cannot hold. */
int set_machine(struct world *w, const struct machine *value);

/* "4.8.0", as uname -r says it. */
enum { RELEASE_SIZE = 16 };
void release_of(const struct world *w, char release[RELEASE_SIZE]);

/* What one of the CPUs has done since boot, in ticks of USER_HZ: all the tasks' time is shared out among them. */
struct cpu_ticks {
	uint64_t user, system, idle;
};

struct cpu_ticks ticks_of_cpu(const struct world *w, int32_t cpu);

/* Ticks of one CPU since boot. A tick interrupts each CPU, switches the context, and raises a timer softirq. */
uint64_t ticks_of(const struct world *w);
/* Seconds since the epoch. */
int64_t boot_second(const struct world *w);

#endif
