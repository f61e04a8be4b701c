/* Reading a world: its objects are made first, so that each can point to any other, then filled, checked and rebuilt. */
#include "state.h"

#include "cgroup.h"
#include "cred.h"
#include "extra.h"
#include "state/rows.h"
#include "text.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

struct loader {
	struct world *world;
	struct objects of[KINDS];
	const char *at, *end;
	const struct table *table;	/* what is being read, for who is told what is wrong with it */
	const struct row *row;
	struct text *why;
};

struct world *loaded_world(const struct loader *l) { return l->world; }
struct objects loaded(const struct loader *l, enum kind kind) { return l->of[kind]; }

/* ---- bytes ---- */

/* The first thing that is wrong is the one that counts. */
bool refuse(struct loader *l, const char *why)
{
	if (l->why->length)
		return false;
	if (l->table)
		text_printf(l->why, "%s of a %s ", l->row->name, l->table->name);
	text_printf(l->why, "%s", why);
	return false;
}

static bool out_of_memory_for_it(struct loader *l)
{
	l->table = NULL;
	return refuse(l, "there is not enough memory for it");
}

bool has_left(const struct loader *l, uint64_t count, size_t size)
{
	return !size || count <= (size_t)(l->end - l->at) / size;
}

bool load_bytes(struct loader *l, void *bytes, size_t length)
{
	if (!has_left(l, length, 1))
		return refuse(l, "is cut off");
	if (length)
		memcpy(bytes, l->at, length);
	l->at += length;
	return true;
}

bool load_number(struct loader *l, uint32_t *number)
{
	return load_bytes(l, number, sizeof(*number));
}

bool load_reference(struct loader *l, enum kind kind, void **object)
{
	uint32_t number;

	if (!load_number(l, &number))
		return false;
	if (number > l->of[kind].count)
		return refuse(l, "is none that there is");
	*object = number ? l->of[kind].all[number - 1] : NULL;
	return true;
}

/* ---- rows ---- */

static void *place(void *object, size_t offset)
{
	return (char *)object + offset;
}

static void *pointer_at(const void *object, size_t offset)
{
	void *pointer;

	memcpy(&pointer, (const char *)object + offset, sizeof(pointer));
	return pointer;
}

static void point(void *object, size_t offset, const void *to)
{
	memcpy(place(object, offset), &to, sizeof(to));
}

static bool load_nothing(struct loader *l, const struct row *row, void *object)
{
	(void)l, (void)row, (void)object;
	return true;
}

static bool load_plain(struct loader *l, const struct row *row, void *object)
{
	return load_bytes(l, place(object, row->offset), row->size);
}

/* Numbers of 64 bits with a limit have one below 2^63. */
static int64_t value_of(const char bytes[8], const struct row *row)
{
	uint64_t value = 0;
	size_t unused = 64 - 8 * row->size;

	memcpy(&value, bytes, row->size);
	return row->is_signed ? (int64_t)(value << unused) >> unused : (int64_t)value;
}

static bool load_limited(struct loader *l, const struct row *row, void *object)
{
	char bytes[8];
	int64_t value;

	if (!load_bytes(l, bytes, row->size))
		return false;
	value = value_of(bytes, row);
	if (value < row->low || value > row->high)
		return refuse(l, "is out of range");
	memcpy(place(object, row->offset), bytes, row->size);
	return true;
}

static bool load_text(struct loader *l, const struct row *row, void *object)
{
	if (!load_plain(l, row, object))
		return false;
	return memchr(place(object, row->offset), '\0', row->size) ? true : refuse(l, "has no end");
}

/* How many bytes, or -1 for none at all: false where there cannot be so many. */
static bool load_length(struct loader *l, const struct row *row, int64_t *length)
{
	uint32_t number;

	if (!load_number(l, &number))
		return false;
	*length = (int64_t)number - 1;
	if (*length > row->high || (number && !has_left(l, number - 1, 1)))
		return refuse(l, "is too long");
	return true;
}

