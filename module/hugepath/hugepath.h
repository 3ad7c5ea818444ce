/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hugepath.h - what the files of the hugepath backend share
 */
#ifndef HP_HUGEPATH_H
#define HP_HUGEPATH_H

#include <linux/bits.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/types.h>

struct iommu_domain;
struct iommu_group;
struct mm_struct;
struct page;
struct task_struct;
struct vfio_iommu_type1_dma_map;
struct vfio_iommu_type1_dma_unmap;
struct vm_area_struct;

/**
 * enum hp_hold - how the memory of a run is held
 * @HP_HOLD_NONE: not at all: a BAR, or the zero page
 * @HP_HOLD_PAGES: one pin a 4K page
 * @HP_HOLD_FOLIOS: one pin a hugetlb folio, however little of it is mapped
 */
enum hp_hold {
	HP_HOLD_NONE,
	HP_HOLD_PAGES,
	HP_HOLD_FOLIOS,
};

/**
 * struct hp_run - contiguous in IOVA and in physical memory
 * @pfn: of the first page
 * @npage: 4K pages
 * @hold: enum hp_hold, the same for all of it
 *
 * Eight bytes, because scattered memory has one for each 4K page: as much as
 * its IO page table takes.
 */
struct hp_run {
	u64 pfn : 40;
	u64 npage : 22;
	u64 hold : 2;
};

#define HP_RUN_MAX_PAGES (BIT(22) - 1)

/**
 * struct hp_chunk - some runs of a region, in order of IOVA
 * @node: in hp_region.chunks
 * @nr: used
 * @max: allocated
 * @runs: each begins where the one before ends
 */
struct hp_chunk {
	struct list_head node;
	unsigned int nr;
	unsigned int max;
	struct hp_run runs[];
};

/**
 * struct hp_region - one MAP_DMA
 * @node: in hp_container.regions
 * @iova: first
 * @size: in bytes
 * @vaddr: of the first page, in @mm
 * @prot: IOMMU_READ, IOMMU_WRITE
 * @mm: whose memory it is, and whose locked_vm counts it; grabbed
 * @task: leader of the process that mapped; referenced, and only asked whether
 *	somebody else may unmap
 * @lock_cap: its process had CAP_IPC_LOCK when it mapped
 * @locked: 4K pages counted in locked_vm
 * @chunks: struct hp_chunk, what is pinned
 * @mapped: in bytes; how much of it, from @iova on, all domains have whole. Of
 *	what is pinned behind that any leaf may be in any of them
 */
struct hp_region {
	struct rb_node node;
	dma_addr_t iova;
	size_t size;
	unsigned long vaddr;
	int prot;
	struct mm_struct *mm;
	struct task_struct *task;
	bool lock_cap;
	unsigned long locked;
	struct list_head chunks;
	size_t mapped;
};

/**
 * struct hp_domain - an IO page table and who uses it
 * @node: in hp_container.domains
 * @groups: struct hp_group
 * @domain: of the IOMMU core
 * @coherent: no device behind it can bypass the CPU's caches
 */
struct hp_domain {
	struct list_head node;
	struct list_head groups;
	struct iommu_domain *domain;
	bool coherent;
};

struct hp_group {
	struct list_head node;
	struct iommu_group *group;
};

/**
 * struct hp_container - the backend's half of a VFIO container
 * @lock: see there
 * @domains: struct hp_domain, all with the same mappings
 * @windows: struct hp_window, the IOVAs that may be mapped, ascending
 * @regions: struct hp_region by IOVA, disjoint
 * @regions_avail: how many more may be mapped
 * @pgsizes: leaf sizes that all domains have
 * @leaf: no leaf is larger, in bytes
 * @v2: type1's second rules of unmapping
 */
struct hp_container {
	/* Around everything here, in every call that VFIO makes. */
	struct mutex lock;
	struct list_head domains;
	struct list_head windows;
	struct rb_root regions;
	unsigned int regions_avail;
	u64 pgsizes;
	size_t leaf;
	bool v2;
};

/* container.c */
struct hp_container *hp_container_open(bool v2, unsigned int max_regions,
				       size_t leaf);
void hp_container_release(struct hp_container *c);
int hugepath_attach_group(struct hp_container *c, struct iommu_group *group);
void hp_container_detach(struct hp_container *c, struct iommu_group *group);
bool hp_container_coherent(struct hp_container *c);
int hp_container_set_leaf(struct hp_container *c, unsigned long leaf);
int hp_container_get_info(struct hp_container *c, void __user *arg);

