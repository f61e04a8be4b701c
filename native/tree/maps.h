/* What maps, smaps and numa_maps share: the walk over the mappings, and the line of one. */
#ifndef MAPS_H
#define MAPS_H

#include "layout.h"
#include "tree/task_files.h"

struct text;

int vma_line(const struct task *t, const struct vma *v, struct text *out);
/* One vma's lines. */
typedef int vma_writer(const struct world *w, const struct task *t, const struct vma *v, struct text *out);
/* Those of all vmas of a task with an mm, of others nothing; and of the vsyscall page, which is in no mm. */
int each_vma(const struct world *w, const struct task *t, vma_writer *lines, struct text *out);
int each_vma_and_vsyscall(const struct world *w, const struct task *t, vma_writer *lines, struct text *out);

#endif