static bool load_string(struct loader *l, const struct row *row, void *object)
{
	int64_t length;
	char *string;

	if (!load_length(l, row, &length) || length < 0)
		return !l->why->length;
	string = calloc(1, (size_t)length + 1);
	if (!string)
		return out_of_memory_for_it(l);
	point(object, row->offset, string);
	load_bytes(l, string, (size_t)length);
	return strlen(string) == (size_t)length ? true : refuse(l, "ends too early");
}

static bool load_blob(struct loader *l, const struct row *row, void *object)
{
	int64_t length;
	struct blob *blob;

	if (!load_length(l, row, &length) || length < 0)
		return !l->why->length;
	blob = malloc(sizeof(*blob) + (size_t)length);
	if (!blob)
		return out_of_memory_for_it(l);
	point(object, row->offset, blob);
	blob->length = (uint32_t)length;
	return load_bytes(l, blob->bytes, blob->length);
}

static bool load_parts(struct loader *l, const struct row *row, void *object)
{
	for (size_t at = 0; at < row->size; at += row->table->size)
		if (!load_table(l, row->table, place(object, row->offset + at)))
			return false;
	return true;
}

static bool load_owned(struct loader *l, const struct row *row, void *object)
{
	uint32_t is_there;
	void *owned;

	if (!load_number(l, &is_there) || !is_there)
		return !l->why->length;
	owned = calloc(1, row->table->size);
	if (!owned)
		return out_of_memory_for_it(l);
	point(object, row->offset, owned);
	return load_table(l, row->table, owned);
}

static void set_count(const struct row *row, void *object, uint32_t count)
{
	size_t wide = count;

	if (row->count_size == sizeof(wide))
		memcpy(place(object, row->count), &wide, sizeof(wide));
	else
		memcpy(place(object, row->count), &count, sizeof(count));
}

/* Filled with nothing first, so that it can be dropped wherever reading it ends. */
static bool make_array(struct loader *l, const struct row *row, void *object, uint32_t count)
{
	size_t size = row->table ? row->table->size : 1;
	void *all = count ? calloc(count, size) : NULL;

	if (count && !all)
		return out_of_memory_for_it(l);
	point(object, row->offset, all);
	set_count(row, object, count);
	return true;
}

static bool load_array(struct loader *l, const struct row *row, void *object)
{
	uint32_t count;
	char *all;

	if (!load_number(l, &count))
		return false;
	if (count > row->high || !has_left(l, count, row->table ? least_size(row->table) : 1))
		return refuse(l, "are too many");
	if (!make_array(l, row, object, count))
		return false;
	all = pointer_at(object, row->offset);
	for (uint32_t i = 0; row->table && i < count; i++)
		if (!load_table(l, row->table, all + i * row->table->size))
			return false;
	return row->table ? true : load_bytes(l, all, count);
}

static bool load_pointer(struct loader *l, const struct row *row, void *object)
{
	void *to;

	if (!load_reference(l, row->kind, &to))
		return false;
	point(object, row->offset, to);
	return to || !row->is_needed ? true : refuse(l, "is missing");
}

static bool is_listed(const struct list *list, const void *member, const void *first)
{
	return list->back == NO_BACK ? pointer_at(member, list->previous) || member == first
				     : pointer_at(member, (size_t)list->back) != NULL;
}

static void append(const struct row *row, void *owner, void *member)
{
	const struct list *list = row->list;
	void *last = pointer_at(owner, list->last);

	point(member, list->previous, last);
	point(last ? last : owner, last ? list->next : row->offset, member);
	point(owner, list->last, member);
	if (list->back != NO_BACK)
		point(member, (size_t)list->back, owner);
}

static bool load_list(struct loader *l, const struct row *row, void *object)
{
	uint32_t length;
	void *member;

	if (!load_number(l, &length))
		return false;
	for (uint32_t i = 0; i < length; i++) {
		if (!load_reference(l, row->list->kind, &member))
			return false;
		if (!member || is_listed(row->list, member, pointer_at(object, row->offset)))
			return refuse(l, "is listed twice");
		append(row, object, member);
	}
	return true;
}

static bool load_special(struct loader *l, const struct row *row, void *object)
{
	return row->special->load(l, object);
}

