// SPDX-License-Identifier: GPL-2.0-only
/*
 * backing.c - tell hugetlb, THP, base pages and MMIO apart by page frame
 *
 * Model. A pin or unpin handler sees a run of page frames whose references the
 * caller holds, so the folio structure cannot change under it. The run is
 * walked a folio at a time: one look per GiB of 1 GiB hugetlb, one per 2 MiB of
 * THP, one per sixteen pages of base memory.
 *
 * Bound. A handler runs with preemption off, and each look may be a cache miss.
 * 512 GiB of hugetlb 2M that lie together are a single run: a quarter of a
 * million looks. So a call has a number of them. Where it runs out, the rest of
 * the run is looked at here and there, and of the runs that follow only where
 * they begin; such a call is counted as sampled, unless that was all of them.
 *
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

/* Less than half a millisecond, where each look is a cache miss. */
#define MAX_LOOKS 4096

/* Base pages that are one look: what is asked lies side by side in memory. */
#define PAGES_A_LOOK 16

#define NR_SAMPLES 64

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

/* Look at the folio at @pfn, or at pages up to @end that are none of one. */
static unsigned long look_at(struct ivs_look *look, unsigned long pfn,
			     unsigned long end)
{
	unsigned long here = frame_base_end(pfn, end);
	enum ivs_backing backing = IVS_BASE;
	struct page *head;

	look->nr += 1 + (here - pfn) / PAGES_A_LOOK;
	if (here == pfn) {
		unsigned int order;

		head = compound_head(pfn_to_page(pfn));
		order = compound_order(head);
		backing = folio_backing(head, order);
		here = page_to_pfn(head) + (1UL << order);
	}
	look->backing = ivs_backing_join(look->backing, backing);
	return here;
}

static void look_here_and_there(struct ivs_look *look, unsigned long pfn,
				unsigned long end)
{
	unsigned long step;

	/* A call of many runs takes a look at each: it sees all of a short one. */
	pfn = look_at(look, pfn, min(end, pfn + PAGES_A_LOOK));
	if (pfn >= end || look->sampled)
		return;
	look->sampled = true;
	step = max((end - pfn) / NR_SAMPLES, 1UL);
	for (; pfn < end && look->backing != IVS_MIXED; pfn += step)
		look_at(look, pfn, pfn + 1);
}

/**
 * ivs_backing_look - classify a run of page frames
 * @look: of the call; the run is joined to what was seen before
 * @pfn: first frame; the caller holds the pages, if it has any
 * @nr_pages: length; 0 is nothing to look at
 *
 * Context: any. Bounded, whatever @nr_pages is.
 */
void ivs_backing_look(struct ivs_look *look, unsigned long pfn,
		      unsigned long nr_pages)
{
	unsigned long end = pfn + nr_pages, room;

	if (!nr_pages)
		return;
	if (ivs_frame_is_mmio(pfn)) {
		look->backing = ivs_backing_join(look->backing, IVS_MMIO);
		return;
	}
	while (pfn < end && look->backing != IVS_MIXED) {
		if (look->nr >= MAX_LOOKS) {
			look_here_and_there(look, pfn, end);
			return;
		}
		room = PAGES_A_LOOK * (MAX_LOOKS - look->nr);
		pfn = look_at(look, pfn, min(end, pfn + room));
	}
}
