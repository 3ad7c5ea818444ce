/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.h - what kernel versions differ in, for hugepath
 *
 * With the instrument's own compat.h, the only file that names a kernel
 * version; the same rules hold: what headers can tell, conftest/features.c asks
 * of them. What is said here of type1 was read in the sources of 5.10, 5.15, 6.1,
 * 6.8, 6.12, 7.2 and 7.3.
 */
#ifndef HP_COMPAT_H
#define HP_COMPAT_H

#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/irqdomain.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>

#include "../compat.h"

/*
 * What a kernel does and its headers do not say. Who takes over VFIO from a
 * later kernel takes all of it, headers and all, so that most is told by
 * something of the same release in them; the last column says by what.
 *
 * name             since  the kernel's change         told, also where backported
 * ANYONE_UNMAPS    6.0    ffed0518d871 no longer      vfio_pin_pages() takes an
 *                         asks whose memory it was    IOVA, as from 6.0 on
 * CHECKS_OVERFLOW  6.18   "vfio/type1: sanitize for   by the version only: nothing
 *                         overflow using              in a header says it. Without
 *                         check_*_overflow()"         it: another errno for ranges
 *                                                     that wrap, and none of those
 *                                                     that end at 2^64
 * PFNMAP_PTEP      6.12   follow_pfnmap_start() sets  by the version: read in 6.12
 *                         ptep for the lowest level   only; later there is a mask
 * PAT_NOTES_       5.10   track_pfn_remap() sets      by the version: up to 6.8,
 *  WHOLE_VMA       first  VM_PAT for whole VMAs only  which are those read. A
 *                  read                               backport that maps BARs page
 *                                                     by page sets none
 */
#ifdef IVS_HAVE_VFIO_PIN_IOVA
#define HP_COMPAT_ANYONE_UNMAPS
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
#define HP_COMPAT_CHECKS_OVERFLOW
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define HP_COMPAT_PFNMAP_PTEP
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
#define HP_COMPAT_PAT_NOTES_WHOLE_VMA
#endif

/* ---- memory ---- */

/* Since 6.5 without an array of VMAs. */
static inline long hp_compat_pin_user_pages(struct mm_struct *mm,
					    unsigned long vaddr,
					    unsigned long npage,
					    unsigned int flags,
					    struct page **pages)
{
#ifdef IVS_HAVE_PIN_REMOTE_VMAS
	return pin_user_pages_remote(mm, vaddr, npage, flags, pages, NULL,
				     NULL);
#else
	return pin_user_pages_remote(mm, vaddr, npage, flags, pages, NULL);
#endif
}

/*
 * hp_compat_pin_present - pin pages of the caller that need no fault
 *
 * Without the mmap lock, which what follows the fast path takes. Before
 * FOLL_NOFAULT (5.16) nothing may follow it.
 */
static inline long hp_compat_pin_present(unsigned long vaddr,
					 unsigned long npage,
					 unsigned int flags,
					 struct page **pages)
{
#ifdef IVS_HAVE_FOLL_NOFAULT
	return pin_user_pages_fast(vaddr, npage, flags | FOLL_NOFAULT, pages);
#else
	return pin_user_pages_fast_only(vaddr, npage, flags, pages);
#endif
}

/* unpin_user_page_range_dirty_lock() is of 5.14. */
static inline void hp_compat_unpin_pages(struct page *page,
					 unsigned long npage, bool dirty)
{
#ifdef IVS_HAVE_UNPIN_RANGE
	unpin_user_page_range_dirty_lock(page, npage, dirty);
#else
	unsigned long pfn = page_to_pfn(page), i;

	for (i = 0; i < npage; i++) {
		page = pfn_to_page(pfn + i);
		unpin_user_pages_dirty_lock(&page, 1, dirty);
	}
#endif
}

/* vma_lookup() is of 5.14. Under the mmap lock. */
static inline struct vm_area_struct *
hp_compat_vma_lookup(struct mm_struct *mm, unsigned long vaddr)
{
#ifdef IVS_HAVE_VMA_LOOKUP
	return vma_lookup(mm, vaddr);
#else
	return find_vma_intersection(mm, vaddr, vaddr + 1);
#endif
}

