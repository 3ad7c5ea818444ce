// SPDX-License-Identifier: GPL-2.0-only
/*
 * context_test.c - from made-up root tables to what each device does
 *
 * A machine with units that no emulator has: several of them, in two segments,
 * with PASIDs, nested tables and five levels. What the hardware would find is
 * written down entry by entry, as the VT-d specification draws it; nothing of
 * context.c is used to make it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>
#include <linux/pci.h>

#include "kselftest_harness.h"

#include "base/bdf.h"
#include "census/context.h"
#include "census/phys.h"

#define PAGE 0x1000ULL
#define BASE 0x100000000ULL
#define NR_PAGES 128
#define NR_UNITS 3
#define MAX_SEEN 256

#define LEVELS(nr) ((nr) - 2ULL)
#define PGTT_FIRST 1ULL
#define PGTT_SECOND 2ULL
#define PGTT_NESTED 3ULL
#define PGTT_THROUGH 4ULL

unsigned long host_signal_in;

/* The machine; one at a time. */
static struct {
	u64 pages[NR_PAGES][PAGE / 8];
	unsigned int used;
	struct ivs_unit unit[NR_UNITS];
	struct ivs_unit_state state[NR_UNITS];
	unsigned int nr_units;
} m;

const struct ivs_unit *ivs_dmar_unit(unsigned int nr)
{
	return nr < m.nr_units ? &m.unit[nr] : NULL;
}

void ivs_dmar_read(const struct ivs_unit *unit, struct ivs_unit_state *state)
{
	*state = m.state[unit->nr];
}

/* Stands in for dmar.c: the answer names the arguments, nothing else counts. */
u64 ivs_dmar_pgsizes(u64 cap, bool first)
{
	return cap << 1 | first;
}

int ivs_phys_read(u64 phys, void *to, size_t bytes)
{
	if (phys < BASE || phys + bytes > BASE + sizeof(m.pages))
		return -EFAULT;
	memcpy(to, (char *)m.pages + (phys - BASE), bytes);
	return 0;
}

static int memory_read(const struct ivs_memory *memory, u64 phys, void *to,
		       size_t bytes)
{
	return ivs_phys_read(phys, to, bytes);
}

const struct ivs_memory *ivs_phys_memory(void)
{
	static const struct ivs_memory memory = { .read = memory_read };

	return &memory;
}

static u64 pages_new(unsigned int nr)
{
	if (m.used + nr > NR_PAGES)
		abort();
	m.used += nr;
	return BASE + (m.used - nr) * PAGE;
}

static u64 *at(u64 phys)
{
	return (u64 *)((char *)m.pages + (phys - BASE));
}

/* A unit that translates, with an empty root table. */
static void unit_add(u32 segment, enum ivs_mode mode)
{
	unsigned int nr = m.nr_units++;

	m.unit[nr] = (struct ivs_unit){ .nr = nr, .segment = segment };
	m.state[nr] = (struct ivs_unit_state){
		.cap = 100 + nr,
		.present = true,
		.translating = true,
		.mode = mode,
		.root = pages_new(1),
	};
}

/* The table that an entry leads to; it is made where there is none. */
static u64 below(u64 *entry, unsigned int pages)
{
	if (!(*entry & 1))
		*entry = pages_new(pages) | 1;
	return *entry & ~(PAGE - 1);
}

static void legacy(unsigned int unit, u16 rid, u64 lo, u64 hi)
{
	u64 *root = at(m.state[unit].root) + (rid >> 8) * 2;
	u64 *entry = at(below(root, 1)) + (rid & 0xff) * 2;

	entry[0] = lo;
	entry[1] = hi;
}

/* Two pages of directory are room for 1024 tables of 64 PASIDs: PDTS is 3. */
static u64 *context_entry(unsigned int unit, u16 rid)
{
	u64 *root = at(m.state[unit].root) + (rid >> 8) * 2 + !!(rid & 0x80);

	return at(below(root, 1)) + (rid & 0x7f) * 4;
}

