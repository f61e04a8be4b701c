/* See psi.h. Mirrors kernel/sched/psi.c: update_averages(), psi_show(), update_triggers(), psi_trigger_create(). */
#include "psi.h"

#include "number.h"
#include "rules.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { FSHIFT = 11, FIXED_1 = 1 << FSHIFT };
static const uint64_t decay[3] = { 1677, 1981, 2034 };	/* EXP_10s, EXP_60s, EXP_300s, in 2 s, of FIXED_1 */

enum { US = 1000, UPDATES_PER_WINDOW = 10 };
/* Nanoseconds. The shortest step is a tick of a kernel with 250 of them: a timer is no finer. */
static const int64_t PERIOD = 2000000000, TICK = 4000000;
static const uint32_t SHORTEST_WINDOW = 500000, LONGEST_WINDOW = 10000000, UNPRIVILEGED_WINDOW = 2000000; /* us */

struct psi_trigger {
	struct psi *psi;	/* NULL once it is gone */
	struct psi_trigger *next;
	int state;
	bool by_averages;	/* looked at with the averages: its owner is not privileged */
	bool defers;
	uint64_t threshold;
	int64_t window, window_start;
	uint64_t window_value;	/* the total when it began */
	uint64_t growth_before;	/* how much it grew in the window before */
	int64_t last_event;
	bool is_pending;	/* there is an event, but one was told of in this window */
	bool has_event;
};

static int state_of(enum psi_resource resource, int full)
{
	return (int)resource * 2 + full;
}

static uint64_t passed(int64_t from, int64_t to)
{
	return to > from ? (uint64_t)(to - from) : 0;
}

static uint64_t total_at(const struct psi_state *s, int64_t now)
{
	uint64_t elapsed = passed(s->since, now), owed = passed(s->since, s->until < now ? s->until : now);
	uint64_t rest = elapsed - owed;

	return s->total + owed + rest / PSI_WHOLE * s->rate + rest % PSI_WHOLE * s->rate / PSI_WHOLE;
}

/* ---- averages ---- */

/* calc_load(): rounds up on the way up, or it would never arrive. */
static uint64_t calc_load(uint64_t load, uint64_t exp, uint64_t active)
{
	uint64_t sum = load * exp + active * (FIXED_1 - exp);

	return (active >= load ? sum + FIXED_1 - 1 : sum) / FIXED_1;
}

/* More stall than there was time is left over for the next period. True when the next one will change nothing. */
static bool average_state(struct psi_state *s, int64_t now)
{
	uint64_t left = total_at(s, now) - s->averaged;
	uint64_t sample = left < (uint64_t)PERIOD ? left : (uint64_t)PERIOD;
	bool is_settled = left == (uint64_t)PERIOD / PSI_WHOLE * s->rate && s->until <= now;

	s->averaged += sample;
	for (int i = 0; i < 3; i++) {
		uint64_t load = calc_load(s->averages[i], decay[i], sample * 100 / (uint64_t)PERIOD * FIXED_1);

		is_settled &= load == s->averages[i];
		s->averages[i] = load;
	}
	return is_settled;
}

static bool update_averages(struct psi *psi, int64_t now)
{
	bool is_settled = true;

	for (int i = 0; i < PSI_STATES; i++)
		is_settled &= average_state(&psi->states[i], now);
	psi->averaged = now;
	return is_settled;
}

/* ---- windows ---- */

static void reset_window(struct psi_trigger *t, int64_t now, uint64_t growth)
{
	t->window_start = now;
	t->window_value = total_at(&t->psi->states[t->state], now);
	t->growth_before = growth;
}

/* window_update(): what is missing of this window is taken from the one before, as if it had grown evenly. */
static uint64_t window_growth(struct psi_trigger *t, int64_t now)
{
	uint64_t growth = total_at(&t->psi->states[t->state], now) - t->window_value;
	int64_t missing = t->window - (now - t->window_start);

	if (missing >= 0)
		return growth + (uint64_t)((unsigned __int128)t->growth_before * (uint64_t)missing / (uint64_t)t->window);
	reset_window(t, now, growth);
	return growth;
}

