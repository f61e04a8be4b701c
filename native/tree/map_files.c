/* /proc/PID/map_files: a link for each mapping of a file, named by its addresses. */
#include "layout.h"
#include "ptrace.h"
#include "text.h"
#include "tree/task_files.h"
#include "world.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PAGE = 4096, MAP_PLACE = 1 << 17 };

static int map_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	struct vma vmas[VMAS_MAX];
	char path[PAGE];

	if (!(reader->caps & CAP_BIT(CAP_SYS_ADMIN)))
		return -EPERM;
	if (!mm_of(node->task) || (int)node->number >= layout_vmas(&w->rules, node->task->mm, vmas))
		return -ENOENT;
	layout_file(node->task, vmas[node->number].file, path, sizeof(path));
	return text_append(out, path, strlen(path));
}

static const struct entry readable = { "", S_IFLNK | 0500, FRESH, BOTH, map_read, NULL, NULL, LINK_OF_FILE, 0 };
static const struct entry writable = { "", S_IFLNK | 0700, FRESH, BOTH, map_read, NULL, NULL, LINK_OF_FILE, 0 };

static struct node map_node(const struct node *directory, const struct vma *v, int index)
{
	return (struct node){ v->perms[1] == 'w' ? &writable : &readable, directory->task, directory->level,
			      (uint64_t)(MAP_PLACE + index), (uint64_t)index };
}

static bool next_map(struct world *w, const struct node *directory, int64_t *at, char name[256], struct node *out)
{
	struct vma vmas[VMAS_MAX];
	int count = mm_of(directory->task) ? layout_vmas(&w->rules, directory->task->mm, vmas) : 0;

	while (*at >= 0 && *at < count && vmas[*at].file == NO_FILE)
		(*at)++;
	if (*at < 0 || *at >= count)
		return false;
	snprintf(name, 256, "%" PRIx64 "-%" PRIx64, vmas[*at].start, vmas[*at].start + vmas[*at].pages * PAGE);
	*out = map_node(directory, &vmas[*at], (int)*at);
	(*at)++;
	return true;
}

static bool find_map(struct world *w, const struct node *directory, const char *name, size_t length, struct node *out)
{
	char found[256];
	int64_t at = 0;

	while (next_map(w, directory, &at, found, out))
		if (strlen(found) == length && !memcmp(found, name, length))
			return true;
	return false;
}

const struct directory map_files_directory = { NULL, 0, find_map, next_map, BOTH, 0, 2, NULL };
