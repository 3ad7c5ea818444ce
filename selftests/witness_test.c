// SPDX-License-Identifier: GPL-2.0-only
/*
 * Independent witnesses of the same run: function_graph for calls and
 * durations, /proc/vmstat for pins, the recomputation for leaves, and a device
 * whose DMA has to arrive.
 */
#include <stdint.h>

#include "kselftest_harness.h"

#include "lib/edu.h"
#include "lib/expect.h"
#include "lib/graph.h"
#include "lib/kernel.h"
#include "lib/kmod.h"
#include "lib/main.h"
#include "lib/must.h"
#include "lib/stats.h"
#include "lib/vfio.h"
#include "lib/vmstat.h"

#define IOVA	(64 * SZ_1G)
#define BAR	2

FIXTURE(graph)
{
	struct vfio vfio;
	struct mem mem;
	void *va;
	struct graph graph;
	struct snap before, after;
};

FIXTURE_VARIANT(graph)
{
	enum backing backing;
	__u64 size;
	unsigned int rounds;
};

FIXTURE_VARIANT_ADD(graph, base) {
	.backing = BACKING_BASE,
	.size = 8 * SZ_2M,
	.rounds = 3,
};

FIXTURE_VARIANT_ADD(graph, thp) {
	.backing = BACKING_THP,
	.size = 32 * SZ_2M,
	.rounds = 3,
};

FIXTURE_VARIANT_ADD(graph, hugetlb_2m) {
	.backing = BACKING_HUGETLB_2M,
	.size = 32 * SZ_2M,
	.rounds = 3,
};

FIXTURE_VARIANT_ADD(graph, hugetlb_1g) {
	.backing = BACKING_HUGETLB_1G,
	.size = SZ_1G,
	.rounds = 3,
};

FIXTURE_VARIANT_ADD(graph, bar) {
	.backing = BACKING_MMIO,
	.size = SZ_1G,
	.rounds = 2,
};

static const struct {
	const char *op;
	const char *function;
} pairs[] = {
	{ "pin",	"vfio_pin_pages_remote" },
	{ "unpin",	"vfio_unpin_pages_remote" },
	{ "teardown",	"vfio_unmap_unpin" },
	{ "map",	"iommu_map" },
	{ "unmap",	"iommu_unmap_fast" },
	{ "flush",	"intel_iommu_tlb_sync" },
};

#define NR_PAIRS (sizeof(pairs) / sizeof(pairs[0]))

static const char *const functions[] = {
	"vfio_pin_pages_remote", "vfio_unpin_pages_remote",
	"vfio_unmap_unpin", "iommu_map", "iommu_unmap_fast",
	"intel_iommu_tlb_sync", NULL
};

FIXTURE_SETUP(graph)
{
	char bdf[PCI_BDF_LEN];

	kmod_must_be_loaded();
	pci_find("testdev", 0, bdf);
	vfio_open(&self->vfio, VFIO_TYPE1v2_IOMMU, bdf);
	if (variant->backing == BACKING_MMIO) {
		self->va = vfio_bar_mmap(&self->vfio.dev[0], BAR, 0,
					 variant->size, SZ_1G, 0);
	} else {
		mem_alloc(&self->mem, variant->backing, variant->size);
		self->va = self->mem.va;
	}
	/* Warm: the first run fills caches, page tables and the slab. */
	vfio_map(&self->vfio, IOVA, self->va, variant->size);
	vfio_unmap(&self->vfio, IOVA, variant->size);
}

FIXTURE_TEARDOWN(graph)
{
	mem_free(&self->mem);
	vfio_close(&self->vfio);
}

/*
 * Both trace the same calls, so counts are equal to the last one.
 *
 * Durations: ours begin when our entry handler is done and end when our return
 * handler starts, graph's interval lies around that or inside it, whoever
 * hooked first. Around it, as seen, graph's is longer by our two handlers
 * (which the module counts itself, in self_ns) and by the kprobe machinery before and
 * after them: SLACK_US a call, generous because the first calls of a function
 * meet cold code in the lab's emulation (up to 70 us were seen, 4 when warm).
 * And the whole machine may be stopped between the two clocks by a timer or by
 * a busy host, which does not happen often: STALL_US, once. So with
 *
 *	ours <= graph + 1% + STALL + SLACK a call
 *	ours >= graph - 1% - STALL - SLACK a call - self_ns
 *
 * the pins and teardowns of a gigabyte, which last tens to hundreds of
 * milliseconds, have to agree within a few percent; of the short calls only
 * the number is proved. A host that is too busy for that is given TRIES: what is
 * wrong in a number is so each time. Counts have to be equal in each.
 */
