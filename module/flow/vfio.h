/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vfio.h - handlers of the probes on type1 and on hugepath
 *
 * Entry handlers return 0 to see the return too, 1 to let the call go.
 */
#ifndef IVS_VFIO_H
#define IVS_VFIO_H

#include <linux/types.h>

struct ivs_call;
struct kretprobe_instance;
struct pt_regs;

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
int ivs_hugepath_ioctl_entry(struct kretprobe_instance *ri,
			     struct pt_regs *regs);
int ivs_hugepath_attach_entry(struct kretprobe_instance *ri,
			      struct pt_regs *regs);
int ivs_hugepath_teardown_entry(struct kretprobe_instance *ri,
				struct pt_regs *regs);

bool ivs_vfio_read_region(struct ivs_call *call);

#endif /* IVS_VFIO_H */
