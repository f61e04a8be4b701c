/*
 * Adoption: a real process that asks becomes a process of the world under its own pid, since ps, atop, killall and
 * others look for themselves in /proc before they do anything else.
 *
 * It comes with its first request, its threads and its parents with it, and goes once it has ended, which is looked at
 * when somebody looks at it: processes of the world proper pay nothing. In a lab, whose pid namespace is the world's
 * alone, it comes too when somebody looks for its number, or lists all. Where the world has that pid already, its own
 * process stays, and the caller finds that one. In a lab an adopted process that the world kills is killed; elsewhere no
 * real process is ever signalled: it leaves the world, and comes back with its next request.
 */
#ifndef ADOPT_H
#define ADOPT_H

#include "task.h"

struct adopter;

/*
 * proc: the real procfs, of which it takes a descriptor of its own; kills: as in a lab. 0 or a negative errno; who is
 * adopted stays.
 */
int adopter_new(struct world *w, int proc, bool kills);
void adopter_drop(struct world *w);

/* The real procfs. */
int adopter_proc(const struct world *w);
/* Does the process live that was adopted as that task? Its number may be another's by now. */
bool is_itself(const struct world *w, const struct task *t);

static inline bool is_adopted(const struct task *t) { return t->flags & TASK_ADOPTED; }
/* The thread that asks; a stranger to the world where it cannot be taken in. */
void adopt_caller(struct world *w, int pid);
/* An adopted task as it is now, or NULL where it has ended. */
struct task *adopted_now(struct world *w, struct task *t);
/* In a lab: a real process of that number which is no placeholder, though it has not asked. NULL where there is none. */
struct task *adopt_unasked(struct world *w, int pid);
/* All of these: the names of the real procfs are read once, and those that the world does not know are looked at. */
void adopt_all(struct world *w);
/* A placeholder has that number, from before it is made until it has been waited for: it is never taken in. */
void adopter_leave_out(struct world *w, int pid, bool stands_in);
/* Of a world that was loaded: to it they have all ended. */
void drop_adopted(struct world *w);
/* Who has ended leaves the world, and who has died in the world ends, where that is so. */
void drop_ended(struct world *w);

#endif
