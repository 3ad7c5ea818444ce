/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommufd.h - handlers of the probes on iommufd
 *
 * Entry handlers return 0 to see the return too, 1 to let the call go.
 */
#ifndef IVS_IOMMUFD_H
#define IVS_IOMMUFD_H

#include <linux/types.h>

struct kretprobe_instance;
struct pt_regs;

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

#endif /* IVS_IOMMUFD_H */
