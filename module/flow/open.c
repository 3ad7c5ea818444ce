// SPDX-License-Identifier: GPL-2.0-only
/*
 * open.c - what VFIO's own files answer: a group, a container, a device
 *
 * Model. Before anything is mapped a process opens a group, puts it into a
 * container, chooses a backend for that and gets the device; or opens a device
 * and binds it to an iommufd. Each of these can be refused, by VFIO, by the
 * backend, or by the IOMMU driver. All of them are operations of VFIO's files:
 * called by pointer, so that every build has them as functions.
 *
 * They are in flight while they last, for opening a device may reset it, and
 * tell which part said no (refusal.c). Nothing else of them is counted.
 *
 * A group that is not viable is no call that fails: VFIO_GROUP_GET_STATUS says
 * so, and a well-behaved program goes no further. So that answer is looked at.
 *
 * Context: kretprobe handlers, preemption off; nothing here may sleep.
 */
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>

#include "../base/stats.h"
#include "flight.h"
#include "open.h"
#include "refusal.h"
#include "request.h"
#include "vfio.h"

/* A PCI address and its end. */
#define BDF_LEN 13

static struct file *open_file(struct pt_regs *regs, unsigned int arg)
{
	return (struct file *)regs_get_kernel_argument(regs, arg);
}

/* ---- whom it is about ---- */

/* The name of a file in /dev/vfio: the number of a group, or a device's. */
static void open_file_name(const struct ivs_call *call,
			   char target[IVS_TARGET_LEN])
{
	const struct file *file = call->object;
	const unsigned char *name;

	target[0] = '\0';
	if (get_kernel_nofault(name, &file->f_path.dentry->d_name.name) ||
	    copy_from_kernel_nofault(target, name, IVS_TARGET_LEN))
		target[0] = '\0';
	target[IVS_TARGET_LEN - 1] = '\0';
}

/* VFIO_GROUP_GET_DEVICE_FD names the device, in the caller's memory. */
static void open_device_name(const struct ivs_call *call,
			     char target[IVS_TARGET_LEN])
{
	const void __user *name = u64_to_user_ptr(call->vaddr);

	memset(target, 0, IVS_TARGET_LEN);
	if (copy_from_user_nofault(target, name, IVS_TARGET_LEN - 1) &&
	    copy_from_user_nofault(target, name, BDF_LEN))
		open_file_name(call, target);
}

static void open_target(const struct ivs_call *call,
			char target[IVS_TARGET_LEN])
{
	target[0] = '\0';
	if (call->request == IVS_GET_DEVICE)
		open_device_name(call, target);
	else if (call->request != IVS_SET_IOMMU)
		open_file_name(call, target);
}

/* ---- as all of them begin and end ---- */

static int open_begin(struct kretprobe_instance *ri, struct file *file,
		      u64 arg, enum ivs_request request)
{
	u64 entered = ktime_get_mono_fast_ns();
	struct ivs_call *call = ivs_call_new(ri);

	if (!call)
		return 1;
	call->object = file;
	call->request = request;
	/* Not memory that is mapped: what the request points to. */
	call->vaddr = arg;
	return ivs_request_begin(call, IVS_OPEN, IVS_BACKEND_NONE, entered);
}

static int open_end(struct kretprobe_instance *ri, long ret)
{
	u64 entered = ktime_get_mono_fast_ns();
	struct ivs_call *call = ivs_call_of(ri);
	char target[IVS_TARGET_LEN];

	open_target(call, target);
	call->vaddr = 0;
	/* A file descriptor is a success. */
	ivs_refusal_end(call, min(ret, 0L), target);
	ivs_flight_end(call);
	ivs_stats_self(entered);
	return 0;
}

static unsigned int open_cmd(struct pt_regs *regs)
{
	return regs_get_kernel_argument(regs, 1);
}

/* ---- containers: vfio_fops_unl_ioctl(file, cmd, arg) ---- */

static enum ivs_request container_request(unsigned int cmd)
{
	switch (cmd) {
	case VFIO_SET_IOMMU:
		return IVS_SET_IOMMU;
	case VFIO_IOMMU_MAP_DMA:
		return IVS_MAP_DMA;
	default:
		return IVS_NO_REQUEST;
	}
}