#define SLACK_US 100.0
#define STALL_US 5000.0
#define TRIES 4

/* How many of the durations are apart by more than that. */
static unsigned int apart(struct __test_metadata *_metadata,
			  const struct graph *graph, const struct snap *before,
			  const struct snap *after)
{
	double self_us = snap_delta(before, after, "self_ns") / 1e3;
	unsigned int i, nr = 0;

	for (i = 0; i < NR_PAIRS; i++) {
		const struct graph_func *func =
			graph_find(graph, pairs[i].function);
		double ours, theirs = func->total_us;
		double slack = STALL_US + SLACK_US * func->calls +
			       theirs / 100;
		char key[32];

		snprintf(key, sizeof(key), "%s_calls", pairs[i].op);
		EXPECT_LT(0, func->calls);
		EXPECT_EQ(func->calls, snap_delta(before, after, key));
		snprintf(key, sizeof(key), "%s_ns", pairs[i].op);
		ours = snap_delta(before, after, key) / 1e3;
		printf("# %-8s %6llu calls: iovascope %.1f us, ",
		       pairs[i].op, func->calls, ours);
		printf("function_graph %.1f us (%+.1f%%)\n", theirs,
		       (ours / theirs - 1) * 100);
		nr += ours > theirs + slack || ours < theirs - self_us - slack;
	}
	printf("# inside our own handlers: %.1f us\n", self_us);
	return nr;
}

TEST_F_TIMEOUT(graph, calls_and_durations, 300)
{
	unsigned int tries, i, nr;

	for (tries = 0; tries < TRIES; tries++) {
		snap_take(&self->before);
		graph_start(&self->graph, functions);
		for (i = 0; i < variant->rounds; i++) {
			vfio_map(&self->vfio, IOVA, self->va, variant->size);
			vfio_unmap(&self->vfio, IOVA, variant->size);
		}
		graph_stop(&self->graph);
		snap_take(&self->after);
		nr = apart(_metadata, &self->graph, &self->before,
			   &self->after);
		snap_free(&self->before);
		snap_free(&self->after);
		if (!nr)
			break;
	}
	EXPECT_EQ(0, nr);
}

FIXTURE(witness)
{
	char bdf[PCI_BDF_LEN];
	struct vfio vfio;
	struct snap before, after;
};

FIXTURE_SETUP(witness)
{
	kmod_must_be_loaded();
	pci_find("edu", 0, self->bdf);
	vfio_open(&self->vfio, VFIO_TYPE1v2_IOMMU, self->bdf);
}

FIXTURE_TEARDOWN(witness)
{
	vfio_close(&self->vfio);
}

/* One pin in the kernel's own books is one page in ours. */
TEST_F(witness, pins_in_vmstat)
{
	static const enum backing kinds[] = {
		BACKING_BASE, BACKING_THP, BACKING_HUGETLB_2M,
		BACKING_HUGETLB_1G,
	};
	struct vmstat idle, mapped, unmapped;
	struct expect expect;
	struct mem mem;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		__u64 size = kinds[i] == BACKING_HUGETLB_1G ? SZ_1G :
							      8 * SZ_2M;
		__u64 pages = size / SZ_4K, again;

		mem_alloc(&mem, kinds[i], size);
		memset(&expect, 0, sizeof(expect));
		expect_memory(&expect, self->vfio.pgsizes, IOVA, mem.va, size);
		snap_take(&self->before);
		vmstat_take(&idle);
		vfio_map(&self->vfio, IOVA, mem.va, size);
		vmstat_take(&mapped);
		vfio_unmap(&self->vfio, IOVA, size);
		vmstat_take(&unmapped);
		snap_take(&self->after);

		/*
		 * A batch of one page that belongs to the next run is put
		 * back and pinned again: acquired and released alike.
		 */
		again = mapped.released - idle.released;
		EXPECT_EQ(pages + again, mapped.acquired - idle.acquired);
		EXPECT_EQ(pages, unmapped.released - mapped.released);
		EXPECT_EQ(0, unmapped.acquired - mapped.acquired);
		if (kinds[i] != BACKING_BASE || kernel_pins_by_page())
			EXPECT_EQ(kernel_pins_by_page() ? expect.runs - 1 : 0,
				  again);
		EXPECT_EQ(pages * SZ_4K, snap_delta(&self->before,
						    &self->after,
						    "pin_bytes"));
		EXPECT_EQ(pages * SZ_4K, snap_delta(&self->before,
						    &self->after,
						    "unpin_bytes"));
		snap_free(&self->before);
		snap_free(&self->after);
		mem_free(&mem);
	}
}