/* The eight words of a PASID of a device. */
static u64 *pasid_entry(unsigned int unit, u16 rid, u32 pasid, u32 rid_pasid)
{
	u64 *entry = context_entry(unit, rid), *directory;

	directory = at(below(&entry[0], 2));
	entry[0] |= 3 << 9;
	entry[1] = rid_pasid;
	return at(below(&directory[pasid / 64], 1)) + pasid % 64 * 8;
}

static void pasid(unsigned int unit, u16 rid, u32 pasid, u64 pgtt, u64 second,
		  u64 first)
{
	u64 *entry = pasid_entry(unit, rid, pasid, 0);

	entry[0] = 1 | pgtt << 6 | second;
	entry[1] = 0x1000 + pasid;
	entry[2] = first;
}

struct seen {
	struct ivs_context context[MAX_SEEN];
	unsigned int nr, limit;
};

static int see(void *ctx, const struct ivs_context *context)
{
	struct seen *seen = ctx;

	if (seen->nr == MAX_SEEN)
		abort();
	seen->context[seen->nr++] = *context;
	return seen->nr == seen->limit ? 7 : 0;
}

FIXTURE(context)
{
	struct seen seen;
};

FIXTURE_SETUP(context)
{
	memset(&m, 0, sizeof(m));
	memset(&self->seen, 0, sizeof(self->seen));
	host_signal_in = 0;
}

FIXTURE_TEARDOWN(context)
{
}

TEST_F(context, no_units)
{
	struct ivs_context context;

	EXPECT_EQ(0, ivs_context_each(see, &self->seen));
	EXPECT_EQ(0, self->seen.nr);
	EXPECT_EQ(-ENOENT, ivs_context_find(0, 0, &context));
}

TEST_F(context, legacy_types)
{
	const struct ivs_context *c = self->seen.context;

	unit_add(0, IVS_MODE_LEGACY);
	/* Types 0 and 1 (ATS) translate, 2 passes through, 3 is reserved. */
	legacy(0, 0x0010, BASE + 7 * PAGE + 1, 5 << 8 | LEVELS(3));
	legacy(0, 0x0011, BASE + 8 * PAGE + (1 << 2) + 1, 6 << 8 | LEVELS(4));
	legacy(0, 0x00ff, BASE + 9 * PAGE + 1, 7 << 8 | LEVELS(5));
	legacy(0, 0x0180, (2 << 2) + 1, 8 << 8);
	legacy(0, 0xffff, (3 << 2) + 1, 9 << 8);
	/* Not present, whatever else it says. */
	legacy(0, 0x0200, BASE + PAGE, 5 << 8 | LEVELS(4));
	ASSERT_EQ(0, ivs_context_each(see, &self->seen));
	ASSERT_EQ(5, self->seen.nr);

	EXPECT_EQ(0x0010, c[0].rid);
	EXPECT_EQ(IVS_TRANSLATION_SECOND, c[0].type);
	EXPECT_EQ(3, c[0].levels);
	EXPECT_EQ(5, c[0].did);
	EXPECT_EQ(BASE + 7 * PAGE, c[0].root);
	EXPECT_EQ(&ivs_format_second, c[0].format);
	EXPECT_EQ(200, c[0].pgsizes);
	EXPECT_FALSE(c[0].has_pasid);
	EXPECT_EQ(IVS_TRANSLATION_SECOND, c[1].type);
	EXPECT_EQ(4, c[1].levels);
	EXPECT_EQ(BASE + 8 * PAGE, c[1].root);
	EXPECT_EQ(0x00ff, c[2].rid);
	EXPECT_EQ(5, c[2].levels);
	EXPECT_EQ(0x0180, c[3].rid);
	EXPECT_EQ(IVS_TRANSLATION_IDENTITY, c[3].type);
	EXPECT_EQ(8, c[3].did);
	EXPECT_EQ(NULL, c[3].format);
	EXPECT_EQ(0xffff, c[4].rid);
	EXPECT_EQ(IVS_TRANSLATION_NONE, c[4].type);
	EXPECT_EQ(NULL, c[4].format);
}

