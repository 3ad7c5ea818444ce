/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bdf.h - the addresses of a device: on its bus, and to the IOMMU
 */
#ifndef IVS_BDF_H
#define IVS_BDF_H

#include "op.h"

struct pci_dev;

void ivs_bdf_of(struct pci_dev *pdev, struct ivs_bdf *bdf);
void ivs_bdf_requester(struct pci_dev *pdev, struct ivs_bdf *bdf);

static inline bool ivs_bdf_same(const struct ivs_bdf *a,
				const struct ivs_bdf *b)
{
	return a->segment == b->segment && a->rid == b->rid;
}

#endif /* IVS_BDF_H */