/* Tagged pointers of another process (LAM) are of 6.4. Under the mmap lock. */
static inline unsigned long hp_compat_untagged_addr(struct mm_struct *mm,
						    unsigned long vaddr)
{
#ifdef untagged_addr_remote
	return untagged_addr_remote(mm, vaddr);
#else
	return untagged_addr(vaddr);
#endif
}

#ifndef IVS_HAVE_FOLLOW_PFNMAP
/* In 6.10 and 6.11 of a VMA, before of an mm; gone in 6.12. */
static inline int hp_compat_follow_pte(struct vm_area_struct *vma,
				       unsigned long vaddr, pte_t **pte,
				       spinlock_t **ptl)
{
#ifdef IVS_HAVE_FOLLOW_PTE_VMA
	return follow_pte(vma, vaddr, pte, ptl);
#else
	return follow_pte(vma->vm_mm, vaddr, pte, ptl);
#endif
}
#endif

/*
 * hp_compat_follow_pfnmap - what a page of a PFNMAP shows
 *
 * @npage: out: pages from there to the end of the CPU's leaf, where the kernel
 * says how large that is (6.15); to the end of the 2M that a larger leaf at
 * least has (6.12); else 1. Under the mmap lock.
 */
static inline int hp_compat_follow_pfnmap(struct vm_area_struct *vma,
					  unsigned long vaddr,
					  unsigned long *pfn,
					  unsigned long *npage,
					  bool *writable)
{
#ifdef IVS_HAVE_FOLLOW_PFNMAP
	struct follow_pfnmap_args args = { .vma = vma, .address = vaddr };
	int ret = follow_pfnmap_start(&args);

	if (ret)
		return ret;
	*pfn = args.pfn;
	*npage = 1;
#ifdef IVS_HAVE_FOLLOW_PFNMAP_MASK
	*npage = (args.pfn | (~args.addr_mask >> PAGE_SHIFT)) + 1 - args.pfn;
#elif defined(HP_COMPAT_PFNMAP_PTEP)
	/* This is set for an entry of the lowest level. */
	if (!args.ptep)
		*npage = (args.pfn | (PTRS_PER_PTE - 1)) + 1 - args.pfn;
#endif
	*writable = args.writable;
	follow_pfnmap_end(&args);
	return 0;
#else
	/* The page table's, which follow_pte() takes. */
	spinlock_t *ptl;
	pte_t *pte;
	int ret = hp_compat_follow_pte(vma, vaddr, &pte, &ptl);

	if (ret)
		return ret;
	/* Sparse is not told that follow_pte() locks. */
	__acquire(ptl);
	*pfn = pte_pfn(*pte);
	*npage = 1;
	*writable = pte_write(*pte);
	pte_unmap_unlock(pte, ptl);
	return 0;
#endif
}

/*
 * hp_compat_mapped_at_once - does this PFNMAP show one physical range?
 *
 * x86 notes in VM_PAT that remap_pfn_range() has mapped all of a VMA at once,
 * because it has then reserved a memory type for all of that range, and forgets
 * it when the first page is unmapped. Read in 5.10, 5.15, 6.1 and 6.8
 * (arch/x86/mm/pat/memtype.c track_pfn_remap(), untrack_pfn(); mm/memory.c
 * unmap_single_vma()). Later kernels map BARs another way. Under the mmap lock.
 */
static inline bool hp_compat_mapped_at_once(const struct vm_area_struct *vma)
{
#ifdef HP_COMPAT_PAT_NOTES_WHOLE_VMA
	return vma->vm_flags & VM_PAT;
#else
	return false;
#endif
}

/* ---- IOMMU ---- */

/* Since 6.3 the caller says how to allocate tables. */
static inline int hp_compat_iommu_map(struct iommu_domain *domain,
				      unsigned long iova, phys_addr_t phys,
				      size_t size, int prot)
{
#ifdef IVS_HAVE_IOMMU_MAP_GFP
	return iommu_map(domain, iova, phys, size, prot, GFP_KERNEL_ACCOUNT);
#else
	return iommu_map(domain, iova, phys, size, prot);
#endif
}

/* Since 6.11 domains are allocated for a device. */
static inline struct iommu_domain *hp_compat_domain_alloc(struct device *dev)
{
#ifdef IVS_HAVE_DOMAIN_ALLOC_DEV
	return iommu_paging_domain_alloc(dev);
#else
	return iommu_domain_alloc(dev->bus) ?: ERR_PTR(-EIO);
#endif
}