static uint64_t seen_by(const struct psi_trigger *t)
{
	const struct psi_state *s = &t->psi->states[t->state];

	return t->by_averages ? s->averaged : s->polled;
}

/* One event a window. What comes earlier is told of later, or on older kernels not at all. */
static void update_trigger(struct psi_trigger *t, int64_t now)
{
	if (total_at(&t->psi->states[t->state], now) != seen_by(t) && window_growth(t, now) >= t->threshold)
		t->is_pending = true;
	if (t->is_pending && now >= t->last_event + t->window) {
		t->has_event = true;
		t->last_event = now;
		t->is_pending = false;
	}
	t->is_pending &= t->defers;
}

static void update_triggers(struct psi *psi, bool by_averages, int64_t now)
{
	for (struct psi_trigger *t = psi->triggers; t; t = t->next)
		if (t->by_averages == by_averages)
			update_trigger(t, now);
}

/* ---- polling: while there are stalls, ten times in the shortest window ---- */

/* The shortest window of those that poll, INT64_MAX where none does. */
static int64_t shortest_window(const struct psi *psi)
{
	int64_t shortest = INT64_MAX;

	for (const struct psi_trigger *t = psi->triggers; t; t = t->next)
		if (!t->by_averages && t->window < shortest)
			shortest = t->window;
	return shortest;
}

static int64_t poll_step(const struct psi *psi)
{
	int64_t step = shortest_window(psi) / UPDATES_PER_WINDOW;

	return step > TICK ? step : TICK;
}

static void see_totals(struct psi *psi, int64_t now)
{
	for (int i = 0; i < PSI_STATES; i++)
		psi->states[i].polled = total_at(&psi->states[i], now);
}

static bool has_new_stall(const struct psi *psi, int64_t now)
{
	for (const struct psi_trigger *t = psi->triggers; t; t = t->next)
		if (!t->by_averages && total_at(&psi->states[t->state], now) != psi->states[t->state].polled)
			return true;
	return false;
}

static bool is_polled(const struct psi *psi, int state)
{
	for (const struct psi_trigger *t = psi->triggers; t; t = t->next)
		if (!t->by_averages && t->state == state)
			return true;
	return false;
}

/* A stall has begun: init_triggers(), where they slept. */
static void begin_polling(struct psi *psi, int state)
{
	if (psi->is_polling || !is_polled(psi, state))
		return;
	for (struct psi_trigger *t = psi->triggers; t; t = t->next)
		if (!t->by_averages)
			reset_window(t, psi->now, 0);
	see_totals(psi, psi->now);
	psi->is_polling = true;
	psi->poll_next = psi->now + poll_step(psi);
	psi->poll_until = psi->now + shortest_window(psi);
}

/* psi_poll_work(): it goes on for a window after the last stall. */
static void poll_triggers(struct psi *psi, int64_t now)
{
	if (has_new_stall(psi, now))
		psi->poll_until = now + shortest_window(psi);
	psi->is_polling = now <= psi->poll_until;
	if (!psi->is_polling)
		return;
	update_triggers(psi, false, now);
	see_totals(psi, now);
	psi->poll_next = now + poll_step(psi);
}

/* ---- long times: what goes on evenly needs no steps ---- */

/*
 * A trigger whose state is stalled evenly does the same again and again, after so many looks at the latest: a window
 * of n looks ends after n + 1, and events are n looks apart. n is 1 to 5 periods, or 10 steps in the shortest window
 * (the phase of a longer one may come out differently). KEPT_STEPS are not passed over: time to come to that.
 */
enum { CYCLE_OF_PERIODS = 60, CYCLE_OF_STEPS = 110, KEPT_STEPS = 11000 };

