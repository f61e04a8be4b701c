/* /proc/sys/vm/NAME: one integer, as proc_dointvec() and proc_dointvec_minmax() read and write it. */
#include "sysctl.h"

#include "number.h"
#include "text.h"
#include "tree/tree.h"
#include "world.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

enum { SYSCTL_PAGE = 4096 };

int sysctl_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)reader;
	return text_printf(out, "%d\n", knob_get(w, knob_find(node->entry->name)));
}

/* Until 5.1 a number with limits was cut to 32 bits before anything looked at them. */
static int to_int(const struct world *w, const struct knob *knob, const struct sysctl_number *number, int32_t *out)
{
	uint64_t magnitude = number->magnitude;

	if (w->rules.sysctl_wraps && knob_is_limited(knob)) {
		*out = (int32_t)(uint32_t)(number->negative ? -magnitude : magnitude);
		return 0;
	}
	if (magnitude > (uint64_t)INT_MAX + number->negative)
		return -EINVAL;
	*out = (int32_t)(number->negative ? -(int64_t)magnitude : (int64_t)magnitude);
	return 0;
}

/*
 * What stands behind the number and the white space after it is not taken: the count is short. A write at another
 * position than 0 is taken without effect (sysctl_writes_strict, which is not to be changed here).
 */
ssize_t sysctl_write(struct world *w, const struct node *node, const struct caller *who, const char *bytes, size_t count,
		     int64_t offset)
{
	const struct knob *knob = knob_find(node->entry->name);
	struct sysctl_number number;
	size_t taken = count < SYSCTL_PAGE ? count : SYSCTL_PAGE - 1;
	int32_t value;
	int error;

	if (!sysctl_permits(0644, who, W_OK))
		return -EPERM;
	if (!count || offset)
		return (ssize_t)count;
	error = number_take(bytes, taken, w->rules.sysctl_wraps, &number);
	if (!error)
		error = to_int(w, knob, &number, &value);
	if (!error)
		error = knob_set(w, knob, value);
	return error ? error : (ssize_t)(count - taken + number.used);
}
