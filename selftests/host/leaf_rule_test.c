// SPDX-License-Identifier: GPL-2.0-only
/*
 * leaf_rule_test.c - leaves as computed, against the kernel's rule step by step
 *
 * The reference takes one leaf at a time, as the IOMMU core does: the largest
 * supported size that divides iova and phys here and still fits. The module
 * computes at most five spans instead; both must name the same leaves.
 */
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"

#include "base/leaf.h"

#define K4 0x1000ULL
#define M2 0x200000ULL
#define G1 0x40000000ULL
#define ALL (K4 | M2 | G1)

static u64 best_leaf(u64 pgsizes, u64 iova, u64 phys, u64 size)
{
	if ((pgsizes & G1) && !((iova | phys) & (G1 - 1)) && size >= G1)
		return G1;
	if ((pgsizes & M2) && !((iova | phys) & (M2 - 1)) && size >= M2)
		return M2;
	return K4;
}

static void count_by_step(u64 pgsizes, u64 iova, u64 phys, u64 size,
			  u64 leaves[IVS_NR_LEAVES])
{
	memset(leaves, 0, IVS_NR_LEAVES * sizeof(*leaves));
	while (size) {
		u64 leaf = best_leaf(pgsizes, iova, phys, size);

		leaves[leaf == G1 ? IVS_LEAF_1G : leaf == M2 ? IVS_LEAF_2M :
							       IVS_LEAF_4K]++;
		iova += leaf;
		phys += leaf;
		size -= leaf;
	}
}

/* Spans are in order, touch, are aligned, cover [iova, iova + size) exactly. */
static int well_formed(const struct ivs_span *spans, unsigned int nr, u64 iova,
		       u64 size)
{
	u64 next = iova;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		u64 mask = ivs_leaf_bytes(spans[i].leaf) - 1;

		if (spans[i].start != next || (spans[i].start & mask) ||
		    ((spans[i].last + 1) & mask) ||
		    spans[i].last <= spans[i].start)
			return 0;
		next = spans[i].last + 1;
	}
	return nr <= IVS_MAX_SPANS && next == iova + size;
}

static int same_as_by_step(u64 pgsizes, u64 iova, u64 phys, u64 size)
{
	u64 want[IVS_NR_LEAVES], got[IVS_NR_LEAVES] = { 0 };
	struct ivs_span spans[IVS_MAX_SPANS];
	unsigned int nr, i;

	nr = ivs_leaf_split(pgsizes, iova, phys, size, spans);
	for (i = 0; i < nr; i++)
		got[spans[i].leaf] += ivs_span_leaves(&spans[i]);
	count_by_step(pgsizes, iova, phys, size, want);
	return well_formed(spans, nr, iova, size) &&
	       !memcmp(want, got, sizeof(want));
}

TEST(one_gib_congruent_is_one_leaf)
{
	struct ivs_span spans[IVS_MAX_SPANS];

	ASSERT_EQ(1, ivs_leaf_split(ALL, 5 * G1, 7 * G1, G1, spans));
	ASSERT_EQ(IVS_LEAF_1G, spans[0].leaf);
	ASSERT_EQ(5 * G1, spans[0].start);
	ASSERT_EQ(6 * G1 - 1, spans[0].last);
}

TEST(ragged_run_has_five_spans)
{
	struct ivs_span spans[IVS_MAX_SPANS];

	ASSERT_EQ(5, ivs_leaf_split(ALL, G1 - M2 - K4, 3 * G1 - M2 - K4,
				    2 * (M2 + K4) + G1, spans));
	EXPECT_EQ(IVS_LEAF_4K, spans[0].leaf);
	EXPECT_EQ(IVS_LEAF_2M, spans[1].leaf);
	EXPECT_EQ(IVS_LEAF_1G, spans[2].leaf);
	EXPECT_EQ(IVS_LEAF_2M, spans[3].leaf);
	EXPECT_EQ(IVS_LEAF_4K, spans[4].leaf);
}

TEST(shift_decides_the_largest_leaf)
{
	struct ivs_span spans[IVS_MAX_SPANS];

	ASSERT_EQ(1, ivs_leaf_split(ALL, M2, 0, G1, spans));
	EXPECT_EQ(512, ivs_span_leaves(&spans[0]));
	EXPECT_EQ(IVS_LEAF_2M, spans[0].leaf);
	ASSERT_EQ(1, ivs_leaf_split(ALL, K4, 0, G1, spans));
	EXPECT_EQ(262144, ivs_span_leaves(&spans[0]));
	EXPECT_EQ(IVS_LEAF_4K, spans[0].leaf);
}

