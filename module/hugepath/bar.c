// SPDX-License-Identifier: GPL-2.0-only
/*
 * bar.c - proof that a mapped BAR is linear
 *
 * Model. A BAR can be 128 GiB, and asking the CPU's page table for each of its
 * 4K pages is what makes type1 slow. A PFNMAP may show anything anywhere, so
 * that a range of it is linear must be known, not guessed: an upstream attempt
 * to assume it (356e88ebe447) was reverted because it released pages that the
 * assumption did not hold for. We assume it of one mapping only, vfio-pci's
 * own, whose fault handler inserts "first page of the BAR + distance" and
 * nothing else (5.10 vfio_pci.c and 6.1 vfio_pci_core.c vfio_pci_mmap_fault(),
 * 6.12 and 7.3 vfio_pci_mmap_huge_fault()). Proof of a range:
 *
 * 1. the fault handler of its VMA is that one, by its name and module in the
 *    kernel's symbol table; a driver with a mapping of its own has another;
 * 2. its physical range lies in one memory BAR of one PCI device;
 * 3. its last page, faulted in, is where the first one says (backing.c).
 *
 * What is not proven is walked leaf by leaf, as type1 does.
 */
#include <linux/kallsyms.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/string.h>

#include "hugepath.h"

/* As %ps prints them; built in, they come without a module. */
static const char *const fault_handlers[] = {
	"vfio_pci_mmap_page_fault [vfio_pci_core]",
	"vfio_pci_mmap_fault [vfio_pci_core]",
	"vfio_pci_mmap_fault [vfio_pci]",
	"vfio_pci_mmap_page_fault",
	"vfio_pci_mmap_fault",
};

static bool vma_is_vfio_pci(const struct vm_area_struct *vma)
{
	char symbol[KSYM_SYMBOL_LEN];

	if (!(vma->vm_flags & VM_SHARED) || !vma->vm_ops || !vma->vm_ops->fault)
		return false;
	sprint_symbol_no_offset(symbol, (unsigned long)vma->vm_ops->fault);
	return match_string(fault_handlers, ARRAY_SIZE(fault_handlers),
			    symbol) >= 0;
}

static bool device_has_bar(struct pci_dev *pdev, const struct resource *range)
{
	int i;

	for (i = 0; i < PCI_STD_NUM_BARS; i++) {
		struct resource *bar = &pdev->resource[i];

		if (resource_type(bar) == IORESOURCE_MEM &&
		    resource_contains(bar, (struct resource *)range))
			return true;
	}
	return false;
}

static bool range_in_one_bar(unsigned long pfn, unsigned long npage)
{
	const struct resource range = {
		.start = PFN_PHYS(pfn),
		.end = PFN_PHYS(pfn + npage) - 1,
		.flags = IORESOURCE_MEM,
	};
	struct pci_dev *pdev = NULL;

	for_each_pci_dev(pdev) {
		if (device_has_bar(pdev, &range)) {
			pci_dev_put(pdev);
			return true;
		}
	}
	return false;
}

/**
 * hp_bar_linear - do these pages of a mapping follow each other?
 * @vma: a PFNMAP, under its mmap lock
 * @pfn: what its first page in question shows
 * @npage: how many, all of them in @vma
 *
 * Return: true for steps 1 and 2 of the proof.
 */
bool hp_bar_linear(const struct vm_area_struct *vma, unsigned long pfn,
		   unsigned long npage)
{
	return vma_is_vfio_pci(vma) && range_in_one_bar(pfn, npage);
}
