// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions: many, none, overlapping, refused, and failing half-way.
 *
 * Each refusal names its errno twice: what the ioctl returned, and the line of
 * the module's errors file that must have grown by one. What a failed request
 * had already done must be undone again in every counter.
 */
#include <sched.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <linux/capability.h>

#include "kselftest_harness.h"

#include "lib/expect.h"
#include "lib/file.h"
#include "lib/kernel.h"
#include "lib/kmod.h"
#include "lib/main.h"
#include "lib/must.h"
#include "lib/stats.h"
#include "lib/vfio.h"

#define IOVA	(64 * SZ_1G)

FIXTURE(region)
{
	char bdf[PCI_BDF_LEN];
	struct vfio vfio;
	struct mem mem;
	struct snap before, after;
	struct want want;
};

FIXTURE_SETUP(region)
{
	kmod_must_be_loaded();
	pci_find("edu", 0, self->bdf);
	vfio_open(&self->vfio, VFIO_TYPE1v2_IOMMU, self->bdf);
	mem_alloc(&self->mem, BACKING_BASE, 4 * SZ_2M);
	want_init(&self->want);
	snap_take(&self->before);
}

FIXTURE_TEARDOWN(region)
{
	want_free(&self->want);
	snap_free(&self->before);
	mem_free(&self->mem);
	vfio_close(&self->vfio);
}

#define expect_wanted() do {						\
	snap_take(&self->after);					\
	EXPECT_EQ(0, want_wrong(&self->want, &self->before,		\
				&self->after));				\
	snap_free(&self->after);					\
} while (0)

/* The nth 4K of the memory again and again, each with a hole behind it. */
static void map_many(FIXTURE_DATA(region) *self, unsigned int nr)
{
	unsigned int pages = self->mem.size / SZ_4K, i;

	for (i = 0; i < nr; i++) {
		struct expect expect = {};
		__u64 iova = IOVA + i * 2 * SZ_4K;
		char *va = (char *)self->mem.va + (i % pages) * SZ_4K;

		expect_memory(&expect, self->vfio.pgsizes, iova, va, SZ_4K);
		vfio_map(&self->vfio, iova, va, SZ_4K);
		want_map(&self->want, &expect, BACKING_BASE);
	}
}

TEST_F_TIMEOUT(region, many_small, 120)
{
	const unsigned int nr = 5000;
	struct leaves live = { .nr_4k = nr }, nothing = {};
	struct expect one = { .runs = 1, .bytes = SZ_4K,
			      .leaves = { .nr_4k = 1 } };
	unsigned int i;

	map_many(self, nr);
	expect_wanted();
	EXPECT_EQ(0, live_wrong(getpid(), 0, &live));
	for (i = 0; i < nr; i++) {
		vfio_unmap(&self->vfio, IOVA + i * 2 * SZ_4K, SZ_4K);
		want_unmap(&self->want, &one, BACKING_BASE);
	}
	expect_wanted();
	EXPECT_EQ(0, live_wrong(getpid(), 0, &nothing));
}

static __u64 own_memory(void)
{
	struct json_object *info = stats_read("info");
	__u64 bytes = stats_u64(info, "self_bytes");

	json_object_put(info);
	return bytes;
}

/* What a worker does soon, below or above a limit. */
static int own_memory_gets(int below, __u64 limit)
{
	unsigned int tries = 100;

	while (tries-- && (own_memory() < limit) != below)
		usleep(50000);
	if (!(tries + 1))
		printf("# self_bytes is %llu, limit %llu\n", own_memory(), limit);
	return (own_memory() < limit) == below;
}

/* Bounded where little is mapped; a burst of ranges leaves a reserve. */
TEST_F_TIMEOUT(region, own_memory, 120)
{
	const unsigned int nr = 40000;
	__u64 before = own_memory();
	unsigned int i;

	TH_LOG("%llu bytes", before);
	EXPECT_LT(before, 4 << 20);
	for (i = 0; i < nr; i++)
		vfio_map(&self->vfio, IOVA + i * 2 * SZ_4K, self->mem.va,
			 SZ_4K);
	EXPECT_TRUE(own_memory_gets(0, before + (5 << 19)));
	EXPECT_EQ(0, __vfio_unmap(&self->vfio, IOVA, nr * 2 * SZ_4K, 0, NULL));
	EXPECT_TRUE(own_memory_gets(1, before + (3 << 19)));
}

