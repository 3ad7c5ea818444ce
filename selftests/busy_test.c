// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exact on a busy host: while its own disk and network map and unmap from
 * interrupts, which come in the middle of the module's handlers as well.
 *
 * In the busy mode of run_tests.sh only.
 */
#include "kselftest_harness.h"

#include "lib/census.h"
#include "lib/kernel.h"
#include "lib/kmod.h"
#include "lib/main.h"
#include "lib/must.h"
#include "lib/stats.h"
#include "lib/vfio.h"

static const char *disturbs = "keeps the disk and the network card busy";

#define IOVA	(64 * SZ_1G)
#define ROUNDS	6

FIXTURE(busy)
{
	struct vfio vfio;
	struct mem mem;
	struct snap before, after;
};

FIXTURE_SETUP(busy)
{
	char bdf[PCI_BDF_LEN];

	must_have(getenv("IOVASCOPE_BUSY"), "the host is not busy");
	pci_find("edu", 0, bdf);
	vfio_open(&self->vfio, VFIO_TYPE1v2_IOMMU, bdf);
	mem_alloc_scattered(&self->mem, 16 * SZ_2M);
}

FIXTURE_TEARDOWN(busy)
{
	mem_free(&self->mem);
	vfio_close(&self->vfio);
	kmod_reload("");
}

/* As many hits as there are pages, so that interrupts come inside of some. */
static void map_and_unmap(FIXTURE_DATA(busy) *self)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		vfio_map(&self->vfio, IOVA, self->mem.va, self->mem.size);
		vfio_unmap(&self->vfio, IOVA, self->mem.size);
	}
}

/* Domains of a type that say, or do not say, that a call was missed. */
static unsigned int count_missed(const char *type, int missed)
{
	struct json_object *domains = stats_read("domains");
	unsigned int nr = 0;

	json_object_object_foreach(domains, name, domain) {
		(void)name;
		nr += !strcmp(stats_word(domain, "type"), type) &&
		      !!strstr(stats_word(domain, "inexact"), "missed") ==
			      missed;
	}
	json_object_put(domains);
	return nr;
}

static unsigned int count_exact(const char *type, int exact)
{
	struct json_object *domains = stats_read("domains");
	unsigned int nr = 0;

	json_object_object_foreach(domains, name, domain) {
		(void)name;
		nr += !strcmp(stats_word(domain, "type"), type) &&
		      (int)stats_u64(domain, "exact") == exact;
	}
	json_object_put(domains);
	return nr;
}

TEST_F_TIMEOUT(busy, stays_exact, 900)
{
	kmod_reload("");
	vfio_map(&self->vfio, 2 * IOVA, self->mem.va, SZ_2M);
	snap_take(&self->before);
	map_and_unmap(self);
	snap_take(&self->after);
	EXPECT_EQ(0, snap_delta(&self->before, &self->after,
				"probe_missed_calls"));
	EXPECT_EQ(ROUNDS * self->mem.size,
		  snap_delta(&self->before, &self->after, "unmap_bytes"));
	EXPECT_TRUE(kernel_vtd_maps_itself() ||
		    snap_delta(&self->before, &self->after, "filtered_calls"));
	TH_LOG("%llu nested",
	       snap_delta(&self->before, &self->after, "probe_nested_calls"));
	EXPECT_EQ(1, count_exact("unmanaged", 1));
	EXPECT_EQ(0, count_exact("unmanaged", 0));
	EXPECT_EQ(0, check_not("equal"));
	snap_free(&self->before);
	snap_free(&self->after);
}

/*
 * The host's own domains are counted only when asked for, and then a hit that
 * was lost in an interrupt makes them inexact; VFIO's are what they were.
 */
TEST_F_TIMEOUT(busy, dma_api_counted, 900)
{
	__u64 nested;

	kmod_reload("dma_api=1");
	vfio_map(&self->vfio, 2 * IOVA, self->mem.va, SZ_2M);
	snap_take(&self->before);
	map_and_unmap(self);
	snap_take(&self->after);
	nested = snap_delta(&self->before, &self->after, "probe_nested_calls");
	TH_LOG("%llu nested", nested);
	EXPECT_EQ(1, count_exact("unmanaged", 1));
	EXPECT_EQ(0, count_exact("unmanaged", 0));
	EXPECT_LT(0, count_missed("dma", !!nested));
	EXPECT_EQ(0, count_missed("dma", !nested));
	snap_free(&self->before);
	snap_free(&self->after);
}
