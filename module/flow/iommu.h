/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommu.h - handlers of the probes on the IOMMU core
 *
 * Entry handlers return 0 to see the return too, 1 to let the call go.
 */
#ifndef IVS_IOMMU_H
#define IVS_IOMMU_H

#include <linux/types.h>

struct kretprobe_instance;
struct pt_regs;

bool ivs_iommu_prefilter(struct pt_regs *regs);
int ivs_iommu_map_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int ivs_iommu_dma_map_entry(struct kretprobe_instance *ri,
			    struct pt_regs *regs);
int ivs_iommu_map_return(struct kretprobe_instance *ri, struct pt_regs *regs);
int ivs_iommu_unmap_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int ivs_iommu_unmap_return(struct kretprobe_instance *ri, struct pt_regs *regs);
int ivs_iommu_flush_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int ivs_iommu_flush_return(struct kretprobe_instance *ri, struct pt_regs *regs);
int ivs_iommu_attach_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int ivs_iommu_attach_return(struct kretprobe_instance *ri,
			    struct pt_regs *regs);
int ivs_iommu_free_entry(struct kretprobe_instance *ri, struct pt_regs *regs);

#endif /* IVS_IOMMU_H */