/* One ioctl, many teardowns. */
TEST_F_TIMEOUT(region, unmap_all, 120)
{
	const unsigned int nr = 3000;
	struct expect one = { .runs = 1, .bytes = SZ_4K,
			      .leaves = { .nr_4k = 1 } };
	struct leaves nothing = {};
	__u64 unmapped = 0;
	unsigned int i;

	map_many(self, nr);
	if (kernel_unmaps_all()) {
		ASSERT_EQ(0, __vfio_unmap(&self->vfio, 0, 0,
					  VFIO_DMA_UNMAP_FLAG_ALL, &unmapped));
	} else {
		ASSERT_EQ(0, __vfio_unmap(&self->vfio, 0, 1ULL << 47, 0,
					  &unmapped));
	}
	EXPECT_EQ(nr * SZ_4K, unmapped);
	for (i = 0; i < nr; i++)
		want_unmap(&self->want, &one, BACKING_BASE);
	want_add(&self->want, -(__u64)(nr - 1), "region_unmap_calls");
	expect_wanted();
	EXPECT_EQ(0, live_wrong(getpid(), 0, &nothing));
}

static int has_key(const char *key)
{
	struct json_object *counters = stats_read("counters");
	int has = json_object_object_get_ex(counters, key, NULL);

	json_object_put(counters);
	return has;
}

/*
 * The IOTLB is flushed inside a teardown, and it is neither walk nor unmap. What
 * nobody can tell apart is not shown as nothing.
 */
TEST_F(region, flush_is_told_apart)
{
	struct json_object *domains, *domain;
	__u64 flush, parts;

	if (probe_wait("flush", "attached", 0)) {
		EXPECT_EQ(0, probe_wait("flush", "missing", 0));
		EXPECT_FALSE(has_key("flush_ns"));
		return;
	}
	vfio_map(&self->vfio, IOVA, self->mem.va, self->mem.size);
	snap_free(&self->before);
	snap_take(&self->before);
	vfio_unmap(&self->vfio, IOVA, self->mem.size);
	snap_take(&self->after);
	EXPECT_LT(0, snap_delta(&self->before, &self->after, "flush_calls"));
	EXPECT_EQ(self->mem.size, snap_delta(&self->before, &self->after,
					     "flush_bytes"));
	flush = snap_delta(&self->before, &self->after, "flush_ns");
	EXPECT_LT(0, flush);
	parts = flush + snap_delta(&self->before, &self->after, "unmap_ns") +
		snap_delta(&self->before, &self->after, "unpin_ns");
	EXPECT_LT(parts, snap_delta(&self->before, &self->after,
				    "teardown_ns"));
	domains = stats_read("domains");
	domain = stats_by_device(domains, self->vfio.dev[0].bdf);
	EXPECT_LE(flush, stats_u64(domain, "flush_ns"));
	json_object_put(domains);
	snap_free(&self->after);
}

/* One unmap over several regions and the holes between them. */
TEST_F(region, unmap_spans_regions)
{
	struct expect one = { .runs = 1, .bytes = SZ_4K,
			      .leaves = { .nr_4k = 1 } };
	__u64 unmapped = 0;
	int i;

	map_many(self, 8);
	ASSERT_EQ(0, __vfio_unmap(&self->vfio, IOVA, SZ_2M, 0, &unmapped));
	EXPECT_EQ(8 * SZ_4K, unmapped);
	for (i = 0; i < 8; i++)
		want_unmap(&self->want, &one, BACKING_BASE);
	want_add(&self->want, -7, "region_unmap_calls");
	expect_wanted();
}

/*
 * Neighbours, taken away from the middle: what the module joined into one
 * range has to come apart again, on the left, on the right and in between.
 */
TEST_F(region, neighbours_in_any_order)
{
	static const int order[] = { 5, 4, 6, 0, 15, 1, 14, 9, 11, 10, 7, 3,
				     12, 2, 8, 13 };
	struct leaves live = { .nr_4k = 16 };
	struct expect one = { .runs = 1, .bytes = SZ_4K,
			      .leaves = { .nr_4k = 1 } };
	int i;

	for (i = 0; i < 16; i++) {
		vfio_map(&self->vfio, IOVA + i * SZ_4K,
			 (char *)self->mem.va + i * SZ_4K, SZ_4K);
		want_map(&self->want, &one, BACKING_BASE);
	}
	EXPECT_EQ(0, live_wrong(getpid(), 0, &live));
	for (i = 0; i < 16; i++) {
		vfio_unmap(&self->vfio, IOVA + order[i] * SZ_4K, SZ_4K);
		want_unmap(&self->want, &one, BACKING_BASE);
		live.nr_4k--;
		EXPECT_EQ(0, live_wrong(getpid(), 0, &live));
	}
	expect_wanted();
}

