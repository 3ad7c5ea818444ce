// SPDX-License-Identifier: GPL-2.0-only
/*
 * walk_test.c - the walker over made-up page tables
 *
 * A small machine whose memory is an array of pages. Tables are built entry by
 * entry, in both formats and all depths, and a plain list of the leaves is kept
 * beside them; the walk must name exactly those. Then the memory is changed
 * while it is being read, at every single read the walk makes, and filled with
 * rubbish: the walk must end, and must never name a leaf that was not there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>

#include "kselftest_harness.h"

#include "census/run.h"

#define K4 0x1000ULL
#define M2 0x200000ULL
#define G1 0x40000000ULL

#define NR_PAGES 4096
#define BASE 0x100000000ULL
#define MAX_LEAVES 8192

struct machine {
	struct ivs_memory memory;
	u64 (*pages)[IVS_TABLE_ENTRIES];
	unsigned int used;
	/* Changes the machine before its nth read. */
	unsigned long reads;
	void (*meddle)(struct machine *machine);
	unsigned long pauses, pauses_left;
	u64 anchor[2];
};

/* Leaves of a stretch that follow each other in memory, too. */
struct piece {
	u64 iova, phys, nr;
	enum ivs_leaf leaf;
	bool write;
};

struct seen {
	struct ivs_visitor visitor;
	struct piece leaf[MAX_LEAVES];
	unsigned int nr, stretches;
	u64 leaves[IVS_NR_LEAVES];
	u64 torn_first, torn_last;
	unsigned int torn;
	/* Stop after so many stretches; 0: do not. */
	unsigned int limit;
};

FIXTURE(walk)
{
	struct machine m;
	struct seen *seen;
	struct ivs_walk *walk;
};

FIXTURE_VARIANT(walk)
{
	const struct ivs_format *format;
	unsigned int levels;
};

#define WALK_VARIANT(_name, _format, _levels)				\
	FIXTURE_VARIANT_ADD(walk, _name) {				\
		.format = &ivs_format_##_format,			\
		.levels = _levels,					\
	}

WALK_VARIANT(second_3, second, 3);
WALK_VARIANT(second_4, second, 4);
WALK_VARIANT(second_5, second, 5);
WALK_VARIANT(first_4, first, 4);
WALK_VARIANT(first_5, first, 5);

static int machine_read(const struct ivs_memory *memory, u64 phys, void *to,
			size_t bytes)
{
	struct machine *m = (struct machine *)memory;
	u64 page = (phys - BASE) / K4;

	m->reads++;
	if (m->meddle)
		m->meddle(m);
	if (phys < K4 * 2 && phys >= K4) {
		memcpy(to, (char *)m->anchor + phys % K4, bytes);
		return 0;
	}
	if (phys < BASE || page >= NR_PAGES)
		return -EFAULT;
	memcpy(to, (char *)m->pages[page] + phys % K4, bytes);
	return 0;
}

static int machine_pause(const struct ivs_memory *memory)
{
	struct machine *m = (struct machine *)memory;

	m->pauses++;
	return m->pauses_left && !--m->pauses_left ? -EINTR : 0;
}

static u64 *page_of(struct machine *m, u64 phys)
{
	return m->pages[(phys - BASE) / K4];
}

static u64 page_new(struct machine *m)
{
	if (m->used == NR_PAGES)
		abort();
	memset(m->pages[m->used], 0, K4);
	return BASE + K4 * m->used++;
}

static u64 table_bits(const struct ivs_format *format)
{
	return format->any | format->all | format->write;
}

static unsigned int index_of(u64 iova, unsigned int level)
{
	return (iova >> (12 + 9 * (level - 1))) & 511;
}

/* The entry of an IOVA at a level; tables on the way are made. */
static u64 *entry_of(struct machine *m, struct ivs_walk *walk, u64 iova,
		     unsigned int level)
{
	u64 table = walk->root, *entry;
	unsigned int at;

	for (at = walk->levels;; at--) {
		entry = &page_of(m, table)[index_of(iova, at)];
		if (at == level)
			return entry;
		if (!*entry)
			*entry = page_new(m) | table_bits(walk->format);
		table = *entry & walk->format->address;
	}
}

static void map(struct machine *m, struct ivs_walk *walk, u64 iova, u64 phys,
		enum ivs_leaf leaf, bool write)
{
	u64 bits = table_bits(walk->format);

	if (!write)
		bits &= ~walk->format->write;
	if (leaf != IVS_LEAF_4K)
		bits |= walk->format->large;
	*entry_of(m, walk, iova, leaf + 1) = phys | bits;
}

