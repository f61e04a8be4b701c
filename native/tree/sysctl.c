/*
 * /proc/sys/DIRECTORY/NAME that holds one number, as proc_dointvec(), proc_dointvec_minmax() and proc_doulongvec_minmax()
 * read and write it.
 */
#include "sysctl.h"

#include "cred.h"
#include "number.h"
#include "reclaim.h"
#include "text.h"
#include "tree/tree.h"
#include "world.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

enum { SYSCTL_PAGE = 4096 };

int sysctl_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)reader;
	return text_printf(out, "%" PRId64 "\n", knob_get(w, knob_find(node->entry->name)));
}

/* Until 5.1 a number with limits was cut to 32 bits before anything looked at them. */
static int to_int(const struct world *w, bool is_limited, const struct sysctl_number *number, int64_t *out)
{
	uint64_t magnitude = number->magnitude;

	if (w->rules.sysctl_wraps && is_limited) {
		*out = (int32_t)(uint32_t)(number->negative ? -magnitude : magnitude);
		return 0;
	}
	if (magnitude > (uint64_t)INT_MAX + number->negative)
		return -EINVAL;
	*out = number->negative ? -(int64_t)magnitude : (int64_t)magnitude;
	return 0;
}

static int to_long(const struct sysctl_number *number, int64_t *out)
{
	*out = (int64_t)number->magnitude;
	return number->magnitude > INT64_MAX ? -EINVAL : 0;
}

/*
 * The number that was written: 1, 0 where it has no effect (at another position than 0, as sysctl_writes_strict is, which
 * is not to be changed here), or an errno. What stands behind it and the white space after it is not taken: the count
 * is short.
 */
static int take_number(struct world *w, const char *bytes, size_t *count, int64_t offset, struct sysctl_number *number)
{
	size_t taken = *count < SYSCTL_PAGE ? *count : SYSCTL_PAGE - 1;
	int error;

	if (!*count || offset)
		return 0;
	error = number_take(bytes, taken, w->rules.sysctl_wraps, number);
	*count = *count - taken + number->used;
	return error ? error : 1;
}

/* Below none of ours is a negative unsigned long: it is passed over. */
static int set_knob(struct world *w, const struct knob *knob, const struct sysctl_number *number)
{
	int64_t value;
	int error;

	if (knob_is_long(knob) && number->negative)
		return 0;
	error = knob_is_long(knob) ? to_long(number, &value) : to_int(w, knob_is_limited(knob), number, &value);
	return error ? error : knob_set(w, knob, value);
}

/* ns_last_pid is written by checkpoint/restore only; without the capability by nobody. */
static bool has_right(const struct entry *e, const struct caller *who)
{
	if (!strcmp(e->name, "ns_last_pid"))
		return who->caps & (CAP_BIT(CAP_SYS_ADMIN) | CAP_BIT(CAP_CHECKPOINT_RESTORE));
	return sysctl_permits(e->mode, who, W_OK);
}

ssize_t sysctl_write(struct world *w, const struct node *node, const struct caller *who, const char *bytes, size_t count,
		     int64_t offset)
{
	struct sysctl_number number = { 0 };
	int found;

	if (!has_right(node->entry, who))
		return -EPERM;
	found = take_number(w, bytes, &count, offset, &number);
	if (found > 0)
		found = set_knob(w, knob_find(node->entry->name), &number);
	return found < 0 ? found : (ssize_t)count;
}

/* A number that is an order: 1 to `most`. */
static ssize_t take_order(struct world *w, const struct caller *who, const char *bytes, size_t count, int64_t offset,
			  int64_t most, int64_t *order)
{
	struct sysctl_number number = { 0 };
	int found;

	*order = 0;
	if (!sysctl_permits(0200, who, W_OK))
		return -EPERM;
	found = take_number(w, bytes, &count, offset, &number);
	if (found <= 0)
		return found ? found : (ssize_t)count;
	found = to_int(w, true, &number, order);
	return found ? found : *order < 1 || *order > most ? -EINVAL : (ssize_t)count;
}

ssize_t drop_caches_write(struct world *w, const struct node *node, const struct caller *who, const char *bytes,
			  size_t count, int64_t offset)
{
	enum { MOST = 4 };	/* and 4: say no more of it in the log */
	int64_t order;
	ssize_t result = take_order(w, who, bytes, count, offset, MOST, &order);

	(void)node;
	if (result >= 0 && order)
		drop_caches(w, (unsigned int)order, who);
	return result;
}

/* Memory is not in pieces here: there is nothing to move. */
ssize_t compact_memory_write(struct world *w, const struct node *node, const struct caller *who, const char *bytes,
			     size_t count, int64_t offset)
{
	int64_t order;

	(void)node;
	return take_order(w, who, bytes, count, offset, 1, &order);
}

int drop_caches_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)node, (void)reader;
	return text_printf(out, "%u\n", w->reclaim.last_drop);
}