#define refuses(_err, _op, _call)					\
	expect_refused(&self->want, _err, _op, _call)

#define refuses_map(_err, _iova, _va, _size, _flags)			\
	refuses(_err, "region_map", __vfio_map(&self->vfio, _iova,	\
		(void *)(unsigned long)(_va), _size, _flags))

#define refuses_unmap(_err, _iova, _size, _flags)			\
	refuses(_err, "region_unmap", __vfio_unmap(&self->vfio, _iova,	\
		_size, _flags, NULL))

TEST_F(region, bad_map_arguments)
{
	unsigned long va = (unsigned long)self->mem.va;
	const int wrap = kernel_wrap_errno();

	/* flags */
	refuses_map(EINVAL, IOVA, va, SZ_4K, 0);
	refuses_map(EINVAL, IOVA, va, SZ_4K, VFIO_RW | 1 << 31);
	refuses_map(EINVAL, IOVA, va, SZ_4K, VFIO_RW | VFIO_DMA_MAP_FLAG_VADDR);
	/* size and alignment */
	refuses_map(EINVAL, IOVA, va, 0, VFIO_RW);
	refuses_map(EINVAL, IOVA, va, SZ_4K + 1, VFIO_RW);
	refuses_map(EINVAL, IOVA, va, SZ_4K - 1, VFIO_RW);
	refuses_map(EINVAL, IOVA + 1, va, SZ_4K, VFIO_RW);
	refuses_map(EINVAL, IOVA, va + 1, SZ_4K, VFIO_RW);
	/* around the end of either address space */
	refuses_map(wrap, -SZ_4K, va, 2 * SZ_4K, VFIO_RW);
	refuses_map(wrap, IOVA, -SZ_4K, 2 * SZ_4K, VFIO_RW);
	refuses_map(wrap, IOVA, va, -SZ_4K, VFIO_RW);
	/* the MSI window, also from both sides; beyond 48 bits */
	refuses_map(EINVAL, 0xfee00000, va, SZ_4K, VFIO_RW);
	refuses_map(EINVAL, 0xfee00000 - SZ_4K, va, 2 * SZ_4K, VFIO_RW);
	refuses_map(EINVAL, 0xfef00000 - SZ_4K, va, 2 * SZ_4K, VFIO_RW);
	refuses_map(EINVAL, 1ULL << 48, va, SZ_4K, VFIO_RW);
	refuses_map(EINVAL, (1ULL << 48) - SZ_4K, va, 2 * SZ_4K, VFIO_RW);
	/* updating the address of a region that is not there */
	refuses_map(kernel_vaddr_errno(), IOVA, va, SZ_4K,
		    VFIO_DMA_MAP_FLAG_VADDR);
	expect_wanted();
	EXPECT_EQ(0, hist_wrong());
}

static int map_argsz(struct vfio *v, __u32 argsz)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = argsz,
		.flags = VFIO_RW,
	};

	return ioctl(v->fd, VFIO_IOMMU_MAP_DMA, &map) ? -errno : 0;
}

static int unmap_argsz(struct vfio *v, __u32 argsz)
{
	struct vfio_iommu_type1_dma_unmap unmap = { .argsz = argsz };

	return ioctl(v->fd, VFIO_IOMMU_UNMAP_DMA, &unmap) ? -errno : 0;
}

static int ioctl_null(struct vfio *v, unsigned long cmd)
{
	return ioctl(v->fd, cmd, NULL) ? -errno : 0;
}

