// SPDX-License-Identifier: GPL-2.0-only
/*
 * extent_test.c - the memory of a domain against a page-by-page model
 *
 * The model is an array with one byte a 4K page that says which leaf maps it.
 * Random maps and unmaps are done to both; leaves, bytes and order must agree
 * after each, and every node must come back in the end.
 */
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"

#include "flow/extent.h"
#include "base/pool.h"

#define K4 0x1000ULL
#define M2 0x200000ULL
#define G1 0x40000000ULL

#define UNMAPPED 0xff

static unsigned int nodes, nodes_left = ~0U;

/*
 * Basic blocks that were run. Counting them is a call that the compiler adds
 * late (see Makefile), so that it does not know who changes the number.
 */
static unsigned long blocks;

__attribute__((no_sanitize_coverage)) void __sanitizer_cov_trace_pc(void)
{
	blocks++;
}

static unsigned long work_so_far(void)
{
	return __atomic_load_n(&blocks, __ATOMIC_RELAXED);
}

static void work_is(unsigned long nr)
{
	__atomic_store_n(&blocks, nr, __ATOMIC_RELAXED);
}

static struct ivs_pool pool = { .size = sizeof(struct ivs_extent) };

void *ivs_pool_get(struct ivs_pool *from)
{
	if (!nodes_left)
		return NULL;
	nodes_left--;
	nodes++;
	return calloc(1, from->size);
}

void ivs_pool_put_chain(struct ivs_pool *to, void *first, void *last,
			unsigned int nr)
{
	struct ivs_extent *extent = first, *next;
	unsigned long before = work_so_far();

	((struct ivs_extent *)last)->next = NULL;
	for (; extent; extent = next, nr--) {
		next = extent->next;
		free(extent);
		nodes--;
	}
	if (nr)
		abort();
	work_is(before);
}

static u64 leaves_of(const struct ivs_extents *set, enum ivs_leaf leaf)
{
	u64 leaves[IVS_NR_LEAVES];

	ivs_extents_leaves(set, leaves);
	return leaves[leaf];
}

static u64 bytes_of(const struct ivs_extents *set)
{
	u64 leaves[IVS_NR_LEAVES];

	ivs_extents_leaves(set, leaves);
	return ivs_leaves_bytes(leaves);
}

/* Is a tree in order, ranked, and as much as its sums say? Counts its nodes. */
static bool is_sound_tree(const struct ivs_extent *tree,
			  const struct ivs_extent **next, unsigned int *nr)
{
	struct ivs_extent_sum sum = { .nr = 1 };
	enum ivs_leaf leaf;

	if (!tree)
		return true;
	if (!is_sound_tree(tree->left, next, nr) || *next != tree)
		return false;
	*next = tree->next;
	++*nr;
	if (!is_sound_tree(tree->right, next, nr))
		return false;
	sum.leaves[tree->span.leaf] = ivs_span_leaves(&tree->span);
	for (leaf = 0; leaf < IVS_NR_LEAVES; leaf++) {
		sum.leaves[leaf] += tree->left ? tree->left->sum.leaves[leaf] : 0;
		sum.leaves[leaf] += tree->right ? tree->right->sum.leaves[leaf] : 0;
		if (sum.leaves[leaf] != tree->sum.leaves[leaf])
			return false;
	}
	sum.nr += tree->left ? tree->left->sum.nr : 0;
	sum.nr += tree->right ? tree->right->sum.nr : 0;
	return sum.nr == tree->sum.nr &&
	       (!tree->left || tree->left->rank < tree->rank) &&
	       (!tree->right || tree->right->rank < tree->rank) &&
	       (!tree->next || tree->span.last < tree->next->span.start);
}

static bool is_sound(const struct ivs_extents *set)
{
	const struct ivs_extent *next = ivs_extents_at(set, 0);
	unsigned int nr = 0;

	return is_sound_tree(set->root, &next, &nr) && !next && nr == nodes;
}

FIXTURE(extent)
{
	struct ivs_extents set;
	struct ivs_removed gone;
};

FIXTURE_SETUP(extent)
{
	ivs_extents_init(&self->set, &pool, 42);
	nodes = 0;
	nodes_left = ~0U;
}

FIXTURE_TEARDOWN(extent)
{
	ivs_extents_remove(&self->set, 0, ~0ULL, &self->gone);
	EXPECT_TRUE(is_sound(&self->set));
	EXPECT_EQ(0, nodes);
	EXPECT_EQ(0, bytes_of(&self->set));
}