static void see_leaf(struct seen *seen, const struct ivs_stretch *stretch,
		     unsigned int i)
{
	u64 bytes = ivs_leaf_bytes(stretch->leaf);
	struct piece *last = i ? &seen->leaf[seen->nr - 1] : NULL;
	u64 phys = ivs_stretch_phys(stretch, i);

	if (last && last->phys + last->nr * bytes == phys) {
		last->nr++;
		return;
	}
	if (seen->nr == MAX_LEAVES)
		abort();
	seen->leaf[seen->nr++] = (struct piece){
		.iova = stretch->iova + i * bytes,
		.phys = phys,
		.nr = 1,
		.leaf = stretch->leaf,
		.write = stretch->write,
	};
}

static int on_leaves(struct ivs_visitor *visitor,
		     const struct ivs_stretch *stretch)
{
	struct seen *seen = container_of(visitor, struct seen, visitor);
	unsigned int i;

	if (seen->limit && seen->nr >= seen->limit)
		return 1;
	seen->stretches++;
	seen->leaves[stretch->leaf] += stretch->nr;
	for (i = 0; i < stretch->nr; i++)
		see_leaf(seen, stretch, i);
	return 0;
}

static int on_torn(struct ivs_visitor *visitor, u64 iova, u64 last)
{
	struct seen *seen = container_of(visitor, struct seen, visitor);

	if (!seen->torn++)
		seen->torn_first = iova;
	seen->torn_last = last;
	return 0;
}

static void forget(struct seen *seen)
{
	memset(seen, 0, sizeof(*seen));
	seen->visitor.leaves = on_leaves;
	seen->visitor.torn = on_torn;
}

FIXTURE_SETUP(walk)
{
	self->m.memory.read = machine_read;
	self->m.memory.pause = machine_pause;
	self->m.pages = calloc(NR_PAGES, sizeof(*self->m.pages));
	self->seen = calloc(1, sizeof(*self->seen));
	self->walk = calloc(1, sizeof(*self->walk));
	ASSERT_TRUE(self->m.pages && self->seen && self->walk);
	forget(self->seen);
	self->walk->memory = &self->m.memory;
	self->walk->format = variant->format;
	self->walk->visitor = &self->seen->visitor;
	self->walk->levels = variant->levels;
	self->walk->root = page_new(&self->m);
	self->m.anchor[1] = self->walk->root | 1;
	self->walk->anchor = K4 + 8;
	self->walk->anchored = self->m.anchor[1];
}

FIXTURE_TEARDOWN(walk)
{
	free(self->m.pages);
	free(self->seen);
	free(self->walk);
}

static u64 reach(const struct ivs_walk *walk)
{
	return ivs_walk_end(walk->format, walk->levels);
}

static int is_leaf(const struct piece *s, u64 iova, u64 phys, u64 nr,
		   enum ivs_leaf leaf, bool write)
{
	return s->iova == iova && s->phys == phys && s->nr == nr &&
	       s->leaf == leaf && s->write == write;
}

TEST_F(walk, empty)
{
	EXPECT_EQ(0, ivs_walk(self->walk));
	EXPECT_EQ(0, self->seen->nr);
	EXPECT_EQ(1, self->walk->tables);
	EXPECT_EQ(1, self->walk->empty_tables);
	EXPECT_EQ(0, self->walk->garbage);
	EXPECT_EQ(0, self->walk->torn);
}

TEST_F(walk, each_size_at_both_ends)
{
	u64 end = reach(self->walk);
	enum ivs_leaf leaf;

	for (leaf = IVS_LEAF_4K; leaf < IVS_NR_LEAVES; leaf++) {
		u64 bytes = ivs_leaf_bytes(leaf);

		map(&self->m, self->walk, 3 * leaf * G1, 16 * G1, leaf, true);
		map(&self->m, self->walk, end - G1 * (4 - leaf) - bytes,
		    32 * G1, leaf, false);
	}
	ASSERT_EQ(0, ivs_walk(self->walk));
	ASSERT_EQ(6, self->seen->nr);
	for (leaf = IVS_LEAF_4K; leaf < IVS_NR_LEAVES; leaf++) {
		EXPECT_TRUE(is_leaf(&self->seen->leaf[leaf], 3 * leaf * G1,
				    16 * G1, 1, leaf, true));
		EXPECT_TRUE(is_leaf(&self->seen->leaf[3 + leaf],
				    end - G1 * (4 - leaf) -
				    ivs_leaf_bytes(leaf), 32 * G1, 1, leaf,
				    false));
	}
	EXPECT_EQ(self->m.used, self->walk->tables);
	EXPECT_EQ(end, self->walk->pos);
}

