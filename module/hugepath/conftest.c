// SPDX-License-Identifier: GPL-2.0-only
/*
 * conftest.c - can hugepath be built for this kernel?
 *
 * Model. No part of the module: compiled before it, as it is (conftest.sh). It
 * uses each interface that differs between kernels, and each that is exported to
 * few. If it does not compile, or needs a symbol that modules do not get, then
 * hugepath is not built, and that is why; the instrument is, which needs none
 * of this.
 */
#include <linux/hugetlb.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/vfio.h>

#include "compat.h"
#include "vfio_ops.h"

struct conftest_at {
	struct mm_struct *mm;
	struct vm_area_struct *vma;
	struct page **pages;
	unsigned long vaddr;
	unsigned long npage;
};

static long __used conftest_pin(struct conftest_at *at)
{
	at->vaddr = hp_compat_untagged_addr(at->mm, at->vaddr);
	at->vma = hp_compat_vma_lookup(at->mm, at->vaddr);
	hp_compat_unpin_pages(at->pages[0], at->npage, true);
	unpin_user_pages(at->pages, at->npage);
	if (is_zero_pfn(at->npage))
		at->npage = vma_kernel_pagesize(at->vma);
	return hp_compat_pin_present(at->vaddr, at->npage, FOLL_WRITE,
				     at->pages) +
	       hp_compat_pin_user_pages(at->mm, at->vaddr, at->npage,
					FOLL_WRITE, at->pages) +
	       __account_locked_vm(at->mm, 1, true, current, false);
}

static int __used conftest_follow(struct conftest_at *at)
{
	bool unlocked, writable = hp_compat_mapped_at_once(at->vma);
	unsigned long pfn;

	return fixup_user_fault(at->mm, at->vaddr, 0, &unlocked) ?:
	       hp_compat_follow_pfnmap(at->vma, at->vaddr, &pfn, &at->npage,
				       &writable);
}

static int __used conftest_iommu(struct device *dev, struct iommu_group *group,
				 struct list_head *reserved)
{
	struct iommu_domain *domain = hp_compat_domain_alloc(dev);
	bool coherent = hp_compat_enforce_coherency(domain);

	if (iommu_attach_group(domain, group) ||
	    iommu_group_for_each_dev(group, domain, NULL) ||
	    iommu_get_group_resv_regions(group, reserved) ||
	    !hp_compat_isolated_msi(group))
		return -EINVAL;
	iommu_unmap(domain, iommu_iova_to_phys(domain, 0), PAGE_SIZE);
	iommu_detach_group(domain, group);
	iommu_domain_free(domain);
	return hp_compat_iommu_map(domain, 0, 0, PAGE_SIZE,
				   hp_compat_cache_prot(coherent));
}

static int __used conftest_vfio(struct vfio_info_cap *caps,
				struct vfio_info_cap_header *header,
				const struct vfio_iommu_driver_ops *ops)
{
	vfio_info_cap_shift(caps, hp_compat_vfio_info_size(0));
	vfio_unregister_iommu_driver(ops);
	return vfio_info_add_capability(caps, header, sizeof(*header)) ?:
	       vfio_register_iommu_driver(ops);
}
