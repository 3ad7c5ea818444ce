// SPDX-License-Identifier: GPL-2.0-only
/*
 * Machines that translate less, or not at all. The kernel's command line and
 * the machine decide; check/machines.sh boots each and says which it is:
 *
 *	IOVASCOPE_MODE=pt      the host's own DMA passes through
 *	IOVASCOPE_MODE=off     VT-d is there and is not used
 *	IOVASCOPE_MODE=novtd   there is no VT-d
 */
#include "kselftest_harness.h"

#include "lib/census.h"
#include "lib/kernel.h"
#include "lib/kmod.h"
#include "lib/main.h"
#include "lib/must.h"
#include "lib/stats.h"
#include "lib/vfio.h"

static const char *disturbs = "wants a machine booted for it";

#define IOVA	(64 * SZ_1G)

FIXTURE(mode)
{
	const char *name;
};

FIXTURE_SETUP(mode)
{
	self->name = getenv("IOVASCOPE_MODE");
	must_have(self->name, "IOVASCOPE_MODE says nothing");
	kmod_reload("");
}

FIXTURE_TEARDOWN(mode)
{
	kmod_unload();
}

static int is(const char *name, const char *other)
{
	return !strcmp(name, other);
}

static unsigned int length(const char *file)
{
	struct json_object *obj = stats_read(file);
	unsigned int nr = json_object_object_length(obj);

	json_object_put(obj);
	return nr;
}

TEST_F(mode, units)
{
	struct json_object *units = stats_read("units");

	EXPECT_EQ(!is(self->name, "novtd"), json_object_object_length(units));
	json_object_object_foreach(units, name, unit) {
		(void)name;
		EXPECT_EQ(is(self->name, "pt"), stats_u64(unit, "translation"));
	}
	json_object_put(units);
}

/* Nothing translates, so there is nothing to tell; nothing is wrong either. */
TEST_F(mode, census)
{
	struct json_object *census = stats_read("census");
	unsigned int identity = 0;
	int fd;

	json_object_object_foreach(census, bdf, line) {
		const char *type = stats_word(line, "type");

		EXPECT_TRUE(is(type, "identity"));
		identity += is(type, "identity");
		/* No table, so no numbers of one. */
		EXPECT_FALSE(json_object_object_get_ex(line, "bytes", NULL));
		EXPECT_EQ(0, summary_wrong(bdf));
		fd = device_open_file(bdf, "pagemap");
		close(fd);
	}
	EXPECT_EQ(is(self->name, "pt"), identity > 0);
	EXPECT_EQ(identity, json_object_object_length(census));
	EXPECT_EQ(0, length("check"));
	json_object_put(census);
}

/* Where the host passes through, VFIO's devices still have their tables. */
TEST_F(mode, vfio)
{
	struct table table;
	struct vfio vfio;
	struct mem mem;
	char bdf[PCI_BDF_LEN], c[64];
	int ret, fd;

	pci_find("edu", 0, bdf);
	if (!is(self->name, "pt")) {
		EXPECT_EQ(-ENOENT, __device_open(bdf, "runs"));
		EXPECT_EQ(0, length("check"));
		return;
	}
	fd = device_open_file(bdf, "runs");
	EXPECT_EQ(9, read(fd, c, sizeof(c)));
	EXPECT_EQ(0, read(fd, c, sizeof(c)));
	close(fd);
	fd = device_open_file(bdf, "pagemap");
	EXPECT_EQ(0, read(fd, c, sizeof(c)));
	close(fd);

	ret = __vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, bdf);
	ASSERT_EQ(0, ret);
	mem_alloc(&mem, BACKING_THP, 4 * SZ_2M);
	table_init(&table, vfio.pgsizes, kernel_trial_pages());
	table_add(&table, IOVA, mem.va, mem.size, PAGEMAP_WRITE);
	vfio_map(&vfio, IOVA, mem.va, mem.size);
	EXPECT_EQ(0, table_wrong(bdf, &table));
	EXPECT_EQ(0, check_not("equal"));
	table_free(&table);
	vfio_close(&vfio);
	mem_free(&mem);
}
