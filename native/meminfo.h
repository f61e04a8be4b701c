/*
 * The machine's memory in one sum, which meminfo, vmstat, zoneinfo and swaps are made of: what the processes hold (an
 * mm counts once) and the machine's own pages. Pages, but where it says otherwise.
 *
 * What the LRU lists hold is a matter of rule here: anonymous pages are active until 5.8 and inactive since, shmem is
 * inactive, file pages are active where a process has them mapped, else inactive; mlocked ones are unevictable.
 */
#ifndef MEMINFO_H
#define MEMINFO_H

#include <stdint.h>

struct world;

struct meminfo {
	int64_t total, free, available;
	int64_t buffers, cached, file_pages;	/* file_pages: both together */
	int64_t active_anon, inactive_anon, active_file, inactive_file, unevictable;
	int64_t swap_total, swap_free;
	int64_t dirty, anon, mapped, shmem;
	int64_t active, inactive;		/* both kinds together */
	int64_t slab, slab_reclaimable, slab_unreclaimable;
	int64_t stack_kbytes, tables;
	int64_t commit_limit, committed;
	int64_t dirty_threshold, dirty_background_threshold;
	int64_t free_blocks;			/* free pages in blocks of 2 MiB that are free all over */
	int64_t memmap;				/* for the structs page */
	int64_t vmalloc_kbytes;			/* of address space */
	int64_t mapped_4k, mapped_2m, mapped_1g;	/* by the kernel for itself, in pages of that size: kbytes */
};

struct meminfo meminfo_of(const struct world *w);

#endif
