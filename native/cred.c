/* See cred.h. */
#include "cred.h"

#include <errno.h>
#include <stdlib.h>

struct cred *cred_new(void)
{
	struct cred *cred = calloc(1, sizeof(*cred));

	if (!cred)
		return NULL;
	cred->users = 1;
	cred->effective = cred->permitted = cred->bounding = CAPS_ALL;
	return cred;
}

struct cred *cred_copy(const struct cred *from)
{
	struct cred *cred = malloc(sizeof(*cred));

	if (!cred)
		return NULL;
	*cred = *from;
	cred->users = 1;
	return cred;
}

struct cred *cred_get(struct cred *cred)
{
	cred->users++;
	return cred;
}

void cred_put(struct cred *cred)
{
	if (cred && !--cred->users)
		free(cred);
}

uint64_t cred_caps(const struct cred *cred)
{
	return cred->in_user_namespace ? 0 : cred->effective;
}

/* A child user namespace maps no ids: none can be named there. */
static bool names_an_id(const int64_t wanted[3])
{
	return wanted[0] != -1 || wanted[1] != -1 || wanted[2] != -1;
}

/* May each wanted id be taken: any with the capability, else only one of those held. */
static int pick_ids(uint32_t *const ids[3], const uint32_t held[3], const int64_t wanted[3], bool capable)
{
	for (int i = 0; i < 3; i++) {
		bool is_held = wanted[i] == held[0] || wanted[i] == held[1] || wanted[i] == held[2];

		if (wanted[i] == -1)
			continue;
		if (wanted[i] < 0 || wanted[i] >= UINT32_MAX)
			return -EINVAL;
		if (!is_held && !capable)
			return -EPERM;
		*ids[i] = (uint32_t)wanted[i];
	}
	return 0;
}

static bool has_root(const struct cred *cred)
{
	return !cred->uid || !cred->euid || !cred->suid;
}

/* cap_emulate_setxuid() */
static void follow_root(struct cred *to, const struct cred *from)
{
	if (has_root(from) && !has_root(to) && !from->keepcaps)
		to->permitted = to->effective = 0;
	if (!from->euid && to->euid)
		to->effective = 0;
	if (from->euid && !to->euid)
		to->effective = to->permitted;
}

int cred_setresuid(struct cred *to, const struct cred *from, const int64_t ids[3])
{
	uint32_t *const places[3] = { &to->uid, &to->euid, &to->suid };
	const uint32_t held[3] = { from->uid, from->euid, from->suid };
	int error;

	if (from->in_user_namespace && names_an_id(ids))
		return -EINVAL;
	error = pick_ids(places, held, ids, from->effective & CAP_BIT(CAP_SETUID));
	if (!error)
		follow_root(to, from);
	return error;
}

int cred_setresgid(struct cred *to, const struct cred *from, const int64_t ids[3])
{
	uint32_t *const places[3] = { &to->gid, &to->egid, &to->sgid };
	const uint32_t held[3] = { from->gid, from->egid, from->sgid };

	if (from->in_user_namespace && names_an_id(ids))
		return -EINVAL;
	return pick_ids(places, held, ids, from->effective & CAP_BIT(CAP_SETGID));
}

/* cap_capset(): the bounding set is a limit to everybody, what is permitted to those without CAP_SETPCAP. */
static uint64_t most_inheritable(const struct cred *from)
{
	uint64_t limit = from->inheritable | from->bounding;

	return from->effective & CAP_BIT(CAP_SETPCAP) ? limit : limit & (from->inheritable | from->permitted);
}

int cred_capset(struct cred *to, const struct cred *from, uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	permitted &= CAPS_ALL;
	effective &= CAPS_ALL;
	inheritable &= CAPS_ALL;
	if ((permitted & ~from->permitted) || (effective & ~permitted) || (inheritable & ~most_inheritable(from)))
		return -EPERM;
	to->effective = effective;
	to->permitted = permitted;
	to->inheritable = inheritable;
	return 0;
}

/*
 * No file capabilities here: root gets what its bounding set leaves, others nothing. A child user
 * namespace that maps no ids has no root.
 */
void cred_exec(struct cred *to)
{
	bool has_root_uid = !to->in_user_namespace && (!to->uid || !to->euid);

	to->permitted = has_root_uid ? to->bounding | to->inheritable : 0;
	to->effective = !to->euid ? to->permitted : 0;
	to->suid = to->euid;
	to->sgid = to->egid;
	to->keepcaps = false;
}

int cred_unshare_user(struct cred *to)
{
	if (to->in_user_namespace)
		return -EPERM;
	to->in_user_namespace = true;
	to->effective = to->permitted = to->bounding = CAPS_ALL;
	to->inheritable = 0;
	to->keepcaps = false;
	return 0;
}

bool cred_change_hides(const struct cred *from, const struct cred *to)
{
	if (from->euid != to->euid || from->egid != to->egid)
		return true;
	return from->in_user_namespace == to->in_user_namespace && (to->permitted & ~from->permitted);
}