TEST_F(walk, full_table_is_one_stretch)
{
	u64 iova;

	for (iova = 0; iova < 2 * M2; iova += K4)
		map(&self->m, self->walk, G1 + iova, 5 * G1 + iova,
		    IVS_LEAF_4K, true);
	ASSERT_EQ(0, ivs_walk(self->walk));
	ASSERT_EQ(2, self->seen->nr);
	EXPECT_TRUE(is_leaf(&self->seen->leaf[0], G1, 5 * G1, 512, IVS_LEAF_4K,
			    true));
	EXPECT_TRUE(is_leaf(&self->seen->leaf[1], G1 + M2, 5 * G1 + M2, 512,
			    IVS_LEAF_4K, true));
}

TEST_F(walk, what_ends_a_stretch)
{
	static const struct {
		u64 phys;
		bool write;
	} leaf[] = {
		{ 16 * K4, true }, { 17 * K4, true }, { 19 * K4, true },
		{ 20 * K4, false }, { 21 * K4, false }, { 20 * K4, false },
	};
	unsigned int i;

	for (i = 0; i < 6; i++)
		map(&self->m, self->walk, i * K4, BASE + leaf[i].phys,
		    IVS_LEAF_4K, leaf[i].write);
	ASSERT_EQ(0, ivs_walk(self->walk));
	/* Access does; where the memory is does not. */
	EXPECT_EQ(2, self->seen->stretches);
	ASSERT_EQ(4, self->seen->nr);
	EXPECT_EQ(2, self->seen->leaf[0].nr);
	EXPECT_EQ(1, self->seen->leaf[1].nr);
	EXPECT_EQ(2, self->seen->leaf[2].nr);
	EXPECT_EQ(1, self->seen->leaf[3].nr);
}

/* What a device may do is what every level allows. */
TEST_F(walk, read_only_above)
{
	map(&self->m, self->walk, 0, BASE, IVS_LEAF_4K, true);
	*entry_of(&self->m, self->walk, 0, 2) &= ~self->walk->format->write;
	ASSERT_EQ(0, ivs_walk(self->walk));
	ASSERT_EQ(1, self->seen->nr);
	EXPECT_FALSE(self->seen->leaf[0].write);
}

TEST_F(walk, empty_tables_are_counted)
{
	entry_of(&self->m, self->walk, G1, 1);
	ASSERT_EQ(0, ivs_walk(self->walk));
	EXPECT_EQ(0, self->seen->nr);
	EXPECT_EQ(self->walk->levels, self->walk->tables);
	EXPECT_EQ(1, self->walk->empty_tables);
}

TEST_F(walk, from_anywhere)
{
	u64 from, iova;

	for (iova = 0; iova < 64 * M2; iova += 8 * M2)
		map(&self->m, self->walk, iova, 4 * G1 + iova, IVS_LEAF_2M,
		    true);
	for (from = 0; from < 64 * M2; from += M2 / 2) {
		u64 first = from % (8 * M2) < M2 ? from & ~(M2 - 1) :
						   (from | (8 * M2 - 1)) + 1;

		forget(self->seen);
		self->walk->pos = from;
		ASSERT_EQ(0, ivs_walk(self->walk));
		ASSERT_EQ((64 * M2 - first) / (8 * M2) + (first % (8 * M2) ?
			  1 : 0), self->seen->nr);
		if (self->seen->nr)
			EXPECT_EQ(first, self->seen->leaf[0].iova);
	}
	forget(self->seen);
	self->walk->pos = reach(self->walk);
	EXPECT_EQ(0, ivs_walk(self->walk));
	self->walk->pos = ~0ULL;
	EXPECT_EQ(0, ivs_walk(self->walk));
	EXPECT_EQ(0, self->seen->nr);
}

TEST_F(walk, resumed_after_each_stretch)
{
	unsigned int i, nr = 0;

	for (i = 0; i < 700; i++)
		map(&self->m, self->walk, i * 2 * K4, BASE + i * K4,
		    IVS_LEAF_4K, true);
	self->walk->pos = 0;
	for (;;) {
		forget(self->seen);
		self->seen->limit = 1;
		if (!ivs_walk(self->walk) && !self->seen->nr)
			break;
		ASSERT_EQ(nr * 2 * K4, self->seen->leaf[0].iova);
		nr++;
		self->walk->pos = self->seen->leaf[0].iova + K4;
	}
	EXPECT_EQ(700, nr);
}

TEST_F(walk, depths_that_no_table_has)
{
	self->walk->levels = 1;
	EXPECT_EQ(-EINVAL, ivs_walk(self->walk));
	self->walk->levels = 6;
	EXPECT_EQ(-EINVAL, ivs_walk(self->walk));
	self->walk->levels = 0;
	EXPECT_EQ(-EINVAL, ivs_walk(self->walk));
}

TEST_F(walk, unreadable_root)
{
	self->walk->root = K4 * 4;
	EXPECT_EQ(-EFAULT, ivs_walk(self->walk));
	EXPECT_EQ(0, self->walk->tables);
}

