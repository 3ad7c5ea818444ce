// SPDX-License-Identifier: GPL-2.0-only
/*
 * bdf.c - as whom a device's requests arrive at the IOMMU
 *
 * Model. As itself, but for devices behind an Intel VMD: that is a bridge which
 * takes NVMe drives out of the machine's buses and puts them into a segment of
 * its own (0x10000 and up), which no remapping unit serves. All their requests
 * carry the address of the VMD device. The kernel keeps it with the bus; its
 * function that looks there, pci_real_dma_dev(), is not exported.
 *
 * Aliases that bridges make are no concern here: the census reads what is set up
 * for them like anything else.
 *
 * No locking; the caller holds the device. Built into the host tests, too.
 */
#include <linux/pci.h>

#include "bdf.h"

/**
 * ivs_bdf_of - the address that a device is known by
 * @pdev: the device
 * @bdf: its segment, bus, device and function
 */
void ivs_bdf_of(struct pci_dev *pdev, struct ivs_bdf *bdf)
{
	bdf->segment = pci_domain_nr(pdev->bus);
	bdf->rid = pci_dev_id(pdev);
}

/**
 * ivs_bdf_requester - the address that its requests carry
 * @pdev: the device
 * @bdf: that address
 */
void ivs_bdf_requester(struct pci_dev *pdev, struct ivs_bdf *bdf)
{
#if IS_ENABLED(CONFIG_VMD)
	if (is_vmd(pdev->bus))
		pdev = to_pci_sysdata(pdev->bus)->vmd_dev;
#endif
	ivs_bdf_of(pdev, bdf);
}
