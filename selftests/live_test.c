// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is mapped now, and which memory it was made of: the file "regions" against
 * what the test has mapped itself.
 */
#include <sys/ioctl.h>
#include <time.h>

#include "kselftest_harness.h"

#include "lib/kernel.h"
#include "lib/kmod.h"
#include "lib/main.h"
#include "lib/mem.h"
#include "lib/must.h"
#include "lib/stats.h"
#include "lib/vfio.h"

#define IOVA	(64 * SZ_1G)
#define STEP	(16 * SZ_2M)
#define NR	5

FIXTURE(live)
{
	char bdf[PCI_BDF_LEN];
	struct vfio vfio;
	struct mem mem;
};

FIXTURE_SETUP(live)
{
	kmod_must_be_loaded();
	pci_find("edu", 0, self->bdf);
	vfio_open(&self->vfio, VFIO_TYPE1v2_IOMMU, self->bdf);
	mem_alloc(&self->mem, BACKING_THP, 2 * SZ_2M);
}

FIXTURE_TEARDOWN(live)
{
	vfio_close(&self->vfio);
	mem_free(&self->mem);
}

static unsigned int nr_regions(void)
{
	struct json_object *file = stats_read("regions");
	unsigned int nr = json_object_object_length(file);

	json_object_put(file);
	return nr;
}

static int is_there(__u64 iova)
{
	struct json_object *file;
	int there = !!stats_region_at(&file, iova);

	json_object_put(file);
	return there;
}

static __u64 domain_of(const char *bdf)
{
	struct json_object *file = stats_read("domains");
	__u64 id = 0;

	json_object_object_foreach(file, name, domain)
		if (strstr(stats_word(domain, "devices"), bdf))
			id = strtoull(name, NULL, 10);
	json_object_put(file);
	return id;
}

static void map_all(struct vfio *vfio, const void *va)
{
	int i;

	for (i = 0; i < NR; i++)
		vfio_map(vfio, IOVA + i * STEP, va, SZ_2M);
}

TEST_F(live, one_region)
{
	struct json_object *file, *region;
	struct timespec now;

	vfio_map(&self->vfio, IOVA, self->mem.va, self->mem.size);
	region = stats_region_at(&file, IOVA);
	ASSERT_NE(NULL, region);
	clock_gettime(CLOCK_MONOTONIC, &now);
	EXPECT_EQ(getpid(), stats_u64(region, "pid"));
	EXPECT_STREQ("live_test", stats_word(region, "comm"));
	EXPECT_EQ(self->mem.size, stats_u64(region, "bytes"));
	EXPECT_EQ((__u64)(unsigned long)self->mem.va,
		  stats_u64(region, "vaddr"));
	EXPECT_EQ(VFIO_RW, stats_u64(region, "flags"));
	EXPECT_EQ(domain_of(self->bdf), stats_u64(region, "domain"));
	EXPECT_GT(now.tv_sec * 1000000000ULL + now.tv_nsec,
		  stats_u64(region, "mapped_ns"));
	json_object_put(file);
	vfio_unmap(&self->vfio, IOVA, self->mem.size);
	EXPECT_EQ(0, nr_regions());
}

/* What is refused was never mapped, and changes nothing. */
TEST_F(live, refused)
{
	vfio_map(&self->vfio, IOVA, self->mem.va, SZ_2M);
	EXPECT_EQ(-EEXIST, __vfio_map(&self->vfio, IOVA, self->mem.va, SZ_2M,
				      VFIO_RW));
	EXPECT_EQ(1, nr_regions());
	EXPECT_EQ(-EINVAL, __vfio_unmap(&self->vfio, IOVA, SZ_4K, 0, NULL));
	EXPECT_EQ(1, nr_regions());
}

