// SPDX-License-Identifier: GPL-2.0-only
/*
 * backing_test.c - what runs of page frames are made of, and who looks at how many
 *
 * A machine with more memory than any, described in a few lines: from which
 * frame on there are folios of which order. Each question about a frame counts.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/mm.h>

#include "kselftest_harness.h"

#include "flow/backing.h"

#define GIB 0x40000UL
#define NR_ZONES 8

struct zone {
	unsigned long first;
	unsigned int order;
	bool huge, mmio;
};

static struct zone zones[NR_ZONES];
static unsigned int nr_zones;
static unsigned long asked;

static void memory_from(unsigned long first, unsigned int order, bool huge)
{
	zones[nr_zones++] = (struct zone){ first, order, huge, false };
}

static const struct zone *zone_of(unsigned long pfn)
{
	unsigned int i = nr_zones;

	asked++;
	while (i--)
		if (pfn >= zones[i].first)
			return &zones[i];
	abort();
}

bool ivs_compat_odd_is_tail(const struct page *page)
{
	unsigned long pfn = page_to_pfn(page);
	const struct zone *zone = zone_of(pfn);

	if (!(pfn & 1))
		abort();
	return zone->order;
}

bool ivs_frame_is_mmio(unsigned long pfn)
{
	return zone_of(pfn)->mmio;
}

struct page *compound_head(struct page *page)
{
	unsigned long pfn = page_to_pfn(page);

	return pfn_to_page(pfn >> zone_of(pfn)->order << zone_of(pfn)->order);
}

unsigned int compound_order(struct page *head)
{
	return zone_of(page_to_pfn(head))->order;
}

bool PageCompound(struct page *page)
{
	return zone_of(page_to_pfn(page))->order;
}

bool PageHuge(struct page *page)
{
	return zone_of(page_to_pfn(page))->huge;
}

FIXTURE(backing)
{
	struct ivs_look look;
};

FIXTURE_SETUP(backing)
{
	self->look = (struct ivs_look)IVS_LOOK_INIT;
	nr_zones = 0;
	asked = 0;
}

FIXTURE_TEARDOWN(backing)
{
}

TEST_F(backing, each_kind)
{
	static const struct {
		unsigned int order;
		bool huge;
		enum ivs_backing backing;
	} kinds[] = {
		{ 0, false, IVS_BASE },
		{ 4, false, IVS_THP },
		{ 9, false, IVS_THP },
		{ 9, true, IVS_HUGETLB_2M },
		{ 18, true, IVS_HUGETLB_1G },
	};
	unsigned long first, nr;
	unsigned int i;

	for (i = 0; i < 5; i++) {
		nr_zones = 0;
		memory_from(0, kinds[i].order, kinds[i].huge);
		for (first = 0; first < 20; first++) {
			for (nr = 1; nr < 20; nr++) {
				struct ivs_look look = IVS_LOOK_INIT;

				ivs_backing_look(&look, first, nr);
				ASSERT_EQ(kinds[i].backing, look.backing);
				ASSERT_FALSE(look.sampled);
			}
		}
	}
}

TEST_F(backing, nothing_and_mmio)
{
	ivs_backing_look(&self->look, 7, 0);
	EXPECT_EQ(IVS_NONE, self->look.backing);
	zones[nr_zones++] = (struct zone){ .mmio = true };
	ivs_backing_look(&self->look, 7, 512 * GIB);
	EXPECT_EQ(IVS_MMIO, self->look.backing);
	EXPECT_EQ(1, asked);
}

/* As long as it is not too much, each page counts: the last one, too. */
TEST_F(backing, one_page_of_another_kind)
{
	memory_from(0, 0, false);
	memory_from(2000, 1, false);
	ivs_backing_look(&self->look, 0, 2001);
	EXPECT_EQ(IVS_MIXED, self->look.backing);
	EXPECT_FALSE(self->look.sampled);
}

TEST_F(backing, a_budget_that_just_suffices)
{
	memory_from(0, 9, true);
	ivs_backing_look(&self->look, 0, 4096UL << 9);
	EXPECT_EQ(IVS_HUGETLB_2M, self->look.backing);
	EXPECT_FALSE(self->look.sampled);
	/* One more is seen as a whole, and of two the first. */
	ivs_backing_look(&self->look, 4096UL << 9, 1 << 9);
	EXPECT_FALSE(self->look.sampled);
	ivs_backing_look(&self->look, 4097UL << 9, 2 << 9);
	EXPECT_TRUE(self->look.sampled);
}

/* The most that iommufd pins at once: 32 MiB. */
TEST_F(backing, a_batch_of_base_pages)
{
	memory_from(0, 0, false);
	memory_from(8191, 1, false);
	ivs_backing_look(&self->look, 0, 8192);
	EXPECT_EQ(IVS_MIXED, self->look.backing);
	EXPECT_FALSE(self->look.sampled);
}

/* And where no page has a neighbour. */
TEST_F(backing, a_batch_of_scattered_pages)
{
	unsigned long pfn;

	memory_from(0, 0, false);
	for (pfn = 0; pfn < 2 * 8192; pfn += 2)
		ivs_backing_look(&self->look, pfn, 1);
	EXPECT_EQ(IVS_BASE, self->look.backing);
	EXPECT_FALSE(self->look.sampled);
}

/* Preemption is off: no run is so long that it takes longer than the last. */
TEST_F(backing, work_does_not_grow_with_the_run)
{
	unsigned long few;

	memory_from(0, 9, true);
	ivs_backing_look(&self->look, 0, 16 * GIB);
	EXPECT_EQ(IVS_HUGETLB_2M, self->look.backing);
	EXPECT_TRUE(self->look.sampled);
	few = asked;
	EXPECT_LT(4096, few);

	self->look = (struct ivs_look)IVS_LOOK_INIT;
	asked = 0;
	ivs_backing_look(&self->look, 0, 512 * GIB);
	EXPECT_EQ(IVS_HUGETLB_2M, self->look.backing);
	EXPECT_EQ(few, asked);

	nr_zones = 0;
	memory_from(0, 0, false);
	self->look = (struct ivs_look)IVS_LOOK_INIT;
	asked = 0;
	ivs_backing_look(&self->look, 0, 512 * GIB);
	EXPECT_EQ(IVS_BASE, self->look.backing);
	EXPECT_TRUE(self->look.sampled);
	EXPECT_GT(40000, asked);
}

/* Runs that follow are still seen, by their first frame. */
TEST_F(backing, many_runs_share_a_budget)
{
	unsigned int i;

	memory_from(0, 9, true);
	memory_from(100 * GIB, 18, true);
	ivs_backing_look(&self->look, 0, 16 * GIB);
	asked = 0;
	for (i = 0; i < 500; i++)
		ivs_backing_look(&self->look, i * GIB / 8, GIB / 16);
	EXPECT_EQ(IVS_HUGETLB_2M, self->look.backing);
	/* Sixteen frames a look, of which every second one tells. */
	EXPECT_GT(500 * 12, asked);
	ivs_backing_look(&self->look, 100 * GIB, GIB);
	EXPECT_EQ(IVS_MIXED, self->look.backing);
}

/* Samples reach to the end of the run. */
TEST_F(backing, half_of_a_long_run)
{
	memory_from(0, 9, true);
	memory_from(256 * GIB, 18, true);
	ivs_backing_look(&self->look, 0, 512 * GIB);
	EXPECT_EQ(IVS_MIXED, self->look.backing);
	EXPECT_TRUE(self->look.sampled);
}

TEST_HARNESS_MAIN
