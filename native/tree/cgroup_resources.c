/* The files cpu.*, io.* and pids.* of a cgroup of v2. Of what they allow only pids.max has an effect. */
#include "number.h"
#include "cgroup_control.h"
#include "text.h"
#include "tree/cgroup_files.h"
#include "world.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { US = 1000, MOST_WEIGHT = 10000, SHORTEST_PERIOD = 1000, LONGEST_PERIOD = 1000000, MOST_PIDS = 1 << 22 };

/* ---- cpu ---- */

static int show_throttling(const struct world *w, struct text *out)
{
	int error = text_printf(out, "nr_periods 0\nnr_throttled 0\nthrottled_usec 0\n");

	return error || !w->rules.cpu_stat_has_bursts ? error : text_printf(out, "nr_bursts 0\nburst_usec 0\n");
}

int show_cpu_stat(struct world *w, struct cgroup *cg, struct text *out)
{
	struct spent spent = cg->parent ? cgroup_spent(w, cg) : spent_by_all(w);
	int error = text_printf(out, "usage_usec %" PRIu64 "\nuser_usec %" PRIu64 "\nsystem_usec %" PRIu64 "\n",
				spent.utime / US + spent.stime / US, spent.utime / US, spent.stime / US);

	if (!error && w->rules.cpu_stat_has_nice)
		error = text_printf(out, "nice_usec 0\n");
	if (error || !cg->parent || !(cgroup_controllers(w, cg) & CONTROLS_CPU))
		return error;
	return show_throttling(w, out);
}

int show_cpu_stat_local(struct world *w, struct cgroup *cg, struct text *out)
{
	bool has_cpu = cg->parent && (cgroup_controllers(w, cg) & CONTROLS_CPU);

	return has_cpu ? text_printf(out, "throttled_usec 0\n") : 0;
}

int show_cpu_weight(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w;
	return text_printf(out, "%u\n", cg->cpu_weight);
}

int store_cpu_weight(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	uint64_t weight;
	int error = number_parse_unsigned(text, &weight);

	(void)w, (void)who;
	if (error)
		return error;
	if (!weight || weight > MOST_WEIGHT)
		return -ERANGE;
	cg->cpu_weight = (uint32_t)weight;
	return 0;
}

int show_cpu_max(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w;
	if (cg->cpu_quota == UNLIMITED)
		return text_printf(out, "max %" PRId64 "\n", cg->cpu_period);
	return text_printf(out, "%" PRId64 " %" PRId64 "\n", cg->cpu_quota, cg->cpu_period);
}

/* "max", "50000" or with the period behind it: cpu_period_quota_parse(). */
int store_cpu_max(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	uint64_t quota = (uint64_t)UNLIMITED, period = (uint64_t)cg->cpu_period;
	char *word = strsep(&text, " \t\n");

	(void)w, (void)who;
	if (strcmp(word, "max") && number_parse_unsigned(word, &quota))
		return -EINVAL;
	if (text && number_parse_unsigned(text, &period))
		return -EINVAL;
	if (period < SHORTEST_PERIOD || period > LONGEST_PERIOD || quota < SHORTEST_PERIOD || quota > (uint64_t)UNLIMITED)
		return -EINVAL;
	cg->cpu_quota = (int64_t)quota;
	cg->cpu_period = (int64_t)period;
	return 0;
}

/* ---- io: the one disk ---- */

int show_io_stat(struct world *w, struct cgroup *cg, struct text *out)
{
	struct spent spent = cg->parent ? cgroup_spent(w, cg) : spent_by_all(w);

	if (!spent.read_bytes && !spent.write_bytes)
		return 0;
	return text_printf(out, "8:0 rbytes=%" PRIu64 " wbytes=%" PRIu64 " rios=%" PRIu64 " wios=%" PRIu64 " dbytes=0 dios=0\n",
			   spent.read_bytes, spent.write_bytes, spent.read_bytes / 4096, spent.write_bytes / 4096);
}

/* ---- pids ---- */

int show_pids_current(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w;
	return text_printf(out, "%" PRId64 "\n", cg->pids.count);
}

int show_pids_peak(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w;
	return text_printf(out, "%" PRId64 "\n", cg->pids.peak);
}

int show_pids_max(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w;
	return cg->pids.max == UNLIMITED ? text_printf(out, "max\n") : text_printf(out, "%" PRId64 "\n", cg->pids.max);
}

int store_pids_max(struct world *w, struct cgroup *cg, const struct caller *who, char *text)
{
	int64_t most = UNLIMITED;
	int error = strcmp(text, "max") ? number_parse_signed(text, &most) : 0;

	(void)w, (void)who;
	if (error)
		return error;
	if (most < 0 || (most > MOST_PIDS && most != UNLIMITED))
		return -EINVAL;
	cg->pids.max = most;
	return 0;
}

int show_pids_events(struct world *w, struct cgroup *cg, struct text *out)
{
	return text_printf(out, "max %" PRIu64 "\n", w->rules.pids_events_are_local ? cg->pids.refused : cg->pids.refused_here);
}

int show_pids_events_local(struct world *w, struct cgroup *cg, struct text *out)
{
	(void)w;
	return text_printf(out, "max %" PRIu64 "\n", cg->pids.refused_here);
}