/* An unmap takes what begins in its range. */
TEST_F(live, range)
{
	int i;

	map_all(&self->vfio, self->mem.va);
	EXPECT_EQ(NR, nr_regions());
	must_work(__vfio_unmap(&self->vfio, IOVA + STEP, 3 * STEP, 0, NULL));
	for (i = 0; i < NR; i++)
		EXPECT_EQ(i < 1 || i > 3, is_there(IOVA + i * STEP));
	vfio_map(&self->vfio, IOVA + STEP, self->mem.va, SZ_2M);
	EXPECT_EQ(3, nr_regions());
}

TEST_F(live, all)
{
	if (!kernel_unmaps_all())
		return;
	map_all(&self->vfio, self->mem.va);
	must_work(__vfio_unmap(&self->vfio, 0, 0, VFIO_DMA_UNMAP_FLAG_ALL,
			       NULL));
	EXPECT_EQ(0, nr_regions());
}

/* Of two containers each has its own, at the same IOVA; one is closed. */
TEST_F(live, two_containers)
{
	struct vfio other;
	char bdf[PCI_BDF_LEN];

	pci_find("edu", 1, bdf);
	vfio_open(&other, VFIO_TYPE1v2_IOMMU, bdf);
	vfio_map(&self->vfio, IOVA, self->mem.va, SZ_2M);
	vfio_map(&other, IOVA, self->mem.va, SZ_2M);
	EXPECT_EQ(2, nr_regions());
	vfio_close(&other);
	EXPECT_EQ(1, nr_regions());
}

/* As QEMU's update in place: who has the memory now says where. */
TEST_F(live, handed_over)
{
	struct json_object *file, *region;
	int ret;

	if (!ioctl(self->vfio.fd, VFIO_CHECK_EXTENSION, VFIO_UPDATE_VADDR))
		return;
	mem_free(&self->mem);
	mem_alloc_memfd(&self->mem, BACKING_BASE, 2 * SZ_2M);
	vfio_map(&self->vfio, IOVA, self->mem.va, SZ_2M);
	must_work(__vfio_unmap(&self->vfio, IOVA, SZ_2M,
			       VFIO_DMA_UNMAP_FLAG_VADDR, NULL));
	region = stats_region_at(&file, IOVA);
	ASSERT_NE(NULL, region);
	EXPECT_FALSE(json_object_object_get_ex(region, "vaddr", NULL));
	json_object_put(file);

	ret = __vfio_map(&self->vfio, IOVA, (char *)self->mem.va + SZ_2M,
			 SZ_2M, VFIO_DMA_MAP_FLAG_VADDR);
	ASSERT_EQ(0, ret);
	region = stats_region_at(&file, IOVA);
	ASSERT_NE(NULL, region);
	EXPECT_EQ((__u64)(unsigned long)self->mem.va + SZ_2M,
		  stats_u64(region, "vaddr"));
	EXPECT_EQ(SZ_2M, stats_u64(region, "bytes"));
	json_object_put(file);
}

/* A table that is full: told, and what is in it stays right. */
TEST_F(live, full)
{
	struct snap before, after;

	vfio_close(&self->vfio);
	kmod_reload("regions=3");
	vfio_open(&self->vfio, VFIO_TYPE1v2_IOMMU, self->bdf);
	snap_take(&before);
	map_all(&self->vfio, self->mem.va);
	snap_take(&after);
	EXPECT_EQ(NR - 3, snap_delta(&before, &after, "lost_regions"));
	EXPECT_EQ(3, nr_regions());
	vfio_unmap(&self->vfio, IOVA, SZ_2M);
	vfio_map(&self->vfio, IOVA, self->mem.va, SZ_2M);
	EXPECT_TRUE(is_there(IOVA));
	snap_free(&before);
	snap_free(&after);
	vfio_close(&self->vfio);
	EXPECT_EQ(0, nr_regions());
	EXPECT_EQ(-EINVAL, (kmod_unload(), __kmod_load("regions=0")));
	EXPECT_EQ(-EINVAL, __kmod_load("regions=1048577"));
	kmod_load("");
	vfio_open(&self->vfio, VFIO_TYPE1v2_IOMMU, self->bdf);
}
