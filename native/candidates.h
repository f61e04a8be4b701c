/*
 * The list of all processes, as they were created (by the serial of their leaders), and what selection asks of every
 * one, packed: 8 bytes each, so that one pass over 1,000,000 of them takes 3 ms (61 ms by the structs themselves).
 * Whoever changes what stands here says so with candidate_update(); candidates_agree() tells whether all did.
 */
#ifndef CANDIDATES_H
#define CANDIDATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mm;
struct signal;
struct world;

enum {
	CANDIDATE_NEVER = 1,	/* not eligible as things stand */
	CANDIDATE_ASK = 2,	/* more decides than stands here: look at the process itself */
	CANDIDATE_BONUS = 4	/* has CAP_SYS_ADMIN */
};

struct candidate {
	uint32_t pages;
	int16_t oom_score_adj;
	uint16_t flags;
};

struct candidates {
	struct candidate *packed;
	struct signal **processes;	/* whose each is; NULL for a hole */
	size_t count, room, holes;
};

/* The one created after that one; after = NULL: the first. NULL at the end. None may be removed on the way. */
struct signal *process_after(const struct world *w, const struct signal *after);
int process_count(const struct world *w);

int candidates_add(struct world *w, struct signal *signal);
void candidates_remove(struct world *w, struct signal *signal);
void candidate_update(struct world *w, struct signal *signal);
void candidates_update_mm(struct world *w, const struct mm *mm);	/* all processes on it */
bool candidates_agree(struct world *w);
void candidates_drop(struct world *w);

#endif