TEST(nothing_is_no_span)
{
	struct ivs_span spans[IVS_MAX_SPANS];

	EXPECT_EQ(0, ivs_leaf_split(ALL, G1, G1, 0, spans));
}

/* 5.10's VT-d says ~0xfff: sizes that no table has must not be invented. */
TEST(sizes_no_table_has_are_ignored)
{
	struct ivs_span spans[IVS_MAX_SPANS];

	ASSERT_EQ(1, ivs_leaf_split(~0xfffULL, 8 * K4, 0, 512 * K4, spans));
	EXPECT_EQ(512, ivs_span_leaves(&spans[0]));
}

TEST(last_gib_below_the_widest_aperture)
{
	EXPECT_TRUE(same_as_by_step(ALL, (1ULL << 57) - G1, G1, G1));
}

FIXTURE(random_runs)
{
};

/* The sizes that a table has; each in a test of its own, which takes its time. */
FIXTURE_VARIANT(random_runs)
{
	u64 pgsizes;
};

FIXTURE_VARIANT_ADD(random_runs, only_4k) { .pgsizes = K4 };
FIXTURE_VARIANT_ADD(random_runs, up_to_2m) { .pgsizes = K4 | M2 };
FIXTURE_VARIANT_ADD(random_runs, all) { .pgsizes = ALL };
FIXTURE_VARIANT_ADD(random_runs, without_2m) { .pgsizes = K4 | G1 };

FIXTURE_SETUP(random_runs)
{
}

FIXTURE_TEARDOWN(random_runs)
{
}

TEST_F_TIMEOUT(random_runs, equal_the_step_by_step_rule, 90)
{
	static const u64 units[] = { K4, M2, G1 };
	unsigned int i;

	srandom(20260822);
	for (i = 0; i < 50000; i++) {
		u64 unit = units[random() % 3];
		u64 iova = (random() % 4096) * units[random() % 3];
		u64 phys = iova + (random() % 5) * unit;
		u64 size = (1 + random() % 1500) * K4 +
			   (random() % 3) * (M2 << (random() % 10));

		ASSERT_TRUE(same_as_by_step(variant->pgsizes, iova, phys,
					    size)) {
			TH_LOG("pgsizes %llx iova %llx phys %llx size %llx",
			       (unsigned long long)variant->pgsizes,
			       (unsigned long long)iova,
			       (unsigned long long)phys,
			       (unsigned long long)size);
		}
	}
}

static u64 tables(const struct ivs_span *spans, unsigned int nr,
		  unsigned int levels)
{
	struct ivs_tables count = { 0 };
	unsigned int i;

	for (i = 0; i < nr; i++)
		ivs_tables_add(&count, &spans[i], levels);
	return count.nr;
}

/* design: 128 GiB as 4K leaves are 256.5 MiB of tables. */
TEST(tables_of_128_gib)
{
	struct ivs_span span = { 0, 128 * G1 - 1, IVS_LEAF_4K };

	EXPECT_EQ(65536 + 128 + 1, tables(&span, 1, 4));
	span.leaf = IVS_LEAF_2M;
	EXPECT_EQ(128 + 1, tables(&span, 1, 4));
	span.leaf = IVS_LEAF_1G;
	EXPECT_EQ(1, tables(&span, 1, 4));
	EXPECT_EQ(0, tables(&span, 1, 3));
	EXPECT_EQ(2, tables(&span, 1, 5));
}

TEST(neighbours_share_their_tables)
{
	const struct ivs_span spans[] = {
		{ 0, K4 - 1, IVS_LEAF_4K },
		{ 2 * K4, 3 * K4 - 1, IVS_LEAF_4K },
		{ M2, 2 * M2 - 1, IVS_LEAF_2M },
		{ G1, 2 * G1 - 1, IVS_LEAF_1G },
		{ 512 * G1, 512 * G1 + K4 - 1, IVS_LEAF_4K },
	};

	/* 1 + 1 + 1 for the first 512G, as much again for the second. */
	EXPECT_EQ(6, tables(spans, 5, 4));
}

TEST_HARNESS_MAIN
