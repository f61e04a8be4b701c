/*
 * Pressure stall information: how much of the time somebody (some) or everybody (full) is held up for want of a
 * resource. One struct psi is one group's: the machine has one, and so has each cgroup. Who stalls in a cgroup stalls
 * in those above it, too: the caller says so to each.
 *
 * Time comes from outside, and nothing runs meanwhile: every call first catches up with its `now`, so that it does
 * not matter in how many steps time went by. An earlier time than the one before is taken for that one.
 *
 * As in the kernel: totals in ns, averages of whole percents every 2 s in fixed point, what triggers do at each look.
 * The model leaves out: pressure/irq (few kernels are built with it), the tick that the kernel adds to a period, and
 * that it stops the clock of an idle group (here a period without a stall is one of 0 %).
 */
#ifndef PSI_H
#define PSI_H

#include <stdbool.h>
#include <stdint.h>

struct psi_trigger;
struct rules;
struct text;

enum psi_resource { PSI_IO, PSI_MEMORY, PSI_CPU, PSI_RESOURCES };
enum { PSI_SOME, PSI_FULL, PSI_STATES = PSI_RESOURCES * 2 };
enum { PSI_WHOLE = 10000 };	/* hundredths of a percent: a rate of all the time */
/* Nanoseconds: how far ahead a stall may be owed. As long as a period, or the averages would rise after its end. */
#define PSI_MOST_OWED 2000000000LL

struct psi_state {
	uint64_t total;		/* ns that were stalled up to `since` */
	int64_t since;
	int64_t until;		/* up to then all the time is stalled: it is owed */
	uint32_t rate;		/* of the time from then on, or from `since`, a part of PSI_WHOLE */
	uint64_t averaged;	/* of the total: what is in the averages */
	uint64_t polled;	/* and what the triggers have seen */
	uint64_t averages[3];	/* of 10, 60 and 300 s; percent, 11 bits of them behind the point */
};

/* All groups that have triggers. */
struct psi_list {
	struct psi *first;
};

struct psi {
	struct psi_list *list;
	struct psi *next;
	bool is_machine;
	int64_t now;
	struct psi_state states[PSI_STATES];
	int64_t averaged;		/* when the averages were made */
	struct psi_trigger *triggers;	/* newest first */
	bool is_polling;		/* stalls are new enough for triggers to be looked at */
	int64_t poll_next, poll_until;
};

void psi_init(struct psi *psi, struct psi_list *list, int64_t now);
/* Do its times agree, and its totals? Of one that was loaded; it is in that list then. */
bool psi_is_sound(struct psi *psi, struct psi_list *list);
/* The group goes: its triggers stay with their files, and poll as files without one. */
void psi_drop(struct psi *psi);
void psi_update(struct psi *psi, int64_t now);
/* When its triggers are to be looked at next, INT64_MAX for never. A group without any needs no update in time. */
int64_t psi_next(const struct psi *psi);
void psi_list_update(const struct psi_list *list, int64_t now);
int64_t psi_list_next(const struct psi_list *list);

/* A stall that ends now and took so many ns. */
void psi_stall(struct psi *psi, enum psi_resource resource, uint64_t some, uint64_t full, int64_t now);
/*
 * Somebody is stalled from now on, up to these times. Whatever else is stalled meanwhile is the same time: the total
 * goes on with the clock, never faster.
 */
void psi_owe(struct psi *psi, enum psi_resource resource, int64_t some, int64_t full, int64_t now);
/* Who owed most is no more: all the others do up to these times only. */
void psi_forgive(struct psi *psi, enum psi_resource resource, int64_t some, int64_t full, int64_t now);
/* From now on that part of the time is stalled: -EINVAL for more than all of it, or for more full than some. */
int psi_set_pressure(struct psi *psi, enum psi_resource resource, uint32_t some, uint32_t full, int64_t now);

int psi_show(struct psi *psi, const struct rules *rules, enum psi_resource resource, int64_t now, struct text *out);

/* ---- triggers: each belongs to an open file ---- */

/*
 * "some 150000 1000000": so many us of stall within so many. is_privileged: who opened the file has CAP_SYS_RESOURCE.
 * 0 and *out, -EINVAL, -ENOMEM.
 */
int psi_trigger_create(struct psi *psi, const struct rules *rules, enum psi_resource resource, const char *text,
		       bool is_privileged, int64_t now, struct psi_trigger **out);
void psi_trigger_destroy(struct psi_trigger *t);
/* Has it gone off since it was last taken? A group that went is taken for one that has. */
bool psi_trigger_is_ready(const struct psi_trigger *t);
/* psi_trigger_poll(): POLL* events, of a file without a trigger too (NULL); what has gone off is taken. */
unsigned int psi_trigger_poll(struct psi_trigger *t);

#endif
