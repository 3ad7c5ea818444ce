// SPDX-License-Identifier: GPL-2.0-only
/*
 * A second opinion: the kernel prints the same page table itself, where it was
 * built to (CONFIG_INTEL_IOMMU_DEBUGFS). Every leaf that it prints must be in
 * pagemap, at that IOVA, of that size, pointing there; no leaf may be left
 * over; and census must count as many of each size.
 */
#include "kselftest_harness.h"

#include "lib/census.h"
#include "lib/dump.h"
#include "lib/kmod.h"
#include "lib/main.h"
#include "lib/must.h"
#include "lib/stats.h"
#include "lib/vfio.h"

#define IOVA	(64 * SZ_1G)
#define BAR	2
#define SAMPLES	64

/* Leaves of the kernel, walked along with the records of pagemap. */
struct opinion {
	int fd;
	struct iovascope_pagemap record;
	__u64 at;	/* offset in the record */
	unsigned long long nr[3];
	unsigned int wrong;
	struct dump_leaf first, last, sample[SAMPLES];
};

static int next_record(struct opinion *o)
{
	ssize_t nr = read(o->fd, &o->record, sizeof(o->record));

	o->at = 0;
	if (nr == sizeof(o->record))
		return 1;
	must_eq(nr, 0);
	memset(&o->record, 0, sizeof(o->record));
	return 0;
}

static int same(const struct iovascope_pagemap *r, __u64 at,
		const struct dump_leaf *leaf)
{
	return r->iova + at == leaf->iova && r->phys + at == leaf->phys &&
	       r->leaf_shift == leaf->shift &&
	       !!(r->flags & PAGEMAP_WRITE) == leaf->write &&
	       !(r->flags & IOVASCOPE_PAGEMAP_TORN);
}

static void remember(struct opinion *o, const struct dump_leaf *leaf)
{
	unsigned long long seen = o->nr[0] + o->nr[1] + o->nr[2], slot;

	if (!seen)
		o->first = *leaf;
	o->last = *leaf;
	slot = seen < SAMPLES ? seen : (unsigned long long)random() % seen;
	if (slot < SAMPLES)
		o->sample[slot] = *leaf;
	o->nr[(leaf->shift - 12) / 9]++;
}

static void show_difference(const struct opinion *o,
			    const struct dump_leaf *leaf)
{
	printf("# kernel: 0x%llx -> 0x%llx shift %u write %d\n",
	       leaf->iova, leaf->phys, leaf->shift, leaf->write);
	printf("# pagemap: 0x%llx -> 0x%llx shift %u flags %u\n",
	       o->record.iova + o->at, o->record.phys + o->at,
	       o->record.leaf_shift, o->record.flags);
}

static void compare_leaf(void *ctx, const struct dump_leaf *leaf)
{
	struct opinion *o = ctx;

	remember(o, leaf);
	if (o->at == o->record.bytes)
		next_record(o);
	if (!o->record.bytes || !same(&o->record, o->at, leaf)) {
		if (!o->wrong++)
			show_difference(o, leaf);
		return;
	}
	o->at += 1ULL << leaf->shift;
}

/* By a seek into the middle of the leaf. */
static unsigned int seek_wrong(struct opinion *o, const struct dump_leaf *leaf)
{
	__u64 iova = leaf->iova + random() % (1ULL << leaf->shift);

	must_eq(lseek(o->fd, iova, SEEK_SET), iova);
	next_record(o);
	if (same(&o->record, 0, leaf))
		return 0;
	printf("# seek to 0x%llx: kernel -> 0x%llx, pagemap 0x%llx -> 0x%llx\n",
	       iova, leaf->phys, o->record.iova, o->record.phys);
	return 1;
}

static unsigned int seeks_wrong(struct opinion *o, unsigned long long nr)
{
	unsigned int i, wrong;

	if (!nr)
		return 0;
	wrong = seek_wrong(o, &o->first) + seek_wrong(o, &o->last);
	for (i = 0; i < SAMPLES && i < nr; i++)
		wrong += seek_wrong(o, &o->sample[i]);
	return wrong;
}