/*
 * A map is the backend's, whose probe sees it inside this call, unless the
 * container has no backend. So it is nobody's call in flight here.
 */
int ivs_open_container_entry(struct kretprobe_instance *ri,
			     struct pt_regs *regs)
{
	enum ivs_request request = container_request(open_cmd(regs));
	u64 arg = regs_get_kernel_argument(regs, 2);
	struct ivs_call *call;

	if (request == IVS_NO_REQUEST)
		return 1;
	if (request == IVS_SET_IOMMU)
		return open_begin(ri, open_file(regs, 0), arg, request);
	call = ivs_call_new(ri);
	if (!call)
		return 1;
	call->request = request;
	call->object = (void *)arg;
	ivs_flight_begin_unowned(call, IVS_REGION_MAP);
	call->start_ns = ktime_get_mono_fast_ns();
	return 0;
}

int ivs_open_container_return(struct kretprobe_instance *ri,
			      struct pt_regs *regs)
{
	struct ivs_call *call = ivs_call_of(ri);
	long ret = regs_return_value(regs);

	if (call->request == IVS_SET_IOMMU)
		return open_end(ri, ret);
	if (ret < 0 && !ivs_refusal_since(call->start_ns) &&
	    ivs_vfio_read_region(call))
		ivs_refusal_end(call, ret, "");
	ivs_flight_end(call);
	return 0;
}

/* ---- groups: vfio_group_fops_unl_ioctl(file, cmd, arg) ---- */

static enum ivs_request group_request(unsigned int cmd)
{
	switch (cmd) {
	case VFIO_GROUP_GET_STATUS:
		return IVS_GROUP_STATUS;
	case VFIO_GROUP_SET_CONTAINER:
		return IVS_SET_CONTAINER;
	case VFIO_GROUP_GET_DEVICE_FD:
		return IVS_GET_DEVICE;
	default:
		return IVS_NO_REQUEST;
	}
}

int ivs_open_group_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	enum ivs_request request = group_request(open_cmd(regs));

	if (request == IVS_NO_REQUEST)
		return 1;
	return open_begin(ri, open_file(regs, 0),
			  regs_get_kernel_argument(regs, 2), request);
}

static bool group_is_not_viable(const struct ivs_call *call)
{
	struct vfio_group_status status;

	return !copy_from_user_nofault(&status, u64_to_user_ptr(call->vaddr),
				       sizeof(status)) &&
	       !(status.flags & VFIO_GROUP_FLAGS_VIABLE);
}

int ivs_open_group_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct ivs_call *call = ivs_call_of(ri);
	long ret = regs_return_value(regs);

	if (call->request == IVS_GROUP_STATUS && !ret)
		call->answer_is_no = group_is_not_viable(call);
	return open_end(ri, ret);
}

/* ---- devices: vfio_device_fops_unl_ioctl(file, cmd, arg) ---- */

static enum ivs_request device_request(unsigned int cmd)
{
	switch (cmd) {
#ifdef VFIO_DEVICE_BIND_IOMMUFD
	case VFIO_DEVICE_BIND_IOMMUFD:
		return IVS_DEVICE_BIND;
	case VFIO_DEVICE_ATTACH_IOMMUFD_PT:
		return IVS_DEVICE_ATTACH;
#endif
	default:
		return IVS_NO_REQUEST;
	}
}

int ivs_open_device_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	enum ivs_request request = device_request(open_cmd(regs));

	if (request == IVS_NO_REQUEST)
		return 1;
	return open_begin(ri, open_file(regs, 0),
			  regs_get_kernel_argument(regs, 2), request);
}

/* ---- opening: vfio_group_fops_open(inode, file) and a device's ---- */

int ivs_open_group_file_entry(struct kretprobe_instance *ri,
			      struct pt_regs *regs)
{
	return open_begin(ri, open_file(regs, 1), 0, IVS_GROUP_OPEN);
}

int ivs_open_device_file_entry(struct kretprobe_instance *ri,
			       struct pt_regs *regs)
{
	return open_begin(ri, open_file(regs, 1), 0, IVS_DEVICE_OPEN);
}

int ivs_open_file_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	/* Opening returns an int, of which only the lower half is there. */
	return open_end(ri, (int)regs_return_value(regs));
}