TEST_F(context, pasids)
{
	const struct ivs_context *c = self->seen.context;
	u64 first = BASE + 100 * PAGE, second = BASE + 101 * PAGE;

	unit_add(0, IVS_MODE_SCALABLE);
	/* The upper half of a root entry serves devices from 16 on. */
	pasid(0, 0x0085, 0, PGTT_SECOND, second | LEVELS(4) << 2, 0);
	pasid(0, 0x0085, 1, PGTT_FIRST, 0, first);
	pasid(0, 0x0085, 63, PGTT_FIRST, 0, first | 1 << 2);
	pasid(0, 0x0085, 64, PGTT_NESTED, second | LEVELS(5) << 2, first);
	pasid(0, 0x0085, 65535, PGTT_THROUGH, 0, 0);
	pasid(0, 0x0003, 0, 5, second, first);
	ASSERT_EQ(0, ivs_context_each(see, &self->seen));
	ASSERT_EQ(6, self->seen.nr);

	EXPECT_EQ(0x0003, c[0].rid);
	EXPECT_EQ(IVS_TRANSLATION_NONE, c[0].type);
	EXPECT_EQ(NULL, c[0].format);

	EXPECT_EQ(0x0085, c[1].rid);
	EXPECT_FALSE(c[1].has_pasid);
	EXPECT_EQ(IVS_TRANSLATION_SECOND, c[1].type);
	EXPECT_EQ(second, c[1].root);
	EXPECT_EQ(4, c[1].levels);
	EXPECT_EQ(0x1000, c[1].did);
	EXPECT_EQ(200, c[1].pgsizes);

	EXPECT_TRUE(c[2].has_pasid);
	EXPECT_EQ(1, c[2].pasid);
	EXPECT_EQ(IVS_TRANSLATION_FIRST, c[2].type);
	EXPECT_EQ(first, c[2].root);
	EXPECT_EQ(4, c[2].levels);
	EXPECT_EQ(&ivs_format_first, c[2].format);
	EXPECT_EQ(201, c[2].pgsizes);
	EXPECT_EQ(0x1001, c[2].did);

	EXPECT_EQ(63, c[3].pasid);
	EXPECT_EQ(5, c[3].levels);
	EXPECT_EQ(first, c[3].root);

	/* Nested: what leads to memory is the second stage. */
	EXPECT_EQ(64, c[4].pasid);
	EXPECT_EQ(IVS_TRANSLATION_NESTED, c[4].type);
	EXPECT_EQ(second, c[4].root);
	EXPECT_EQ(5, c[4].levels);
	EXPECT_EQ(&ivs_format_second, c[4].format);

	EXPECT_EQ(65535, c[5].pasid);
	EXPECT_EQ(IVS_TRANSLATION_IDENTITY, c[5].type);
}

/* Requests without a PASID take the one that the context entry names. */
TEST_F(context, rid_pasid)
{
	struct ivs_context context;

	unit_add(0, IVS_MODE_SCALABLE);
	pasid(0, 0x0008, 0, PGTT_FIRST, 0, BASE + 100 * PAGE);
	pasid(0, 0x0008, 70, PGTT_SECOND, (BASE + 101 * PAGE) | LEVELS(3) << 2,
	      0);
	context_entry(0, 0x0008)[1] = 70;
	ASSERT_EQ(0, ivs_context_find(0, 0x0008, &context));
	EXPECT_EQ(70, context.pasid);
	EXPECT_FALSE(context.has_pasid);
	EXPECT_EQ(IVS_TRANSLATION_SECOND, context.type);
	EXPECT_EQ(3, context.levels);

	ASSERT_EQ(0, ivs_context_each(see, &self->seen));
	ASSERT_EQ(2, self->seen.nr);
	EXPECT_TRUE(self->seen.context[0].has_pasid);
	EXPECT_EQ(0, self->seen.context[0].pasid);
	EXPECT_FALSE(self->seen.context[1].has_pasid);

	/* Its entry is gone: blocked, whatever other PASIDs do. */
	memset(pasid_entry(0, 0x0008, 70, 70), 0, 64);
	EXPECT_EQ(-ENOENT, ivs_context_find(0, 0x0008, &context));
}