/* domain.c */
struct hp_domain *hp_domain_attach(struct iommu_group *group);
void hp_domain_free(struct hp_domain *d);
int hp_domain_map(struct hp_domain *d, dma_addr_t iova, unsigned long pfn,
		  unsigned long npage, int prot, size_t leaf);
bool hp_domain_unmap(struct hp_domain *d, dma_addr_t iova, size_t size);
bool hp_domain_sweep(struct hp_domain *d, dma_addr_t iova, size_t size);
int hp_domains_map(struct hp_container *c, dma_addr_t iova, unsigned long pfn,
		   unsigned long npage, int prot);
bool hp_domains_unmap(struct hp_container *c, dma_addr_t iova, size_t size);
bool hp_domains_sweep(struct hp_container *c, dma_addr_t iova, size_t size);

/* window.c */
struct hp_window {
	struct list_head node;
	dma_addr_t start;
	dma_addr_t last;
};

void hp_windows_free(struct list_head *windows);
int hp_windows_copy(const struct list_head *from, struct list_head *to);
int hp_windows_narrow(struct list_head *windows, dma_addr_t start,
		      dma_addr_t last, struct list_head *reserved);
void hp_reserved_free(struct list_head *reserved);
bool hp_windows_allow(const struct list_head *windows, dma_addr_t start,
		      dma_addr_t last);

/* region.c */
int hp_region_map(struct hp_container *c,
		  const struct vfio_iommu_type1_dma_map *map);
int hp_region_unmap(struct hp_container *c, u64 iova, u64 size, bool all,
		    u64 *unmapped);
void hp_regions_drop(struct hp_container *c);
int hp_regions_replay(struct hp_container *c, struct hp_domain *d);
void hp_regions_unmap(struct hp_container *c, struct hp_domain *d);
bool hp_regions_allowed(struct hp_container *c,
			const struct list_head *windows);
void hugepath_teardown(struct hp_container *c, struct hp_region *region);

/* backing.c */
/**
 * struct hp_pinner - what is pinned and not yet part of a run
 * @pages: room for a batch, once there was one
 * @nr_pages: pages in the batch, each with a pin of its own
 * @next_page: first of them that is not in @ahead
 * @span: what each of them stands for, in 4K pages: 1 or a hugetlb folio
 * @ahead: contiguous; taken from the batch or found without one. A run may end
 *	in it behind any @part of so many 4K pages: a folio has one pin and so
 *	belongs to one run
 */
struct hp_pinner {
	struct page **pages;
	unsigned int nr_pages;
	unsigned int next_page;
	unsigned long span;
	struct {
		unsigned long pfn;
		unsigned long npage;
		unsigned long part;
		enum hp_hold hold;
	} ahead;
	enum hp_hold hold;
};

void hp_pinner_fini(struct hp_pinner *p, struct hp_region *region);
long hugepath_pin(struct hp_region *region, unsigned long vaddr,
		  unsigned long npage, unsigned long *pfn,
		  struct hp_pinner *p);
void hugepath_unpin(struct hp_region *region, dma_addr_t iova,
		    unsigned long pfn, unsigned long npage,
		    enum hp_hold hold);

/* bar.c */
bool hp_bar_linear(const struct vm_area_struct *vma, unsigned long pfn,
		   unsigned long npage);

/* account.c */
int hp_account(struct hp_region *region, unsigned long npage);
void hp_unaccount(struct hp_region *region);

/* layout.c */
int hp_layout_check(void);

/* params.c */
/**
 * struct hp_params - what the administrator sets
 * @takeover: serve whoever asks for type1, too
 * @leaf: largest leaf of a new container, in bytes
 * @dma_entry_limit: mappings of a new container
 * @allow_unsafe_interrupts: work without interrupt remapping
 * @share_domains: groups of a container share an IO page table if they can
 * @force: load on a kernel that nobody has read
 */
struct hp_params {
	bool takeover;
	size_t leaf;
	unsigned int dma_entry_limit;
	bool allow_unsafe_interrupts;
	bool share_domains;
	bool force;
};

extern struct hp_params hp_params;

#endif /* HP_HUGEPATH_H */
