// SPDX-License-Identifier: GPL-2.0-only
/*
 * The census: page tables of every shape, read back and counted exactly; held
 * against the flow, against the kernel's pagemap, and against a device's DMA.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "lib/census.h"
#include "lib/client.h"
#include "lib/edu.h"
#include "lib/file.h"
#include "lib/kernel.h"
#include "lib/kmod.h"
#include "lib/main.h"
#include "lib/must.h"
#include "lib/stats.h"
#include "lib/traffic.h"
#include "lib/vfio.h"

#define IOVA	(64 * SZ_1G)
#define BAR	2
#define RW	VFIO_RW
#define RO	VFIO_DMA_MAP_FLAG_READ
#define WO	VFIO_DMA_MAP_FLAG_WRITE

FIXTURE(shape)
{
	struct vfio vfio;
	struct mem mem;
	struct table table;
};

FIXTURE_VARIANT(shape)
{
	enum backing backing;
	__u64 size;
	__u64 shift;	/* of IOVA against the memory */
	__u32 flags;
	__u64 chunk;	/* map in pieces of this size */
};

#define SHAPE(_name, _backing, _size, _shift, _flags, _chunk)		\
	FIXTURE_VARIANT_ADD(shape, _name) {				\
		.backing = _backing,					\
		.size = _size,						\
		.shift = _shift,					\
		.flags = _flags,					\
		.chunk = _chunk,					\
	}

SHAPE(base, BACKING_BASE, 16 * SZ_2M, 0, RW, 0);
SHAPE(base_one_page, BACKING_BASE, SZ_4K, 0, RW, 0);
SHAPE(thp, BACKING_THP, 16 * SZ_2M, 0, RW, 0);
SHAPE(thp_shift_4k, BACKING_THP, 16 * SZ_2M, SZ_4K, RW, 0);
SHAPE(thp_odd_end, BACKING_THP, 16 * SZ_2M - 3 * SZ_4K, 0, RW, 0);
SHAPE(hugetlb_2m, BACKING_HUGETLB_2M, 16 * SZ_2M, 0, RW, 0);
SHAPE(hugetlb_1g, BACKING_HUGETLB_1G, 2 * SZ_1G, 0, RW, 0);
SHAPE(hugetlb_1g_shift_2m, BACKING_HUGETLB_1G, 2 * SZ_1G, SZ_2M, RW, 0);
SHAPE(hugetlb_1g_shift_4k, BACKING_HUGETLB_1G, SZ_1G, SZ_4K, RW, 0);
SHAPE(hugetlb_1g_odd_end, BACKING_HUGETLB_1G, SZ_1G + SZ_2M + SZ_4K, 0, RW, 0);
SHAPE(read_only, BACKING_HUGETLB_1G, SZ_1G, 0, RO, 0);
SHAPE(write_only, BACKING_THP, 4 * SZ_2M, 0, WO, 0);
SHAPE(bar, BACKING_MMIO, 2 * SZ_1G, 0, RW, 0);
SHAPE(bar_shift_4k, BACKING_MMIO, SZ_1G, SZ_4K, RW, 0);
SHAPE(bar_read_only, BACKING_MMIO, SZ_2M + SZ_4K, 0, RO, 0);
/* Contiguity that is there and not used: one run, mapped in many calls. */
SHAPE(wasted_1g_as_2m, BACKING_HUGETLB_1G, SZ_1G, 0, RW, 2 * SZ_2M);
SHAPE(wasted_2m_as_4k, BACKING_HUGETLB_2M, SZ_2M, 0, RW, 16 * SZ_4K);
SHAPE(wasted_bar, BACKING_MMIO, SZ_1G, 0, RW, SZ_1G / 4);

static void map_chunks(struct vfio *vfio, __u64 iova, char *va, __u64 size,
		       __u64 chunk, __u32 flags)
{
	__u64 at;

	for (at = 0; at < size; at += chunk)
		must_work(__vfio_map(vfio, iova + at, va + at, chunk, flags));
}

