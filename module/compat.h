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

#include <linux/types.h>
#include <linux/version.h>

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

#endif /* IVS_COMPAT_H */