TEST_F(walk, garbage_is_counted_and_not_followed)
{
	const struct ivs_format *format = self->walk->format;
	u64 present = table_bits(format);

	map(&self->m, self->walk, 0, BASE, IVS_LEAF_4K, true);
	map(&self->m, self->walk, 8 * G1, BASE, IVS_LEAF_4K, true);
	/* A table beyond memory, one that is misplaced, a crooked leaf. */
	*entry_of(&self->m, self->walk, G1, 3) = (1ULL << 50) | present;
	*entry_of(&self->m, self->walk, 2 * G1, 3) = 0x5000 | present;
	*entry_of(&self->m, self->walk, 3 * G1, 3) =
		M2 | present | format->large;
	*entry_of(&self->m, self->walk, 4 * G1, 2) =
		(2 * K4) | present | format->large;
	ASSERT_EQ(0, ivs_walk(self->walk));
	EXPECT_EQ(4, self->walk->garbage);
	EXPECT_EQ(2, self->seen->leaves[IVS_LEAF_4K]);
	EXPECT_EQ(0, self->seen->leaves[IVS_LEAF_2M]);
	EXPECT_EQ(0, self->seen->leaves[IVS_LEAF_1G]);
	EXPECT_EQ(0, self->walk->torn);
}

/* A crooked leaf among straight ones takes none of them with it. */
TEST_F(walk, crooked_leaf_in_a_stretch)
{
	u64 iova;

	for (iova = 0; iova < 8 * M2; iova += M2)
		map(&self->m, self->walk, iova, G1 + iova, IVS_LEAF_2M, true);
	*entry_of(&self->m, self->walk, 5 * M2, 2) |= 1 << 13;
	ASSERT_EQ(0, ivs_walk(self->walk));
	EXPECT_EQ(1, self->walk->garbage);
	EXPECT_EQ(2, self->seen->stretches);
	ASSERT_EQ(2, self->seen->nr);
	EXPECT_TRUE(is_leaf(&self->seen->leaf[0], 0, G1, 5, IVS_LEAF_2M, true));
	EXPECT_TRUE(is_leaf(&self->seen->leaf[1], 6 * M2, G1 + 6 * M2, 2,
			    IVS_LEAF_2M, true));
}

/* Bit 12 of a large leaf of the first stage is no address. */
TEST_F(walk, page_attributes_are_no_address)
{
	u64 iova;

	for (iova = 0; iova < 2 * M2; iova += M2)
		map(&self->m, self->walk, iova, G1 + iova, IVS_LEAF_2M, true);
	*entry_of(&self->m, self->walk, M2, 2) |= 1 << 12;
	ASSERT_EQ(0, ivs_walk(self->walk));
	EXPECT_EQ(!self->walk->format->ignored, self->walk->garbage);
	EXPECT_EQ(self->walk->format->ignored ? 2 : 1,
		  self->seen->leaf[0].nr);
}

TEST_F(walk, no_leaf_above_1g)
{
	unsigned int level;

	for (level = 4; level <= self->walk->levels; level++)
		*entry_of(&self->m, self->walk, 0, level) |=
			table_bits(self->walk->format) |
			self->walk->format->large;
	ASSERT_EQ(0, ivs_walk(self->walk));
	EXPECT_EQ(self->walk->levels > 3, self->walk->garbage);
	EXPECT_EQ(0, self->seen->nr);
}

/* Every entry of every level leads to the root again. */
TEST_F(walk, loop)
{
	u64 *root = page_of(&self->m, self->walk->root);
	unsigned int i;

	for (i = 0; i < IVS_TABLE_ENTRIES; i++)
		root[i] = self->walk->root | table_bits(self->walk->format);
	ASSERT_EQ(0, ivs_walk(self->walk));
	EXPECT_EQ(1, self->walk->tables);
	EXPECT_EQ(self->walk->format->top_entries, self->walk->garbage);
	EXPECT_EQ(0, self->seen->nr);
}

/* All entries of a level lead to the same table: no loop, but no end either. */
TEST_F(walk, more_tables_than_memory)
{
	u64 table = self->walk->root, *entries, next;
	unsigned int level, i;

	for (level = self->walk->levels; level > 1; level--) {
		next = page_new(&self->m);
		entries = page_of(&self->m, table);
		for (i = 0; i < IVS_TABLE_ENTRIES; i++)
			entries[i] = next | table_bits(self->walk->format);
		table = next;
	}
	self->m.memory.max_tables = 1000;
	ASSERT_EQ(0, ivs_walk(self->walk));
	EXPECT_EQ(1000, self->walk->tables);
	EXPECT_LT(0, self->walk->garbage);
}

