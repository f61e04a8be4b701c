/*
 * Who was killed and who died, numbered since boot. A process that has been reaped is gone from every table; whoever
 * wants to know what became of it, and by whose hand, asks here.
 */
#ifndef DEATHS_H
#define DEATHS_H

#include <stdbool.h>
#include <stdint.h>

struct death;
struct signal;
struct world;

enum { DEATH_RECORDS = 65536 };

struct deaths {
	struct death *ring;	/* DEATH_RECORDS of them, made with the first one */
	uint64_t end;		/* the seq of the next record */
};

/* how: KILLED_BY_OOM, KILLED_BY_SIGNAL or HAS_DIED */
void death_note(struct world *w, const struct signal *signal, int how);
/* The next one: its seq is given to it. False where it finds no memory, and is lost. */
bool death_keep(struct deaths *deaths, const struct death *death);
uint64_t deaths_first(const struct deaths *deaths);
int death_find(const struct deaths *deaths, uint64_t seq, struct death *out);
void deaths_drop(struct deaths *deaths);

#endif