static bool (*const load_row[ROW_TYPES])(struct loader *l, const struct row *row, void *object) = {
	[LEFT_OUT] = load_nothing, [BYTES] = load_plain, [NUMBER] = load_limited, [TEXT] = load_text, [STRING] = load_string,
	[BLOB] = load_blob, [PARTS] = load_parts, [OWNED] = load_owned, [ARRAY] = load_array, [REFERENCE] = load_pointer,
	[LIST] = load_list, [SPECIAL] = load_special,
};

bool load_table(struct loader *l, const struct table *table, void *object)
{
	for (size_t i = 0; i < table->count; i++) {
		l->table = table;
		l->row = &table->rows[i];
		if (!load_row[l->row->type](l, &table->rows[i], object))
			return false;
	}
	return true;
}

/* ---- objects ---- */

static void *make(struct world *w, enum kind kind)
{
	switch (kind) {
	case A_PROCESS:
		return slab_take(&w->signals);
	case A_TASK:
		return slab_take(&w->tasks);
	case AN_MM:
		return slab_take(&w->mms);
	default:
		return calloc(1, tables[kind]->size);
	}
}

/* The world and its root are there already. */
static void *first_of(struct world *w, enum kind kind)
{
	return kind == A_WORLD ? (void *)w : kind == A_CGROUP ? &w->root : NULL;
}

static bool make_all(struct loader *l, enum kind kind, uint32_t count)
{
	struct objects *o = &l->of[kind];
	void *first = first_of(l->world, kind);

	if (first && !count)
		return refuse(l, "there is no world in it");
	o->all = calloc((size_t)count + 1, sizeof(void *));
	if (!o->all)
		return out_of_memory_for_it(l);
	for (; o->count < count; o->count++) {
		o->all[o->count] = first && !o->count ? first : make(l->world, kind);
		if (!o->all[o->count])
			return out_of_memory_for_it(l);
	}
	return true;
}

/* There is a limit to how much can be asked for: each takes its part of the bytes. */
static bool load_counts(struct loader *l)
{
	uint32_t counts[KINDS];
	uint64_t least = 0;

	if (!load_bytes(l, counts, sizeof(counts)))
		return false;
	for (enum kind kind = 0; kind < KINDS; kind++)
		least += (uint64_t)counts[kind] * least_size(tables[kind]);
	if (counts[A_WORLD] != 1 || !has_left(l, least, 1))
		return refuse(l, "there is more in it than it has bytes for");
	for (enum kind kind = 0; kind < KINDS; kind++)
		if (!make_all(l, kind, counts[kind]))
			return false;
	return true;
}

static bool load_all(struct loader *l)
{
	for (enum kind kind = 0; kind < KINDS; kind++)
		for (uint32_t i = 0; i < l->of[kind].count; i++)
			if (!load_table(l, tables[kind], l->of[kind].all[i]))
				return false;
	l->table = NULL;
	return l->at == l->end ? true : refuse(l, "there is something behind its end");
}

static void free_object(enum kind kind, void *object)
{
	if (kind == A_PROCESS)
		extra_drop(object);
	if (kind == A_CGROUP)
		cgroup_free(object);
	if (kind == A_CRED)
		free(object);
}

/* Nothing holds together yet: the world forgets whom it knows, and each goes by itself. */
static void abandon(struct loader *l)
{
	struct world *w = l->world;

	w->candidates.count = 0;
	w->cgroups.count = 0;
	for (enum kind kind = 0; kind < KINDS; kind++)
		for (uint32_t i = first_of(w, kind) ? 1 : 0; i < l->of[kind].count; i++)
			free_object(kind, l->of[kind].all[i]);
	world_drop(w);
}

struct world *state_load(const char *bytes, size_t length, struct text *why)
{
	struct loader l = { .world = world_blank(), .at = bytes, .end = bytes + length, .why = why };
	bool is_good = l.world ? load_counts(&l) && load_all(&l) && state_check(&l) && state_rebuild(&l) : out_of_memory_for_it(&l);

	if (l.world && !is_good)
		abandon(&l);
	for (enum kind kind = 0; kind < KINDS; kind++)
		free(l.of[kind].all);
	return is_good ? l.world : NULL;
}
