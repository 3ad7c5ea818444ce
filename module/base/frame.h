/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * frame.h - is a page frame memory, or MMIO?
 *
 * As VFIO has it: MMIO is what has no struct page, or a reserved one. The zero
 * page is reserved too, but it is memory. In line, because a census asks this
 * for each 4K leaf.
 */
#ifndef IVS_FRAME_H
#define IVS_FRAME_H

#include <linux/mm.h>
#include <linux/uaccess.h>

/*
 * ivs_page_flags - flags of a struct page that may not be there
 *
 * All ones where struct page itself is not there: its memory goes when memory
 * is unplugged, and nothing that we hold forbids that. Call with page faults
 * disabled. (copy_from_kernel_nofault() costs more than all the rest that a
 * census does for a leaf.)
 */
static __always_inline unsigned long ivs_page_flags(const struct page *page)
{
	unsigned long flags;

	__get_kernel_nofault(&flags, &page->flags, unsigned long, fault);
	return flags;
fault:
	return ~0UL;
}

/* ivs_frame_is_reserved - of a valid frame; with page faults disabled */
static __always_inline bool ivs_frame_is_reserved(unsigned long pfn)
{
	return (ivs_page_flags(pfn_to_page(pfn)) & BIT(PG_reserved)) &&
	       !is_zero_pfn(pfn);
}

/**
 * ivs_frame_is_mmio - is a page frame something else than memory?
 * @pfn: any
 *
 * Context: any; holds no page, and needs none to be held.
 */
static inline bool ivs_frame_is_mmio(unsigned long pfn)
{
	bool mmio;

	pagefault_disable();
	mmio = !pfn_valid(pfn) || ivs_frame_is_reserved(pfn);
	pagefault_enable();
	return mmio;
}

#endif /* IVS_FRAME_H */