static bool is_even(const struct psi *psi, bool by_averages)
{
	for (const struct psi_trigger *t = psi->triggers; t; t = t->next)
		if (t->by_averages == by_averages && t->is_pending && !psi->states[t->state].rate)
			return false;
	return true;
}

static bool is_owed(const struct psi *psi, int64_t then)
{
	for (int i = 0; i < PSI_STATES; i++)
		if (psi->states[i].until > then)
			return true;
	return false;
}

static void shift_triggers(struct psi *psi, bool by_averages, int64_t time)
{
	for (struct psi_trigger *t = psi->triggers; t; t = t->next) {
		const struct psi_state *s = &psi->states[t->state];

		if (t->by_averages != by_averages || !s->rate)
			continue;
		t->last_event += time;
		t->window_start += time;
		t->window_value = total_at(s, t->window_start);
	}
}

/* From full pressure to none the averages take 1,900 periods; then they no longer move. */
static void skip_periods(struct psi *psi, int64_t now)
{
	int64_t time = (now - psi->averaged) / PERIOD / CYCLE_OF_PERIODS * CYCLE_OF_PERIODS * PERIOD;

	shift_triggers(psi, true, time);
	psi->averaged += time;
	for (int i = 0; i < PSI_STATES; i++)
		psi->states[i].averaged = total_at(&psi->states[i], psi->averaged);
}

static void skip_steps(struct psi *psi, int64_t now)
{
	int64_t step = poll_step(psi), steps = (now - psi->poll_next) / step - KEPT_STEPS;
	int64_t time = steps / CYCLE_OF_STEPS * CYCLE_OF_STEPS * step;

	if (time <= 0 || is_owed(psi, psi->poll_next) || !is_even(psi, false))
		return;
	shift_triggers(psi, false, time);
	psi->poll_next += time;
	psi->poll_until += time;
	see_totals(psi, psi->poll_next - step);
}

/* ---- time ---- */

static void end_period(struct psi *psi, int64_t end)
{
	bool is_settled;

	update_triggers(psi, true, end);
	is_settled = update_averages(psi, end);
	if (is_settled && is_even(psi, true))
		skip_periods(psi, psi->now);
}

void psi_update(struct psi *psi, int64_t now)
{
	if (now <= psi->now)
		return;
	psi->now = now;
	while (psi->is_polling && psi->poll_next <= now) {
		skip_steps(psi, now);
		poll_triggers(psi, psi->poll_next);
	}
	while (psi->averaged <= now - PERIOD)
		end_period(psi, psi->averaged + PERIOD);
}

static bool may_go_off(const struct psi_trigger *t, int64_t then)
{
	const struct psi_state *s = &t->psi->states[t->state];

	return t->is_pending || total_at(s, then) != s->averaged;
}

int64_t psi_next(const struct psi *psi)
{
	int64_t next = psi->is_polling ? psi->poll_next : INT64_MAX, end = psi->averaged + PERIOD;

	for (const struct psi_trigger *t = psi->triggers; t; t = t->next)
		if (t->by_averages && end < next && may_go_off(t, end))
			next = end;
	return next;
}

void psi_list_update(const struct psi_list *list, int64_t now)
{
	for (struct psi *psi = list->first; psi; psi = psi->next)
		psi_update(psi, now);
}

int64_t psi_list_next(const struct psi_list *list)
{
	int64_t next = INT64_MAX;

	for (const struct psi *psi = list->first; psi; psi = psi->next)
		next = psi_next(psi) < next ? psi_next(psi) : next;
	return next;
}

void psi_init(struct psi *psi, struct psi_list *list, int64_t now)
{
	*psi = (struct psi){ .list = list, .now = now, .averaged = now };
	for (int i = 0; i < PSI_STATES; i++)
		psi->states[i].since = now;
}

/* Stalls that are in no average yet: more than this took more than a hundred days to get there. */
static const uint64_t MOST_AHEAD = 1ULL << 53;

