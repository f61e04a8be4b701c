/* The rules as a table, for code (rules_fill) and for people (rules_row_*). */
#include "rules.h"

#include "fakeproc.h"

#include <errno.h>
#include <string.h>

static const char *const version_names[VERSIONS] = {
	"4.7", "4.8", "4.9", "4.14", "4.19", "5.4", "5.10", "5.15", "6.1", "6.6", "6.12", "6.18",
};

struct row {
	const char *name;
	enum version since, until;
	int patch;
	const char *text;
};

static const struct row rows[] = {
#define RULE_ROW(name, since, until, patch, text) { #name, since, until, patch, text },
	RULES(RULE_ROW)
#undef RULE_ROW
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* Patches that build on another one of the series. */
static const struct { uint32_t patch, needs; } needs[] = {
	{ 1U << 4, 1U << 3 },
	{ 1U << 8, 1U << 7 },
};

uint32_t rules_close_patches(uint32_t patches)
{
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if (patches & needs[i].patch)
			patches |= needs[i].needs;
	return patches;
}

/* Single patches count over 4.7 only: there a row of an applied patch is as on 4.8. */
static bool holds(const struct row *row, enum version version, uint32_t patches)
{
	if (version == V4_7 && row->patch && (patches & (1U << row->patch)))
		version = V4_8;
	return row->since <= version && version <= row->until;
}

void rules_fill(struct rules *rules, enum version version, uint32_t patches)
{
#define RULE_SET(name, since, until, patch, text) \
	rules->name = holds(&(const struct row){ #name, since, until, patch, text }, version, patches);
	RULES(RULE_SET)
#undef RULE_SET
}

/* "4.8" and "4.8.15" are 4.8; "4.80" is nothing. */
static bool is_version(const char *name, const char *version)
{
	size_t length = strlen(version);

	return !strncmp(name, version, length) && (!name[length] || name[length] == '.' || name[length] == '-');
}

int rules_version(const char *name)
{
	for (int v = 0; v < VERSIONS; v++)
		if (is_version(name, version_names[v]))
			return v;
	return -EINVAL;
}

int rules_version_count(void) { return VERSIONS; }
const char *rules_version_name(int version) { return version >= 0 && version < VERSIONS ? version_names[version] : NULL; }
int rules_row_count(void) { return ROWS; }

static const struct row *row_at(int row)
{
	return &rows[row >= 0 && row < (int)ROWS ? row : 0];
}

const char *rules_row_name(int row) { return row_at(row)->name; }
const char *rules_row_text(int row) { return row_at(row)->text; }
int rules_row_since(int row) { return (int)row_at(row)->since; }
int rules_row_until(int row) { return (int)row_at(row)->until; }
int rules_row_patch(int row) { return row_at(row)->patch; }

int rules_row_holds(int row, int version, uint32_t patches)
{
	return holds(row_at(row), (enum version)version, patches);
}