FIXTURE_SETUP(shape)
{
	__u32 flags = variant->flags & WO ? PAGEMAP_WRITE : 0;
	__u64 iova = IOVA + variant->shift, phys, size;
	char bdf[PCI_BDF_LEN];
	void *va;

	kmod_must_be_loaded();
	pci_find("testdev", 0, bdf);
	vfio_open(&self->vfio, VFIO_TYPE1v2_IOMMU, bdf);
	table_init(&self->table, self->vfio.pgsizes, kernel_trial_pages());
	if (variant->backing == BACKING_MMIO) {
		pci_bar(bdf, BAR, &phys, &size);
		va = vfio_bar_mmap(&self->vfio.dev[0], BAR, 0, variant->size,
				   SZ_2M, 0);
		table_add_run(&self->table, iova, phys, variant->size,
			      variant->chunk, flags | PAGEMAP_MMIO);
	} else {
		mem_alloc(&self->mem, variant->backing, variant->size);
		va = self->mem.va;
		if (variant->chunk)
			table_add_run(&self->table, iova, mem_phys(va),
				      variant->size, variant->chunk, flags);
		else
			table_add(&self->table, iova, va, variant->size,
				  flags);
	}
	map_chunks(&self->vfio, iova, va, variant->size,
		   variant->chunk ?: variant->size, variant->flags);
}

FIXTURE_TEARDOWN(shape)
{
	table_free(&self->table);
	mem_free(&self->mem);
	vfio_close(&self->vfio);
}

/* Line, runs and records are what they must be; so does the flow say. */
TEST_F_TIMEOUT(shape, exactly, 120)
{
	const char *bdf = self->vfio.dev[0].bdf;
	unsigned int i;

	EXPECT_EQ(0, table_wrong(bdf, &self->table));
	EXPECT_EQ(0, check_not("equal"));
	if (variant->chunk)
		EXPECT_GT(self->table.tables.nr, self->table.best_tables.nr);

	/* And nothing when it is gone. */
	for (i = 0; i < (variant->chunk ? variant->size / variant->chunk : 1);
	     i++)
		vfio_unmap(&self->vfio, IOVA + variant->shift +
			   i * variant->chunk,
			   variant->chunk ?: variant->size);
	table_free(&self->table);
	self->table.nr = 0;
	self->table.runs = 0;
	memset(&self->table.best, 0, sizeof(self->table.best));
	EXPECT_EQ(0, runs_wrong(bdf, &self->table));
	EXPECT_EQ(0, pagemap_wrong(bdf, &self->table));
	EXPECT_EQ(0, check_not("equal"));
}

FIXTURE(census)
{
	struct vfio vfio;
	struct mem mem;
	struct table table;
	char bdf[PCI_BDF_LEN];
};

FIXTURE_SETUP(census)
{
	kmod_must_be_loaded();
	pci_find("edu", 0, self->bdf);
	vfio_open(&self->vfio, VFIO_TYPE1v2_IOMMU, self->bdf);
	table_init(&self->table, self->vfio.pgsizes, kernel_trial_pages());
}

FIXTURE_TEARDOWN(census)
{
	table_free(&self->table);
	mem_free(&self->mem);
	vfio_close(&self->vfio);
	if (!kmod_loaded())
		kmod_load("");
}

static void map_scattered(FIXTURE_DATA(census) *self, __u64 size)
{
	mem_alloc_scattered(&self->mem, size);
	table_add(&self->table, IOVA, self->mem.va, size, PAGEMAP_WRITE);
	vfio_map(&self->vfio, IOVA, self->mem.va, size);
}

/* All sizes, two kinds of access and a hole in one table. */
TEST_F_TIMEOUT(census, mixed, 60)
{
	struct mem big;

	mem_alloc(&big, BACKING_HUGETLB_1G, SZ_1G);
	mem_alloc(&self->mem, BACKING_THP, 8 * SZ_2M);
	table_add(&self->table, IOVA, self->mem.va, 3 * SZ_2M, PAGEMAP_WRITE);
	table_add(&self->table, IOVA + SZ_1G, big.va, SZ_1G, 0);
	table_add(&self->table, IOVA + 3 * SZ_1G + 3 * SZ_4K, big.va, SZ_1G,
		  PAGEMAP_WRITE);
	vfio_map(&self->vfio, IOVA, self->mem.va, 3 * SZ_2M);
	must_work(__vfio_map(&self->vfio, IOVA + SZ_1G, big.va, SZ_1G, RO));
	vfio_map(&self->vfio, IOVA + 3 * SZ_1G + 3 * SZ_4K, big.va, SZ_1G);
	EXPECT_EQ(0, table_wrong(self->bdf, &self->table));
	EXPECT_EQ(0, check_not("equal"));
	vfio_close(&self->vfio);
	mem_free(&big);
}

