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
#include "lib/must.h"
#include "lib/stats.h"
#include "lib/vfio.h"

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

TEST_HARNESS_MAIN
