/*
 * What the hidden real procfs says of adopted processes. A path in a mount is, without its first slash, the path of
 * the same file in the real procfs: processes have the same pids in both.
 *
 * The mm, the descriptors' owners and whoever else a file of the real procfs waits for may in turn wait for an answer of
 * ours. So there are two kinds: names and links, which take no lock that is held over a request, may be asked for
 * with the world's lock; contents (real_open(), and reads of what it opens) only with no lock at all, by a thread whose
 * place another has taken, see stand_in.h.
 */
#ifndef REAL_H
#define REAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct node;
struct world;

/* fd and fdinfo of an adopted task: the mode of that descriptor's link, or 0 where it is not open. */
uint32_t real_fd(const struct world *w, const struct node *directory, uint32_t number);
/* The first descriptor from `from` on, -1 behind the last one. */
int64_t real_next_fd(const struct world *w, const struct node *directory, int64_t from);
int64_t real_fd_count(const struct world *w, const struct node *directory);

/* proc: a directory of the real procfs. A length, or a negative errno; there is no NUL. */
ssize_t real_readlink(int proc, const char *path, char *buffer, size_t size);
/*
 * Does that thread, which waits for the target of a link, want to read it (readlink(2)), or to follow it? 1, 0, or a
 * negative errno where nobody knows.
 */
int reads_link(int proc, pid_t tid);
/* May wait, but no longer than it lives itself. A descriptor, or -1: there the model's own text has to do. */
int real_open(int proc, const char *path);

#endif