/* Units of their own modes; a device is where its segment and unit have it. */
TEST_F(context, several_units)
{
	const struct ivs_context *c = self->seen.context;
	struct ivs_context context;

	unit_add(0, IVS_MODE_LEGACY);
	unit_add(0, IVS_MODE_SCALABLE);
	unit_add(1, IVS_MODE_LEGACY);
	legacy(0, 0x0010, (BASE + 100 * PAGE) | 1, 1 << 8 | LEVELS(4));
	pasid(1, 0x0018, 0, PGTT_FIRST, 0, BASE + 101 * PAGE);
	legacy(2, 0x0010, (BASE + 102 * PAGE) | 1, 2 << 8 | LEVELS(3));
	ASSERT_EQ(0, ivs_context_each(see, &self->seen));
	ASSERT_EQ(3, self->seen.nr);
	EXPECT_EQ(0, c[0].unit);
	EXPECT_EQ(200, c[0].pgsizes);
	EXPECT_EQ(1, c[1].unit);
	EXPECT_EQ(203, c[1].pgsizes);
	EXPECT_EQ(2, c[2].unit);
	EXPECT_EQ(1, c[2].segment);
	EXPECT_EQ(204, c[2].pgsizes);

	ASSERT_EQ(0, ivs_context_find(0, 0x0018, &context));
	EXPECT_EQ(1, context.unit);
	ASSERT_EQ(0, ivs_context_find(1, 0x0010, &context));
	EXPECT_EQ(BASE + 102 * PAGE, context.root);
	EXPECT_EQ(-ENOENT, ivs_context_find(1, 0x0018, &context));
	EXPECT_EQ(-ENOENT, ivs_context_find(2, 0x0010, &context));

	/* Switched off, or aborting all: nothing is read. */
	m.state[0].translating = false;
	m.state[1].mode = IVS_MODE_OTHER;
	self->seen.nr = 0;
	ASSERT_EQ(0, ivs_context_each(see, &self->seen));
	EXPECT_EQ(1, self->seen.nr);
	EXPECT_EQ(-ENOENT, ivs_context_find(0, 0x0010, &context));
}

/*
 * NVMe behind Intel VMD: in a segment that no unit serves, on whatever bus of
 * it, its requests carry the address of the VMD device.
 */
TEST_F(context, behind_a_vmd)
{
	struct pci_sysdata host = { .domain = 0 }, volume = { .domain = 0x10000 };
	struct pci_bus root = { .number = 0, .sysdata = &host };
	struct pci_bus bridged = { .number = 0xe1, .sysdata = &volume };
	struct pci_dev vmd = { .bus = &root, .devfn = 0x70 };
	struct pci_dev nvme = { .bus = &bridged, .devfn = 0x08 };
	struct ivs_context context;
	struct ivs_bdf bdf;

	volume.vmd_dev = &vmd;
	unit_add(0, IVS_MODE_LEGACY);
	legacy(0, 0x0070, (BASE + 100 * PAGE) | 1, 7 << 8 | LEVELS(4));
	legacy(0, 0xe108, (BASE + 101 * PAGE) | 1, 8 << 8 | LEVELS(4));

	ivs_bdf_of(&nvme, &bdf);
	EXPECT_EQ(0x10000, bdf.segment);
	EXPECT_EQ(0xe108, bdf.rid);
	EXPECT_EQ(-ENOENT, ivs_context_find(bdf.segment, bdf.rid, &context));

	ivs_bdf_requester(&nvme, &bdf);
	ASSERT_EQ(0, ivs_context_find(bdf.segment, bdf.rid, &context));
	EXPECT_EQ(BASE + 100 * PAGE, context.root);
	EXPECT_EQ(7, context.did);

	/* Everybody else speaks for himself, the VMD device too. */
	ivs_bdf_requester(&vmd, &bdf);
	EXPECT_EQ(0, bdf.segment);
	EXPECT_EQ(0x0070, bdf.rid);
}

