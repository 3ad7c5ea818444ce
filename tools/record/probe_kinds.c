// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of what is done to devices: opening, attaching, resetting, closing.
 * Only arguments that have an address at the call are used, and no structure of
 * the kernel's: a device is known by the name that VFIO_GROUP_GET_DEVICE_FD is
 * told, and later by the address that vfio-pci has for it.
 */
#include "probe_kinds.h"

#define OBJECT "object=$arg1:x64"

const struct probe_info probe_infos[NR_PROBES] = {
	/* An ioctl of a group: the device's name is the user's argument. */
	[PROBE_GROUP] = { "group", { "vfio_group_fops_unl_ioctl" },
			  "cmd=$arg2:u32 name=+0($arg3):ustring" },
	[PROBE_ATTACH] = { "attach", { "vfio_iommu_type1_attach_group" },
			   NULL },
	[PROBE_ATTACH_HUGEPATH] = { "attach_hugepath",
				    { "hugepath_attach_group" }, NULL },
	[PROBE_ATTACH_IOMMUFD] = { "attach_iommufd",
				   { "iommufd_device_attach" }, NULL },
	[PROBE_CDEV_OPEN] = { "open", { "vfio_device_fops_cdev_open" }, NULL },
	[PROBE_ENABLE] = { "enable",
			   { "vfio_pci_core_enable", "vfio_pci_enable" },
			   OBJECT },
	[PROBE_CLOSE] = { "close",
			  { "vfio_pci_core_close_device", "vfio_pci_release" },
			  OBJECT },
	[PROBE_RESET_LOCKED] = { "reset_locked",
				 { "__pci_reset_function_locked" }, NULL },
	[PROBE_RESET] = { "reset", { "pci_try_reset_function" }, NULL },
	[PROBE_BUS_RESET] = { "bus_reset", { "pci_reset_bus" }, NULL },
	[PROBE_FLR] = { "flr", { "pcie_flr" }, NULL },
	[PROBE_POWER] = { "power", { "pci_set_power_state" }, NULL },
};
