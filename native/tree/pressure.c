/* /proc/pressure: what is stalled by what, and the triggers that an open file sets and is polled for. */
#include "cred.h"
#include "psi.h"
#include "tree/cgroup_tree.h"
#include "tree/file.h"
#include "world.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* psi_write() keeps so many bytes of a write, and makes the last of them the end. */
enum { KEPT = 32 };

/* "memory", and "memory.pressure" of a cgroup. */
static enum psi_resource resource_of(const struct entry *e)
{
	return e->name[0] == 'i' ? PSI_IO : e->name[0] == 'm' ? PSI_MEMORY : PSI_CPU;
}

int pressure_show(struct world *w, struct psi *psi, const struct entry *e, struct text *out)
{
	return psi_show(psi, &w->rules, resource_of(e), w->now, out);
}

/* One trigger a file, also where it is none that is written then. */
int pressure_set_trigger(struct file *f, struct psi *psi, const char *text)
{
	struct world *w = f->world;

	if (f->trigger)
		return -EBUSY;
	return psi_trigger_create(psi, &w->rules, resource_of(f->entry), text, f->caps & CAP_BIT(CAP_SYS_RESOURCE),
				  w->now, &f->trigger);
}

/* Whose file it is; NULL once its cgroup is removed. */
static struct psi *group_of(struct world *w, const struct node *node)
{
	struct cgroup *cg = cgroup_of_node(w, node);

	return cg ? cgroup_psi(w, cg) : NULL;
}

int pressure_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	struct psi *psi = group_of(w, node);

	(void)reader;
	return psi ? pressure_show(w, psi, node->entry, out) : -ENODEV;
}

ssize_t pressure_write(struct file *f, const char *bytes, size_t count)
{
	char text[KEPT] = "";
	struct node node;
	struct psi *psi;
	int error;

	file_node(f, &node);
	psi = group_of(f->world, &node);
	if (!psi)
		return -ENODEV;
	if (!count)
		return f->entry->flags & KERNFS ? 0 : -EINVAL;
	memcpy(text, bytes, (count < KEPT ? count : KEPT) - 1);
	error = pressure_set_trigger(f, psi, text);
	return error ? error : (ssize_t)count;
}

/* Who may write changed twice: a row for each, of which a kernel has one. */
#define PRESSURE_FILE(name, mode, more, rule) \
	{ name, S_IFREG | mode, SHOWN, BOTH, pressure_read, NULL, NULL, PRESSURE | (more), WHERE(rule) }
#define PRESSURE_ROWS(name) \
	PRESSURE_FILE(name, 0444, 0, psi_written_by_root), \
	PRESSURE_FILE(name, 0666, NEEDS_RESOURCE, psi_open_needs_cap), \
	PRESSURE_FILE(name, 0666, 0, psi_unprivileged_triggers)

static const struct entry pressure_entries[] = {
	PRESSURE_ROWS("io"), PRESSURE_ROWS("cpu"), PRESSURE_ROWS("memory"),
};

const struct directory pressure_directory = { ENTRIES(pressure_entries), NULL, NULL, BOTH, 900, 2, NULL };