TEST_F(walk, interrupted)
{
	unsigned int i;

	for (i = 0; i < 20; i++)
		map(&self->m, self->walk, i * G1, BASE, IVS_LEAF_4K, true);
	self->m.pauses_left = 10;
	EXPECT_EQ(-EINTR, ivs_walk(self->walk));
	EXPECT_GT(20, self->seen->nr);
}

TEST_F(walk, root_not_in_use)
{
	self->m.anchor[1] = 0;
	map(&self->m, self->walk, 0, BASE, IVS_LEAF_4K, true);
	EXPECT_EQ(0, ivs_walk(self->walk));
	EXPECT_EQ(0, self->seen->nr);
	EXPECT_TRUE(self->walk->gone);
	EXPECT_EQ(1, self->walk->torn);
	EXPECT_EQ(0, self->seen->torn_first);
	EXPECT_EQ(reach(self->walk) - 1, self->seen->torn_last);
}

TEST_F(walk, accessed_bits_are_no_change)
{
	unsigned int level;

	map(&self->m, self->walk, 0, BASE, IVS_LEAF_4K, true);
	map(&self->m, self->walk, K4, BASE + K4, IVS_LEAF_4K, true);
	for (level = 1; level <= self->walk->levels; level++)
		*entry_of(&self->m, self->walk, 0, level) |= 1 << 5;
	*entry_of(&self->m, self->walk, K4, 1) |= 1 << 6;
	ASSERT_EQ(0, ivs_walk(self->walk));
	ASSERT_EQ(1, self->seen->nr);
	EXPECT_EQ(2, self->seen->leaf[0].nr);
}

/* ---- changes under the walk ---- */

/* The meddler's view; one walk at a time. */
static struct {
	struct ivs_walk *walk;
	unsigned long when;
	unsigned int level;
	u64 entry, table;
} meddler;

/*
 * Take a table out of the tree and give its page to somebody who writes what
 * looks like leaves.
 */
static void free_table(struct machine *m)
{
	u64 *entries;
	unsigned int i;

	if (m->reads != meddler.when)
		return;
	*entry_of(m, meddler.walk, G1, meddler.level) = 0;
	entries = page_of(m, meddler.table);
	for (i = 0; i < IVS_TABLE_ENTRIES; i++)
		entries[i] = 0xbad000000ULL | table_bits(meddler.walk->format);
}

static bool saw_rubbish(const struct seen *seen)
{
	unsigned int i;

	for (i = 0; i < seen->nr; i++)
		if (seen->leaf[i].phys >> 20 == 0xbad)
			return true;
	return false;
}

static void build(struct machine *m, struct ivs_walk *walk)
{
	u64 *root;

	m->used = 1;
	root = page_of(m, walk->root);
	memset(root, 0, K4);
	map(m, walk, 0, BASE, IVS_LEAF_4K, true);
	map(m, walk, G1, BASE + K4, IVS_LEAF_4K, true);
	map(m, walk, G1 + 3 * M2, BASE + 3 * K4, IVS_LEAF_4K, true);
	map(m, walk, 3 * G1, BASE + 4 * K4, IVS_LEAF_4K, true);
}

/*
 * Whenever it happens and at whatever level, no rubbish is ever named; and the
 * leaves elsewhere always are.
 */
TEST_F(walk, table_freed_at_every_read)
{
	unsigned long reads;
	unsigned int level;

	meddler.walk = self->walk;
	for (level = 2; level <= 3; level++) {
		build(&self->m, self->walk);
		self->m.reads = 0;
		self->m.meddle = NULL;
		ASSERT_EQ(0, ivs_walk(self->walk));
		reads = self->m.reads;
		for (meddler.when = 1; meddler.when <= reads; meddler.when++) {
			build(&self->m, self->walk);
			forget(self->seen);
			self->walk->pos = 0;
			meddler.level = level;
			meddler.table = *entry_of(&self->m, self->walk, G1,
						  level) &
					self->walk->format->address;
			self->m.reads = 0;
			self->m.meddle = free_table;
			ASSERT_EQ(0, ivs_walk(self->walk));
			ASSERT_FALSE(saw_rubbish(self->seen));
			ASSERT_EQ(0, self->walk->torn);
			ASSERT_EQ(0, self->seen->leaf[0].iova);
			ASSERT_EQ(3 * G1,
				  self->seen->leaf[self->seen->nr - 1].iova);
			/* Gone before or after it was read. */
			ASSERT_LE(2, self->seen->nr);
			ASSERT_GE(4, self->seen->nr);
		}
	}
}

/* The entry says something else each time it is looked at. */
static void never_the_same(struct machine *m)
{
	u64 *entry = entry_of(m, meddler.walk, G1, meddler.level);

	*entry = BASE + (NR_PAGES - 1 - m->reads % 64) * K4;
	*entry |= table_bits(meddler.walk->format);
}