static int add(struct ivs_extents *set, u64 start, u64 bytes,
	       enum ivs_leaf leaf)
{
	const struct ivs_span span = { start, start + bytes - 1, leaf };

	return ivs_extents_add(set, &span);
}

TEST_F(extent, neighbours_of_one_size_take_one_node)
{
	unsigned int i;

	for (i = 0; i < 1000; i++)
		ASSERT_EQ(0, add(&self->set, i * K4, K4, IVS_LEAF_4K));
	EXPECT_EQ(1, nodes);
	EXPECT_EQ(1000, leaves_of(&self->set, IVS_LEAF_4K));
}

TEST_F(extent, a_gap_is_closed)
{
	ASSERT_EQ(0, add(&self->set, 0, G1, IVS_LEAF_1G));
	ASSERT_EQ(0, add(&self->set, 2 * G1, G1, IVS_LEAF_1G));
	EXPECT_EQ(2, nodes);
	ASSERT_EQ(0, add(&self->set, G1, G1, IVS_LEAF_1G));
	EXPECT_EQ(1, nodes);
	EXPECT_EQ(3, leaves_of(&self->set, IVS_LEAF_1G));
}

TEST_F(extent, sizes_do_not_mix)
{
	ASSERT_EQ(0, add(&self->set, 0, M2, IVS_LEAF_4K));
	ASSERT_EQ(0, add(&self->set, M2, M2, IVS_LEAF_2M));
	EXPECT_EQ(2, nodes);
	EXPECT_EQ(512, leaves_of(&self->set, IVS_LEAF_4K));
	EXPECT_EQ(1, leaves_of(&self->set, IVS_LEAF_2M));
}

TEST_F(extent, an_unmap_may_join_several_maps)
{
	ASSERT_EQ(0, add(&self->set, 0, M2, IVS_LEAF_4K));
	ASSERT_EQ(0, add(&self->set, M2, M2, IVS_LEAF_2M));
	ivs_extents_remove(&self->set, 0, 2 * M2 - 1, &self->gone);
	EXPECT_EQ(512, self->gone.leaves[IVS_LEAF_4K]);
	EXPECT_EQ(1, self->gone.leaves[IVS_LEAF_2M]);
	EXPECT_EQ(2 * M2, self->gone.known_bytes);
	EXPECT_FALSE(self->gone.split);
}

TEST_F(extent, what_was_never_seen_is_not_removed)
{
	ASSERT_EQ(0, add(&self->set, G1, G1, IVS_LEAF_1G));
	ivs_extents_remove(&self->set, 0, 3 * G1 - 1, &self->gone);
	EXPECT_EQ(G1, self->gone.known_bytes);
	EXPECT_EQ(1, self->gone.leaves[IVS_LEAF_1G]);
}

TEST_F(extent, a_hole_in_the_middle_takes_a_node)
{
	ASSERT_EQ(0, add(&self->set, 0, 4 * K4, IVS_LEAF_4K));
	ivs_extents_remove(&self->set, K4, 2 * K4 - 1, &self->gone);
	EXPECT_EQ(2, nodes);
	EXPECT_EQ(3, leaves_of(&self->set, IVS_LEAF_4K));
	EXPECT_EQ(1, self->gone.leaves[IVS_LEAF_4K]);
	EXPECT_EQ(0, ivs_extents_at(&self->set, 0)->span.start);
	EXPECT_EQ(2 * K4, ivs_extents_at(&self->set, K4)->span.start);
	EXPECT_EQ(NULL, ivs_extents_at(&self->set, 4 * K4));
}

/* Before 7.x a driver answers 1 GiB to an unmap of its first 4 KiB. */
TEST_F(extent, part_of_a_leaf_takes_all_of_it)
{
	ASSERT_EQ(0, add(&self->set, 0, 2 * G1, IVS_LEAF_1G));
	ivs_extents_remove(&self->set, 0, K4 - 1, &self->gone);
	EXPECT_TRUE(self->gone.split);
	EXPECT_EQ(1, self->gone.leaves[IVS_LEAF_1G]);
	EXPECT_EQ(1, leaves_of(&self->set, IVS_LEAF_1G));
	EXPECT_EQ(G1, ivs_extents_at(&self->set, 0)->span.start);
}

TEST_F(extent, a_dry_reserve_remembers_nothing)
{
	nodes_left = 0;
	EXPECT_EQ(-ENOMEM, add(&self->set, 0, K4, IVS_LEAF_4K));
	EXPECT_EQ(0, leaves_of(&self->set, IVS_LEAF_4K));
}