/* Sizes cut short, and arguments that cannot be read at all. */
TEST_F(region, bad_structures)
{
	struct vfio *v = &self->vfio;

	refuses(EINVAL, "region_map",
		map_argsz(v, sizeof(struct vfio_iommu_type1_dma_map) - 1));
	refuses(EINVAL, "region_map", map_argsz(v, 0));
	refuses(EINVAL, "region_unmap",
		unmap_argsz(v, sizeof(struct vfio_iommu_type1_dma_unmap) - 1));
	refuses(EINVAL, "region_unmap", unmap_argsz(v, 0));
	refuses(EFAULT, "region_map", ioctl_null(v, VFIO_IOMMU_MAP_DMA));
	refuses(EFAULT, "region_unmap", ioctl_null(v, VFIO_IOMMU_UNMAP_DMA));
	/* Neither a map nor an unmap: not counted. */
	EXPECT_EQ(-EFAULT, ioctl_null(v, VFIO_IOMMU_GET_INFO));
	EXPECT_EQ(-ENOTTY, ioctl_null(v, VFIO_IOMMU_GET_INFO + 100));

	snap_take(&self->after);
	/* Calls whose arguments could not be read are counted as such. */
	EXPECT_GE(2, snap_delta(&self->before, &self->after,
				"unread_args_calls"));
	want_add(&self->want, snap_delta(&self->before, &self->after,
					 "unread_args_calls"),
		 "unread_args_calls");
	/* Each of the two may fault twice: at once, and again byte by byte. */
	if (kernel_counts_faults_as_nested()) {
		EXPECT_GE(4, snap_delta(&self->before, &self->after,
					"probe_nested_calls"));
		want_add(&self->want, snap_delta(&self->before, &self->after,
						 "probe_nested_calls"),
			 "probe_nested_calls");
	}
	snap_free(&self->after);
	expect_wanted();
}

TEST_F(region, overlap)
{
	const __u64 size = 16 * SZ_4K;
	struct expect expect = {};
	char *va = self->mem.va;

	expect_memory(&expect, self->vfio.pgsizes, IOVA, va, size);
	vfio_map(&self->vfio, IOVA, va, size);
	want_map(&self->want, &expect, BACKING_BASE);
	refuses_map(EEXIST, IOVA, va, size, VFIO_RW);
	refuses_map(EEXIST, IOVA + SZ_4K, va, SZ_4K, VFIO_RW);
	refuses_map(EEXIST, IOVA - SZ_4K, va, 2 * SZ_4K, VFIO_RW);
	refuses_map(EEXIST, IOVA + size - SZ_4K, va, 2 * SZ_4K, VFIO_RW);
	refuses_map(EEXIST, IOVA - SZ_4K, va, size + 2 * SZ_4K, VFIO_RW);
	expect_wanted();
	EXPECT_EQ(0, live_wrong(getpid(), 0, &expect.leaves));
	vfio_unmap(&self->vfio, IOVA, size);
	want_unmap(&self->want, &expect, BACKING_BASE);
	expect_wanted();
}

TEST_F(region, bad_unmap_arguments)
{
	const __u64 size = 16 * SZ_4K;
	struct expect expect = {};
	__u64 unmapped = 1;

	expect_memory(&expect, self->vfio.pgsizes, IOVA, self->mem.va, size);
	vfio_map(&self->vfio, IOVA, self->mem.va, size);
	want_map(&self->want, &expect, BACKING_BASE);
	refuses_unmap(EINVAL, IOVA, 0, 0);
	refuses_unmap(EINVAL, IOVA, SZ_4K + 1, 0);
	refuses_unmap(EINVAL, IOVA + 1, SZ_4K, 0);
	refuses_unmap(kernel_wrap_errno(), -SZ_4K, 2 * SZ_4K, 0);
	refuses_unmap(EINVAL, IOVA, size, 1 << 31);
	refuses_unmap(EINVAL, IOVA, size, VFIO_DMA_UNMAP_FLAG_ALL);
	refuses_unmap(EINVAL, IOVA, 0, VFIO_DMA_UNMAP_FLAG_ALL);
	/* v2 does not cut a region: start, end, both */
	refuses_unmap(EINVAL, IOVA, size - SZ_4K, 0);
	refuses_unmap(EINVAL, IOVA + SZ_4K, size - SZ_4K, 0);
	refuses_unmap(EINVAL, IOVA + SZ_4K, SZ_4K, 0);
	refuses_unmap(EINVAL, IOVA - SZ_4K, 2 * SZ_4K, 0);
	/* An unmap of nothing succeeds, with 0 bytes. */
	EXPECT_EQ(0, __vfio_unmap(&self->vfio, IOVA - SZ_2M, SZ_4K, 0,
				  &unmapped));
	EXPECT_EQ(0, unmapped);
	want_add(&self->want, 1, "region_unmap_calls");
	expect_wanted();
	EXPECT_EQ(0, live_wrong(getpid(), 0, &expect.leaves));
}