static __u64 census_u64(const char *bdf, const char *key)
{
	struct json_object *census = stats_read("census");
	__u64 value = stats_u64(census_line(census, bdf), key);

	json_object_put(census);
	return value;
}

/* Devices of one container share a table; another container has its own. */
TEST_F_TIMEOUT(census, who_shares_a_table, 60)
{
	char testdev[PCI_BDF_LEN], edu[PCI_BDF_LEN];
	struct vfio other;

	pci_find("testdev", 0, testdev);
	pci_find("edu", 1, edu);
	vfio_add(&self->vfio, testdev);
	vfio_open(&other, VFIO_TYPE1v2_IOMMU, edu);
	map_scattered(self, 2 * SZ_2M);
	vfio_map(&other, IOVA, self->mem.va, SZ_4K);

	EXPECT_EQ(0, table_wrong(self->bdf, &self->table));
	EXPECT_EQ(0, table_wrong(testdev, &self->table));
	EXPECT_EQ(census_u64(self->bdf, "table"), census_u64(testdev, "table"));
	EXPECT_EQ(census_u64(self->bdf, "did"), census_u64(testdev, "did"));
	EXPECT_NE(census_u64(self->bdf, "table"), census_u64(edu, "table"));
	EXPECT_EQ(SZ_4K, census_u64(edu, "bytes"));
	EXPECT_EQ(0, check_not("equal"));
	vfio_close(&other);
}

/* What QEMU emulates, in the mode that the machine was started in. */
TEST_F(census, units)
{
	struct json_object *units = stats_read("units"), *unit;
	int first = !strcmp(mode_stage(), "first");

	unit = stats_member(units, "dmar0");
	EXPECT_EQ(1, stats_u64(unit, "present"));
	EXPECT_EQ(1, stats_u64(unit, "translation"));
	EXPECT_EQ(0, strcmp(mode_scalable() ? "scalable" : "legacy",
			    stats_word(unit, "mode")));
	EXPECT_EQ(0, strcmp(mode_levels() == 3 ? "3" : "3,4",
			    stats_word(unit, "levels")));
	EXPECT_EQ(1, stats_u64(unit, "second_2m"));
	EXPECT_EQ(1, stats_u64(unit, "second_1g"));
	EXPECT_EQ(first, stats_u64(unit, "first_2m"));
	EXPECT_EQ(first, stats_u64(unit, "first_1g"));
	EXPECT_EQ(0xfed90000, stats_u64(unit, "address"));
	json_object_put(units);
}

/* The record of an IOVA, by a seek to it. */
static int record_at(int fd, __u64 iova, struct iovascope_pagemap *record)
{
	must_eq(lseek(fd, iova, SEEK_SET), iova);
	return read(fd, record, sizeof(*record)) == sizeof(*record);
}