TEST_F(extent, a_dry_reserve_loses_the_tail_and_says_so)
{
	ASSERT_EQ(0, add(&self->set, 0, 4 * K4, IVS_LEAF_4K));
	nodes_left = 0;
	ivs_extents_remove(&self->set, K4, 2 * K4 - 1, &self->gone);
	EXPECT_TRUE(self->gone.lost);
	EXPECT_EQ(1, leaves_of(&self->set, IVS_LEAF_4K));
	EXPECT_EQ(K4, bytes_of(&self->set));
}

/* 4K and 2M leaves by turns: as many extents as there are turns. */
static unsigned long work_of_removing(struct ivs_extents *set, unsigned int nr)
{
	struct ivs_removed gone;
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (add(set, i * M2, i % 2 ? M2 : 16 * K4,
			i % 2 ? IVS_LEAF_2M : IVS_LEAF_4K))
			abort();
	if (nodes != nr || !is_sound(set))
		abort();
	work_is(0);
	ivs_extents_remove(set, 4 * K4, (nr - 1) * M2 + M2 / 2, &gone);
	return gone.leaves[IVS_LEAF_2M] == nr / 2 &&
	       gone.leaves[IVS_LEAF_4K] == nr / 2 * 16 - 4 ?
	       work_so_far() : 0;
}

/* A handler must not be slow, however much goes at once: interrupts are off. */
TEST_F(extent, work_does_not_grow_with_the_range)
{
	unsigned long few, many;

	few = work_of_removing(&self->set, 1 << 9);
	EXPECT_EQ(1, nodes);
	ivs_extents_remove(&self->set, 0, ~0ULL, &self->gone);
	many = work_of_removing(&self->set, 1 << 19);
	EXPECT_EQ(1, nodes);
	EXPECT_LT(0, few);
	EXPECT_LT(few, many);
	TH_LOG("%lu basic blocks for 512 extents, %lu for 524288", few, many);
	EXPECT_GT(5 * few, many);
}

/* Four GiB as pages; big enough for every kind of neighbourhood. */
#define MODEL_PAGES (4 * G1 / K4)

static unsigned char *model;

static void model_count(u64 first, u64 end, u64 leaves[IVS_NR_LEAVES])
{
	u64 pages[IVS_NR_LEAVES] = { 0 }, i;

	for (i = first; i < end; i++)
		if (model[i] != UNMAPPED)
			pages[model[i]]++;
	for (i = 0; i < IVS_NR_LEAVES; i++)
		leaves[i] = pages[i] >> (9 * i);
}

static int model_free(u64 first, u64 end)
{
	for (; first < end; first++)
		if (model[first] != UNMAPPED)
			return 0;
	return 1;
}

TEST_F(extent, random_maps_and_unmaps_equal_the_model)
{
	u64 want[IVS_NR_LEAVES], have[IVS_NR_LEAVES];
	unsigned int i;

	model = malloc(MODEL_PAGES);
	ASSERT_NE(NULL, model);
	memset(model, UNMAPPED, MODEL_PAGES);
	srandom(42);
	for (i = 0; i < 3000; i++) {
		enum ivs_leaf leaf = random() % (i % 50 ? 2 : 3);
		u64 pages = 1ULL << (9 * leaf);
		u64 nr = 1 + random() % (leaf == IVS_LEAF_1G ? 2 : 40);
		u64 first = random() % (MODEL_PAGES / pages) * pages;
		u64 end = first + nr * pages;

		if (end > MODEL_PAGES)
			continue;
		if (random() % 2 && model_free(first, end)) {
			ASSERT_EQ(0, add(&self->set, first * K4,
					 nr * pages * K4, leaf));
			memset(model + first, leaf, end - first);
		} else if (model[first] == leaf && model[end - 1] == leaf) {
			model_count(first, end, want);
			ivs_extents_remove(&self->set, first * K4, end * K4 - 1,
					   &self->gone);
			EXPECT_FALSE(self->gone.split);
			EXPECT_EQ(0, memcmp(want, self->gone.leaves,
					    sizeof(want)));
			memset(model + first, UNMAPPED, end - first);
		}
		if (i % 100)
			continue;
		model_count(0, MODEL_PAGES, want);
		ivs_extents_leaves(&self->set, have);
		ASSERT_EQ(0, memcmp(want, have, sizeof(want)));
		ASSERT_TRUE(is_sound(&self->set));
	}
	free(model);
}

TEST_HARNESS_MAIN