/* v1 unmaps whole regions; where there is none it does nothing and succeeds. */
TEST_F(region, v1_unmap)
{
	const __u64 size = 16 * SZ_4K;
	struct expect expect = {};
	struct leaves nothing = {};
	__u64 unmapped = 1;
	struct vfio v1;

	vfio_close(&self->vfio);
	vfio_open(&v1, VFIO_TYPE1_IOMMU, self->bdf);
	snap_free(&self->before);
	snap_take(&self->before);
	expect_memory(&expect, v1.pgsizes, IOVA, self->mem.va, size);
	vfio_map(&v1, IOVA, self->mem.va, size);
	want_map(&self->want, &expect, BACKING_BASE);

	EXPECT_EQ(0, __vfio_unmap(&v1, IOVA + SZ_4K, SZ_4K, 0, &unmapped));
	EXPECT_EQ(0, unmapped);
	want_add(&self->want, 1, "region_unmap_calls");
	expect_wanted();
	EXPECT_EQ(0, live_wrong(getpid(), 0, &expect.leaves));

	/* An unmap of its first page removes all of it. */
	EXPECT_EQ(0, __vfio_unmap(&v1, IOVA, SZ_4K, 0, &unmapped));
	EXPECT_EQ(size, unmapped);
	want_unmap(&self->want, &expect, BACKING_BASE);
	expect_wanted();
	EXPECT_EQ(0, live_wrong(getpid(), 0, &nothing));
	vfio_close(&v1);
}

/* Memory the device may only read; a writer is refused. */
TEST_F(region, read_only)
{
	const __u64 size = 16 * SZ_4K;
	struct expect expect = {};

	ASSERT_EQ(0, mprotect(self->mem.va, size, PROT_READ));
	expect_memory(&expect, self->vfio.pgsizes, IOVA, self->mem.va, size);
	EXPECT_EQ(0, __vfio_map(&self->vfio, IOVA, self->mem.va, size,
				VFIO_DMA_MAP_FLAG_READ));
	want_map(&self->want, &expect, BACKING_BASE);
	vfio_unmap(&self->vfio, IOVA, size);
	want_unmap(&self->want, &expect, BACKING_BASE);
	expect_wanted();
}

/*
 * A pin that fails after nr_ok runs of expect succeeded: everything they did
 * is undone by the teardown of the region.
 */
static void want_broken(struct want *want, const struct expect *done)
{
	enum backing backing = done->bytes ? BACKING_BASE : BACKING_NONE;

	want_map(want, done, backing);
	want_unmap(want, done, backing);
	/* The request itself mapped nothing, and nobody called UNMAP_DMA. */
	want_add(want, -done->bytes, "region_map_bytes");
	want_add(want, 1, "region_map_errors");
	want_add(want, -1, "region_unmap_calls");
	want_add(want, -done->bytes, "region_unmap_bytes");
	want_add(want, 1, "pin_calls");
	want_add(want, 1, "pin_errors");
	want_add(want, 1, "pin_none_calls");
	want_add(want, 1, "pin_none_errors");
}

#define breaks(_err, _va, _size, _done) do {				\
	struct snap __before, __after;					\
	struct leaves __nothing = {};					\
									\
	snap_take(&__before);						\
	EXPECT_EQ(-(_err), __vfio_map(&self->vfio, IOVA, _va, _size,	\
				      VFIO_RW));			\
	snap_take(&__after);						\
	EXPECT_EQ(1, snap_errors(&__before, &__after, "region_map", _err)); \
	EXPECT_EQ(1, snap_errors(&__before, &__after, "pin", _err));	\
	snap_free(&__before);						\
	snap_free(&__after);						\
	want_broken(&self->want, _done);				\
	expect_wanted();						\
	EXPECT_EQ(0, live_wrong(getpid(), 0, &__nothing));		\
} while (0)

TEST_F(region, write_to_read_only_memory)
{
	struct expect none = {};

	ASSERT_EQ(0, mprotect(self->mem.va, self->mem.size, PROT_READ));
	breaks(EFAULT, self->mem.va, self->mem.size, &none);
}

TEST_F(region, no_access)
{
	struct expect none = {};

	ASSERT_EQ(0, mprotect(self->mem.va, self->mem.size, PROT_NONE));
	breaks(EFAULT, self->mem.va, self->mem.size, &none);
}

TEST_F(region, no_memory_at_all)
{
	struct expect none = {};

	breaks(EFAULT, NULL, SZ_2M, &none);
}

