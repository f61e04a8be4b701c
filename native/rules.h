/* What a kernel version does: one row a behaviour. Code asks rules->behaviour and never compares versions. */
#ifndef RULES_H
#define RULES_H

#include <stdbool.h>
#include <stdint.h>

/* Versions without a recording follow what is known of their sources; where a change is only bracketed, its row says so. */
enum version { V4_7, V4_8, V4_9, V4_14, V4_19, V5_4, V5_10, V5_15, V6_1, V6_6, V6_12, V6_18, VERSIONS };

/*
 * behaviour, since, until (both included), the patch of the series that brought or removed it (0 = none), what a user sees.
 * On 4.7 with single patches applied, a row of such a patch holds as on 4.8.
 */
#define RULES(RULE) \
	RULE(own_mm_needed, V4_7, V4_7, 1, \
	     "a write to oom_adj or oom_score_adj of a task without mm (zombie, kernel thread) is EINVAL") \
	RULE(sighand_needed, V4_7, V4_7, 2, \
	     "while a task is being released, oom_adj reads -16, oom_score_adj reads -1000, and a write is ESRCH") \
	RULE(one_helper, V4_8, V6_18, 3, \
	     "both files are written by one helper: nothing that a user sees") \
	RULE(sharers_follow_write, V4_8, V6_18, 4, \
	     "a write to oom_adj or oom_score_adj reaches every process sharing the mm, but for vforked children") \
	RULE(following_is_logged, V4_8, V4_19, 4, \
	     "each sharer that follows a write is named in the kernel log (gone in 5.0)") \
	RULE(sharing_is_marked, V5_10, V6_18, 0, \
	     "writes reach sharers only of an mm that clone(CLONE_VM) without CLONE_VFORK has marked (since 5.9.2)") \
	RULE(oom_adj_reads_at_most_15, V5_10, V6_18, 0, \
	     "oom_score_adj 942 to 999 reads 15 in oom_adj, not 16 (came between 5.9.2 and 5.10.7)") \
	RULE(vfork_child_hidden, V4_8, V6_18, 5, \
	     "a vforked child scores 0 until it execs or exits") \
	RULE(root_bonus, V4_7, V4_14, 0, \
	     "CAP_SYS_ADMIN is worth 3 % of the points (gone in 4.17)") \
	RULE(reader_mems_count, V4_7, V4_19, 0, \
	     "oom_score reads 0 where reader and task share no memory node (gone between 5.0 and 5.3)") \
	RULE(badness_is_signed, V5_10, V6_18, 0, \
	     "points may be negative, and oom_score is (1000 + points * 1000 / total) * 2 / 3 (since 5.9)")

struct rules {
#define RULE_FIELD(name, since, until, patch, text) bool name;
	RULES(RULE_FIELD)
#undef RULE_FIELD
};

void rules_fill(struct rules *rules, enum version version, uint32_t patches);

#endif
