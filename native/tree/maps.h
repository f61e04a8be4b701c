/* What maps and smaps share: the line of a mapping. */
#ifndef MAPS_H
#define MAPS_H

#include "layout.h"
#include "tree/task_files.h"

struct text;

int vma_line(const struct task *t, const struct vma *v, struct text *out);
/* The page that every process sees, and that belongs to none. */
struct vma vsyscall_vma(const struct world *w);

#endif
