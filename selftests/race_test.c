// SPDX-License-Identifier: GPL-2.0-only
/*
 * What takes two processors that really run at once: a client that is faster
 * than the module's workers, and one that changes what it has asked for.
 */
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/sysinfo.h>

#include "kselftest_harness.h"

#include "lib/file.h"
#include "lib/kmod.h"
#include "lib/main.h"
#include "lib/must.h"
#include "lib/stats.h"
#include "lib/vfio.h"

static const char *disturbs = "takes a processor for itself";

#define IOVA (64 * SZ_1G)

FIXTURE(race)
{
	struct vfio vfio;
	struct mem mem;
	struct snap before, after;
};

FIXTURE_SETUP(race)
{
	char bdf[PCI_BDF_LEN];

	kmod_must_be_loaded();
	must_have(get_nprocs() > 1, "a second processor");
	pci_find("edu", 0, bdf);
	vfio_open(&self->vfio, VFIO_TYPE1v2_IOMMU, bdf);
	mem_alloc(&self->mem, BACKING_BASE, SZ_2M);
	snap_take(&self->before);
}

FIXTURE_TEARDOWN(race)
{
	snap_free(&self->before);
	mem_free(&self->mem);
	vfio_close(&self->vfio);
}

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	must(!sched_setaffinity(0, sizeof(set), &set));
}

/* Nothing else runs on this processor until it is set back. */
static void be_realtime(int on)
{
	const struct sched_param param = { .sched_priority = on ? 50 : 0 };

	file_write("/proc/sys/kernel/sched_rt_runtime_us",
		   on ? "-1" : "950000");
	must(!sched_setscheduler(0, on ? SCHED_FIFO : SCHED_OTHER, &param));
}

/* Three times as many ranges as there are in reserve. */
TEST_F_TIMEOUT(race, refill_despite_a_realtime_task, 120)
{
	const unsigned int nr = 12000;
	struct leaves live = { .nr_4k = nr };
	unsigned int i;

	stay_on(0);
	be_realtime(1);
	for (i = 0; i < nr; i++)
		vfio_map(&self->vfio, IOVA + i * 2 * SZ_4K, self->mem.va,
			 SZ_4K);
	be_realtime(0);
	snap_take(&self->after);
	EXPECT_EQ(0, snap_delta(&self->before, &self->after, "lost_ranges"));
	EXPECT_EQ(nr, snap_delta(&self->before, &self->after, "map_calls"));
	EXPECT_EQ(0, live_wrong(getpid(), 0, &live));
	snap_free(&self->after);
}

/* A request that another thread of the client goes on writing to. */
struct unsteady {
	int done;
	struct vfio_iommu_type1_dma_map map;
	/* Ends in data of any size: the last one. */
	struct vfio_iommu_type1_dma_unmap unmap;
};

/* Now a size and now another, at any moment. */
static void *confuse(void *arg)
{
	struct unsteady *request = arg;
	__u64 *size[] = { &request->map.size, &request->unmap.size };
	unsigned int seed = 1, pause, r;

	stay_on(1);
	while (!__atomic_load_n(&request->done, __ATOMIC_RELAXED)) {
		r = rand_r(&seed);
		__atomic_store_n(size[r & 1], r & 2 ? ~0ULL : SZ_4K,
				 __ATOMIC_RELAXED);
		for (pause = r / 4 % 1000; pause; pause--)
			__atomic_signal_fence(__ATOMIC_SEQ_CST);
	}
	return NULL;
}

static int map_unsteady(FIXTURE_DATA(race) *self, struct unsteady *request)
{
	request->map.argsz = sizeof(request->map);
	request->map.flags = VFIO_RW;
	request->map.vaddr = (unsigned long)self->mem.va;
	request->map.iova = IOVA;
	__atomic_store_n(&request->map.size, SZ_4K, __ATOMIC_RELAXED);
	return !ioctl(self->vfio.fd, VFIO_IOMMU_MAP_DMA, &request->map);
}

static int unmap_unsteady(FIXTURE_DATA(race) *self, struct unsteady *request)
{
	request->unmap.argsz = sizeof(request->unmap);
	request->unmap.flags = 0;
	request->unmap.iova = IOVA;
	__atomic_store_n(&request->unmap.size, SZ_4K, __ATOMIC_RELAXED);
	return !ioctl(self->vfio.fd, VFIO_IOMMU_UNMAP_DMA, &request->unmap);
}

/* Whatever it says, a page is all that can be mapped and unmapped. */
TEST_F_TIMEOUT(race, bytes_are_what_happened, 120)
{
	__u64 maps = 0, unmaps = 0;
	struct unsteady request = {};
	pthread_t thread;
	int i, mapped = 0;

	stay_on(0);
	must(!pthread_create(&thread, NULL, confuse, &request));
	for (i = 0; i < 20000; i++) {
		if (!mapped && map_unsteady(self, &request)) {
			mapped = 1;
			maps++;
		} else if (mapped && unmap_unsteady(self, &request)) {
			mapped = 0;
			unmaps++;
		}
	}
	__atomic_store_n(&request.done, 1, __ATOMIC_RELAXED);
	must(!pthread_join(thread, NULL));
	snap_take(&self->after);
	TH_LOG("%llu maps, %llu unmaps", maps, unmaps);
	EXPECT_LT(1000, unmaps);
	EXPECT_EQ(maps * SZ_4K, snap_delta(&self->before, &self->after,
					   "region_map_bytes"));
	EXPECT_EQ(unmaps * SZ_4K, snap_delta(&self->before, &self->after,
					     "region_unmap_bytes"));
	snap_free(&self->after);
}
