/* SPDX-License-Identifier: GPL-2.0-only */
/* mem.h - user memory of a known backing, and where it really is */
#ifndef LIB_MEM_H
#define LIB_MEM_H

#include <linux/types.h>

#define SZ_4K	(1ULL << 12)
#define SZ_2M	(1ULL << 21)
#define SZ_1G	(1ULL << 30)

/* In the order and with the names of the module's keys. */
enum backing {
	BACKING_BASE,
	BACKING_THP,
	BACKING_HUGETLB_2M,
	BACKING_HUGETLB_1G,
	BACKING_MMIO,
	BACKING_MIXED,
	BACKING_NONE,
	NR_BACKINGS,
};

extern const char *const backing_names[NR_BACKINGS];

struct mem {
	void *va;
	__u64 size;
	enum backing backing;
	void *window;
	__u64 window_size;
};

/*
 * Anonymous memory of size bytes; the address is aligned to the page size of
 * the backing. fault: touch every page now, and make sure that it is what was
 * asked for (-ENOMEM when the kernel had no huge pages to give).
 */
int __mem_alloc(struct mem *mem, enum backing backing, __u64 size, int fault);
void mem_alloc(struct mem *mem, enum backing backing, __u64 size);
void mem_free(struct mem *mem);
/* The same from a memfd, shared; base pages or hugetlb. */
void mem_alloc_memfd(struct mem *mem, enum backing backing, __u64 size);
/* And its descriptor is the caller's. */
int mem_open_memfd(struct mem *mem, enum backing backing, __u64 size);
/* And nobody has touched it: who pins it has to allocate it. */
int mem_open_untouched(struct mem *mem, enum backing backing, __u64 size);

/*
 * Base pages in the reverse of the order in which they were taken, so that
 * hardly two neighbours are neighbours in memory.
 */
void mem_alloc_scattered(struct mem *mem, __u64 size);

/* Memory of zeroes that a child shares after a fork. */
void *mem_shared(__u64 size);

__u64 backing_page_size(enum backing backing);

/*
 * Physical address of a present page; 0 when nothing is there. And what the
 * kernel says the page is: BASE, THP, or HUGETLB_2M for hugetlb of any size.
 */
__u64 mem_phys(const void *va);
enum backing mem_page_kind(const void *va);

#endif /* LIB_MEM_H */
