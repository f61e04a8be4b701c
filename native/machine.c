/* See machine.h. */
#include "machine.h"

#include "account.h"
#include "clock.h"
#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { HZ = 250 };

void machine_boot(struct world *w)
{
	w->machine = (struct machine){ .cpus = 2, .hostname = "localhost" };
}

static bool is_hostname(const char *name)
{
	size_t length = strnlen(name, HOSTNAME_SIZE);

	return length && length < HOSTNAME_SIZE && !strchr(name, '\n');
}

bool machine_is_sound(const struct machine *value)
{
	return value->cpus >= 1 && value->cpus <= CPUS_MAX && is_hostname(value->hostname);
}

int set_machine(struct world *w, const struct machine *value)
{
	if (!machine_is_sound(value))
		return -EINVAL;
	w->machine = *value;
	return 0;
}

void release_of(const struct world *w, char release[RELEASE_SIZE])
{
	snprintf(release, RELEASE_SIZE, "%s.0", rules_version_name((int)w->version));
}

static uint64_t share(uint64_t nanoseconds, int32_t cpu, int32_t cpus)
{
	uint64_t ticks = nanoseconds / NSEC_PER_TICK, of = (uint64_t)cpus, at = (uint64_t)cpu;

	return ticks * (at + 1) / of - ticks * at / of;
}

/* Where the tasks have more time than there is, nothing is idle. */
struct cpu_ticks ticks_of_cpu(const struct world *w, int32_t cpu)
{
	struct cpu_time all = cpu_time_of_all(w);
	uint64_t uptime = w->now > 0 ? (uint64_t)w->now / NSEC_PER_TICK : 0;
	struct cpu_ticks ticks = { share(all.user, cpu, w->machine.cpus), share(all.system, cpu, w->machine.cpus), 0 };
	uint64_t busy = ticks.user + ticks.system;

	ticks.idle = uptime > busy ? uptime - busy : 0;
	return ticks;
}

uint64_t ticks_of(const struct world *w)
{
	return w->now > 0 ? (uint64_t)w->now / (NSEC_PER_SEC / HZ) : 0;
}

int64_t boot_second(const struct world *w)
{
	return w->boot_time / NSEC_PER_SEC;
}
