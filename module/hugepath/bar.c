// SPDX-License-Identifier: GPL-2.0-only
/*
 * bar.c - proof that a mapped BAR is linear
 *
 * Model. A BAR can be 128 GiB, and asking the CPU's page table for each of its
 * 4K pages is what makes type1 slow. A PFNMAP may show anything anywhere, so
 * that a range of it is linear must be known, not guessed: an upstream attempt
 * to assume it (356e88ebe447) was reverted because it released pages that the
 * assumption did not hold for. Where the kernel tells how large the CPU's leaves
 * are, they are asked one by one, and nothing here is needed (backing.c). Older
 * kernels map a BAR by 4K pages only, but by all of them at once. Proof of a
 * range there:
 *
 * 1. its VMA is shared: no page of it can have been replaced by a copy;
 * 2. the kernel itself notes that the VMA shows one physical range, of which
 *    nothing has been unmapped since (compat.h);
 * 3. the range lies in one memory BAR of one PCI device: no page of it is RAM;
 * 4. its last page, faulted in, is where the first one says (backing.c).
 *
 * No name is trusted, of a driver or of a function: a fault handler can be that
 * of mappings of several kinds. What is not proven is walked leaf by leaf, as
 * type1 does.
 */
#include <linux/mm.h>
#include <linux/pci.h>

#include "compat.h"
#include "hugepath.h"

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
 * Return: true for steps 1 to 3 of the proof.
 */
bool hp_bar_linear(const struct vm_area_struct *vma, unsigned long pfn,
		   unsigned long npage)
{
	return vma->vm_flags & VM_SHARED && hp_compat_mapped_at_once(vma) &&
	       range_in_one_bar(pfn, npage);
}
