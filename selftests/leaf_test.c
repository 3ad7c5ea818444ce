// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which leaves, and how many: every backing times every way to be misaligned.
 *
 * A variant is one region: a backing, a length, and how far IOVA is shifted
 * against the memory. The memory's physical addresses are read from pagemap
 * (a BAR's from sysfs), runs and leaves are recomputed from them, and then
 * *every* counter of the module must have moved by exactly that much.
 */
#include "kselftest_harness.h"

#include "lib/expect.h"
#include "lib/kmod.h"
#include "lib/main.h"
#include "lib/must.h"
#include "lib/stats.h"
#include "lib/vfio.h"

#define IOVA	(64 * SZ_1G)
#define BAR	2

FIXTURE(leaf)
{
	struct vfio vfio;
	struct mem mem;
	__u64 bar_phys;
	void *va;
	__u64 size, iova;
	struct expect expect;
	struct snap before, after;
	struct want want;
};

FIXTURE_VARIANT(leaf)
{
	enum backing backing;
	__u64 size;
	__u64 shift;	/* of IOVA against the memory */
	__u64 skip;	/* this much of the memory's start */
	__u64 trim;	/* and of its end */
};

#define LEAF_VARIANT(_name, _backing, _size, _shift, _skip, _trim)	\
	FIXTURE_VARIANT_ADD(leaf, _name) {				\
		.backing = _backing,					\
		.size = _size,						\
		.shift = _shift,					\
		.skip = _skip,						\
		.trim = _trim,						\
	}

#define LEAF_VARIANTS(_name, _backing, _size)				\
	LEAF_VARIANT(_name##_aligned, _backing, _size, 0, 0, 0);	\
	LEAF_VARIANT(_name##_shift_4k, _backing, _size, SZ_4K, 0, 0);	\
	LEAF_VARIANT(_name##_shift_2m, _backing, _size, SZ_2M, 0, 0);	\
	LEAF_VARIANT(_name##_odd_end, _backing, _size, 0, 0, 3 * SZ_4K); \
	LEAF_VARIANT(_name##_odd_both, _backing, _size, 0, 5 * SZ_4K,	\
		     7 * SZ_4K)

LEAF_VARIANTS(base, BACKING_BASE, 8 * SZ_2M);
LEAF_VARIANTS(thp, BACKING_THP, 16 * SZ_2M);
LEAF_VARIANTS(hugetlb_2m, BACKING_HUGETLB_2M, 16 * SZ_2M);
LEAF_VARIANTS(hugetlb_1g, BACKING_HUGETLB_1G, 2 * SZ_1G);
LEAF_VARIANTS(bar, BACKING_MMIO, 2 * SZ_1G);
/* The last 2M of one gigabyte and the first 2M of the next. */
LEAF_VARIANT(hugetlb_1g_across, BACKING_HUGETLB_1G, 2 * SZ_1G, 0,
	     SZ_1G - SZ_2M, SZ_1G - SZ_2M);
LEAF_VARIANT(bar_one_page, BACKING_MMIO, SZ_4K, 0, 0, 0);
LEAF_VARIANT(base_one_page, BACKING_BASE, SZ_4K, 0, 0, 0);
/* One page of a larger one. */
LEAF_VARIANT(thp_first_page, BACKING_THP, SZ_2M, 0, 0, SZ_2M - SZ_4K);
LEAF_VARIANT(thp_second_page, BACKING_THP, SZ_2M, 0, SZ_4K, SZ_2M - 2 * SZ_4K);

static __u64 bar_phys(const struct vfio_device *dev)
{
	__u64 phys, size;

	pci_bar(dev->bdf, BAR, &phys, &size);
	must_op(size, >=, 2 * SZ_1G);
	return phys;
}

FIXTURE_SETUP(leaf)
{
	char bdf[PCI_BDF_LEN];
	void *base;

	kmod_must_be_loaded();
	pci_find("testdev", 0, bdf);
	vfio_open(&self->vfio, VFIO_TYPE1v2_IOMMU, bdf);
	/* 5.10 claims all other sizes as well. */
	ASSERT_EQ(SZ_4K | SZ_2M | SZ_1G,
		  self->vfio.pgsizes & (SZ_4K | SZ_2M | SZ_1G));

	if (variant->backing == BACKING_MMIO) {
		self->bar_phys = bar_phys(&self->vfio.dev[0]);
		base = vfio_bar_mmap(&self->vfio.dev[0], BAR, 0,
				     variant->size, SZ_2M, 0);
	} else {
		mem_alloc(&self->mem, variant->backing, variant->size);
		base = self->mem.va;
	}
	self->va = (char *)base + variant->skip;
	self->size = variant->size - variant->skip - variant->trim;
	self->iova = IOVA + variant->skip + variant->shift;
	if (variant->backing == BACKING_MMIO)
		expect_mmio(&self->expect, self->vfio.pgsizes, self->iova,
			    self->bar_phys + variant->skip, self->size);
	else
		expect_memory(&self->expect, self->vfio.pgsizes, self->iova,
			      self->va, self->size);
	want_init(&self->want);
	snap_take(&self->before);
}

FIXTURE_TEARDOWN(leaf)
{
	want_free(&self->want);
	snap_free(&self->before);
	mem_free(&self->mem);
	vfio_close(&self->vfio);
}

/* Counters move by what was recomputed, and by nothing else. */
TEST_F_TIMEOUT(leaf, counters, 120)
{
	static const struct leaves nothing;

	vfio_map(&self->vfio, self->iova, self->va, self->size);
	want_map(&self->want, &self->expect, variant->backing);
	snap_take(&self->after);
	EXPECT_EQ(0, want_wrong(&self->want, &self->before, &self->after));
	EXPECT_EQ(0, live_wrong(getpid(), 0, &self->expect.leaves));
	snap_free(&self->after);

	vfio_unmap(&self->vfio, self->iova, self->size);
	want_unmap(&self->want, &self->expect, variant->backing);
	snap_take(&self->after);
	EXPECT_EQ(0, want_wrong(&self->want, &self->before, &self->after));
	EXPECT_EQ(0, live_wrong(getpid(), 0, &nothing));
	EXPECT_EQ(0, hist_wrong());
	snap_free(&self->after);
}

FIXTURE(leaf_special)
{
	struct vfio vfio;
	struct snap before, after;
	struct want want;
};

FIXTURE_SETUP(leaf_special)
{
	char bdf[PCI_BDF_LEN];

	kmod_must_be_loaded();
	pci_find("testdev", 0, bdf);
	vfio_open(&self->vfio, VFIO_TYPE1v2_IOMMU, bdf);
	want_init(&self->want);
}

FIXTURE_TEARDOWN(leaf_special)
{
	want_free(&self->want);
	snap_free(&self->before);
	snap_free(&self->after);
	vfio_close(&self->vfio);
}

/* The same gigabyte at three addresses: 1G, 2M and 4K leaves side by side. */
TEST_F_TIMEOUT(leaf_special, one_page_three_sizes, 120)
{
	const __u64 shifts[] = { 0, 4 * SZ_1G + SZ_2M, 8 * SZ_1G + SZ_4K };
	struct expect expect[3] = {};
	struct leaves sum = {};
	struct mem mem;
	int i;

	mem_alloc(&mem, BACKING_HUGETLB_1G, SZ_1G);
	snap_take(&self->before);
	for (i = 0; i < 3; i++) {
		expect_memory(&expect[i], self->vfio.pgsizes, IOVA + shifts[i],
			      mem.va, mem.size);
		vfio_map(&self->vfio, IOVA + shifts[i], mem.va, mem.size);
		want_map(&self->want, &expect[i], BACKING_HUGETLB_1G);
		sum.nr_4k += expect[i].leaves.nr_4k;
		sum.nr_2m += expect[i].leaves.nr_2m;
		sum.nr_1g += expect[i].leaves.nr_1g;
	}
	ASSERT_EQ(1, sum.nr_1g);
	ASSERT_EQ(512, sum.nr_2m);
	ASSERT_EQ(SZ_1G / SZ_4K, sum.nr_4k);
	EXPECT_EQ(0, live_wrong(getpid(), 0, &sum));

	/* From the middle: the others stay. */
	vfio_unmap(&self->vfio, IOVA + shifts[1], mem.size);
	want_unmap(&self->want, &expect[1], BACKING_HUGETLB_1G);
	sum.nr_2m = 0;
	EXPECT_EQ(0, live_wrong(getpid(), 0, &sum));
	snap_take(&self->after);
	EXPECT_EQ(0, want_wrong(&self->want, &self->before, &self->after));
}

/*
 * 2M of base pages, then 6M of THP. Runs that happen to touch would join into
 * one pin of two backings: then the memory is kept and other memory taken.
 */
static char *alloc_mixed(void)
{
	int tries = 20;

	while (tries--) {
		struct mem mem;
		char *va;

		mem_alloc(&mem, BACKING_THP, 4 * SZ_2M);
		va = mem.va;
		must_eq(madvise(va, SZ_2M, MADV_DONTNEED), 0);
		must_eq(madvise(va, SZ_2M, MADV_NOHUGEPAGE), 0);
		for (__u64 at = 0; at < SZ_2M; at += SZ_4K)
			va[at] = 1;
		must_eq(mem_page_kind(va), BACKING_BASE);
		must_eq(mem_page_kind(va + SZ_2M), BACKING_THP);
		if (mem_phys(va + SZ_2M - SZ_4K) + SZ_4K !=
		    mem_phys(va + SZ_2M))
			return va;
	}
	must_fail("base pages and THP are always contiguous");
}

/* Each run is classified by itself; the teardown of the region is mixed. */
TEST_F(leaf_special, mixed_backings)
{
	struct expect base = {}, thp = {};
	char *va = alloc_mixed();

	expect_memory(&base, self->vfio.pgsizes, IOVA, va, SZ_2M);
	expect_memory(&thp, self->vfio.pgsizes, IOVA + SZ_2M, va + SZ_2M,
		      3 * SZ_2M);
	snap_take(&self->before);
	vfio_map(&self->vfio, IOVA, va, 4 * SZ_2M);
	vfio_unmap(&self->vfio, IOVA, 4 * SZ_2M);
	snap_take(&self->after);
	want_map(&self->want, &base, BACKING_BASE);
	want_map(&self->want, &thp, BACKING_THP);
	want_add(&self->want, -1, "region_map_calls");
	want_unmap(&self->want, &base, BACKING_BASE);
	want_unmap(&self->want, &thp, BACKING_THP);
	want_add(&self->want, -1, "region_unmap_calls");
	want_add(&self->want, -1, "teardown_calls");
	want_add(&self->want, -1, "teardown_base_calls");
	want_add(&self->want, -base.bytes, "teardown_base_bytes");
	want_add(&self->want, -1, "teardown_thp_calls");
	want_add(&self->want, -thp.bytes, "teardown_thp_bytes");
	want_add(&self->want, 1, "teardown_mixed_calls");
	want_add(&self->want, base.bytes + thp.bytes, "teardown_mixed_bytes");
	EXPECT_EQ(0, want_wrong(&self->want, &self->before, &self->after));
}

/* Memory that nobody has touched faults inside its first pin, and only there. */
TEST_F(leaf_special, first_touch_is_told_from_lookup)
{
	const __u64 pages = 16, size = pages * SZ_2M;
	struct snap middle;
	struct mem mem;

	must_eq(__mem_alloc(&mem, BACKING_HUGETLB_2M, size, 0), 0);
	snap_take(&self->before);
	vfio_map(&self->vfio, IOVA, mem.va, mem.size);
	vfio_unmap(&self->vfio, IOVA, mem.size);
	snap_take(&middle);
	EXPECT_EQ(pages, snap_delta(&self->before, &middle, "pin_faults"));
	/* Type1 pins ahead: the last run may have faulted in the call before. */
	EXPECT_LE(size - SZ_2M,
		  snap_delta(&self->before, &middle, "pin_faulting_bytes"));
	EXPECT_GE(size,
		  snap_delta(&self->before, &middle, "pin_faulting_bytes"));
	EXPECT_LT(0, snap_delta(&self->before, &middle, "pin_faulting_ns"));

	vfio_map(&self->vfio, IOVA, mem.va, mem.size);
	vfio_unmap(&self->vfio, IOVA, mem.size);
	snap_take(&self->after);
	EXPECT_EQ(0, snap_delta(&middle, &self->after, "pin_faults"));
	EXPECT_EQ(0, snap_delta(&middle, &self->after, "pin_faulting_bytes"));
	snap_free(&middle);
	mem_free(&mem);
}

/* Shared memory from a memfd is hugetlb like any other. */
TEST_F(leaf_special, memfd_hugetlb_2m)
{
	struct expect expect = {};
	struct mem mem;

	mem_alloc_memfd(&mem, BACKING_HUGETLB_2M, 8 * SZ_2M);
	expect_memory(&expect, self->vfio.pgsizes, IOVA, mem.va, mem.size);
	snap_take(&self->before);
	vfio_map(&self->vfio, IOVA, mem.va, mem.size);
	vfio_unmap(&self->vfio, IOVA, mem.size);
	snap_take(&self->after);
	want_map(&self->want, &expect, BACKING_HUGETLB_2M);
	want_unmap(&self->want, &expect, BACKING_HUGETLB_2M);
	EXPECT_EQ(0, want_wrong(&self->want, &self->before, &self->after));
}

static const char *const hists[] = {
	"region_map_size_bytes", "region_unmap_size_bytes", "pin_size_bytes",
	"unpin_size_bytes", "teardown_size_bytes", "map_size_bytes",
	"unmap_size_bytes",
};

/* Sizes land in the bucket whose lower bound they reach. */
TEST_F(leaf_special, size_histogram)
{
	const __u64 sizes[] = { SZ_4K, 2 * SZ_4K, 3 * SZ_4K, SZ_2M };
	const __u64 buckets[] = { SZ_4K, 2 * SZ_4K, 2 * SZ_4K, SZ_2M };
	struct json_object *before, *after;
	struct mem mem;
	int i;

	mem_alloc(&mem, BACKING_THP, SZ_2M);
	for (i = 0; i < 4; i++) {
		before = stats_read("hist");
		vfio_map(&self->vfio, IOVA, mem.va, sizes[i]);
		vfio_unmap(&self->vfio, IOVA, sizes[i]);
		after = stats_read("hist");
		for (size_t j = 0; j < sizeof(hists) / sizeof(hists[0]); j++) {
			EXPECT_EQ(hist_total(before, hists[j]) + 1,
				  hist_total(after, hists[j]));
			EXPECT_EQ(hist_bucket(before, hists[j], buckets[i]) + 1,
				  hist_bucket(after, hists[j], buckets[i]));
		}
		json_object_put(before);
		json_object_put(after);
	}
	snap_take(&self->before);
	snap_take(&self->after);
}

/* What is still mapped when the container is closed is removed and counted. */
TEST_F(leaf_special, closed_while_mapped)
{
	struct expect expect = {};
	struct mem mem;

	mem_alloc(&mem, BACKING_THP, 4 * SZ_2M);
	expect_memory(&expect, self->vfio.pgsizes, IOVA, mem.va, mem.size);
	snap_take(&self->before);
	vfio_map(&self->vfio, IOVA, mem.va, mem.size);
	vfio_close(&self->vfio);
	snap_take(&self->after);
	want_map(&self->want, &expect, BACKING_THP);
	want_unmap(&self->want, &expect, BACKING_THP);
	/* Nobody called UNMAP_DMA. */
	want_add(&self->want, -1, "region_unmap_calls");
	want_add(&self->want, -expect.bytes, "region_unmap_bytes");
	EXPECT_EQ(0, want_wrong(&self->want, &self->before, &self->after));
}
