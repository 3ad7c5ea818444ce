// SPDX-License-Identifier: GPL-2.0-only
/*
 * features.c - what this kernel's headers have
 *
 * Model. Compiled once, when the modules are built, and for its errors only:
 * each question stands alone behind a #line that gives it the name of what the
 * headers have if the compiler finds nothing wrong there (conftest.sh). So one
 * run of the compiler answers all, and no answer depends on a version number,
 * which distributions keep while they take over later interfaces.
 *
 * With IVS_NO_QUESTIONS it must compile, or the answers are worth nothing.
 *
 * Questions must fail by an error that no option turns into a warning: a name
 * that is not declared, a member that is not there, a type that is not the same.
 * No macro of our own: the compiler would find the error where that is written.
 */
#include <linux/iommu.h>
#include <linux/irqdomain.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/types.h>
#include <linux/vfio.h>

#ifdef __has_include
#if __has_include("linux/intel-iommu.h")
#include <linux/intel-iommu.h>
#endif
#endif

#ifndef IVS_NO_QUESTIONS

/* No kernel has this one: a compiler that says so does answer. */
#line 1 "NOTHING"
_Static_assert(sizeof(typeof(ivs_no_kernel_declares_this) *), "declared");

/* ---- the instrument ---- */

#line 1 "DMAR_SUPERPAGE"
_Static_assert(sizeof(((struct dmar_domain *)0)->iommu_superpage), "there");

#line 1 "COMPOUND_HEAD"
_Static_assert(sizeof(((struct page *)0)->compound_head), "there");

#line 1 "OBJPOOL"
_Static_assert(sizeof(struct objpool_head), "there");

#line 1 "IOMMUPT"
_Static_assert(sizeof((int)((struct iommu_domain *)0)->is_iommupt), "there");

/* ---- hugepath: memory ---- */

#line 1 "PIN_REMOTE_VMAS"
_Static_assert(__builtin_types_compatible_p(
	typeof(pin_user_pages_remote),
	long(struct mm_struct *, unsigned long, unsigned long, unsigned int,
	     struct page **, struct vm_area_struct **, int *)), "type");

#line 1 "FOLL_NOFAULT"
_Static_assert(sizeof(typeof(FOLL_NOFAULT) *), "declared");

#line 1 "UNPIN_RANGE"
_Static_assert(sizeof(typeof(unpin_user_page_range_dirty_lock) *), "declared");

#line 1 "VMA_LOOKUP"
_Static_assert(sizeof(typeof(vma_lookup) *), "declared");

#line 1 "FOLLOW_PFNMAP"
_Static_assert(sizeof(((struct follow_pfnmap_args *)0)->writable), "there");

#line 1 "FOLLOW_PFNMAP_MASK"
_Static_assert(sizeof(((struct follow_pfnmap_args *)0)->addr_mask), "there");

#line 1 "FOLLOW_PTE_VMA"
_Static_assert(__builtin_types_compatible_p(
	typeof(follow_pte),
	int(struct vm_area_struct *, unsigned long, pte_t **,
	    spinlock_t **)), "type");

/* ---- hugepath: IOMMU ---- */

#line 1 "IOMMU_MAP_GFP"
_Static_assert(__builtin_types_compatible_p(
	typeof(iommu_map),
	int(struct iommu_domain *, unsigned long, phys_addr_t, size_t, int,
	    gfp_t)), "type");

#line 1 "DOMAIN_ALLOC_DEV"
_Static_assert(sizeof(typeof(iommu_paging_domain_alloc) *), "declared");

#line 1 "ENFORCE_COHERENCY"
_Static_assert(sizeof(((struct iommu_domain_ops *)0)->enforce_cache_coherency),
	       "there");

#line 1 "ISOLATED_MSI"
_Static_assert(sizeof(typeof(iommu_group_has_isolated_msi) *), "declared");

#line 1 "DEVICE_CAPABLE"
_Static_assert(sizeof(typeof(device_iommu_capable) *), "declared");

/* ---- hugepath: VFIO ---- */

#line 1 "VFIO_OPS_PUBLIC"
_Static_assert(sizeof(((struct vfio_iommu_driver_ops *)0)->attach_group),
	       "there");

#line 1 "VFIO_PIN_IOVA"
_Static_assert(__builtin_types_compatible_p(
	typeof(vfio_pin_pages),
	int(struct vfio_device *, dma_addr_t, int, int, struct page **)), "type");

#line 1 "VFIO_INFO_PADDED"
_Static_assert(sizeof(((struct vfio_iommu_type1_info *)0)->pad), "there");

#endif /* IVS_NO_QUESTIONS */
