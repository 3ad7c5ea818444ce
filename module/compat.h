/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.h - what kernel versions differ in, for the instrument
 *
 * hugepath has a header of its own for what only it needs. No other file names a
 * kernel version.
 *
 * The rest of the module is written against the newest kernel API; what an
 * older kernel lacks is supplied here under its new name. Distributions backport,
 * so that what a kernel has is asked of its headers (conftest/features.c), and a
 * version is what is left when they cannot say.
 */
#ifndef IVS_COMPAT_H
#define IVS_COMPAT_H

#include <linux/cpumask.h>
#include <linux/ftrace.h>
#include <linux/iommu.h>
#include <linux/kprobes.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/types.h>
#include <linux/version.h>

#ifdef IVS_HAVE_DMAR_SUPERPAGE
#include <linux/intel-iommu.h>
#endif

/* Older kernels were never read or run. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 10, 0)
#error "iovascope needs Linux 5.10 or newer"
#endif

/*
 * ivs_compat_unread - is this kernel newer than any whose source was read?
 *
 * It is not refused, because what is probed is looked up at run time; but that
 * those functions still mean what they did, nobody has seen.
 */
static inline bool ivs_compat_unread(void)
{
	return LINUX_VERSION_CODE >= KERNEL_VERSION(7, 4, 0);
}

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
 * 0 without large pages, 1 with 2M, 2 with 1G. Up to 5.18 the header is there,
 * and the level takes away nothing that the domain says.
 */
#if defined(IVS_HAVE_DMAR_SUPERPAGE) && defined(CONFIG_INTEL_IOMMU)
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
#ifdef IVS_HAVE_IOMMUPT
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

#ifdef IVS_HAVE_OBJPOOL
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
#ifdef IVS_HAVE_COMPOUND_HEAD
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

#endif /* IVS_COMPAT_H */
