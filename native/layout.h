/*
 * Where the pages of an mm lie: a layout that follows from its sizes, so that maps, smaps, status, statm and stat tell
 * one story. A program with libc and the loader, as a real one was recorded, its heap and one anonymous area that
 * holds the rest, shared memory and further files; addresses as without randomisation. An mm that is smaller than
 * that (total_vm) has its program, an area and a stack only.
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#include "fakeproc.h"

#include <stdbool.h>

struct mm;
struct rules;
struct task;

enum vma_file { NO_FILE, EXE, LIBC, LOADER, OTHER_FILE, SHARED_MEMORY };

/* Pages, and of these the resident ones and those in swap; nothing is shared with another mm. */
struct vma {
	uint64_t start, pages, offset;
	const char *perms;
	const char *name;		/* "[heap]"; NULL where it is the file's, or none */
	enum vma_file file;
	uint64_t anon, file_pages, shmem, swap, locked;
};

enum { VMAS_MAX = 32 };

/* How many there are, lowest first; the vsyscall page, which belongs to no mm, is not among them. */
int layout_vmas(const struct rules *rules, const struct mm *mm, struct vma vmas[VMAS_MAX]);

/* Pages, as VmData, VmStk, VmExe and VmLib count them. */
struct vm_sizes {
	uint64_t data, stack, exe, lib;
};

struct vm_sizes layout_sizes(const struct rules *rules, const struct mm *mm);

/* mm->start_code and so on; 0 where there is no such thing. */
struct mm_addresses {
	uint64_t start_code, end_code, start_data, end_data, start_brk, start_stack;
	uint64_t arg_start, arg_end, env_start, env_end;
	uint64_t vdso, entry, loader;
};

struct mm_addresses layout_addresses(const struct rules *rules, const struct task *t);

/* The path of what is mapped there, written to a buffer; at least 4096 bytes. */
void layout_file(const struct task *t, enum vma_file file, char *path, size_t size);
/* Where /proc/PID/exe leads. */
void exe_of(const struct task *t, char *path, size_t size);
/* An inode number for a file of that path. */
uint64_t inode_of(const char *path);

#endif