static unsigned int totals_wrong(const char *bdf, const struct opinion *o)
{
	static const char *const keys[] = {
		"4k_leaves", "2m_leaves", "1g_leaves",
	};
	struct json_object *census = stats_read("census");
	struct json_object *line = census_line(census, bdf);
	unsigned int i, wrong = 0;

	for (i = 0; i < 3; i++) {
		__u64 ours = stats_u64(line, keys[i]);

		if (ours == o->nr[i])
			continue;
		printf("# %s: kernel %llu, census %llu\n", keys[i], o->nr[i],
		       ours);
		wrong++;
	}
	json_object_put(census);
	return wrong;
}

/* Number of differences; *nr is how many leaves the kernel has printed. */
static unsigned int opinion_wrong(const char *bdf, unsigned long long nr[3])
{
	struct opinion o = { .fd = device_open_file(bdf, "pagemap") };
	long long leaves;

	srandom(7);
	leaves = dump_leaves(bdf, compare_leaf, &o);
	must_op(leaves, >=, 0);
	/* Nothing of ours may be left. */
	if (o.at != o.record.bytes || next_record(&o)) {
		printf("# only in pagemap: 0x%llx\n", o.record.iova + o.at);
		o.wrong++;
	}
	o.wrong += seeks_wrong(&o, leaves) + totals_wrong(bdf, &o);
	close(o.fd);
	memcpy(nr, o.nr, sizeof(o.nr));
	return o.wrong;
}

FIXTURE(shape)
{
	struct vfio vfio;
	struct mem mem;
};

FIXTURE_VARIANT(shape)
{
	enum backing backing;
	__u64 size;
	__u64 shift;	/* of IOVA against the memory */
	__u32 flags;
	unsigned long long leaves[3];
};

#define SHAPE(_name, _backing, _size, _shift, _flags, ...)		\
	FIXTURE_VARIANT_ADD(shape, _name) {				\
		.backing = _backing,					\
		.size = _size,						\
		.shift = _shift,					\
		.flags = _flags,					\
		.leaves = { __VA_ARGS__ },				\
	}

SHAPE(base, BACKING_BASE, 32 * SZ_2M, 0, VFIO_RW, 0);
SHAPE(thp, BACKING_THP, 16 * SZ_2M, 0, VFIO_RW, 0, 16);
SHAPE(hugetlb_2m, BACKING_HUGETLB_2M, 16 * SZ_2M, 0, VFIO_RW, 0, 16);
SHAPE(hugetlb_1g, BACKING_HUGETLB_1G, 2 * SZ_1G, 0, VFIO_RW, 0, 0, 2);
SHAPE(shift_2m, BACKING_HUGETLB_1G, 2 * SZ_1G, SZ_2M, VFIO_RW, 0, 1024);
SHAPE(shift_4k, BACKING_HUGETLB_1G, SZ_1G, SZ_4K, VFIO_RW, 262144);
SHAPE(odd_end, BACKING_HUGETLB_1G, SZ_1G + SZ_2M + SZ_4K, 0, VFIO_RW, 1, 1, 1);
SHAPE(read_only, BACKING_THP, 4 * SZ_2M, 0, VFIO_DMA_MAP_FLAG_READ, 0, 4);
SHAPE(bar, BACKING_MMIO, 2 * SZ_1G, 0, VFIO_RW, 0, 0, 2);
SHAPE(bar_shift_2m, BACKING_MMIO, SZ_1G, SZ_2M, VFIO_RW, 0, 512);
SHAPE(bar_shift_4k, BACKING_MMIO, 32 * SZ_2M, SZ_4K, VFIO_RW, 16384);

