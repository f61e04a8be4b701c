/* Who may look into a task: what guards the files of /proc/PID beyond their mode. */
#ifndef PTRACE_H
#define PTRACE_H

#include "fakeproc.h"

#include <stdbool.h>

struct task;

/* ptrace_may_access() with PTRACE_MODE_READ_FSCREDS. */
bool ptrace_may_access(const struct world *w, const struct caller *who, const struct task *t);

#endif
