/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * open.h - handlers of the probes on VFIO's own files
 *
 * Entry handlers return 0 to see the return too, 1 to let the call go.
 */
#ifndef IVS_OPEN_H
#define IVS_OPEN_H

#include <linux/types.h>

struct kretprobe_instance;
struct pt_regs;

int ivs_open_container_entry(struct kretprobe_instance *ri,
			     struct pt_regs *regs);
int ivs_open_container_return(struct kretprobe_instance *ri,
			      struct pt_regs *regs);
int ivs_open_group_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int ivs_open_group_return(struct kretprobe_instance *ri, struct pt_regs *regs);
int ivs_open_device_entry(struct kretprobe_instance *ri, struct pt_regs *regs);
int ivs_open_group_file_entry(struct kretprobe_instance *ri,
			      struct pt_regs *regs);
int ivs_open_device_file_entry(struct kretprobe_instance *ri,
			       struct pt_regs *regs);
int ivs_open_file_return(struct kretprobe_instance *ri, struct pt_regs *regs);

#endif /* IVS_OPEN_H */
