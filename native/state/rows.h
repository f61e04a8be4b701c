/*
 * What is saved of a struct: a table with a row for each member. Rows that say how bytes are written and read are all
 * there is to know for save.c and load.c; what they cannot say, such as that two members agree, is in check.c. What
 * follows from other members is not saved, but made again by rebuild.c.
 */
#ifndef STATE_ROWS_H
#define STATE_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loader;
struct saver;
struct text;
struct world;

/* What others point to: one of each kind is named by its number, in the order in which they were found; 0 is none. */
enum kind { A_WORLD, A_CGROUP, A_PROCESS, A_TASK, AN_MM, A_CRED, KINDS };

enum row_type {
	LEFT_OUT,	/* follows from the rest, or is no part of a saved world */
	BYTES,		/* any will do */
	NUMBER,		/* from low to high */
	TEXT,		/* an array of characters with a NUL in it */
	STRING,		/* char *, at most `high` bytes and a NUL; NULL */
	BLOB,		/* struct blob *, at most `high` bytes; NULL */
	PARTS,		/* one struct of that table, or as many as fit into the member */
	OWNED,		/* a pointer to one that is its own; NULL */
	ARRAY,		/* a pointer to as many as the member at `count` says; without a table: bytes */
	REFERENCE,	/* a pointer to one of that kind; NULL unless it is needed */
	LIST,		/* the first of a list */
	SPECIAL,	/* see `special` */
	ROW_TYPES
};

/* Links of a list, which begins and ends in its owner. Only lists of the world itself have no pointer back. */
enum { NO_BACK = -1 };
struct list {
	enum kind kind;		/* of its members */
	size_t last;		/* in the owner */
	size_t next, previous;	/* in each member */
	ptrdiff_t back;		/* in each member, to the owner */
};

/* What no row can say: both are given the object. */
struct special {
	void (*save)(struct saver *s, const void *object);
	bool (*load)(struct loader *l, void *object);
};

struct table;

struct row {
	enum row_type type;
	const char *name;
	size_t offset, size;
	int64_t low, high;
	bool is_signed, is_needed;
	size_t count, count_size;
	enum kind kind;
	const struct table *table;
	const struct list *list;
	const struct special *special;
};

struct table {
	const char *name;		/* "struct task" */
	size_t size;
	const struct row *rows;
	size_t count;
};

extern const struct table *const tables[KINDS];

/* The least that one takes when it is saved. */
size_t least_size(const struct table *table);

/* ---- for what is special ---- */

/* Whatever cannot be written for want of memory is found out at the end. */
void save_bytes(struct saver *s, const void *bytes, size_t length);
void save_number(struct saver *s, uint32_t number);
void save_reference(struct saver *s, enum kind kind, const void *object);
/* Nothing is written: it is numbered now, and saved with its kind. */
void save_found(struct saver *s, enum kind kind, const void *object);
void save_table(struct saver *s, const struct table *table, const void *object);
const struct world *saved_world(const struct saver *s);

/* False where the bytes end, or do not make what they should: then everything has failed. */
bool load_bytes(struct loader *l, void *bytes, size_t length);
bool load_number(struct loader *l, uint32_t *number);
bool load_reference(struct loader *l, enum kind kind, void **object);
bool load_table(struct loader *l, const struct table *table, void *object);
/* The bytes that are left are enough for so many of that size. */
bool has_left(const struct loader *l, uint64_t count, size_t size);
/* Says why, and returns false. */
bool refuse(struct loader *l, const char *why);
struct world *loaded_world(const struct loader *l);

/* What was loaded, by kind. */
struct objects {
	void **all;
	uint32_t count;
};

struct objects loaded(const struct loader *l, enum kind kind);

/* ---- afterwards ---- */

bool state_check(struct loader *l);
bool state_rebuild(struct loader *l);

#endif
