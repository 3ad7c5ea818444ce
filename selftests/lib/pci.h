/* SPDX-License-Identifier: GPL-2.0-only */
/* pci.h - find PCI functions, and lend them to vfio-pci */
#ifndef LIB_PCI_H
#define LIB_PCI_H

#include <linux/types.h>

#define PCI_BDF_LEN sizeof("0000:00:00.0")

/*
 * A function by name (edu, testdev, nvme, e1000e; nth counts from 0) or by
 * address (0000:00:02.0). 0, -EINVAL for a name that is neither, -ENODEV.
 */
int __pci_find(const char *name, unsigned int nth, char bdf[PCI_BDF_LEN]);

/*
 * The nth device that $IOVASCOPE_DEVICES names, "BDF,BDF". -ENOENT when it names
 * no more, -EINVAL for what is no address, -ENODEV where there is nothing.
 */
int __pci_spare(unsigned int nth, char bdf[PCI_BDF_LEN]);

/*
 * A device for a test: in the lab by name, elsewhere one of the spares, where
 * what has none of these names stands for an edu. Skips when there is none.
 */
void pci_find(const char *name, unsigned int nth, char bdf[PCI_BDF_LEN]);
/* Has it the ids of that name? */
int pci_is(const char *bdf, const char *name);

int pci_group(const char *bdf);
void pci_driver(const char *bdf, char driver[64]);
void pci_bar(const char *bdf, int bar, __u64 *phys, __u64 *size);

/*
 * Lend a function to vfio-pci; whoever drove it before is remembered in
 * /run and gets it back with pci_restore(). Both may be called twice.
 */
int __pci_bind_vfio(const char *bdf);
void pci_bind_vfio(const char *bdf);
void pci_restore(const char *bdf);
void pci_bind(const char *bdf, const char *driver);

#endif /* LIB_PCI_H */