/* All complete runs of a range but the last one. */
static void all_but_last_run(struct expect *expect, __u64 pgsizes, char *va,
			     __u64 size)
{
	__u64 len = SZ_4K;

	while (len < size && mem_phys(va + size - len - SZ_4K) + SZ_4K ==
			     mem_phys(va + size - len))
		len += SZ_4K;
	if (size > len)
		expect_memory(expect, pgsizes, IOVA, va, size - len);
}

/* Pages that are surely not contiguous: every second one of the memory. */
static char *scattered(struct mem *mem, __u64 size)
{
	char *window = mmap(NULL, 2 * size, PROT_NONE, MAP_PRIVATE |
			    MAP_ANONYMOUS, -1, 0);
	__u64 at;

	must(window != MAP_FAILED);
	for (at = 0; at < size; at += SZ_4K)
		must(mremap((char *)mem->va + 2 * at, SZ_4K, SZ_4K,
			    MREMAP_MAYMOVE | MREMAP_FIXED, window + at) !=
		     MAP_FAILED);
	return window;
}

/*
 * Half of the region is there. The runs before the hole are pinned and mapped,
 * except the last: type1 is still looking for its end when it falls in. Where
 * it looks page by page, that is the end.
 */
TEST_F(region, half_there)
{
	const __u64 half = 64 * SZ_4K;
	struct expect done = {};
	char *va = scattered(&self->mem, half);

	if (kernel_pins_by_page())
		expect_memory(&done, self->vfio.pgsizes, IOVA, va, half);
	else
		all_but_last_run(&done, self->vfio.pgsizes, va, half);
	ASSERT_LT(2, done.runs);
	breaks(EFAULT, va, 2 * half, &done);
}

static void drop_ipc_lock(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	must_eq(syscall(SYS_capget, &header, data), 0);
	data[0].effective &= ~(1U << CAP_IPC_LOCK);
	must_eq(syscall(SYS_capset, &header, data), 0);
}

/* Runs that fit under a limit, as type1 counts: run by run. */
static void runs_within(struct expect *expect, __u64 pgsizes, char *va,
			__u64 size, __u64 limit)
{
	__u64 at = 0, len;

	for (; at < size; at += len) {
		for (len = SZ_4K; at + len < size; len += SZ_4K)
			if (mem_phys(va + at + len) !=
			    mem_phys(va + at) + len)
				break;
		if (at + len > limit)
			return;
		expect_memory(expect, pgsizes, IOVA + at, va + at, len);
	}
}

TEST_F(region, memlock_exceeded)
{
	const __u64 limit = 32 * SZ_4K, size = 64 * SZ_4K;
	struct rlimit rlimit = { limit, limit };
	struct expect done = {}, all = {};
	char *va = scattered(&self->mem, size);

	runs_within(&done, self->vfio.pgsizes, va, size, limit);
	ASSERT_LT(2, done.runs);
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &rlimit));
	drop_ipc_lock();
	breaks(ENOMEM, va, size, &done);

	/* Nothing of it is charged any longer: what fits, fits. */
	expect_memory(&all, self->vfio.pgsizes, IOVA, va, limit);
	vfio_map(&self->vfio, IOVA, va, limit);
	vfio_unmap(&self->vfio, IOVA, limit);
	want_map(&self->want, &all, BACKING_BASE);
	want_unmap(&self->want, &all, BACKING_BASE);
	expect_wanted();
}

#define ENTRY_LIMIT "/sys/module/vfio_iommu_type1/parameters/dma_entry_limit"

/* A container may hold so many regions and no more. */
TEST_F(region, entry_limit)
{
	struct expect one = { .runs = 1, .bytes = SZ_4K,
			      .leaves = { .nr_4k = 1 } };
	char *old;
	int i;

	host_must_be_lab("limits the regions of new containers");
	old = file_read(ENTRY_LIMIT);
	vfio_close(&self->vfio);
	file_write(ENTRY_LIMIT, "4");
	vfio_open(&self->vfio, VFIO_TYPE1v2_IOMMU, self->bdf);
	file_write(ENTRY_LIMIT, old);
	free(old);
	snap_free(&self->before);
	snap_take(&self->before);
	for (i = 0; i < 4; i++) {
		vfio_map(&self->vfio, IOVA + i * SZ_4K, self->mem.va, SZ_4K);
		want_map(&self->want, &one, BACKING_BASE);
	}
	refuses_map(ENOSPC, IOVA + SZ_2M, (unsigned long)self->mem.va, SZ_4K,
		    VFIO_RW);
	expect_wanted();
}
