/*
 * Writing a world: from the world itself along every pointer, each object when it is first met. What is written: how many
 * there are of each kind, then the objects kind by kind.
 */
#include "state.h"

#include "extra.h"
#include "state/rows.h"
#include "text.h"
#include "world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_PLACES = 1 << 10 };

/* Objects of one kind, as they were found, and what is written of those that have been visited. */
struct found {
	const void **all;
	uint32_t count, room, visited;
	struct text bytes;
};

/* Where an object is known by its address: an open hash table, half of it free at least. */
struct place {
	const void *object;
	uint32_t number;
};

struct saver {
	const struct world *world;
	struct found of[KINDS];
	struct place *places;
	size_t place_count, taken;	/* a power of two */
	struct text *out;
	int error;
};

const struct world *saved_world(const struct saver *s) { return s->world; }

/* ---- bytes ---- */

void save_bytes(struct saver *s, const void *bytes, size_t length)
{
	if (!s->error && length)
		s->error = text_append(s->out, bytes, length);
}

void save_number(struct saver *s, uint32_t number)
{
	save_bytes(s, &number, sizeof(number));
}

/* One more than the length, so that 0 can say that there is none. */
static void save_length(struct saver *s, const void *bytes, size_t length)
{
	save_number(s, bytes ? (uint32_t)length + 1 : 0);
	if (bytes)
		save_bytes(s, bytes, length);
}

/* ---- who was met before ---- */

static struct place *place_of(const struct saver *s, const void *object)
{
	size_t at = (size_t)(((uintptr_t)object >> 4) * 0x9e3779b97f4a7c15u >> 20);

	while (s->places[at & (s->place_count - 1)].object && s->places[at & (s->place_count - 1)].object != object)
		at++;
	return &s->places[at & (s->place_count - 1)];
}

static bool grow_places(struct saver *s)
{
	struct place *old = s->places;
	size_t count = s->place_count;

	if (s->taken < count / 2)
		return true;
	s->place_count = count ? count * 2 : FIRST_PLACES;
	s->places = calloc(s->place_count, sizeof(*s->places));
	for (size_t i = 0; s->places && i < count; i++)
		if (old[i].object)
			*place_of(s, old[i].object) = old[i];
	free(old);
	return s->places;
}

static bool grow_found(struct found *f)
{
	uint32_t room = f->room ? f->room * 2 : 64;
	const void **grown;

	if (f->count < f->room)
		return true;
	grown = realloc(f->all, room * sizeof(void *));
	if (!grown)
		return false;
	f->all = grown;
	f->room = room;
	return true;
}

static uint32_t number_of(struct saver *s, enum kind kind, const void *object)
{
	struct found *f = &s->of[kind];
	struct place *place;

	if (s->error || !object)
		return 0;
	if (!grow_places(s) || !grow_found(f)) {
		s->error = -ENOMEM;
		return 0;
	}
	place = place_of(s, object);
	if (!place->object) {
		f->all[f->count++] = object;
		*place = (struct place){ object, f->count };
		s->taken++;
	}
	return place->number;
}

void save_reference(struct saver *s, enum kind kind, const void *object)
{
	save_number(s, number_of(s, kind, object));
}

void save_found(struct saver *s, enum kind kind, const void *object)
{
	number_of(s, kind, object);
}

/* ---- rows ---- */

static const void *pointer_at(const void *object, size_t offset)
{
	const void *pointer;

	memcpy(&pointer, (const char *)object + offset, sizeof(pointer));
	return pointer;
}

/* Counters are of 32 bits, or a size_t that is never larger. */
static uint32_t count_at(const struct row *row, const void *object)
{
	const char *counter = (const char *)object + row->count;
	uint32_t narrow;
	size_t wide;

	memcpy(&narrow, counter, sizeof(narrow));
	if (row->count_size == sizeof(narrow))
		return narrow;
	memcpy(&wide, counter, sizeof(wide));
	return (uint32_t)wide;
}

static void save_plain(struct saver *s, const struct row *row, const void *object)
{
	save_bytes(s, (const char *)object + row->offset, row->size);
}

static void save_nothing(struct saver *s, const struct row *row, const void *object)
{
	(void)s, (void)row, (void)object;
}