/* First, last and random pages: where the kernel says they are. */
TEST_F_TIMEOUT(census, pagemap_names_the_page, 60)
{
	const __u64 nr = 8 * SZ_2M / SZ_4K;
	struct iovascope_pagemap record;
	unsigned int i;
	int fd;

	map_scattered(self, nr * SZ_4K);
	fd = device_open_file(self->bdf, "pagemap");
	srandom(3);
	for (i = 0; i < 300; i++) {
		__u64 page = !i ? 0 : i == 1 ? nr - 1 : random() % nr;

		ASSERT_TRUE(record_at(fd, IOVA + page * SZ_4K +
				      random() % SZ_4K, &record));
		EXPECT_EQ(IOVA + page * SZ_4K, record.iova);
		EXPECT_EQ(mem_phys((char *)self->mem.va + page * SZ_4K),
			  record.phys);
		EXPECT_EQ(12, record.leaf_shift);
		EXPECT_EQ(PAGEMAP_WRITE, record.flags);
		/* The position is behind the record. */
		EXPECT_EQ(record.iova + record.bytes,
			  lseek(fd, 0, SEEK_CUR));
	}
	/* Before everything, and behind. */
	ASSERT_TRUE(record_at(fd, 0, &record));
	EXPECT_EQ(IOVA, record.iova);
	EXPECT_FALSE(record_at(fd, IOVA + nr * SZ_4K, &record));
	EXPECT_TRUE(record_at(fd, IOVA + nr * SZ_4K - 1, &record));
	close(fd);
}

/* A device writes where the census says: its record's page, byte for byte. */
TEST_F_TIMEOUT(census, dma_lands_where_it_says, 120)
{
	const __u64 nr = 4 * SZ_2M / SZ_4K;
	struct iovascope_pagemap record;
	volatile __u64 *va;
	struct edu edu;
	unsigned int i;
	int fd;

	edu_open(&edu, &self->vfio.dev[0]);
	map_scattered(self, nr * SZ_4K);
	va = self->mem.va;
	fd = device_open_file(self->bdf, "pagemap");
	srandom(4);
	for (i = 0; i < 20; i++) {
		__u64 source = IOVA + (random() % nr) * SZ_4K, page, iova;
		__u64 value = 0xce27050000000000ULL + i;

		ASSERT_TRUE(record_at(fd, IOVA + (random() % nr) * SZ_4K,
				      &record));
		iova = record.iova + record.bytes - 8;
		va[(source - IOVA) / 8] = value;
		ASSERT_EQ(0, edu_copy(&edu, source, iova));
		/* Whose page is that? Ask the memory, not the IOVA. */
		for (page = 0; page < nr; page++)
			if (mem_phys((char *)self->mem.va + page * SZ_4K) ==
			    record.phys + record.bytes - SZ_4K)
				break;
		ASSERT_GT(nr, page);
		EXPECT_EQ(value, va[(page + 1) * SZ_4K / 8 - 1]);
	}
	close(fd);
}

/* ---- reading in odd ways ---- */

static char *read_pieces(int fd, size_t piece)
{
	size_t room = 1 << 20, used = 0;
	char *text = malloc(room);
	ssize_t nr;

	must(text);
	while ((nr = read(fd, text + used, piece)) > 0) {
		used += nr;
		must_op(used + piece, <, room);
	}
	must_eq(nr, 0);
	text[used] = '\0';
	return text;
}

TEST_F_TIMEOUT(census, runs_in_pieces_of_any_size, 120)
{
	const size_t pieces[] = { 1, 2, 13, 100, 4096, 1 << 18 };
	char *whole, *text;
	unsigned int i;
	int fd;

	map_scattered(self, SZ_2M);
	fd = device_open_file(self->bdf, "runs");
	whole = read_pieces(fd, 1 << 17);
	EXPECT_EQ(0, strncmp(whole, "format 1\n0x", 11));
	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		ASSERT_EQ(0, lseek(fd, 0, SEEK_SET));
		text = read_pieces(fd, pieces[i]);
		EXPECT_EQ(0, strcmp(whole, text));
		free(text);
	}
	close(fd);
	free(whole);
}