TEST_F(walk, torn_for_ever)
{
	unsigned int level;

	meddler.walk = self->walk;
	for (level = 2; level <= 3; level++) {
		build(&self->m, self->walk);
		forget(self->seen);
		self->walk->pos = 0;
		meddler.level = level;
		self->m.meddle = never_the_same;
		ASSERT_EQ(0, ivs_walk(self->walk));
		EXPECT_EQ(1, self->walk->torn);
		EXPECT_EQ(1, self->seen->torn);
		EXPECT_EQ(G1, self->seen->torn_first);
		EXPECT_EQ(G1 + (level == 2 ? M2 : G1) - 1,
			  self->seen->torn_last);
		EXPECT_EQ(0, self->seen->leaf[0].iova);
		EXPECT_EQ(3 * G1, self->seen->leaf[self->seen->nr - 1].iova);
		EXPECT_FALSE(self->walk->gone);
	}
}

static void detach(struct machine *m)
{
	if (m->reads == meddler.when)
		m->anchor[1] = 0;
}

TEST_F(walk, detached_at_every_read)
{
	unsigned long reads;

	build(&self->m, self->walk);
	ASSERT_EQ(0, ivs_walk(self->walk));
	/* The last look at the anchor comes before those at the entries. */
	reads = self->m.reads - self->walk->levels + 1;
	for (meddler.when = 1; meddler.when <= reads; meddler.when++) {
		self->m.anchor[1] = self->walk->anchored;
		self->m.reads = 0;
		self->m.meddle = detach;
		self->walk->pos = 0;
		forget(self->seen);
		ASSERT_EQ(0, ivs_walk(self->walk));
		ASSERT_TRUE(self->walk->gone);
		ASSERT_EQ(1, self->seen->torn);
		ASSERT_EQ(reach(self->walk) - 1, self->seen->torn_last);
	}
}

/* Memory full of anything: the walk ends, in order, within its reach. */
TEST_F(walk, rubbish_everywhere)
{
	unsigned int round, i, j;

	srandom(20261122);
	for (round = 0; round < 60; round++) {
		u64 next = 0;

		for (i = 0; i < 64; i++)
			for (j = 0; j < IVS_TABLE_ENTRIES; j++) {
				u64 entry = (u64)random() << 33 ^ random();

				/* Mostly within memory, often present. */
				if (random() % 8)
					entry = BASE + (random() % 64) * K4 +
						(entry & 0xfff);
				self->m.pages[i][j] = random() % 4 ? 0 : entry;
			}
		forget(self->seen);
		self->walk->pos = 0;
		self->seen->limit = MAX_LEAVES - 1;
		self->m.memory.max_tables = 2000;
		ASSERT_LE(0, ivs_walk(self->walk));
		for (i = 0; i < self->seen->nr; i++) {
			const struct piece *s = &self->seen->leaf[i];

			ASSERT_LE(next, s->iova);
			next = s->iova + (s->nr << ivs_leaf_shift(s->leaf));
			ASSERT_LE(next, reach(self->walk));
		}
	}
}

/* What nobody but the kernel itself may use does not exist for a device. */
TEST(first_stage_supervisor_and_upper_half)
{
	const struct ivs_format *format = &ivs_format_first;

	EXPECT_FALSE(ivs_entry_present(format, 0x3));
	EXPECT_FALSE(ivs_entry_present(format, 0x4));
	EXPECT_TRUE(ivs_entry_present(format, 0x5));
	EXPECT_EQ(1ULL << 47, ivs_walk_end(format, 4));
	EXPECT_EQ(1ULL << 48, ivs_walk_end(&ivs_format_second, 4));
	EXPECT_TRUE(ivs_entry_present(&ivs_format_second, 0x1));
	EXPECT_TRUE(ivs_entry_present(&ivs_format_second, 0x2));
	EXPECT_FALSE(ivs_entry_present(&ivs_format_second, 0x80));
}

/* ---- runs ---- */

struct found {
	struct ivs_runs runs;
	struct ivs_run run[16];
	unsigned int nr, limit;
};

/* Physical memory from 32G on is MMIO. */
static bool is_mmio(const struct ivs_stretch *stretch, unsigned int i)
{
	return ivs_stretch_phys(stretch, i) >= 32 * G1;
}

static unsigned int alike(const struct ivs_stretch *stretch, unsigned int from,
			  bool *mmio)
{
	unsigned int i = from + 1;

	*mmio = is_mmio(stretch, from);
	while (i < stretch->nr && is_mmio(stretch, i) == *mmio)
		i++;
	return i - from;
}