/* What lies behind its end is nobody's business. */
static void save_text(struct saver *s, const struct row *row, const void *object)
{
	const char *text = (const char *)object + row->offset;
	size_t length = strnlen(text, row->size);

	save_bytes(s, text, length);
	for (size_t i = length; i < row->size; i++)
		save_bytes(s, "", 1);
}

static void save_string(struct saver *s, const struct row *row, const void *object)
{
	const char *string = pointer_at(object, row->offset);

	save_length(s, string, string ? strlen(string) : 0);
}

static void save_blob(struct saver *s, const struct row *row, const void *object)
{
	const struct blob *blob = pointer_at(object, row->offset);

	save_length(s, blob ? blob->bytes : NULL, blob ? blob->length : 0);
}

static void save_parts(struct saver *s, const struct row *row, const void *object)
{
	for (size_t at = 0; at < row->size; at += row->table->size)
		save_table(s, row->table, (const char *)object + row->offset + at);
}

static void save_owned(struct saver *s, const struct row *row, const void *object)
{
	const void *owned = pointer_at(object, row->offset);

	save_number(s, owned ? 1 : 0);
	if (owned)
		save_table(s, row->table, owned);
}

static void save_array(struct saver *s, const struct row *row, const void *object)
{
	const char *all = pointer_at(object, row->offset);
	uint32_t count = count_at(row, object);

	save_number(s, count);
	if (!row->table)
		save_bytes(s, all, count);
	for (uint32_t i = 0; row->table && i < count; i++)
		save_table(s, row->table, all + i * row->table->size);
}

static void save_pointer(struct saver *s, const struct row *row, const void *object)
{
	save_reference(s, row->kind, pointer_at(object, row->offset));
}

static uint32_t length_of(const struct list *list, const void *first)
{
	uint32_t length = 0;

	for (const void *member = first; member; member = pointer_at(member, list->next))
		length++;
	return length;
}

static void save_list(struct saver *s, const struct row *row, const void *object)
{
	const void *first = pointer_at(object, row->offset);

	save_number(s, length_of(row->list, first));
	for (const void *member = first; member; member = pointer_at(member, row->list->next))
		save_reference(s, row->list->kind, member);
}

static void save_special(struct saver *s, const struct row *row, const void *object)
{
	row->special->save(s, object);
}

static void (*const save_row[ROW_TYPES])(struct saver *s, const struct row *row, const void *object) = {
	[LEFT_OUT] = save_nothing, [BYTES] = save_plain, [NUMBER] = save_plain, [TEXT] = save_text, [STRING] = save_string,
	[BLOB] = save_blob, [PARTS] = save_parts, [OWNED] = save_owned, [ARRAY] = save_array, [REFERENCE] = save_pointer,
	[LIST] = save_list, [SPECIAL] = save_special,
};

void save_table(struct saver *s, const struct table *table, const void *object)
{
	for (size_t i = 0; i < table->count; i++)
		save_row[table->rows[i].type](s, &table->rows[i], object);
}

/* ---- all of it ---- */

/* Visiting one may lead to others of any kind: false when there are no more. */
static bool visit(struct saver *s, enum kind kind)
{
	struct found *f = &s->of[kind];
	bool any = f->visited < f->count;

	s->out = &f->bytes;
	while (f->visited < f->count && !s->error)
		save_table(s, tables[kind], f->all[f->visited++]);
	return any;
}

static void visit_all(struct saver *s)
{
	bool any = true;

	while (any && !s->error) {
		any = false;
		for (enum kind kind = 0; kind < KINDS; kind++)
			any |= visit(s, kind);
	}
}

static void write_out(struct saver *s, struct text *out)
{
	s->out = out;
	for (enum kind kind = 0; kind < KINDS; kind++)
		save_number(s, s->of[kind].count);
	for (enum kind kind = 0; kind < KINDS; kind++)
		save_bytes(s, s->of[kind].bytes.bytes, s->of[kind].bytes.length);
}

int state_save(struct world *w, struct text *out)
{
	struct saver s = { .world = w };

	for (enum kind kind = 0; kind < KINDS; kind++)
		text_init(&s.of[kind].bytes);
	number_of(&s, A_WORLD, w);
	visit_all(&s);
	write_out(&s, out);
	for (enum kind kind = 0; kind < KINDS; kind++) {
		text_drop(&s.of[kind].bytes);
		free(s.of[kind].all);
	}
	free(s.places);
	return s.error;
}
