/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.h - the only file that names a kernel version
 *
 * The rest of the module is written against the newest kernel API; what an
 * older kernel lacks is supplied here under its new name. Prefer a feature
 * test (#ifdef of a macro) to a version: distributions backport.
 */
#ifndef IVS_COMPAT_H
#define IVS_COMPAT_H

#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/ftrace.h>
#include <linux/iommu.h>
#include <linux/irqdomain.h>
#include <linux/kprobes.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/types.h>
#include <linux/uaccess.h>
#include <linux/version.h>
#include <linux/vfio.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 13, 0) && \
	defined(CONFIG_INTEL_IOMMU)
#include <linux/intel-iommu.h>
#endif

/*
 * Older kernels were never read or run; newer ones are refused by nothing but
 * the compiler, because every interface used here is looked up at run time.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 10, 0)
#error "iovascope needs Linux 5.10 or newer"
#endif

/*
 * Declared in <linux/dma_remapping.h> since 5.19 and in <linux/intel-iommu.h>
 * before; the symbol is the same, and exported, on all of them.
 */
#ifdef CONFIG_INTEL_IOMMU
extern int intel_iommu_enabled;
#endif

/* ivs_compat_intel_iommu - does the kernel translate with VT-d? */
static inline bool ivs_compat_intel_iommu(void)
{
#ifdef CONFIG_INTEL_IOMMU
	return intel_iommu_enabled;
#else
	return false;
#endif
}

/*
 * ivs_compat_pgsizes - leaf sizes a domain is mapped with, a bit each
 *
 * Up to 5.12 VT-d's domains say that they take every power of two, and the
 * driver cuts what it gets by a level of its own, which only its header tells:
 * 0 without large pages, 1 with 2M, 2 with 1G.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 13, 0) && \
	defined(CONFIG_INTEL_IOMMU)
static inline u64 ivs_compat_pgsizes(const struct iommu_domain *domain)
{
	u64 pgsizes = domain->pgsize_bitmap;
	int level;

	if (!intel_iommu_enabled)
		return pgsizes;
	level = container_of(domain, struct dmar_domain,
			     domain)->iommu_superpage;
	return pgsizes & (SZ_4K | (level >= 1 ? SZ_2M : 0) |
			  (level >= 2 ? SZ_1G : 0));
}
#else
static inline u64 ivs_compat_pgsizes(const struct iommu_domain *domain)
{
	return domain->pgsize_bitmap;
}
#endif

/*
 * ivs_compat_undoes_failed_map - does a map that fails leave nothing behind?
 *
 * The core undoes what it is told of. A generic page table (7.1) tells to the
 * byte how far it came; drivers with tables of their own tell it after each
 * range of one leaf size, and of a range in which they fail nothing.
 */
static inline bool
ivs_compat_undoes_failed_map(const struct iommu_domain *domain)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 1, 0)
	return domain->is_iommupt;
#else
	return false;
#endif
}

/*
 * ivs_compat_kretprobe_bytes - what the kernel keeps for a kretprobe
 *
 * Instances; and since 6.7 room for as many pointers on each processor that
 * there may ever be (6.7 lib/objpool.c).
 */
static inline size_t ivs_compat_kretprobe_bytes(const struct kretprobe *rp)
{
	size_t bytes = rp->maxactive *
		       (sizeof(struct kretprobe_instance) + rp->data_size);

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	bytes += num_possible_cpus() * roundup_pow_of_two(rp->maxactive) *
		 sizeof(void *);
#endif
	return bytes;
}

/*
 * ivs_compat_odd_is_tail - PageTail() of an odd frame
 *
 * For some years PageTail() also asks whether a page is a fake head, which only
 * one can be whose struct page begins a page of them (5.18 to 6.18,
 * page-flags.h page_fixed_fake_head()): never an odd one.
 */
static inline bool ivs_compat_odd_is_tail(const struct page *page)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
	return READ_ONCE(page->compound_head) & 1;
#else
	return PageTail(page);
#endif
}

/* ivs_compat_kretprobe - whose instance it is; a member before 5.11 */
static inline struct kretprobe *
ivs_compat_kretprobe(struct kretprobe_instance *ri)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
	return ri->rp;
#else
	return get_kretprobe(ri);
#endif
}

/* ivs_compat_entry_regs - registers that hold a function's arguments, at least */
#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
static inline struct pt_regs *ivs_compat_entry_regs(struct ftrace_regs *fregs)
{
#ifdef arch_ftrace_regs
	return &arch_ftrace_regs(fregs)->regs;
#else
	return &fregs->regs;
#endif
}
#endif

