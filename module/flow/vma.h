/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vma.h - what of a process's memory is in the way of a pin
 */
#ifndef IVS_VMA_H
#define IVS_VMA_H

#include <linux/types.h>

/* What memory is, as far as a pin is concerned. */
enum ivs_vma_kind {
	/* The process's memory map was locked by somebody else just then. */
	IVS_VMA_UNKNOWN,
	/* There is none at that address. */
	IVS_VMA_HOLE,
	/* Its protection does not let the process read it, or write it. */
	IVS_VMA_NO_ACCESS,
	IVS_VMA_READ_ONLY,
	/* A file ends before the mapping of it does. */
	IVS_VMA_PAST_END,
	/* Memory that cannot stay pinned by its kind. */
	IVS_VMA_SECRETMEM,
	IVS_VMA_FSDAX,
	/* A BAR, or other memory that has no pages. */
	IVS_VMA_PFNMAP,
	/* Nothing is wrong with these. */
	IVS_VMA_HUGETLB,
	IVS_VMA_SHMEM,
	IVS_VMA_FILE,
	IVS_VMA_ANON,
	IVS_NR_VMA_KINDS,
};

/**
 * struct ivs_vma_pool - the hugetlb pool that memory comes from
 * @page_bytes: size of its pages
 * @total_bytes: what it has
 * @free_bytes: of that, what nobody uses
 * @reserved_bytes: of that, what is promised to others
 * @node: the NUMA node of the processor that asked
 * @node_free_bytes: what is free there
 */
struct ivs_vma_pool {
	u64 page_bytes;
	u64 total_bytes;
	u64 free_bytes;
	u64 reserved_bytes;
	int node;
	u64 node_free_bytes;
};

/**
 * struct ivs_vma_seen - what a range of a process's memory turned out to be
 * @kind: of the first part that is in the way, else of the first part
 * @vaddr: where that part begins, in the range
 * @bytes: its length, in the range
 * @shared: writes to it are seen by others that map it
 * @pool: for IVS_VMA_HUGETLB
 */
struct ivs_vma_seen {
	enum ivs_vma_kind kind;
	u64 vaddr;
	u64 bytes;
	bool shared;
	struct ivs_vma_pool pool;
};

extern const char *const ivs_vma_names[IVS_NR_VMA_KINDS];

u64 ivs_vma_hugetlb_pages(void);
void ivs_vma_look(u64 vaddr, u64 bytes, bool write, struct ivs_vma_seen *seen);

#endif /* IVS_VMA_H */
