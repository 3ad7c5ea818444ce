// SPDX-License-Identifier: GPL-2.0-only
/*
 * backing.c - tell hugetlb, THP, base pages and MMIO apart by page frame
 *
 * Model. A pin or unpin handler sees a run of page frames whose references the
 * caller holds, so the folio structure cannot change under it. The run is
 * walked a folio at a time: one step per GiB of 1 GiB hugetlb, one per 2 MiB of
 * THP, one per page of base memory, where the pin itself spent far more.
 * Type1 never mixes MMIO and memory in one run (6.1 vfio_iommu_type1.c
 * vfio_pin_pages_remote(), "rsvd"), so MMIO is decided by the first frame.
 *
 * Context: any; no locks.
 */
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "../base/frame.h"
#include "../compat.h"
#include "backing.h"

/* Not a bool: four are joined without a jump. */
static unsigned int frame_is_tail(unsigned long odd)
{
	return ivs_compat_odd_is_tail(pfn_to_page(odd));
}

/*
 * Where pages that are folios of their own end: a run of them is long. A larger
 * folio begins at an even frame, so that every odd frame in it is a tail: half
 * of the frames tell all, and a last one that is even tells for itself. Four at
 * a time, as this is most of what a long run of small pages costs here.
 */
static unsigned long frame_base_end(unsigned long pfn, unsigned long end)
{
	unsigned long odd;

	for (odd = pfn | 1; odd + 6 < end; odd += 8)
		if (frame_is_tail(odd) | frame_is_tail(odd + 2) |
		    frame_is_tail(odd + 4) | frame_is_tail(odd + 6))
			break;
	for (; odd < end; odd += 2)
		if (frame_is_tail(odd))
			return max(odd - 1, pfn);
	if (odd == end && PageCompound(pfn_to_page(end - 1)))
		return end - 1;
	return end;
}

static enum ivs_backing folio_backing(struct page *head, unsigned int order)
{
	if (!PageHuge(head))
		return IVS_THP;
	return PAGE_SIZE << order >= SZ_1G ? IVS_HUGETLB_1G : IVS_HUGETLB_2M;
}

/**
 * ivs_backing_join - the backing of two ranges taken together
 * @a: one
 * @b: the other
 *
 * Return: the one they share, IVS_MIXED if they differ; IVS_NONE is neutral.
 */
enum ivs_backing ivs_backing_join(enum ivs_backing a, enum ivs_backing b)
{
	if (a == b || b == IVS_NONE)
		return a;
	return a == IVS_NONE ? b : IVS_MIXED;
}

/**
 * ivs_backing_of - classify a run of page frames
 * @pfn: first frame; the caller holds the pages, if it has any
 * @nr_pages: length
 *
 * Return: IVS_NONE for an empty run, IVS_MIXED when it has several kinds.
 */
enum ivs_backing ivs_backing_of(unsigned long pfn, unsigned long nr_pages)
{
	enum ivs_backing backing = IVS_NONE;
	unsigned long end = pfn + nr_pages;

	if (!nr_pages)
		return IVS_NONE;
	if (ivs_frame_is_mmio(pfn))
		return IVS_MMIO;

	while (pfn < end && backing != IVS_MIXED) {
		unsigned long here = frame_base_end(pfn, end);
		struct page *head;
		unsigned int order;

		if (here > pfn) {
			backing = ivs_backing_join(backing, IVS_BASE);
			pfn = here;
			continue;
		}
		head = compound_head(pfn_to_page(pfn));
		order = compound_order(head);
		backing = ivs_backing_join(backing, folio_backing(head, order));
		pfn = page_to_pfn(head) + (1UL << order);
	}
	return backing;
}