FIXTURE_SETUP(shape)
{
	char bdf[PCI_BDF_LEN];
	void *va;

	kmod_must_be_loaded();
	pci_find("testdev", 0, bdf);
	vfio_open(&self->vfio, VFIO_TYPE1v2_IOMMU, bdf);
	if (variant->backing == BACKING_MMIO) {
		va = vfio_bar_mmap(&self->vfio.dev[0], BAR, 0, variant->size,
				   SZ_1G, 0);
	} else {
		mem_alloc(&self->mem, variant->backing, variant->size);
		va = self->mem.va;
	}
	must_work(__vfio_map(&self->vfio, IOVA + variant->shift, va,
			     variant->size, variant->flags));
}

FIXTURE_TEARDOWN(shape)
{
	mem_free(&self->mem);
	vfio_close(&self->vfio);
}

TEST_F_TIMEOUT(shape, both_agree, 300)
{
	const char *bdf = self->vfio.dev[0].bdf;
	unsigned long long nr[3];
	unsigned int i;

	EXPECT_EQ(0, opinion_wrong(bdf, nr));
	EXPECT_EQ(0, check_not("equal"));
	/* Both are asked about what was mapped, not about nothing. */
	for (i = 0; variant->backing != BACKING_BASE && i < 3; i++)
		EXPECT_EQ(variant->leaves[i], nr[i]);
	EXPECT_EQ(variant->size, (nr[0] << 12) + (nr[1] << 21) + (nr[2] << 30));

	vfio_unmap(&self->vfio, IOVA + variant->shift, variant->size);
	EXPECT_EQ(0, opinion_wrong(bdf, nr));
	EXPECT_EQ(0, nr[0] + nr[1] + nr[2]);
}

FIXTURE(devices) {};
FIXTURE_SETUP(devices) {}
FIXTURE_TEARDOWN(devices) {}

/* Two containers, one of them with two devices; all sizes and kinds in one. */
TEST_F_TIMEOUT(devices, both_agree, 300)
{
	char edu[2][PCI_BDF_LEN], testdev[PCI_BDF_LEN];
	unsigned long long nr[3], shared[3];
	struct vfio one, other;
	struct mem small, big;
	void *bar;

	kmod_must_be_loaded();
	pci_find("edu", 0, edu[0]);
	pci_find("edu", 1, edu[1]);
	pci_find("testdev", 0, testdev);
	vfio_open(&one, VFIO_TYPE1v2_IOMMU, testdev);
	vfio_add(&one, edu[0]);
	vfio_open(&other, VFIO_TYPE1v2_IOMMU, edu[1]);
	mem_alloc(&small, BACKING_BASE, 8 * SZ_2M);
	mem_alloc(&big, BACKING_HUGETLB_1G, SZ_1G);
	bar = vfio_bar_mmap(&one.dev[0], BAR, 0, SZ_1G, SZ_1G, 0);
	vfio_map(&one, IOVA, big.va, SZ_1G);
	vfio_map(&one, IOVA + 2 * SZ_1G + SZ_2M, big.va, SZ_1G);
	must_work(__vfio_map(&one, IOVA + 4 * SZ_1G, small.va, 8 * SZ_2M,
			     VFIO_DMA_MAP_FLAG_READ));
	vfio_map(&one, IOVA + 8 * SZ_1G, bar, SZ_1G);
	vfio_map(&other, SZ_4K, small.va, 3 * SZ_2M);

	EXPECT_EQ(0, opinion_wrong(testdev, shared));
	EXPECT_EQ(0, opinion_wrong(edu[0], nr));
	EXPECT_EQ(0, memcmp(nr, shared, sizeof(nr)));
	EXPECT_EQ(2, nr[2]);
	EXPECT_EQ(0, opinion_wrong(edu[1], nr));
	EXPECT_EQ(3 * SZ_2M, (nr[0] << 12) + (nr[1] << 21));
	EXPECT_EQ(0, check_not("equal"));
	vfio_close(&other);
	vfio_close(&one);
	mem_free(&big);
	mem_free(&small);
}