TEST_F(context, ended_by_the_caller_or_a_signal)
{
	unsigned int i;

	unit_add(0, IVS_MODE_LEGACY);
	unit_add(0, IVS_MODE_LEGACY);
	for (i = 0; i < 4; i++) {
		legacy(0, i << 8, (2 << 2) + 1, 0);
		legacy(1, i << 8, (2 << 2) + 1, 0);
	}
	self->seen.limit = 3;
	EXPECT_EQ(7, ivs_context_each(see, &self->seen));
	EXPECT_EQ(3, self->seen.nr);
	self->seen.limit = 0;
	self->seen.nr = 0;
	host_signal_in = 4;
	EXPECT_EQ(-EINTR, ivs_context_each(see, &self->seen));
	EXPECT_EQ(2, self->seen.nr);
}

/* A directory outside of memory, or full of ones. The walk must end. */
TEST_F(context, garbage)
{
	struct ivs_context context;
	unsigned int i;
	u64 ones;

	unit_add(0, IVS_MODE_SCALABLE);
	context_entry(0, 0x0008)[0] = 1ULL << 50 | 7 << 9 | 1;
	EXPECT_EQ(0, ivs_context_each(see, &self->seen));
	EXPECT_EQ(0, self->seen.nr);
	EXPECT_EQ(-ENOENT, ivs_context_find(0, 0x0008, &context));

	/* Each entry of the directory is the directory. */
	ones = pages_new(1);
	for (i = 0; i < PAGE / 8; i++)
		at(ones)[i] = ones | 1;
	context_entry(0, 0x0008)[0] = ones | 7 << 9 | 1;
	host_signal_in = 3;
	EXPECT_EQ(-EINTR, ivs_context_each(see, &self->seen));
	EXPECT_LT(0, self->seen.nr);

	m.state[0].root = 1ULL << 50;
	self->seen.nr = 0;
	EXPECT_EQ(0, ivs_context_each(see, &self->seen));
	EXPECT_EQ(0, self->seen.nr);
}

struct counter {
	struct ivs_visitor visitor;
	u64 leaves;
};

static int count(struct ivs_visitor *visitor, const struct ivs_stretch *stretch)
{
	struct counter *counter = container_of(visitor, struct counter,
					       visitor);

	counter->leaves += stretch->nr;
	return 0;
}

/* The word that names the table is the one that is watched. */
TEST_F(context, walk_watches_the_entry)
{
	struct counter counter = { .visitor = { .leaves = count } };
	struct ivs_walk *walk = calloc(1, sizeof(*walk));
	u64 table, leaf_table;
	u64 *entry;

	ASSERT_NE(NULL, walk);
	unit_add(0, IVS_MODE_SCALABLE);
	table = pages_new(1);
	leaf_table = pages_new(1);
	at(table)[0] = leaf_table | 7;
	at(leaf_table)[0] = (1ULL << 30) | (1 << 7) | 7;
	pasid(0, 0x0008, 0, PGTT_FIRST, 0, table);
	entry = pasid_entry(0, 0x0008, 0, 0);
	ASSERT_EQ(0, ivs_context_each(see, &self->seen));
	ASSERT_EQ(1, self->seen.nr);
	ASSERT_EQ(0, ivs_context_walk(self->seen.context, walk,
				      &counter.visitor, 0));
	EXPECT_EQ(1, counter.leaves);
	EXPECT_FALSE(walk->gone);

	entry[2] = pages_new(1);
	counter.leaves = 0;
	ASSERT_EQ(0, ivs_context_walk(self->seen.context, walk,
				      &counter.visitor, 0));
	EXPECT_EQ(0, counter.leaves);
	EXPECT_TRUE(walk->gone);
	free(walk);
}

/* What has no table has nothing to walk. */
TEST_F(context, walk_of_nothing)
{
	const struct ivs_context through = { .type = IVS_TRANSLATION_IDENTITY };
	struct counter counter = { .visitor = { .leaves = count } };
	struct ivs_walk *walk = calloc(1, sizeof(*walk));

	ASSERT_NE(NULL, walk);
	EXPECT_EQ(0, ivs_context_walk(&through, walk, &counter.visitor, 0));
	EXPECT_EQ(0, walk->tables);
	EXPECT_EQ(0, counter.leaves);
	free(walk);
}

TEST_HARNESS_MAIN
