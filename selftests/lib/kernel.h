/* SPDX-License-Identifier: GPL-2.0-only */
/* kernel.h - what a kernel does differently, as far as the tests can see it */
#ifndef LIB_KERNEL_H
#define LIB_KERNEL_H

struct cdev;

/*
 * Pages that type1 maps and unmaps in each new domain, to see whether the
 * driver makes large leaves: 2, or 0 where it knows.
 */
unsigned int kernel_trial_pages(void);

/* What type1 answers to a range that goes around the end of the addresses. */
int kernel_wrap_errno(void);

/* Is a range that ends with the last address of all none to type1? */
int kernel_ranges_wrap(void);

/* Is a page fault inside a probe's handler a nested hit in the books of kprobes? */
int kernel_counts_faults_as_nested(void);

/* Does VT-d map for drivers by code of its own, past the IOMMU core's? */
int kernel_vtd_maps_itself(void);

/*
 * Does type1 pin page by page? The page that does not continue a run is put
 * back and pinned again, and a hole ends the run before it, which is mapped.
 */
int kernel_pins_by_page(void);

/* Does type1 know VFIO_DMA_UNMAP_FLAG_ALL? */
int kernel_unmaps_all(void);

/* What it answers to VFIO_DMA_MAP_FLAG_VADDR where there is no region. */
int kernel_vaddr_errno(void);

/*
 * Does the child of a fork get the copy of a private hugetlb page that is pinned?
 * Else the one who writes to it first gets it, and so may lose what a device
 * writes to.
 */
int kernel_fork_spares_hugetlb(void);

/* Is what a process has mapped unmapped for no other? */
int kernel_only_mapper_unmaps(void);

/*
 * Does type1 take what a range covers in the order of its tree? In a v1
 * container, where it stops at a region that begins before the range, it is then
 * chance what went before.
 */
int kernel_unmaps_in_tree_order(void);

/* Can the memory of a cgroup be limited? Not every kernel has that built. */
int kernel_limits_memory(void);

/* Are page tables of an IOMMU charged to the cgroup of whoever maps? */
int kernel_charges_tables(void);

/* Does a map that fails inside the driver leave nothing behind? */
int kernel_undoes_failed_maps(void);

/* Does type1 look at each page of a BAR? */
int kernel_looks_at_each_page(void);

/*
 * Is a module of the kernel a part of it? Then it cannot be unloaded. One that is
 * not loaded is none.
 */
int kernel_has_built_in(const char *module);

/* Is there iommufd, and does it map files, and parts of BARs as dma-bufs? */
int kernel_has_iommufd(void);
int kernel_maps_files(void);
int kernel_exports_bars(struct cdev *cdev);

/* Does VT-d flush in a function of its own? */
int kernel_tells_flushes(void);

/*
 * Can the module enter functions by ftrace alone, and so hear them while kprobes
 * are switched off?
 */
int kernel_enters_by_ftrace(void);

#endif /* LIB_KERNEL_H */