TEST_F(census, runs_from_any_iova)
{
	const struct iovascope_pagemap *r;
	char want[64], *text;
	unsigned int i;
	int fd;

	map_scattered(self, SZ_2M);
	fd = device_open_file(self->bdf, "runs");
	/* Backwards, too. */
	for (i = self->table.nr; i--;) {
		r = &self->table.records[i];
		ASSERT_EQ((off_t)r->iova, lseek(fd, r->iova, SEEK_SET));
		text = read_pieces(fd, 4096);
		snprintf(want, sizeof(want), "format 1\n0x%llx last=0x%llx ",
			 r->iova, r->iova + r->bytes - 1);
		EXPECT_EQ(0, strncmp(want, text, strlen(want)));
		free(text);
	}
	/* In the middle of the first line, then back to the start. */
	ASSERT_EQ(0, lseek(fd, 0, SEEK_SET));
	ASSERT_EQ(9 + 5, read(fd, want, 9 + 5));
	ASSERT_EQ(0, lseek(fd, 0, SEEK_SET));
	ASSERT_EQ(9, read(fd, want, 9));
	EXPECT_EQ(0, strncmp(want, "format 1\n", 9));
	EXPECT_EQ(-1, pread(fd, want, 9, 0));
	EXPECT_EQ(ESPIPE, errno);
	close(fd);
}

