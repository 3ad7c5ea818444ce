// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a start would save, computed from nothing but what its own recording has
 * measured: the bytes that were slow, at the rate of those that were not. Where
 * the recording has none that were not, it is not known, and neither is it
 * where these are less than a hundredth of what they are to speak for.
 *
 * That memory was pinned again is certain: the same address of the process at
 * the same IOVA, which one IO address space refuses, with nothing in between
 * that could have unmapped the first. What that took is what one container for
 * all devices saves.
 *
 * A pin includes the first touch of its memory, which the events do not tell.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "phases.h"
#include "saving.h"

/* A step of 4 KiB through a BAR takes more, whatever the machine (why/lookup.c). */
#define SMALL_STEP_NS 40

#define PAGE_BYTES 4096

uint64_t rate_per_page(const struct rate *rate)
{
	uint64_t pages = rate->bytes / PAGE_BYTES;

	return pages ? rate->ns / pages : 0;
}

static void rate_add(struct rate *rate, const struct span *span)
{
	rate->ns += span->ended_ns - span->began_ns;
	rate->bytes += span->bytes;
	rate->calls++;
}

/* Of threads that do it at the same time only what is wall time counts. */
static uint64_t wall_of(const struct phases *phases, enum phase phase,
			long backing)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < phases->nr_cells; i++)
		if (phases->cells[i].phase == phase &&
		    (backing < 0 || phases->cells[i].of == backing))
			ns += phases->cells[i].ns;
	return ns;
}

/* ---- again ---- */

static int by_place(const void *one, const void *other)
{
	const struct region *a = *(struct region *const *)one;
	const struct region *b = *(struct region *const *)other;

	if (a->iova != b->iova)
		return a->iova < b->iova ? -1 : 1;
	return a->began_ns < b->began_ns ? -1 : a->began_ns > b->began_ns;
}

static bool overlaps(const struct region *one, const struct region *other)
{
	return one->iova < other->iova + other->bytes &&
	       other->iova < one->iova + one->bytes;
}

/* Could anything of it have been unmapped before the other began? */
static bool may_be_gone(const struct phases *phases, const struct region *first,
			const struct region *then)
{
	for (size_t i = 0; i < phases->nr_regions; i++) {
		const struct region *region = &phases->regions[i];

		if (region->map || region->began_ns > then->began_ns ||
		    region->began_ns + region->ns < first->began_ns)
			continue;
		if (region->unasked || overlaps(region, first))
			return true;
	}
	return false;
}

static bool is_again(const struct phases *phases, const struct region *first,
		     const struct region *then)
{
	return first->iova == then->iova && first->vaddr == then->vaddr &&
	       first->bytes == then->bytes && !may_be_gone(phases, first, then);
}

/* Of each region: is it one that was mapped already? */
static bool *find_again(const struct phases *phases)
{
	bool *again = alloc_zeroed(phases->nr_regions + 1, sizeof(*again));
	struct region **maps = alloc_zeroed(phases->nr_regions + 1,
					    sizeof(*maps));
	size_t nr = 0;

	for (size_t i = 0; i < phases->nr_regions; i++) {
		struct region *region = &phases->regions[i];

		if (region->map && !region->ret && region->vaddr &&
		    region->backing != BACKING_MMIO)
			maps[nr++] = region;
	}
	if (nr)
		qsort(maps, nr, sizeof(*maps), by_place);
	for (size_t i = 1; i < nr; i++)
		if (is_again(phases, maps[i - 1], maps[i]))
			again[maps[i] - phases->regions] = true;
	free(maps);
	return again;
}

/* ---- all of them ---- */

static void sort_pin(struct saving *base, struct rate *huge,
		     const struct span *span)
{
	if (span->of == BACKING_BASE)
		rate_add(&base->slow, span);
	else if (span->of <= BACKING_HUGETLB_1G)
		rate_add(&huge[span->of], span);
}

/* What failed has nothing that it took so long for. */
static void sort_spans(struct savings *savings, struct rate *huge,
		       struct rate *unpinned, const struct phases *phases,
		       const bool *again)
{
	for (size_t i = 0; i < phases->spans.nr; i++) {
		const struct span *span = &phases->spans.list[i];
		bool lookup = span->phase == PHASE_LOOKUP;
		struct rate one = {};

		if (!span->bytes || span->ended_ns <= phases->counts_since)
			continue;
		if (span->phase == PHASE_UNPIN)
			sort_pin(&savings->unpin, unpinned, span);
		if (span->phase != PHASE_PIN && !lookup)
			continue;
		rate_add(&one, span);
		if (lookup)
			rate_add(rate_per_page(&one) < SMALL_STEP_NS ?
				 &savings->lookup.fast : &savings->lookup.slow,
				 span);
		else if (span->region < phases->nr_regions &&
			 again[span->region])
			rate_add(&savings->again.slow, span);
		else
			sort_pin(&savings->base, huge, span);
	}
}

static bool is_faster(const struct rate *rate, const struct rate *than)
{
	return (__uint128_t)rate->ns * than->bytes <
	       (__uint128_t)than->ns * rate->bytes;
}

/* Of so little nobody knows what more of it would take. */
static bool can_speak_for(const struct rate *fast, const struct rate *slow)
{
	return fast->bytes && fast->bytes >= slow->bytes / 100 &&
	       is_faster(fast, slow);
}

static void choose_huge(struct saving *base, const struct rate *huge)
{
	for (unsigned int i = BACKING_THP; i <= BACKING_HUGETLB_1G; i++) {
		if (!can_speak_for(&huge[i], &base->slow) ||
		    (base->fast.bytes && !is_faster(&huge[i], &base->fast)))
			continue;
		base->fast = huge[i];
		base->fast_backing = i;
	}
}

static void saving_end(struct saving *saving, uint64_t wall)
{
	const struct rate *slow = &saving->slow, *fast = &saving->fast;
	uint64_t left;

	saving->ns = slow->ns < wall ? slow->ns : wall;
	saving->known = can_speak_for(fast, slow);
	if (!saving->known)
		return;
	left = (__uint128_t)fast->ns * slow->bytes / fast->bytes;
	saving->saves_ns = left < saving->ns ? saving->ns - left : 0;
}

void savings_find(struct savings *savings, const struct phases *phases)
{
	struct rate huge[BACKING_HUGETLB_1G + 1] = {};
	struct rate unpinned[BACKING_HUGETLB_1G + 1] = {};
	bool *again = find_again(phases);

	*savings = (struct savings){};
	sort_spans(savings, huge, unpinned, phases, again);
	free(again);
	choose_huge(&savings->base, huge);
	choose_huge(&savings->unpin, unpinned);
	for (unsigned int i = BACKING_THP; i <= BACKING_HUGETLB_1G; i++) {
		savings->huge.slow.ns += huge[i].ns;
		savings->huge.slow.bytes += huge[i].bytes;
		savings->huge.slow.calls += huge[i].calls;
	}
	saving_end(&savings->lookup, wall_of(phases, PHASE_LOOKUP, -1));
	saving_end(&savings->base, wall_of(phases, PHASE_PIN, BACKING_BASE));
	saving_end(&savings->unpin,
		   wall_of(phases, PHASE_UNPIN, BACKING_BASE));
	saving_end(&savings->huge, wall_of(phases, PHASE_PIN, -1));
	saving_end(&savings->again, wall_of(phases, PHASE_PIN, -1));
	savings->again.known = savings->again.slow.bytes;
	savings->again.saves_ns = savings->again.ns;
}