bool psi_is_sound(struct psi *psi, struct psi_list *list)
{
	psi->list = list;
	if (psi->averaged > psi->now || psi->averaged <= psi->now - PERIOD)
		return false;
	for (int i = 0; i < PSI_STATES; i++) {
		const struct psi_state *s = &psi->states[i];

		if (s->since > psi->now || s->until > psi->now + PSI_MOST_OWED)
			return false;
		if (total_at(s, psi->now) - s->averaged > MOST_AHEAD)
			return false;
	}
	return true;
}

static void leave_list(struct psi *psi)
{
	struct psi **link = &psi->list->first;

	while (*link != psi)
		link = &(*link)->next;
	*link = psi->next;
}

void psi_drop(struct psi *psi)
{
	if (psi->triggers)
		leave_list(psi);
	for (struct psi_trigger *t = psi->triggers; t; t = t->next)
		t->psi = NULL;
	psi->triggers = NULL;
}

/* ---- stalls ---- */

static void stall(struct psi *psi, int state, uint64_t length)
{
	if (length)
		begin_polling(psi, state);
	psi->states[state].total += length;
}

void psi_stall(struct psi *psi, enum psi_resource resource, uint64_t some, uint64_t full, int64_t now)
{
	psi_update(psi, now);
	stall(psi, state_of(resource, PSI_SOME), some);
	stall(psi, state_of(resource, PSI_FULL), full);
}

/* Another pace begins. */
static void count_to_now(struct psi *psi, int state)
{
	struct psi_state *s = &psi->states[state];

	s->total = total_at(s, psi->now);
	s->since = psi->now;
}

static void owe(struct psi *psi, int state, int64_t until)
{
	struct psi_state *s = &psi->states[state];

	count_to_now(psi, state);
	if (until <= psi->now || until <= s->until)
		return;
	s->until = until;
	begin_polling(psi, state);
}

void psi_owe(struct psi *psi, enum psi_resource resource, int64_t some, int64_t full, int64_t now)
{
	psi_update(psi, now);
	owe(psi, state_of(resource, PSI_SOME), some);
	owe(psi, state_of(resource, PSI_FULL), full);
}

/* What has been stalled up to now stays so. */
static void forgive(struct psi *psi, int state, int64_t until)
{
	struct psi_state *s = &psi->states[state];
	int64_t left = until > psi->now ? until : psi->now;

	count_to_now(psi, state);
	if (s->until > left)
		s->until = left;
}

void psi_forgive(struct psi *psi, enum psi_resource resource, int64_t some, int64_t full, int64_t now)
{
	psi_update(psi, now);
	forgive(psi, state_of(resource, PSI_SOME), some);
	forgive(psi, state_of(resource, PSI_FULL), full);
}

static void set_rate(struct psi *psi, int state, uint32_t rate)
{
	count_to_now(psi, state);
	psi->states[state].rate = rate;
	if (rate)
		begin_polling(psi, state);
}

int psi_set_pressure(struct psi *psi, enum psi_resource resource, uint32_t some, uint32_t full, int64_t now)
{
	if (some > PSI_WHOLE || full > some)
		return -EINVAL;
	psi_update(psi, now);
	set_rate(psi, state_of(resource, PSI_SOME), some);
	set_rate(psi, state_of(resource, PSI_FULL), full);
	return 0;
}

/* ---- the files ---- */

static uint64_t hundredths(uint64_t average)
{
	return (average % FIXED_1) * 100 / FIXED_1;
}

static int show_line(const char *name, const struct psi_state *s, int64_t now, struct text *out)
{
	const uint64_t *a = s->averages;

	return text_printf(out, "%s avg10=%" PRIu64 ".%02" PRIu64 " avg60=%" PRIu64 ".%02" PRIu64
			   " avg300=%" PRIu64 ".%02" PRIu64 " total=%" PRIu64 "\n", name,
			   a[0] / FIXED_1, hundredths(a[0]), a[1] / FIXED_1, hundredths(a[1]),
			   a[2] / FIXED_1, hundredths(a[2]), total_at(s, now) / US);
}