/* One read with more room than the kernel takes, of memory that is not there. */
TEST_F_TIMEOUT(census, huge_reads, 120)
{
	const size_t room = 8 * SZ_1G;
	struct iovascope_pagemap *record;
	char *text;
	int fd;

	map_scattered(self, 4 * SZ_2M);
	text = mmap(NULL, room, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ASSERT_NE(MAP_FAILED, text);
	record = (void *)text;
	fd = device_open_file(self->bdf, "pagemap");
	ASSERT_EQ(self->table.nr * sizeof(*record), read(fd, text, room));
	EXPECT_EQ(0, memcmp(record, self->table.records,
			    self->table.nr * sizeof(*record)));
	EXPECT_EQ(0, read(fd, text, room));
	close(fd);
	fd = device_open_file(self->bdf, "runs");
	ASSERT_LT(9, read(fd, text, room));
	EXPECT_EQ(0, strncmp(text, "format 1\n", 9));
	EXPECT_EQ(0, read(fd, text, room));
	close(fd);
	munmap(text, room);
}

TEST_F(census, positions_that_do_not_exist)
{
	const char *const names[] = { "runs", "pagemap" };
	unsigned int i;
	char text[64];

	map_scattered(self, SZ_4K);
	for (i = 0; i < 2; i++) {
		int fd = device_open_file(self->bdf, names[i]);

		EXPECT_EQ(-1, lseek(fd, -1, SEEK_SET));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(-1, lseek(fd, (1LL << 57) + 1, SEEK_SET));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(-1, lseek(fd, INT64_MAX, SEEK_SET));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(1LL << 57, lseek(fd, 0, SEEK_END));
		EXPECT_EQ(1LL << 48, lseek(fd, 1LL << 48, SEEK_SET));
		/* No such IOVA in four levels: the end. */
		EXPECT_EQ(i ? 0 : 9, read(fd, text, sizeof(text)));
		EXPECT_EQ(0, read(fd, text, sizeof(text)));
		EXPECT_EQ(0, lseek(fd, 0, SEEK_SET));
		EXPECT_LT(0, read(fd, text, sizeof(text)));
		EXPECT_EQ(-1, write(fd, text, 1));
		EXPECT_EQ(EBADF, errno);
		close(fd);
	}
	EXPECT_EQ(-ENOENT, __device_open("0000:00:1c.7", "runs"));
	EXPECT_EQ(-ENOENT, __device_open("nonsense", "runs"));
}

TEST_F(census, buffers_that_do_not_fit)
{
	struct iovascope_pagemap record[3];
	int fd;

	map_scattered(self, SZ_2M);
	fd = device_open_file(self->bdf, "pagemap");
	EXPECT_EQ(-1, read(fd, record, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, read(fd, record, sizeof(record[0]) - 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, lseek(fd, 0, SEEK_CUR));
	EXPECT_EQ(-1, syscall(SYS_read, fd, 8L, 96L));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, lseek(fd, 0, SEEK_CUR));
	/* Whole records only. */
	EXPECT_EQ(2 * sizeof(record[0]), read(fd, record,
					      sizeof(record) - 1));
	EXPECT_EQ(0, memcmp(record, self->table.records,
			    2 * sizeof(record[0])));
	/* By position, without moving. */
	EXPECT_EQ(sizeof(record[0]), pread(fd, record, sizeof(record[0]),
					   IOVA));
	EXPECT_EQ(IOVA, record[0].iova);
	EXPECT_EQ((off_t)self->table.records[2].iova, lseek(fd, 0, SEEK_CUR));
	close(fd);
}

static int read_everything(const char *bdf)
{
	static const char *const names[] = { "runs", "pagemap" };
	const size_t room = 1 << 16;
	char *text = malloc(room);
	unsigned int i;
	ssize_t nr;
	int fd;

	must(text);
	for (i = 0; i < 2; i++) {
		fd = device_open_file(bdf, names[i]);
		while ((nr = read(fd, text, room)) > 0)
			;
		must_eq(nr, 0);
		close(fd);
	}
	json_object_put(stats_read("census"));
	json_object_put(stats_read("check"));
	free(text);
	return 0;
}

TEST_F_TIMEOUT(census, many_readers, 120)
{
	int status, i;

	map_scattered(self, 2 * SZ_2M);
	fflush(NULL);
	for (i = 0; i < 16; i++)
		if (!fork())
			_exit(read_everything(self->bdf));
	for (i = 0; i < 16; i++) {
		ASSERT_LT(0, wait(&status));
		EXPECT_EQ(0, status);
	}
}

TEST_F(census, open_files_hold_the_module)
{
	const char *const names[] = { "runs", "pagemap" };
	unsigned int i;
	char c[32];

	map_scattered(self, SZ_2M);
	for (i = 0; i < 2; i++) {
		int fd = device_open_file(self->bdf, names[i]);

		EXPECT_EQ(32, read(fd, c, 32));
		EXPECT_EQ(-EAGAIN, __kmod_unload());
		EXPECT_EQ(32, read(fd, c, 32));
		close(fd);
	}
	EXPECT_EQ(0, __kmod_unload());
}

/* The device goes while its files are open, and comes back. */
TEST_F_TIMEOUT(census, device_removed, 60)
{
	char path[128], nvme[PCI_BDF_LEN], c[32];
	int runs, pagemap;

	host_must_be_lab("removes a device, and scans the bus");
	pci_find("nvme", 0, nvme);
	runs = device_open_file(nvme, "runs");
	pagemap = device_open_file(nvme, "pagemap");
	EXPECT_EQ(9, read(runs, c, 32));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove", nvme);
	file_write(path, "1");
	EXPECT_EQ(-ENOENT, __device_open(nvme, "runs"));
	EXPECT_EQ(-1, read(runs, c, 32));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(-1, read(pagemap, c, 32));
	EXPECT_EQ(EIO, errno);
	close(runs);
	close(pagemap);
	file_write("/sys/bus/pci/rescan", "1");
	close(device_open_file(nvme, "runs"));
	json_object_put(stats_read("census"));
}

/* ---- baseline ---- */

TEST_F_TIMEOUT(census, loaded_while_mapped, 120)
{
	struct json_object *domains, *domain;
	struct snap before, after;
	struct mem big;

	kmod_unload();
	mem_alloc(&big, BACKING_HUGETLB_1G, SZ_1G);
	map_scattered(self, 4 * SZ_2M);
	table_add(&self->table, IOVA + SZ_1G, big.va, SZ_1G, 0);
	must_work(__vfio_map(&self->vfio, IOVA + SZ_1G, big.va, SZ_1G, RO));
	table_add(&self->table, IOVA + 2 * SZ_1G + SZ_2M, big.va, SZ_1G,
		  PAGEMAP_WRITE);
	vfio_map(&self->vfio, IOVA + 2 * SZ_1G + SZ_2M, big.va, SZ_1G);

	kmod_load("");
	EXPECT_EQ(0, table_wrong(self->bdf, &self->table));
	EXPECT_EQ(0, check_not("equal"));
	domains = stats_read("domains");
	domain = stats_by_device(domains, self->bdf);
	ASSERT_NE(NULL, domain);
	EXPECT_EQ(1, stats_u64(domain, "exact"));
	EXPECT_EQ(1, stats_u64(domain, "baseline"));
	EXPECT_EQ(0, strcmp("", stats_word(domain, "inexact")));
	EXPECT_EQ(self->table.leaves.nr_4k,
		  stats_u64(domain, "live_4k_leaves"));
	EXPECT_EQ(self->table.leaves.nr_2m,
		  stats_u64(domain, "live_2m_leaves"));
	EXPECT_EQ(self->table.leaves.nr_1g,
		  stats_u64(domain, "live_1g_leaves"));
	EXPECT_EQ(self->table.bytes, stats_u64(domain, "live_bytes"));
	json_object_put(domains);

	/* What was there is known when it goes. */
	snap_take(&before);
	vfio_unmap(&self->vfio, IOVA, 4 * SZ_2M);
	vfio_unmap(&self->vfio, IOVA + SZ_1G, SZ_1G);
	EXPECT_EQ(0, check_not("equal"));
	vfio_unmap(&self->vfio, IOVA + 2 * SZ_1G + SZ_2M, SZ_1G);
	snap_take(&after);
	EXPECT_EQ(0, snap_delta(&before, &after, "unknown_unmap_bytes"));
	EXPECT_EQ(self->table.leaves.nr_4k,
		  snap_delta(&before, &after, "removed_4k_leaves"));
	EXPECT_EQ(self->table.leaves.nr_2m,
		  snap_delta(&before, &after, "removed_2m_leaves"));
	EXPECT_EQ(self->table.leaves.nr_1g,
		  snap_delta(&before, &after, "removed_1g_leaves"));
	EXPECT_EQ(0, check_not("equal"));
	snap_free(&before);
	snap_free(&after);
	vfio_close(&self->vfio);
	mem_free(&big);
}

/* A lower bound is called one, and it is said where it begins. */
TEST_F(census, floor_is_named)
{
	struct json_object *check, *line;

	kmod_unload();
	map_scattered(self, SZ_2M);
	kmod_load("baseline=0");
	EXPECT_EQ(0, check_not("inexact"));
	check = stats_read("check");
	line = stats_by_device(check, self->bdf);
	ASSERT_NE(NULL, line);
	EXPECT_EQ(0, stats_u64(line, "flow_4k_leaves"));
	EXPECT_EQ(512, stats_u64(line, "census_4k_leaves"));
	EXPECT_EQ(IOVA, stats_u64(line, "iova"));
	json_object_put(check);
	kmod_reload("");
	EXPECT_EQ(0, check_not("equal"));
}

/* ---- the host's own DMA ---- */

FIXTURE(host)
{
	char nvme[PCI_BDF_LEN];
};

FIXTURE_VARIANT(host)
{
	const char *params;
};

FIXTURE_VARIANT_ADD(host, unwatched) {
	.params = "",
};

FIXTURE_VARIANT_ADD(host, watched) {
	.params = "dma_api=1",
};

FIXTURE_SETUP(host)
{
	pci_find("nvme", 0, self->nvme);
	traffic_drive(self->nvme, "nvme");
	traffic_nvme(self->nvme, 4);
	kmod_reload(variant->params);
}

FIXTURE_TEARDOWN(host)
{
	kmod_reload("");
}

static __u64 pagemap_bytes(const char *bdf)
{
	struct iovascope_pagemap record;
	int fd = device_open_file(bdf, "pagemap");
	__u64 bytes = 0;

	while (read(fd, &record, sizeof(record)) > 0)
		bytes += record.bytes;
	close(fd);
	return bytes;
}

/* A driver's queues and buffers are in the tables, and no map was counted. */
TEST_F_TIMEOUT(host, own_dma_is_seen, 60)
{
	struct json_object *check;

	traffic_nvme(self->nvme, 64);
	EXPECT_LT(0, census_u64(self->nvme, "bytes"));
	EXPECT_EQ(census_u64(self->nvme, "bytes"), pagemap_bytes(self->nvme));
	EXPECT_EQ(0, census_u64(self->nvme, "garbage"));
	check = stats_read("check");
	/* Older than the module, and busy since. */
	EXPECT_EQ(!!*variant->params, !!stats_by_device(check, self->nvme));
	json_object_put(check);
	EXPECT_EQ(0, *variant->params ? check_not("equal") : 0);
}