/*
 * hp_compat_enforce_coherency - no no-snoop DMA in this domain from now on
 *
 * Before 5.19 the domain had no say; a coherent IOMMU is asked by IOMMU_CACHE.
 */
static inline bool hp_compat_enforce_coherency(struct iommu_domain *domain)
{
#ifdef IVS_HAVE_ENFORCE_COHERENCY
	return domain->ops->enforce_cache_coherency &&
	       domain->ops->enforce_cache_coherency(domain);
#else
	return iommu_capable(&pci_bus_type, IOMMU_CAP_CACHE_COHERENCY);
#endif
}

static inline int hp_compat_cache_prot(bool coherent)
{
#ifdef IVS_HAVE_ENFORCE_COHERENCY
	return IOMMU_CACHE;
#else
	return coherent ? IOMMU_CACHE : 0;
#endif
}

/* hp_compat_isolated_msi - can the group's devices only raise their own? */
#ifdef IVS_HAVE_ISOLATED_MSI
static inline bool hp_compat_isolated_msi(struct iommu_group *group)
{
	return iommu_group_has_isolated_msi(group);
}
#elif defined(IVS_HAVE_DEVICE_CAPABLE)
static inline int hp_compat_intr_remap(struct device *dev, void *unused)
{
	return device_iommu_capable(dev, IOMMU_CAP_INTR_REMAP);
}

static inline bool hp_compat_isolated_msi(struct iommu_group *group)
{
	return irq_domain_check_msi_remap() ||
	       iommu_group_for_each_dev(group, NULL, hp_compat_intr_remap);
}
#else
static inline bool hp_compat_isolated_msi(struct iommu_group *group)
{
	return irq_domain_check_msi_remap() ||
	       iommu_capable(&pci_bus_type, IOMMU_CAP_INTR_REMAP);
}
#endif

/* ---- VFIO ---- */

/* Private to VFIO since 5.16, and then without mdev; see vfio_ops.h. */
#ifdef IVS_HAVE_VFIO_OPS_PUBLIC
#define HP_COMPAT_VFIO_OPS_PUBLIC
#endif

/* UNMAP_DMA of everything is of 5.12. */
#ifndef VFIO_UNMAP_ALL
#define VFIO_UNMAP_ALL 9
#define HP_COMPAT_VFIO_UNMAP_ALL_FLAG 0
#else
#define HP_COMPAT_VFIO_UNMAP_ALL_FLAG VFIO_DMA_UNMAP_FLAG_ALL
#endif

/* What type1 answers to a range that wraps. */
#ifdef HP_COMPAT_CHECKS_OVERFLOW
#define HP_COMPAT_VFIO_WRAP_ERROR EOVERFLOW
#else
#define HP_COMPAT_VFIO_WRAP_ERROR EINVAL
#endif

/*
 * hp_compat_may_unmap - may the caller unmap what this task has mapped?
 *
 * Up to 5.19 type1 lets only those who share its memory. It asks the task and
 * not the memory that was mapped, so that a process still may after execve().
 */
static inline bool hp_compat_may_unmap(const struct task_struct *task)
{
#ifdef HP_COMPAT_ANYONE_UNMAPS
	return true;
#else
	return READ_ONCE(task->mm) == current->mm;
#endif
}

/*
 * hp_compat_range_wraps - is a range that ends here none to type1?
 *
 * Up to 6.17 it computes the first address behind a range, which is 0 for one
 * that ends where all addresses end: such a range then lies behind nothing, and
 * nothing that is mapped lies in it.
 */
static inline bool hp_compat_range_wraps(u64 last)
{
#ifdef HP_COMPAT_CHECKS_OVERFLOW
	return false;
#else
	return last == U64_MAX;
#endif
}

/* hp_compat_vfio_info_size - how much of GET_INFO's structure to write */
static inline size_t hp_compat_vfio_info_size(u32 argsz)
{
	struct vfio_iommu_type1_info info;

#ifdef IVS_HAVE_VFIO_INFO_PADDED
	return min_t(size_t, argsz, sizeof(info));
#else
	return argsz >= offsetofend(typeof(info), cap_offset) ?
	       offsetofend(typeof(info), cap_offset) :
	       offsetofend(typeof(info), iova_pgsizes);
#endif
}

#endif /* HP_COMPAT_H */