static int show_full(const struct psi *psi, const struct rules *rules, enum psi_resource resource,
		     struct text *out)
{
	static const struct psi_state none;
	bool is_undefined = resource == PSI_CPU && psi->is_machine && rules->psi_machine_cpu_full_is_zero;

	if (resource == PSI_CPU && !rules->psi_cpu_full)
		return 0;
	return show_line("full", is_undefined ? &none : &psi->states[state_of(resource, PSI_FULL)], psi->now, out);
}

int psi_show(struct psi *psi, const struct rules *rules, enum psi_resource resource, int64_t now, struct text *out)
{
	int error;

	psi_update(psi, now);
	error = show_line("some", &psi->states[state_of(resource, PSI_SOME)], psi->now, out);
	return error ? error : show_full(psi, rules, resource, out);
}

/* ---- triggers ---- */

/* sscanf(text, "some %u %u") */
static bool parse(const char *text, const char *name, uint32_t *threshold, uint32_t *window)
{
	if (strncmp(text, name, strlen(name)))
		return false;
	text = number_scan(text + strlen(name), threshold);
	return text && number_scan(text, window);
}

static bool is_window(const struct rules *rules, uint32_t window, bool is_privileged)
{
	if (!window || window > LONGEST_WINDOW)
		return false;
	if (!rules->psi_short_windows && window < SHORTEST_WINDOW)
		return false;
	return is_privileged || !rules->psi_unprivileged_triggers || window % UNPRIVILEGED_WINDOW == 0;
}

static void join(struct psi_trigger *t)
{
	struct psi *psi = t->psi;

	if (!psi->triggers) {
		psi->next = psi->list->first;
		psi->list->first = psi;
	}
	t->next = psi->triggers;
	psi->triggers = t;
	reset_window(t, psi->now, 0);
	if (!t->by_averages && (psi->states[t->state].rate || psi->states[t->state].until > psi->now))
		begin_polling(psi, t->state);
}

int psi_trigger_create(struct psi *psi, const struct rules *rules, enum psi_resource resource, const char *text,
		       bool is_privileged, int64_t now, struct psi_trigger **out)
{
	uint32_t threshold, window;
	int full = !parse(text, "some", &threshold, &window);
	struct psi_trigger *t;

	if (full && (!parse(text, "full", &threshold, &window) || (resource == PSI_CPU && !rules->psi_cpu_full)))
		return -EINVAL;
	if (!is_window(rules, window, is_privileged) || !threshold || threshold > window)
		return -EINVAL;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	psi_update(psi, now);
	t->psi = psi;
	t->state = state_of(resource, full);
	t->by_averages = !is_privileged && rules->psi_unprivileged_triggers;
	t->defers = rules->psi_defers_events;
	t->threshold = (uint64_t)threshold * US;
	t->window = (int64_t)window * US;
	join(t);
	*out = t;
	return 0;
}

static void leave(struct psi_trigger *t)
{
	struct psi_trigger **link = &t->psi->triggers;

	while (*link != t)
		link = &(*link)->next;
	*link = t->next;
	if (shortest_window(t->psi) == INT64_MAX)
		t->psi->is_polling = false;
	if (!t->psi->triggers)
		leave_list(t->psi);
}

void psi_trigger_destroy(struct psi_trigger *t)
{
	if (t && t->psi)
		leave(t);
	free(t);
}

bool psi_trigger_is_ready(const struct psi_trigger *t)
{
	return !t->psi || t->has_event;
}

unsigned int psi_trigger_poll(struct psi_trigger *t)
{
	unsigned int always = POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM;
	bool has_event = t && t->has_event;

	if (!t || !t->psi)
		return always | POLLERR | POLLPRI;
	t->has_event = false;
	return has_event ? always | POLLPRI : always;
}
