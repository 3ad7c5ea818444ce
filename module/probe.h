/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * probe.h - the functions we listen to
 */
#ifndef IVS_PROBE_H
#define IVS_PROBE_H

#include <linux/kprobes.h>
#include <linux/types.h>

#include "flight.h"

struct seq_file;

/* What a handler keeps from entry to return. */
static inline struct ivs_call *ivs_call_of(struct kretprobe_instance *ri)
{
	return (struct ivs_call *)ri->data;
}

/* Handlers: entry returns 0 to see the return too, 1 to let the call go. */
typedef int (*ivs_handler_t)(struct kretprobe_instance *ri,
			     struct pt_regs *regs);

int ivs_vfio_ioctl_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int ivs_vfio_ioctl_return(struct kretprobe_instance *ri, struct pt_regs *regs);
int ivs_vfio_attach_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int ivs_vfio_attach_return(struct kretprobe_instance *ri, struct pt_regs *regs);
int ivs_vfio_pin_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int ivs_vfio_pin_return(struct kretprobe_instance *ri, struct pt_regs *regs);
int ivs_vfio_unpin_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int ivs_vfio_unpin_return(struct kretprobe_instance *ri, struct pt_regs *regs);
int ivs_vfio_teardown_entry(struct kretprobe_instance *ri,
			    struct pt_regs *regs);
int ivs_vfio_teardown_return(struct kretprobe_instance *ri,
			     struct pt_regs *regs);
int ivs_iommufd_ioctl_entry(struct kretprobe_instance *ri,
			    struct pt_regs *regs);
int ivs_iommufd_ioctl_return(struct kretprobe_instance *ri,
			     struct pt_regs *regs);
int ivs_iommufd_attach_entry(struct kretprobe_instance *ri,
			     struct pt_regs *regs);
int ivs_iommufd_detach_entry(struct kretprobe_instance *ri,
			     struct pt_regs *regs);
int ivs_iommufd_table_entry(struct kretprobe_instance *ri,
			    struct pt_regs *regs);
int ivs_iommufd_return(struct kretprobe_instance *ri, struct pt_regs *regs);
int ivs_iommufd_pin_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int ivs_iommufd_pin_return(struct kretprobe_instance *ri, struct pt_regs *regs);
int ivs_iommufd_unpin_entry(struct kretprobe_instance *ri,
			    struct pt_regs *regs);
int ivs_iommufd_unpin_return(struct kretprobe_instance *ri,
			     struct pt_regs *regs);
int ivs_iommufd_teardown_entry(struct kretprobe_instance *ri,
			       struct pt_regs *regs);
int ivs_iommufd_teardown_return(struct kretprobe_instance *ri,
				struct pt_regs *regs);
int ivs_hugepath_ioctl_entry(struct kretprobe_instance *ri,
			     struct pt_regs *regs);
int ivs_hugepath_attach_entry(struct kretprobe_instance *ri,
			      struct pt_regs *regs);
int ivs_hugepath_teardown_entry(struct kretprobe_instance *ri,
				struct pt_regs *regs);
bool ivs_iommu_lets_go(struct pt_regs *regs);
int ivs_iommu_map_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int ivs_iommu_dma_map_entry(struct kretprobe_instance *ri,
			    struct pt_regs *regs);
int ivs_iommu_map_return(struct kretprobe_instance *ri, struct pt_regs *regs);
int ivs_iommu_unmap_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int ivs_iommu_unmap_return(struct kretprobe_instance *ri, struct pt_regs *regs);
int ivs_iommu_attach_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int ivs_iommu_attach_return(struct kretprobe_instance *ri,
			    struct pt_regs *regs);
int ivs_iommu_free_entry(struct kretprobe_instance *ri, struct pt_regs *regs);

/* A probe feeds ops (one bit each) and these. */
enum ivs_feed {
	IVS_FEED_BACKEND = IVS_NR_OPS,
	IVS_FEED_DEVICES,
	IVS_FEED_LIFETIME,
	IVS_NR_FEEDS,
};

/* What the live numbers of a domain rest on. */
#define IVS_FEEDS_LIVE (BIT(IVS_MAP) | BIT(IVS_UNMAP) | BIT(IVS_FEED_LIFETIME))

int ivs_probes_init(const char *skip);
void ivs_probes_exit(void);
u64 ivs_probes_missed(unsigned long feeds);
bool ivs_probes_silent(void);
unsigned int ivs_probes_silences(void);
void ivs_probes_show(struct seq_file *m);

#endif /* IVS_PROBE_H */
