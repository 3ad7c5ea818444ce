/* SPDX-License-Identifier: GPL-2.0-only */
/* pci.h - devices on buses, one of which may be a VMD's: x86's <asm/pci.h>, too */
#ifndef HOST_LINUX_PCI_H
#define HOST_LINUX_PCI_H

#include <stdbool.h>

#include <linux/kernel.h>
#include <linux/types.h>

#define CONFIG_VMD 1
#define IS_ENABLED(CONFIG_option) (CONFIG_option)

struct pci_sysdata {
	int domain;
	struct pci_dev *vmd_dev;
};

struct pci_bus {
	unsigned char number;
	void *sysdata;
};

struct pci_dev {
	struct pci_bus *bus;
	unsigned int devfn;
};

static inline struct pci_sysdata *to_pci_sysdata(const struct pci_bus *bus)
{
	return bus->sysdata;
}

static inline bool is_vmd(struct pci_bus *bus)
{
	return to_pci_sysdata(bus)->vmd_dev;
}

static inline int pci_domain_nr(struct pci_bus *bus)
{
	return to_pci_sysdata(bus)->domain;
}

static inline u16 pci_dev_id(struct pci_dev *dev)
{
	return dev->bus->number << 8 | dev->devfn;
}

#endif
