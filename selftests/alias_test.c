// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device behind a PCIe-to-PCI bridge: its requests carry the bridge's id, not
 * its own. The last edu of the machine has to be one.
 */
#include <stdio.h>

#include "kselftest_harness.h"

#include "lib/census.h"
#include "lib/edu.h"
#include "lib/kernel.h"
#include "lib/kmod.h"
#include "lib/main.h"
#include "lib/must.h"
#include "lib/stats.h"
#include "lib/vfio.h"

static const char *disturbs = "wants a device behind a bridge";

#define IOVA	(64 * SZ_1G)

FIXTURE(alias)
{
	struct vfio vfio;
	struct mem mem;
	char bdf[PCI_BDF_LEN];
	/* Under which the bridge forwards what is behind it: its slot 0. */
	char alias[PCI_BDF_LEN];
};

FIXTURE_SETUP(alias)
{
	unsigned int nr = 0;

	kmod_must_be_loaded();
	while (!__pci_find("edu", nr, self->bdf))
		nr++;
	must_op(nr, >, 0);
	pci_find("edu", nr - 1, self->bdf);
	must(strncmp(self->bdf, "0000:00:", 8));
	memcpy(self->alias, self->bdf, sizeof(self->bdf));
	memcpy(strrchr(self->alias, ':') + 1, "00.0", sizeof("00.0"));
	must(strcmp(self->alias, self->bdf));
	vfio_open(&self->vfio, VFIO_TYPE1v2_IOMMU, self->bdf);
}

FIXTURE_TEARDOWN(alias)
{
	vfio_close(&self->vfio);
	mem_free(&self->mem);
}

/* Both ids lead to one table, counted once; the alias is no device. */
TEST_F_TIMEOUT(alias, is_in_the_census, 60)
{
	struct json_object *census, *own, *alias;
	struct table table;

	mem_alloc(&self->mem, BACKING_THP, 4 * SZ_2M);
	table_init(&table, self->vfio.pgsizes, kernel_trial_pages());
	table_add(&table, IOVA, self->mem.va, self->mem.size, PAGEMAP_WRITE);
	vfio_map(&self->vfio, IOVA, self->mem.va, self->mem.size);
	EXPECT_EQ(0, table_wrong(self->bdf, &table));
	EXPECT_EQ(0, census_wrong(self->alias, &table));
	EXPECT_EQ(0, check_not("equal"));

	census = stats_read("census");
	own = census_line(census, self->bdf);
	alias = census_line(census, self->alias);
	EXPECT_EQ(stats_u64(own, "table"), stats_u64(alias, "table"));
	EXPECT_EQ(stats_u64(own, "did"), stats_u64(alias, "did"));
	json_object_put(census);
	EXPECT_EQ(-ENOENT, __device_open(self->alias, "runs"));
	table_free(&table);
}

/* The device's DMA is translated by the alias. */
TEST_F_TIMEOUT(alias, dma_goes_by_it, 60)
{
	volatile __u64 *va;
	struct edu edu;

	mem_alloc(&self->mem, BACKING_BASE, 2 * SZ_4K);
	vfio_map(&self->vfio, IOVA, self->mem.va, 2 * SZ_4K);
	va = self->mem.va;
	va[0] = 0xa11a5;
	edu_open(&edu, &self->vfio.dev[0]);
	EXPECT_EQ(0, edu_copy(&edu, IOVA, IOVA + SZ_4K));
	EXPECT_EQ(0xa11a5, va[SZ_4K / 8]);
	edu_close(&edu);
}