/* ---- hugepath: memory ---- */

/* Since 6.5 without an array of VMAs. */
static inline long ivs_compat_pin_user_pages(struct mm_struct *mm,
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

/* unpin_user_page_range_dirty_lock() is of 5.14. */
static inline void ivs_compat_unpin_pages(struct page *page,
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
ivs_compat_vma_lookup(struct mm_struct *mm, unsigned long vaddr)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 14, 0)
	return vma_lookup(mm, vaddr);
#else
	return find_vma_intersection(mm, vaddr, vaddr + 1);
#endif
}

/* Tagged pointers of another process (LAM) are of 6.4. Under the mmap lock. */
static inline unsigned long ivs_compat_untagged_addr(struct mm_struct *mm,
						     unsigned long vaddr)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	return untagged_addr_remote(mm, vaddr);
#else
	return untagged_addr(vaddr);
#endif
}

/*
 * ivs_compat_follow_pfnmap - what a page of a PFNMAP shows
 *
 * @npage: out: pages from there to the end of the CPU's leaf, where the kernel
 * says how large that is (6.15), else 1. Under the mmap lock.
 */
static inline int ivs_compat_follow_pfnmap(struct vm_area_struct *vma,
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

/* ---- hugepath: IOMMU ---- */

/* Since 6.3 the caller says how to allocate tables. */
static inline int ivs_compat_iommu_map(struct iommu_domain *domain,
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
static inline struct iommu_domain *ivs_compat_domain_alloc(struct device *dev)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
	return iommu_paging_domain_alloc(dev);
#else
	return iommu_domain_alloc(dev->bus) ?: ERR_PTR(-EIO);
#endif
}

/*
 * ivs_compat_enforce_coherency - no no-snoop DMA in this domain from now on
 *
 * Before 5.19 the domain had no say; a coherent IOMMU is asked by IOMMU_CACHE.
 */
static inline bool ivs_compat_enforce_coherency(struct iommu_domain *domain)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 19, 0)
	return domain->ops->enforce_cache_coherency &&
	       domain->ops->enforce_cache_coherency(domain);
#else
	return iommu_capable(&pci_bus_type, IOMMU_CAP_CACHE_COHERENCY);
#endif
}

static inline int ivs_compat_cache_prot(bool coherent)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 19, 0)
	return IOMMU_CACHE;
#else
	return coherent ? IOMMU_CACHE : 0;
#endif
}

/* ivs_compat_isolated_msi - can the group's devices only raise their own? */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
static inline bool ivs_compat_isolated_msi(struct iommu_group *group)
{
	return iommu_group_has_isolated_msi(group);
}
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 0, 0)
static inline int ivs_compat_intr_remap(struct device *dev, void *unused)
{
	return device_iommu_capable(dev, IOMMU_CAP_INTR_REMAP);
}

static inline bool ivs_compat_isolated_msi(struct iommu_group *group)
{
	return irq_domain_check_msi_remap() ||
	       iommu_group_for_each_dev(group, NULL, ivs_compat_intr_remap);
}
#else
static inline bool ivs_compat_isolated_msi(struct iommu_group *group)
{
	return irq_domain_check_msi_remap() ||
	       iommu_capable(&pci_bus_type, IOMMU_CAP_INTR_REMAP);
}
#endif

/* ---- hugepath: VFIO ---- */

/* Private to VFIO since 5.16, and then without mdev; see hugepath/vfio_ops.h. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 16, 0)
#define IVS_COMPAT_VFIO_OPS_PUBLIC
#endif

/* UNMAP_DMA of everything is of 5.12. */
#ifndef VFIO_UNMAP_ALL
#define VFIO_UNMAP_ALL 9
#define IVS_COMPAT_VFIO_UNMAP_ALL_FLAG 0
#else
#define IVS_COMPAT_VFIO_UNMAP_ALL_FLAG VFIO_DMA_UNMAP_FLAG_ALL
#endif

/* What type1 answers to a range that wraps; another number since 6.18. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
#define IVS_COMPAT_VFIO_WRAP_ERROR EOVERFLOW
#else
#define IVS_COMPAT_VFIO_WRAP_ERROR EINVAL
#endif

/* ivs_compat_may_unmap - 5.10: only processes that could have mapped */
static inline bool ivs_compat_may_unmap(const struct mm_struct *mm)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 11, 0)
	return true;
#else
	return mm == current->mm;
#endif
}

/* ivs_compat_vfio_info_size - how much of GET_INFO's structure to write */
static inline size_t ivs_compat_vfio_info_size(u32 argsz)
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

#endif /* IVS_COMPAT_H */