/* A BAR is resolved, mapped and released, but nobody pins it. */
TEST_F_TIMEOUT(witness, bar_pins_nothing, 60)
{
	struct vmstat before, after;
	char bdf[PCI_BDF_LEN];
	struct vfio vfio;
	void *va;

	pci_find("testdev", 0, bdf);
	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, bdf);
	va = vfio_bar_mmap(&vfio.dev[0], BAR, 0, 16 * SZ_2M, SZ_2M, 0);
	snap_take(&self->before);
	vmstat_take(&before);
	vfio_map(&vfio, IOVA, va, 16 * SZ_2M);
	vfio_unmap(&vfio, IOVA, 16 * SZ_2M);
	vmstat_take(&after);
	snap_take(&self->after);
	EXPECT_EQ(0, after.acquired - before.acquired);
	EXPECT_EQ(0, after.released - before.released);
	EXPECT_EQ(16 * SZ_2M, snap_delta(&self->before, &self->after,
					 "pin_mmio_bytes"));
	EXPECT_EQ(16 * SZ_2M, snap_delta(&self->before, &self->after,
					 "unpin_mmio_bytes"));
	snap_free(&self->before);
	snap_free(&self->after);
	vfio_close(&vfio);
}

/*
 * The device writes through the leaves that the module says are there. The
 * value comes from one gigabyte page and has to arrive in the very bytes of
 * the other that the IOVA names: first, last, and around every 2M in between
 * that a wrong leaf size would move.
 */
FIXTURE(dma)
{
	struct vfio vfio;
	struct edu edu;
	struct mem mem;
};

FIXTURE_VARIANT(dma)
{
	__u64 shift;
};

FIXTURE_VARIANT_ADD(dma, leaf_1g) {
	.shift = 0,
};

FIXTURE_VARIANT_ADD(dma, leaf_2m) {
	.shift = SZ_2M,
};

FIXTURE_VARIANT_ADD(dma, leaf_4k) {
	.shift = SZ_4K,
};

FIXTURE_SETUP(dma)
{
	char bdf[PCI_BDF_LEN];

	kmod_must_be_loaded();
	pci_find("edu", 0, bdf);
	vfio_open(&self->vfio, VFIO_TYPE1v2_IOMMU, bdf);
	edu_open(&self->edu, &self->vfio.dev[0]);
	mem_alloc(&self->mem, BACKING_HUGETLB_1G, SZ_1G);
}

FIXTURE_TEARDOWN(dma)
{
	mem_free(&self->mem);
	vfio_close(&self->vfio);
}

TEST_F_TIMEOUT(dma, reaches_every_end, 60)
{
	const __u64 targets[] = {
		0, SZ_4K - 8, SZ_4K, SZ_2M - 8, SZ_2M, SZ_1G / 2,
		SZ_1G - SZ_4K, SZ_1G - 8,
	};
	const __u64 source = SZ_1G / 4, base = IOVA + variant->shift;
	volatile __u64 *mem = self->mem.va;
	struct expect expect = {};
	__u64 i;

	expect_memory(&expect, self->vfio.pgsizes, base, self->mem.va, SZ_1G);
	vfio_map(&self->vfio, base, self->mem.va, SZ_1G);
	ASSERT_EQ(0, live_wrong(getpid(), 0, &expect.leaves));
	for (i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		__u64 value = 0x1056c09e00000000ULL + i;

		mem[source / 8] = value;
		mem[targets[i] / 8] = 0;
		ASSERT_EQ(0, edu_copy(&self->edu, base + source,
				      base + targets[i]));
		EXPECT_EQ(value, mem[targets[i] / 8]);
	}
	vfio_unmap(&self->vfio, base, SZ_1G);
}
