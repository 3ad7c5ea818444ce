/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.h - what kernel versions differ in, for hugepath
 *
 * With the instrument's own compat.h, the only file that names a kernel
 * version; the same rules hold. What is said here of type1 was read in the
 * sources of 5.10, 5.15, 6.1, 6.8, 6.12, 7.2 and 7.3.
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

/* ---- memory ---- */

/* Since 6.5 without an array of VMAs. */
static inline long hp_compat_pin_user_pages(struct mm_struct *mm,
					    unsigned long vaddr,
					    unsigned long npage,
					    unsigned int flags,
					    struct page **pages)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
	return pin_user_pages_remote(mm, vaddr, npage, flags, pages, NULL);
#else
	return pin_user_pages_remote(mm, vaddr, npage, flags, pages, NULL,
				     NULL);
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
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 16, 0)
	return pin_user_pages_fast(vaddr, npage, flags | FOLL_NOFAULT, pages);
#else
	return pin_user_pages_fast_only(vaddr, npage, flags, pages);
#endif
}

/* unpin_user_page_range_dirty_lock() is of 5.14. */
static inline void hp_compat_unpin_pages(struct page *page,
					 unsigned long npage, bool dirty)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 14, 0)
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
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 14, 0)
	return vma_lookup(mm, vaddr);
#else
	return find_vma_intersection(mm, vaddr, vaddr + 1);
#endif
}

/* Tagged pointers of another process (LAM) are of 6.4. Under the mmap lock. */
static inline unsigned long hp_compat_untagged_addr(struct mm_struct *mm,
						    unsigned long vaddr)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	return untagged_addr_remote(mm, vaddr);
#else
	return untagged_addr(vaddr);
#endif
}

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
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	struct follow_pfnmap_args args = { .vma = vma, .address = vaddr };
	int ret = follow_pfnmap_start(&args);

	if (ret)
		return ret;
	*pfn = args.pfn;
	*npage = 1;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
	*npage = (args.pfn | (~args.addr_mask >> PAGE_SHIFT)) + 1 - args.pfn;
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
	/* Read in 6.12 only: this is set for an entry of the lowest level. */
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
	int ret = follow_pte(vma->vm_mm, vaddr, &pte, &ptl);

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
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
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
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	return iommu_map(domain, iova, phys, size, prot, GFP_KERNEL_ACCOUNT);
#else
	return iommu_map(domain, iova, phys, size, prot);
#endif
}

/* Since 6.11 domains are allocated for a device. */
static inline struct iommu_domain *hp_compat_domain_alloc(struct device *dev)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
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
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 19, 0)
	return domain->ops->enforce_cache_coherency &&
	       domain->ops->enforce_cache_coherency(domain);
#else
	return iommu_capable(&pci_bus_type, IOMMU_CAP_CACHE_COHERENCY);
#endif
}

static inline int hp_compat_cache_prot(bool coherent)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 19, 0)
	return IOMMU_CACHE;
#else
	return coherent ? IOMMU_CACHE : 0;
#endif
}

/* hp_compat_isolated_msi - can the group's devices only raise their own? */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
static inline bool hp_compat_isolated_msi(struct iommu_group *group)
{
	return iommu_group_has_isolated_msi(group);
}
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 0, 0)
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
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 16, 0)
#define HP_COMPAT_VFIO_OPS_PUBLIC
#endif

/* UNMAP_DMA of everything is of 5.12. */
#ifndef VFIO_UNMAP_ALL
#define VFIO_UNMAP_ALL 9
#define HP_COMPAT_VFIO_UNMAP_ALL_FLAG 0
#else
#define HP_COMPAT_VFIO_UNMAP_ALL_FLAG VFIO_DMA_UNMAP_FLAG_ALL
#endif

/* What type1 answers to a range that wraps; another number since 6.18. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
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
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 0, 0)
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
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
	return false;
#else
	return last == U64_MAX;
#endif
}

/* hp_compat_vfio_info_size - how much of GET_INFO's structure to write */
static inline size_t hp_compat_vfio_info_size(u32 argsz)
{
	struct vfio_iommu_type1_info info;

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
	return min_t(size_t, argsz, sizeof(info));
#else
	return argsz >= offsetofend(typeof(info), cap_offset) ?
	       offsetofend(typeof(info), cap_offset) :
	       offsetofend(typeof(info), iova_pgsizes);
#endif
}

#endif /* HP_COMPAT_H */
