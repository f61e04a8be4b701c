/* What few processes have, so that most cost nothing for it: arguments, environment, paths, what is gone, the victim's mm. */
#ifndef EXTRA_H
#define EXTRA_H

#include "fakeproc.h"

#include <stdbool.h>

struct mm;
struct signal;

enum { LONGEST_PATH = 4096, MOST_FILES = 1 << 17 };

/* Bytes with NULs among them; NULL = none set. */
struct blob {
	uint32_t length;
	char bytes[];
};

struct extra {
	struct blob *cmdline, *environ;
	char *exe, *cwd;			/* absolute paths; NULL = what the comm and the root give */
	uint32_t open_files;			/* one more than there are; 0 = not set */
	struct signals signals;
	struct spent dead_threads, children;
	struct mm *oom_mm;			/* that it had when it became a victim, pinned (since 4.9) */
};

/* Made where there is none yet; NULL without memory. */
struct extra *extra_of(struct signal *signal);
/* What fork hands on, and what exec leaves; 0 or -ENOMEM, and the copy has what there was memory for. */
int extra_fork(struct signal *to, const struct signal *from);
void extra_exec(struct signal *signal);
void extra_drop(struct signal *signal);

int set_cmdline(struct signal *signal, const char *bytes, size_t length);
int set_environ(struct signal *signal, const char *bytes, size_t length);
/* -EINVAL where it is no absolute path, or longer than one may be; NULL takes it away. */
int set_exe(struct signal *signal, const char *path);
int set_cwd(struct signal *signal, const char *path);
int set_open_files(struct signal *signal, int count);
int set_signals(struct signal *signal, const struct signals *given);

const struct blob *cmdline_of(const struct signal *signal);
const struct blob *environ_of(const struct signal *signal);
struct signals signals_of(const struct signal *signal);
const char *cwd_of(const struct signal *signal);
/* NULL where it is no victim, or keeps no mm. */
struct mm *oom_mm_of(const struct signal *signal);
bool is_path(const char *path);
/* How many descriptors are open, from 0 on: 3 where nothing else was said. */
uint32_t open_files_of(const struct signal *signal);

#endif
