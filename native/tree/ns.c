/* /proc/PID/ns: the initial namespaces, but for those of pids and users that the world knows. */
#include "ptrace.h"
#include "text.h"
#include "tree/task_files.h"
#include "world.h"

#include <errno.h>
#include <sys/stat.h>

enum { OWN_NAMESPACES = 0x100000 };	/* numbers of those made later */

#define INITIAL 4026531834U

enum kind { TIME, CGROUP, PID, USER, UTS, IPC, NET, MNT };

/* Those of net and mnt were given out as they came, until they got fixed ones, too. */
static const struct { const char *name; uint32_t number, once; } kinds[] = {
	[TIME] = { "time", INITIAL, INITIAL },
	[CGROUP] = { "cgroup", INITIAL + 1, INITIAL + 1 },
	[PID] = { "pid", INITIAL + 2, INITIAL + 2 },
	[USER] = { "user", INITIAL + 3, INITIAL + 3 },
	[UTS] = { "uts", INITIAL + 4, INITIAL + 4 },
	[IPC] = { "ipc", INITIAL + 5, INITIAL + 5 },
	[NET] = { "net", INITIAL - 1, INITIAL + 6 },
	[MNT] = { "mnt", INITIAL - 2, INITIAL + 7 },
};

static uint32_t number_of(const struct world *w, const struct task *t, enum kind kind)
{
	if (kind == PID && t->signal->namespace)
		return INITIAL + OWN_NAMESPACES + t->signal->namespace;
	if (kind == USER && t->cred->in_user_namespace)
		return INITIAL + 2 * OWN_NAMESPACES + (uint32_t)t->signal->leader->pid;
	return w->rules.namespaces_have_fixed_numbers ? kinds[kind].number : kinds[kind].once;
}

/* nsproxy is gone once it has exited; its pid namespace and its user namespace are not. */
static int read_ns(const struct world *w, const struct node *node, const struct caller *reader, enum kind kind, bool stays,
		   struct text *out)
{
	const struct task *t = node->task;

	if (!ptrace_may_access(w, reader, t))
		return -EACCES;
	if (!stays && !has_files(t))
		return -ENOENT;
	return text_printf(out, "%s:[%u]", kinds[kind].name, number_of(w, t, kind));
}

#define NAMESPACE(name, kind, stays) \
	static int name(struct world *w, const struct node *node, const struct caller *reader, struct text *out) \
	{ \
		return read_ns(w, node, reader, kind, stays, out); \
	}

NAMESPACE(net_ns_read, NET, false)
NAMESPACE(uts_ns_read, UTS, false)
NAMESPACE(ipc_ns_read, IPC, false)
NAMESPACE(pid_ns_read, PID, true)
NAMESPACE(pid_for_children_read, PID, false)
NAMESPACE(user_ns_read, USER, true)
NAMESPACE(mnt_ns_read, MNT, false)
NAMESPACE(cgroup_ns_read, CGROUP, false)
NAMESPACE(time_ns_read, TIME, false)

static const struct entry ns_entries[] = {
#define LINK(name, read, rule) { name, S_IFLNK | 0777, FRESH, BOTH, read, NULL, NULL, MAGIC | OF_PLACEHOLDER, rule }
	LINK("net", net_ns_read, 0),
	LINK("uts", uts_ns_read, 0),
	LINK("ipc", ipc_ns_read, 0),
	LINK("pid", pid_ns_read, 0),
	LINK("pid_for_children", pid_for_children_read, WHERE(pid_for_children_exists)),
	LINK("user", user_ns_read, 0),
	LINK("mnt", mnt_ns_read, 0),
	LINK("cgroup", cgroup_ns_read, 0),
	LINK("time", time_ns_read, WHERE(time_namespaces_exist)),
	LINK("time_for_children", time_ns_read, WHERE(time_namespaces_exist)),
};

const struct directory ns_directory = { ENTRIES(ns_entries), NULL, NULL, BOTH, 120, 2, NULL };