static int on_run(struct ivs_runs *runs, const struct ivs_run *run)
{
	struct found *found = container_of(runs, struct found, runs);

	if (found->nr == 16)
		abort();
	found->run[found->nr++] = *run;
	return found->nr == found->limit;
}

static int find_runs(struct ivs_walk *walk, struct found *found, bool by_leaf)
{
	int ret;

	found->nr = 0;
	found->runs.alike = alike;
	found->runs.done = on_run;
	found->runs.by_leaf = by_leaf;
	ivs_runs_init(&found->runs);
	walk->visitor = &found->runs.visitor;
	walk->pos = 0;
	ret = ivs_walk(walk);
	return ret ? ret : ivs_runs_end(&found->runs);
}

TEST_F(walk, runs_across_tables_and_sizes)
{
	struct found found = { };
	u64 iova;

	for (iova = G1 - M2; iova < G1; iova += K4)
		map(&self->m, self->walk, iova, 8 * G1 + iova, IVS_LEAF_4K,
		    true);
	map(&self->m, self->walk, G1, 9 * G1, IVS_LEAF_1G, true);
	map(&self->m, self->walk, 2 * G1, 10 * G1, IVS_LEAF_2M, true);
	map(&self->m, self->walk, 2 * G1 + M2, 10 * G1 + M2, IVS_LEAF_2M,
	    false);

	ASSERT_EQ(0, find_runs(self->walk, &found, false));
	ASSERT_EQ(2, found.nr);
	EXPECT_EQ(G1 - M2, found.run[0].iova);
	EXPECT_EQ(2 * G1 + M2 - 1, found.run[0].last);
	EXPECT_EQ(9 * G1 - M2, found.run[0].phys);
	EXPECT_EQ(512, found.run[0].leaves[IVS_LEAF_4K]);
	EXPECT_EQ(1, found.run[0].leaves[IVS_LEAF_2M]);
	EXPECT_EQ(1, found.run[0].leaves[IVS_LEAF_1G]);
	EXPECT_TRUE(found.run[0].write);
	EXPECT_FALSE(found.run[1].write);
	EXPECT_EQ(1, found.run[1].leaves[IVS_LEAF_2M]);

	ASSERT_EQ(0, find_runs(self->walk, &found, true));
	EXPECT_EQ(4, found.nr);
	found.limit = 2;
	ASSERT_EQ(1, find_runs(self->walk, &found, true));
	EXPECT_EQ(2, found.nr);
	EXPECT_EQ(2 * G1 - 1, found.run[1].last);
}

TEST_F(walk, runs_of_one_kind)
{
	struct found found = { };
	unsigned int i;

	for (i = 0; i < 8; i++)
		map(&self->m, self->walk, i * K4, 32 * G1 - 4 * K4 + i * K4,
		    IVS_LEAF_4K, true);
	ASSERT_EQ(0, find_runs(self->walk, &found, false));
	ASSERT_EQ(2, found.nr);
	EXPECT_FALSE(found.run[0].mmio);
	EXPECT_TRUE(found.run[1].mmio);
	EXPECT_EQ(4 * K4 - 1, found.run[0].last);
	EXPECT_EQ(32 * G1, found.run[1].phys);
	EXPECT_EQ(4, found.run[1].leaves[IVS_LEAF_4K]);
}

TEST_F(walk, runs_name_what_is_torn)
{
	struct found found = { };

	meddler.walk = self->walk;
	build(&self->m, self->walk);
	meddler.level = 2;
	self->m.meddle = never_the_same;
	ASSERT_EQ(0, find_runs(self->walk, &found, false));
	ASSERT_EQ(4, found.nr);
	EXPECT_TRUE(found.run[1].torn);
	EXPECT_EQ(G1, found.run[1].iova);
	EXPECT_EQ(G1 + M2 - 1, found.run[1].last);
	EXPECT_FALSE(found.run[2].torn);
}

/* ---- runs in sum: one by one, or the short ones at once ---- */

struct sum {
	struct ivs_runs runs;
	unsigned int levels;
	u64 nr, ro, mmio, leaves[IVS_NR_LEAVES], best[IVS_NR_LEAVES];
	struct ivs_tables tables;
	/* Of the short ones. */
	u64 at_once;
};

static void sum_up(struct sum *sum, const struct ivs_run *run, u64 nr)
{
	u64 bytes = run->last - run->iova + 1;
	enum ivs_leaf leaf;

	sum->nr += nr;
	sum->ro += run->write ? 0 : bytes;
	sum->mmio += run->mmio ? bytes : 0;
	for (leaf = IVS_LEAF_4K; leaf < IVS_NR_LEAVES; leaf++)
		sum->leaves[leaf] += run->leaves[leaf];
}

static int sum_run(struct ivs_runs *runs, const struct ivs_run *run)
{
	struct sum *sum = container_of(runs, struct sum, runs);
	struct ivs_span spans[IVS_MAX_SPANS];
	unsigned int nr, i;

	sum_up(sum, run, 1);
	nr = ivs_leaf_split(~0ULL, run->iova, run->phys,
			    run->last - run->iova + 1, spans);
	for (i = 0; i < nr; i++) {
		sum->best[spans[i].leaf] += ivs_span_leaves(&spans[i]);
		ivs_tables_add(&sum->tables, &spans[i], sum->levels);
	}
	return 0;
}

static int sum_short(struct ivs_runs *runs, const struct ivs_run *all, u64 nr)
{
	struct sum *sum = container_of(runs, struct sum, runs);
	struct ivs_span span = { all->iova, all->last, IVS_LEAF_4K };

	sum_up(sum, all, nr);
	sum->at_once += nr;
	sum->best[IVS_LEAF_4K] += all->leaves[IVS_LEAF_4K];
	ivs_tables_add(&sum->tables, &span, sum->levels);
	return 0;
}

static int sum_runs(struct ivs_walk *walk, struct sum *sum, bool at_once)
{
	int ret;

	*sum = (struct sum){
		.runs = { .alike = alike, .done = sum_run },
		.levels = walk->levels,
	};
	if (at_once)
		sum->runs.short_runs = sum_short;
	ivs_runs_init(&sum->runs);
	walk->visitor = &sum->runs.visitor;
	walk->pos = 0;
	ret = ivs_walk(walk);
	return ret ? ret : ivs_runs_end(&sum->runs);
}

/* Some pages here, some there: runs of all lengths, kinds and alignments. */
static void map_at_random(struct machine *m, struct ivs_walk *walk)
{
	u64 iova = random() % 512 * K4, phys = 30 * G1 + iova, nr, leaf;
	bool write = true;

	for (nr = 0; nr < 3000; nr++) {
		leaf = IVS_LEAF_4K;
		if (random() % 8 == 0)
			phys = 30 * G1 + random() % (1 << 20) * K4;
		if (random() % 64 == 0)
			phys = (phys & ~(M2 - 1)) | (iova & (M2 - 1));
		if (random() % 200 == 0)
			iova += random() % 1024 * K4;
		if (random() % 100 == 0)
			write = !write;
		if (!(iova % M2) && random() % 2)
			leaf = IVS_LEAF_2M;
		map(m, walk, iova, phys & ~(ivs_leaf_bytes(leaf) - 1), leaf,
		    write);
		iova += ivs_leaf_bytes(leaf);
		phys += ivs_leaf_bytes(leaf);
	}
}

TEST_F(walk, short_runs_add_up_to_the_same)
{
	struct sum one, all;
	unsigned int round;
	u64 at_once = 0;

	srandom(20261124);
	for (round = 0; round < 50; round++) {
		self->m.used = 0;
		self->walk->root = page_new(&self->m);
		map_at_random(&self->m, self->walk);
		ASSERT_EQ(0, sum_runs(self->walk, &one, false));
		ASSERT_EQ(0, sum_runs(self->walk, &all, true));
		ASSERT_EQ(one.nr, all.nr);
		ASSERT_EQ(one.ro, all.ro);
		ASSERT_EQ(one.mmio, all.mmio);
		ASSERT_EQ(0, memcmp(one.leaves, all.leaves,
				    sizeof(one.leaves)));
		ASSERT_EQ(0, memcmp(one.best, all.best, sizeof(one.best)));
		ASSERT_EQ(one.tables.nr, all.tables.nr);
		ASSERT_EQ(0, one.at_once);
		at_once += all.at_once;
	}
	EXPECT_LT(0, at_once);
}

/* A table in which no two neighbours touch: all but two are passed at once. */
TEST_F(walk, short_runs_are_nearly_all)
{
	struct sum sum;
	u64 i;

	for (i = 0; i < 512; i++)
		map(&self->m, self->walk, i * K4, BASE + 2 * i * K4,
		    IVS_LEAF_4K, true);
	ASSERT_EQ(0, sum_runs(self->walk, &sum, true));
	EXPECT_EQ(512, sum.nr);
	EXPECT_EQ(510, sum.at_once);
	EXPECT_EQ(512, sum.best[IVS_LEAF_4K]);
	/* But not where one run fills the table. */
	for (i = 0; i < 512; i++)
		map(&self->m, self->walk, i * K4, 2 * G1 + i * K4, IVS_LEAF_4K,
		    true);
	ASSERT_EQ(0, sum_runs(self->walk, &sum, true));
	EXPECT_EQ(0, sum.at_once);
	EXPECT_EQ(1, sum.best[IVS_LEAF_2M]);
}

TEST_HARNESS_MAIN
