// SPDX-License-Identifier: GPL-2.0-only
/*
 * iommufd: everything that maps through it, counted as exactly as type1.
 *
 * What iommufd promises (drivers/iommu/iommufd/pages.c): it pins up to 8192
 * pages at a time, maps one maximal physically contiguous run a call, and on
 * the way out unmaps and unpins as many runs at once as its buffer holds, which
 * is all of a region here.
 *
 * Of the lab's kernels only its own has iommufd: check/opinion.sh runs this
 * there. Older ones than that map no files, and make no dma-buf of a BAR.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "lib/census.h"
#include "lib/client.h"
#include "lib/edu.h"
#include "lib/expect.h"
#include "lib/iommufd.h"
#include "lib/kernel.h"
#include "lib/kmod.h"
#include "lib/main.h"
#include "lib/memlock.h"
#include "lib/must.h"
#include "lib/stats.h"
#include "lib/vmstat.h"

#define IOVA	(64 * SZ_1G)
#define BAR	2
/* Pages of a pin, and runs that are unmapped at once. */
#define PIN_BYTES	(8192 * SZ_4K)
#define UNMAP_RUNS	5000
#define PGSIZES		(SZ_4K | SZ_2M | SZ_1G)

#define NO_FILES	"this kernel's iommufd maps no files"

static const struct leaves nothing;

static __u64 pins_of(__u64 size)
{
	return (size + PIN_BYTES - 1) / PIN_BYTES;
}

static void want_region(struct want *want, const char *op, __u64 bytes)
{
	want_op(want, op, 1, bytes);
}

static void want_pin(struct want *want, __u64 bytes, enum backing backing)
{
	want_backed(want, "pin", backing, pins_of(bytes), bytes);
}

static void want_maps(struct want *want, const struct expect *expect)
{
	want_op(want, "map", expect->runs, expect->bytes);
	want_leaves(want, "added", &expect->leaves);
}

static void want_unmaps(struct want *want, const struct expect *expect)
{
	want_op(want, "unmap", 1, expect->bytes);
	want_leaves(want, "removed", &expect->leaves);
}

/* The last user of pages is gone. */
static void want_released(struct want *want, const struct expect *expect,
			  enum backing backing)
{
	want_unmaps(want, expect);
	want_backed(want, "teardown", backing, 1, expect->bytes);
	want_backed(want, "unpin", backing, 1, expect->bytes);
}

/* A region that pins nothing, or whose pages somebody else still uses. */
static void want_no_unpin(struct want *want, const struct expect *expect)
{
	want_unmaps(want, expect);
	want_backed(want, "teardown", BACKING_NONE, 1, 0);
}

/* What every test starts with: an IOAS and a device, not attached yet. */
struct start {
	char bdf[PCI_BDF_LEN];
	struct ioas ioas;
	struct cdev cdev;
	struct mem mem;
	struct expect expect;
	struct table table;
	struct want want;
	struct snap before, after;
	int maps_files;
};

static void start_open(struct start *s, const char *device)
{
	kmod_must_be_loaded();
	must_have(kernel_has_iommufd(), "this kernel has no iommufd");
	pci_find(device, 0, s->bdf);
	s->maps_files = kernel_maps_files();
	ioas_open(&s->ioas);
	cdev_open(&s->cdev, s->bdf, s->ioas.fd);
	table_init(&s->table, PGSIZES, 0);
	want_init(&s->want);
	snap_take(&s->before);
}

static void start_close(struct start *s)
{
	snap_free(&s->before);
	want_free(&s->want);
	table_free(&s->table);
	mem_free(&s->mem);
	cdev_close(&s->cdev);
	close(s->ioas.fd);
}

/* What is wanted when all of the memory is mapped at iova. */
static void start_expect(struct start *s, __u64 iova)
{
	expect_memory(&s->expect, PGSIZES, iova, s->mem.va, s->mem.size);
	table_add(&s->table, iova, s->mem.va, s->mem.size, PAGEMAP_WRITE);
}

#define expect_wanted(_s) do {						\
	snap_take(&(_s)->after);					\
	EXPECT_EQ(0, want_wrong(&(_s)->want, &(_s)->before,		\
				&(_s)->after));				\
	snap_free(&(_s)->after);					\
} while (0)

static int backend_is(const char *bdf, const char *backend)
{
	struct json_object *domains = stats_read("domains");
	struct json_object *domain = stats_by_device(domains, bdf);
	int same = domain && !strcmp(stats_word(domain, "backend"), backend);

	json_object_put(domains);
	return same;
}

/* Flow, page table and expectation say the same of a device's domain. */
#define expect_domain(_bdf, _nth, _table) do {				\
	EXPECT_EQ(0, live_wrong(getpid(), _nth, &(_table)->leaves));	\
	EXPECT_EQ(0, table_wrong(_bdf, _table));			\
	EXPECT_EQ(0, check_not("equal"));				\
	EXPECT_EQ(1, backend_is(_bdf, "iommufd"));			\
} while (0)

/* Memory of every kind, by its address and by its file. */
FIXTURE(kind)
{
	struct start s;
};

FIXTURE_VARIANT(kind)
{
	enum backing backing;
	__u64 size;
	__u64 shift;
	int file;
};

#define KIND(_name, _backing, _size, _shift, _file)			\
	FIXTURE_VARIANT_ADD(kind, _name) {				\
		.backing = _backing,					\
		.size = _size,						\
		.shift = _shift,					\
		.file = _file,						\
	}

KIND(base, BACKING_BASE, 8 * SZ_2M, 0, 0);
KIND(thp, BACKING_THP, 32 * SZ_2M, 0, 0);
KIND(hugetlb_2m, BACKING_HUGETLB_2M, 32 * SZ_2M, 0, 0);
KIND(hugetlb_1g, BACKING_HUGETLB_1G, 2 * SZ_1G, 0, 0);
KIND(shift_2m, BACKING_HUGETLB_1G, SZ_1G, SZ_2M, 0);
KIND(shift_4k, BACKING_HUGETLB_1G, SZ_1G, SZ_4K, 0);
KIND(odd_size, BACKING_HUGETLB_1G, SZ_1G + SZ_2M + SZ_4K, 0, 0);
KIND(file_base, BACKING_BASE, 8 * SZ_2M, 0, 1);
KIND(file_hugetlb_2m, BACKING_HUGETLB_2M, 32 * SZ_2M, 0, 1);
KIND(file_hugetlb_1g, BACKING_HUGETLB_1G, 2 * SZ_1G, 0, 1);
KIND(file_shift_4k, BACKING_HUGETLB_1G, SZ_1G, SZ_4K, 1);

FIXTURE_SETUP(kind)
{
	start_open(&self->s, "edu");
	if (variant->file && !self->s.maps_files)
		SKIP(return, NO_FILES);
	cdev_attach(&self->s.cdev, self->s.ioas.id);
}

FIXTURE_TEARDOWN(kind)
{
	start_close(&self->s);
}

TEST_F_TIMEOUT(kind, exactly, 120)
{
	struct start *s = &self->s;
	__u64 iova = IOVA + variant->shift;
	struct vmstat idle, mapped, gone;
	int fd = -1;

	if (variant->file)
		fd = mem_open_memfd(&s->mem, variant->backing, variant->size);
	else
		mem_alloc(&s->mem, variant->backing, variant->size);
	start_expect(s, iova);
	ASSERT_GT(UNMAP_RUNS, s->expect.runs);

	vmstat_take(&idle);
	if (variant->file)
		must_work(__ioas_map_file(&s->ioas, &iova, fd, 0,
					  variant->size, IOAS_FIXED));
	else
		ioas_map(&s->ioas, iova, s->mem.va, variant->size);
	vmstat_take(&mapped);
	want_region(&s->want, "region_map", variant->size);
	want_pin(&s->want, variant->size, variant->backing);
	want_maps(&s->want, &s->expect);
	expect_wanted(s);
	expect_domain(s->bdf, 0, &s->table);

	ioas_unmap(&s->ioas, iova, variant->size);
	vmstat_take(&gone);
	want_region(&s->want, "region_unmap", variant->size);
	want_released(&s->want, &s->expect, variant->backing);
	expect_wanted(s);
	EXPECT_EQ(0, live_wrong(getpid(), 0, &nothing));
	EXPECT_EQ(0, check_not("equal"));

	/* One pin in the kernel's own books is one page in ours. */
	EXPECT_EQ(variant->size / SZ_4K, mapped.acquired - idle.acquired);
	EXPECT_EQ(variant->size / SZ_4K, gone.released - mapped.released);
	EXPECT_EQ(0, hist_wrong());
	if (fd >= 0)
		close(fd);
}

/* A file that nobody has touched: the first pin of a page allocates it. */
FIXTURE(untouched)
{
	struct start s;
};

FIXTURE_VARIANT(untouched)
{
	enum backing backing;
	__u64 size;
	__u64 touched;	/* bytes of the pins that had something to allocate */
};

FIXTURE_VARIANT_ADD(untouched, base) {
	.backing = BACKING_BASE,
	.size = 8 * SZ_2M,
	.touched = 8 * SZ_2M,
};

FIXTURE_VARIANT_ADD(untouched, hugetlb_2m) {
	.backing = BACKING_HUGETLB_2M,
	.size = 32 * SZ_2M,
	.touched = 32 * SZ_2M,
};

/* The first pin of 32 brings all of it in. */
FIXTURE_VARIANT_ADD(untouched, hugetlb_1g) {
	.backing = BACKING_HUGETLB_1G,
	.size = SZ_1G,
	.touched = PIN_BYTES,
};

FIXTURE_SETUP(untouched)
{
	start_open(&self->s, "edu");
	if (!self->s.maps_files)
		SKIP(return, NO_FILES);
	cdev_attach(&self->s.cdev, self->s.ioas.id);
}

FIXTURE_TEARDOWN(untouched)
{
	start_close(&self->s);
}

TEST_F_TIMEOUT(untouched, is_first_touch, 60)
{
	struct start *s = &self->s;
	__u64 iova = IOVA, again = 2 * IOVA;
	struct snap twice;
	int fd;

	fd = mem_open_untouched(&s->mem, variant->backing, variant->size);
	must_work(__ioas_map_file(&s->ioas, &iova, fd, 0, variant->size,
				  IOAS_FIXED));
	snap_take(&s->after);
	EXPECT_EQ(variant->size, snap_delta(&s->before, &s->after,
					    "pin_bytes"));
	EXPECT_EQ(variant->touched, snap_delta(&s->before, &s->after,
					       "pin_faulting_bytes"));
	EXPECT_EQ(variant->size / backing_page_size(variant->backing),
		  snap_delta(&s->before, &s->after, "pin_faults"));

	/* Pinned once more, and there by now. */
	must_work(__ioas_map_file(&s->ioas, &again, fd, 0, variant->size,
				  IOAS_FIXED));
	snap_take(&twice);
	EXPECT_EQ(variant->size, snap_delta(&s->after, &twice, "pin_bytes"));
	EXPECT_EQ(0, snap_delta(&s->after, &twice, "pin_faulting_bytes"));
	EXPECT_EQ(0, snap_delta(&s->after, &twice, "pin_faults"));
	snap_free(&twice);
	snap_free(&s->after);
	close(fd);
}

FIXTURE(iommufd)
{
	struct start s;
};

FIXTURE_SETUP(iommufd)
{
	start_open(&self->s, "edu");
}

FIXTURE_TEARDOWN(iommufd)
{
	start_close(&self->s);
}

/* Where it goes is iommufd's choice; the device reaches it there. */
TEST_F_TIMEOUT(iommufd, automatic_iova, 60)
{
	struct start *s = &self->s;
	volatile __u64 *words;
	struct edu edu;
	__u64 iova = 0;

	mem_alloc(&s->mem, BACKING_THP, 4 * SZ_2M);
	cdev_attach(&s->cdev, s->ioas.id);
	must_work(__ioas_map(&s->ioas, &iova, s->mem.va, s->mem.size, IOAS_RW));
	start_expect(s, iova);
	want_region(&s->want, "region_map", s->mem.size);
	want_pin(&s->want, s->mem.size, BACKING_THP);
	want_maps(&s->want, &s->expect);
	expect_wanted(s);
	expect_domain(s->bdf, 0, &s->table);

	words = s->mem.va;
	words[0] = 0x1056c09e00000001ULL;
	edu_open(&edu, &s->cdev.dev);
	EXPECT_EQ(0, edu_copy(&edu, iova, iova + s->mem.size - 8));
	EXPECT_EQ(words[0], words[s->mem.size / 8 - 1]);
	ioas_unmap(&s->ioas, iova, s->mem.size);
}

/* 4K leaves, a map each, whatever the memory is made of. */
TEST_F_TIMEOUT(iommufd, huge_pages_off, 120)
{
	struct start *s = &self->s;
	struct expect small = {};

	mem_alloc(&s->mem, BACKING_HUGETLB_2M, 16 * SZ_2M);
	cdev_attach(&s->cdev, s->ioas.id);
	must_work(__ioas_huge_pages(&s->ioas, 0));
	ioas_map(&s->ioas, IOVA, s->mem.va, s->mem.size);
	small.bytes = s->mem.size;
	small.runs = s->mem.size / SZ_4K;
	small.leaves.nr_4k = small.runs;
	want_region(&s->want, "region_map", s->mem.size);
	want_pin(&s->want, s->mem.size, BACKING_HUGETLB_2M);
	want_maps(&s->want, &small);
	expect_wanted(s);
	EXPECT_EQ(0, live_wrong(getpid(), 0, &small.leaves));
	EXPECT_EQ(0, check_not("equal"));
	ioas_unmap(&s->ioas, IOVA, s->mem.size);
	want_region(&s->want, "region_unmap", s->mem.size);
	want_released(&s->want, &small, BACKING_HUGETLB_2M);
	expect_wanted(s);
	EXPECT_EQ(-EINVAL, __ioas_huge_pages(&s->ioas, 2));
}

/* A region that no device can reach maps and pins nothing, until one comes. */
TEST_F_TIMEOUT(iommufd, attached_later, 60)
{
	struct start *s = &self->s;

	mem_alloc(&s->mem, BACKING_HUGETLB_2M, 16 * SZ_2M);
	start_expect(s, IOVA);
	ioas_map(&s->ioas, IOVA, s->mem.va, s->mem.size);
	want_region(&s->want, "region_map", 0);
	expect_wanted(s);

	cdev_attach(&s->cdev, s->ioas.id);
	want_pin(&s->want, s->mem.size, BACKING_HUGETLB_2M);
	want_maps(&s->want, &s->expect);
	expect_wanted(s);
	expect_domain(s->bdf, 0, &s->table);

	cdev_detach(&s->cdev);
	want_released(&s->want, &s->expect, BACKING_HUGETLB_2M);
	expect_wanted(s);

	/* And again: a new domain, filled once more. */
	cdev_attach(&s->cdev, s->ioas.id);
	want_pin(&s->want, s->mem.size, BACKING_HUGETLB_2M);
	want_maps(&s->want, &s->expect);
	expect_wanted(s);
	expect_domain(s->bdf, 0, &s->table);
}

/* A page table that is made, and filled, before a device is attached. */
TEST_F_TIMEOUT(iommufd, table_first, 60)
{
	struct start *s = &self->s;
	__u32 table;

	mem_alloc(&s->mem, BACKING_THP, 4 * SZ_2M);
	start_expect(s, IOVA);
	ioas_map(&s->ioas, IOVA, s->mem.va, s->mem.size);
	table = hwpt_alloc(&s->ioas, &s->cdev);
	want_region(&s->want, "region_map", 0);
	want_pin(&s->want, s->mem.size, BACKING_THP);
	want_maps(&s->want, &s->expect);
	expect_wanted(s);
	EXPECT_EQ(0, live_wrong(getpid(), 0, &s->table.leaves));

	cdev_attach(&s->cdev, table);
	expect_wanted(s);
	expect_domain(s->bdf, 0, &s->table);

	cdev_detach(&s->cdev);
	expect_wanted(s);
	iommufd_destroy(s->ioas.fd, table);
	want_released(&s->want, &s->expect, BACKING_THP);
	expect_wanted(s);
}

/* What a region says of its domain and its memory. */
static int region_says(__u64 iova, __u64 *domain, int *has_address)
{
	struct json_object *file, *region = stats_region_at(&file, iova);

	if (region) {
		*domain = stats_u64(region, "domain");
		*has_address = json_object_object_get_ex(region, "vaddr", NULL);
	}
	json_object_put(file);
	return !!region;
}

/* In a list of what is mapped, before there is a device and after. */
TEST_F_TIMEOUT(iommufd, live_regions, 60)
{
	struct start *s = &self->s;
	__u64 domain = 0, file_iova = 2 * IOVA;
	int has_address, fd;
	struct mem file;

	mem_alloc(&s->mem, BACKING_THP, 4 * SZ_2M);
	fd = mem_open_memfd(&file, BACKING_BASE, SZ_2M);
	ioas_map(&s->ioas, IOVA, s->mem.va, s->mem.size);
	ASSERT_EQ(1, region_says(IOVA, &domain, &has_address));
	EXPECT_EQ(0, domain);
	EXPECT_EQ(1, has_address);

	cdev_attach(&s->cdev, s->ioas.id);
	must_work(__ioas_map_file(&s->ioas, &file_iova, fd, 0, SZ_2M,
				  IOAS_FIXED));
	EXPECT_EQ(1, region_says(IOVA, &domain, &has_address));
	EXPECT_LT(0, domain);
	ASSERT_EQ(1, region_says(file_iova, &domain, &has_address));
	EXPECT_EQ(0, has_address);

	must_work(__ioas_unmap(&s->ioas, 0, UINT64_MAX, &file_iova));
	EXPECT_EQ(0, region_says(IOVA, &domain, &has_address));
	EXPECT_EQ(0, region_says(2 * IOVA, &domain, &has_address));
	close(fd);
	mem_free(&file);
}

/* The same memory in two address spaces: pinned by the first user only. */
TEST_F_TIMEOUT(iommufd, copies, 60)
{
	struct start *s = &self->s;
	char bdf[PCI_BDF_LEN];
	struct cdev other_dev;
	struct table copied;
	struct ioas other;
	__u64 iova = 2 * IOVA;

	mem_alloc(&s->mem, BACKING_HUGETLB_2M, 16 * SZ_2M);
	start_expect(s, IOVA);
	pci_find("edu", 1, bdf);
	ioas_add(&other, s->ioas.fd);
	cdev_open(&other_dev, bdf, s->ioas.fd);
	cdev_attach(&s->cdev, s->ioas.id);
	cdev_attach(&other_dev, other.id);
	ioas_map(&s->ioas, IOVA, s->mem.va, s->mem.size);
	want_region(&s->want, "region_map", s->mem.size);
	want_pin(&s->want, s->mem.size, BACKING_HUGETLB_2M);
	want_maps(&s->want, &s->expect);
	expect_wanted(s);

	must_work(__ioas_copy(&other, &iova, &s->ioas, IOVA, s->mem.size,
			      IOAS_FIXED));
	table_init(&copied, PGSIZES, 0);
	table_add(&copied, iova, s->mem.va, s->mem.size, PAGEMAP_WRITE);
	want_region(&s->want, "region_map", s->mem.size);
	want_maps(&s->want, &s->expect);
	expect_wanted(s);
	EXPECT_EQ(0, table_wrong(bdf, &copied));
	EXPECT_EQ(0, table_wrong(s->bdf, &s->table));
	EXPECT_EQ(0, check_not("equal"));
	table_free(&copied);

	/* The first one goes; the pins stay for the second. */
	ioas_unmap(&s->ioas, IOVA, s->mem.size);
	want_region(&s->want, "region_unmap", s->mem.size);
	want_no_unpin(&s->want, &s->expect);
	expect_wanted(s);
	ioas_unmap(&other, iova, s->mem.size);
	want_region(&s->want, "region_unmap", s->mem.size);
	want_released(&s->want, &s->expect, BACKING_HUGETLB_2M);
	expect_wanted(s);
	cdev_close(&other_dev);
}

/* The same memory mapped twice, and not copied, is pinned twice. */
TEST_F_TIMEOUT(iommufd, twice, 60)
{
	struct start *s = &self->s;
	struct ioas other;

	mem_alloc(&s->mem, BACKING_THP, 4 * SZ_2M);
	cdev_attach(&s->cdev, s->ioas.id);
	ioas_map(&s->ioas, IOVA, s->mem.va, s->mem.size);
	ioas_map(&s->ioas, 2 * IOVA, s->mem.va, s->mem.size);
	snap_take(&s->after);
	EXPECT_EQ(2 * s->mem.size, snap_delta(&s->before, &s->after,
					      "pin_bytes"));
	snap_free(&s->after);
	EXPECT_EQ(0, check_not("equal"));
	/* One that nobody can reach: nothing to pin. */
	ioas_add(&other, s->ioas.fd);
	ioas_map(&other, IOVA, s->mem.va, s->mem.size);
	snap_take(&s->after);
	EXPECT_EQ(2 * s->mem.size, snap_delta(&s->before, &s->after,
					      "pin_bytes"));
	snap_free(&s->after);
}

/* Two devices of one address space share a table. */
TEST_F_TIMEOUT(iommufd, two_devices, 60)
{
	struct start *s = &self->s;
	char bdf[PCI_BDF_LEN];
	struct cdev other;

	mem_alloc(&s->mem, BACKING_THP, 4 * SZ_2M);
	start_expect(s, IOVA);
	pci_find("testdev", 0, bdf);
	cdev_open(&other, bdf, s->ioas.fd);
	cdev_attach(&s->cdev, s->ioas.id);
	ioas_map(&s->ioas, IOVA, s->mem.va, s->mem.size);
	cdev_attach(&other, s->ioas.id);
	want_region(&s->want, "region_map", s->mem.size);
	want_pin(&s->want, s->mem.size, BACKING_THP);
	want_maps(&s->want, &s->expect);
	expect_wanted(s);
	expect_domain(s->bdf, 0, &s->table);
	expect_domain(bdf, 0, &s->table);
	cdev_close(&other);
	expect_wanted(s);
	expect_domain(s->bdf, 0, &s->table);
}

/* One unmap of everything, over the holes in between. */
TEST_F_TIMEOUT(iommufd, unmap_all, 60)
{
	struct expect one = { .runs = 1, .bytes = SZ_4K,
			      .leaves = { .nr_4k = 1 } };
	struct start *s = &self->s;
	__u64 unmapped = 0;
	const unsigned int nr = 100;
	unsigned int i;

	mem_alloc(&s->mem, BACKING_BASE, SZ_2M);
	cdev_attach(&s->cdev, s->ioas.id);
	for (i = 0; i < nr; i++) {
		ioas_map(&s->ioas, IOVA + 2 * i * SZ_4K,
			 (char *)s->mem.va + i * SZ_4K, SZ_4K);
		want_region(&s->want, "region_map", SZ_4K);
		want_pin(&s->want, SZ_4K, BACKING_BASE);
		want_maps(&s->want, &one);
		want_released(&s->want, &one, BACKING_BASE);
	}
	ASSERT_EQ(0, __ioas_unmap(&s->ioas, 0, -1ULL, &unmapped));
	EXPECT_EQ(nr * SZ_4K, unmapped);
	want_region(&s->want, "region_unmap", nr * SZ_4K);
	expect_wanted(s);
	EXPECT_EQ(0, live_wrong(getpid(), 0, &nothing));
}

#define refuses(_err, _op, _call)					\
	expect_refused(&s->want, _err, _op, _call)

#define refuses_map(_err, _iova, _va, _size, _flags) do {		\
	__u64 __iova = _iova;						\
									\
	refuses(_err, "region_map", __ioas_map(&s->ioas, &__iova,	\
		(void *)(unsigned long)(_va), _size, _flags));		\
} while (0)

#define refuses_unmap(_err, _iova, _size)				\
	refuses(_err, "region_unmap", __ioas_unmap(&s->ioas, _iova,	\
						   _size, NULL))

TEST_F_TIMEOUT(iommufd, bad_arguments, 60)
{
	struct start *s = &self->s;
	struct ioas nowhere;
	unsigned long va;
	__u64 iova = IOVA;

	mem_alloc(&s->mem, BACKING_BASE, 16 * SZ_4K);
	va = (unsigned long)s->mem.va;
	start_expect(s, IOVA);
	cdev_attach(&s->cdev, s->ioas.id);
	ioas_map(&s->ioas, IOVA, s->mem.va, s->mem.size);
	want_region(&s->want, "region_map", s->mem.size);
	want_pin(&s->want, s->mem.size, BACKING_BASE);
	want_maps(&s->want, &s->expect);

	refuses_map(EOPNOTSUPP, 2 * IOVA, va, SZ_4K, IOAS_FIXED | 1 << 31);
	refuses_map(EINVAL, 2 * IOVA, va, SZ_4K, IOMMU_IOAS_MAP_FIXED_IOVA);
	refuses_map(EINVAL, 2 * IOVA, va, 0, IOAS_FIXED);
	refuses_map(EINVAL, 2 * IOVA, va, SZ_4K + 1, IOAS_FIXED);
	refuses_map(EINVAL, 2 * IOVA + 1, va, SZ_4K, IOAS_FIXED);
	refuses_map(EOVERFLOW, -1ULL, va, SZ_4K, IOAS_FIXED);
	refuses_map(EEXIST, IOVA, va, SZ_4K, IOAS_FIXED);
	refuses_map(EEXIST, IOVA - SZ_4K, va, 2 * SZ_4K, IOAS_FIXED);
	/* the MSI window, and beyond 48 bits */
	refuses_map(EINVAL, 0xfee00000, va, SZ_4K, IOAS_FIXED);
	refuses_map(EINVAL, 1ULL << 48, va, SZ_4K, IOAS_FIXED);
	/* no such address space, no such file, no such copy */
	nowhere = (struct ioas){ .fd = s->ioas.fd, .id = 12345 };
	refuses(ENOENT, "region_map", __ioas_map(&nowhere, &iova, s->mem.va,
						 SZ_4K, IOAS_FIXED));
	if (s->maps_files)
		refuses(EBADF, "region_map",
			__ioas_map_file(&s->ioas, &iova, -1, 0, SZ_4K,
					IOAS_FIXED));
	refuses(ENOENT, "region_map", __ioas_copy(&s->ioas, &iova, &s->ioas,
						  2 * IOVA, SZ_4K, IOAS_FIXED));
	/* Nothing there, and half of a region. */
	refuses_unmap(ENOENT, 2 * IOVA, SZ_4K);
	refuses_unmap(ENOENT, IOVA, SZ_4K);
	refuses_unmap(EINVAL, IOVA, 0);
	refuses_unmap(EOVERFLOW, IOVA, -1ULL);
	expect_wanted(s);
	expect_domain(s->bdf, 0, &s->table);
	EXPECT_EQ(0, hist_wrong());
}

/* Half of the memory does not exist: the call fails and undoes what it did. */
TEST_F_TIMEOUT(iommufd, fails_half_way, 60)
{
	struct vmstat before, after;
	struct start *s = &self->s;
	__u64 acquired, iova = IOVA;

	/* More than one pin: the first succeeds. */
	mem_alloc(&s->mem, BACKING_THP, 2 * PIN_BYTES);
	must_work(munmap((char *)s->mem.va + s->mem.size - SZ_2M, SZ_2M));
	cdev_attach(&s->cdev, s->ioas.id);
	vmstat_take(&before);
	EXPECT_EQ(-EFAULT, __ioas_map(&s->ioas, &iova, s->mem.va, s->mem.size,
				      IOAS_FIXED));
	vmstat_take(&after);
	acquired = after.acquired - before.acquired;
	EXPECT_LT(0, acquired);
	EXPECT_EQ(acquired, after.released - before.released);
	snap_take(&s->after);
	EXPECT_EQ(1, snap_errors(&s->before, &s->after, "region_map", EFAULT));
	EXPECT_EQ(1, snap_errors(&s->before, &s->after, "pin", EFAULT));
	EXPECT_EQ(acquired * SZ_4K, snap_delta(&s->before, &s->after,
					       "pin_bytes"));
	EXPECT_EQ(acquired * SZ_4K, snap_delta(&s->before, &s->after,
					       "unpin_bytes"));
	EXPECT_EQ(0, snap_delta(&s->before, &s->after, "region_map_bytes"));
	EXPECT_EQ(0, snap_delta(&s->before, &s->after, "unread_args_calls"));
	snap_free(&s->after);
	EXPECT_EQ(0, check_not("equal"));
	/* What is left is mapped as if nothing had been. */
	ioas_map(&s->ioas, IOVA, s->mem.va, PIN_BYTES);
	EXPECT_EQ(0, check_not("equal"));
}

/* A BAR by its dma-buf: one map, nothing pinned, and MMIO in the table. */
TEST_F_TIMEOUT(iommufd, dma_buf, 60)
{
	struct start *s = &self->s;
	__u64 iova = IOVA, phys, bar_size, size = 2 * SZ_1G;
	char bdf[PCI_BDF_LEN];
	struct vmstat before, after;
	struct cdev testdev;
	int fd;

	pci_find("testdev", 0, bdf);
	pci_bar(bdf, BAR, &phys, &bar_size);
	cdev_open(&testdev, bdf, s->ioas.fd);
	if (!kernel_exports_bars(&testdev))
		SKIP(return, "this kernel makes no dma-buf of a BAR");
	cdev_attach(&s->cdev, s->ioas.id);
	fd = __cdev_dma_buf(&testdev, BAR, 0, size);
	ASSERT_LE(0, fd);
	vmstat_take(&before);
	must_work(__ioas_map_file(&s->ioas, &iova, fd, 0, size, IOAS_FIXED));
	expect_mmio(&s->expect, PGSIZES, iova, phys, size);
	table_add_run(&s->table, iova, phys, size, 0,
		      PAGEMAP_WRITE | PAGEMAP_MMIO);
	want_region(&s->want, "region_map", size);
	want_maps(&s->want, &s->expect);
	expect_wanted(s);
	expect_domain(s->bdf, 0, &s->table);
	EXPECT_EQ(2, s->expect.leaves.nr_1g);

	ioas_unmap(&s->ioas, iova, size);
	vmstat_take(&after);
	want_region(&s->want, "region_unmap", size);
	want_no_unpin(&s->want, &s->expect);
	expect_wanted(s);
	EXPECT_EQ(0, after.acquired - before.acquired);
	EXPECT_EQ(0, after.released - before.released);
	close(fd);
	cdev_close(&testdev);
}

/* ---- what is refused, and what is remembered of it ---- */

/* The nth refusal of this process. */
static struct json_object *refused(struct json_object *file, unsigned int nth)
{
	struct json_object *row = stats_by_pid(file, getpid(), nth);

	must(row);
	return row;
}

#define expect_refusal(_row, _call, _step, _errno) do {			\
	EXPECT_STREQ(_call, stats_word(_row, "call"));			\
	EXPECT_STREQ(_step, stats_word(_row, "step"));			\
	EXPECT_STREQ("iommufd", stats_word(_row, "backend"));		\
	EXPECT_EQ(_errno, stats_u64(_row, "errno"));			\
} while (0)

/* By its address: that is no memory. The guest's is there all the same. */
TEST_F_TIMEOUT(iommufd, refused_bar, 60)
{
	struct start *s = &self->s;
	struct json_object *file, *row;
	__u64 iova = 2 * IOVA;
	char bdf[PCI_BDF_LEN];
	struct cdev testdev;
	void *va;

	pci_find("testdev", 0, bdf);
	cdev_open(&testdev, bdf, s->ioas.fd);
	cdev_attach(&s->cdev, s->ioas.id);
	mem_alloc(&s->mem, BACKING_THP, 4 * SZ_2M);
	ioas_map(&s->ioas, IOVA, s->mem.va, s->mem.size);
	va = vfio_bar_mmap(&testdev.dev, BAR, 0, SZ_2M, SZ_2M, 0);
	EXPECT_EQ(-EFAULT, __ioas_map(&s->ioas, &iova, va, SZ_2M, IOAS_FIXED));
	file = stats_read("refusals");
	row = refused(file, 0);
	expect_refusal(row, "ioas_map", "pin", EFAULT);
	EXPECT_STREQ("pfnmap", stats_word(row, "memory"));
	EXPECT_EQ((__u64)va, stats_u64(row, "memory_vaddr"));
	EXPECT_EQ(2 * IOVA, stats_u64(row, "iova"));
	json_object_put(file);
	cdev_close(&testdev);
}

TEST_F_TIMEOUT(iommufd, refused_iova, 60)
{
	struct start *s = &self->s;
	struct json_object *file, *row;
	__u64 iova = IOVA, msi = 0xfee00000;

	cdev_attach(&s->cdev, s->ioas.id);
	mem_alloc(&s->mem, BACKING_THP, 4 * SZ_2M);
	ioas_map(&s->ioas, IOVA, s->mem.va, s->mem.size);
	EXPECT_EQ(-EEXIST, __ioas_map(&s->ioas, &iova, s->mem.va, SZ_2M,
				      IOAS_FIXED));
	EXPECT_EQ(-EINVAL, __ioas_map(&s->ioas, &msi, s->mem.va, SZ_4K,
				      IOAS_FIXED));
	EXPECT_EQ(-ENOENT, __ioas_unmap(&s->ioas, 2 * IOVA, SZ_2M, NULL));
	file = stats_read("refusals");
	row = refused(file, 0);
	expect_refusal(row, "ioas_map", "check", EEXIST);
	EXPECT_EQ(IOVA, stats_u64(row, "overlap_iova"));
	EXPECT_EQ(s->mem.size, stats_u64(row, "overlap_bytes"));
	row = refused(file, 1);
	expect_refusal(row, "ioas_map", "check", EINVAL);
	EXPECT_EQ(msi, stats_u64(row, "iova"));
	EXPECT_STREQ(s->bdf, stats_word(row, "device"));
	row = refused(file, 2);
	expect_refusal(row, "ioas_unmap", "check", ENOENT);
	EXPECT_EQ(3U, stats_count_pid(file, getpid()));
	json_object_put(file);
}

/*
 * The user's, not the process's: with what this process does not hold. It is
 * charged when the pages are pinned, in none of the parts that are probed.
 */
TEST_F_TIMEOUT(iommufd, refused_limit, 60)
{
	struct start *s = &self->s;
	struct json_object *file, *row;
	__u64 iova = IOVA;

	cdev_attach(&s->cdev, s->ioas.id);
	mem_alloc(&s->mem, BACKING_THP, 4 * SZ_2M);
	memlock_limit(SZ_2M);
	memlock_lose_right();
	EXPECT_EQ(-ENOMEM, __ioas_map(&s->ioas, &iova, s->mem.va, s->mem.size,
				      IOAS_FIXED));
	file = stats_read("refusals");
	row = refused(file, 0);
	expect_refusal(row, "ioas_map", "check", ENOMEM);
	EXPECT_EQ(4 * SZ_2M, stats_u64(row, "done_bytes"));
	EXPECT_EQ(SZ_2M, stats_u64(row, "limit_bytes"));
	EXPECT_EQ(0, stats_u64(row, "ipc_lock"));
	json_object_put(file);
}

/* A device that is bound, and one whose group somebody opened. */
TEST_F_TIMEOUT(iommufd, refused_device, 60)
{
	struct start *s = &self->s;
	struct json_object *file, *row;
	char path[32];

	EXPECT_EQ(-ENOENT, __cdev_attach(&s->cdev, 12345));
	snprintf(path, sizeof(path), "/dev/vfio/%d", pci_group(s->bdf));
	EXPECT_EQ(-1, open(path, O_RDWR | O_CLOEXEC));
	EXPECT_EQ(EBUSY, errno);
	file = stats_read("refusals");
	row = refused(file, 0);
	EXPECT_STREQ("device_attach", stats_word(row, "call"));
	EXPECT_EQ(ENOENT, stats_u64(row, "errno"));
	EXPECT_EQ(0, strncmp("vfio", stats_word(row, "target"), 4));
	row = refused(file, 1);
	EXPECT_STREQ("group_open", stats_word(row, "call"));
	EXPECT_EQ(EBUSY, stats_u64(row, "errno"));
	json_object_put(file);
}

static int map_and_die(struct client *self, void *arg)
{
	struct start *s = arg;

	start_open(s, "edu");
	cdev_attach(&s->cdev, s->ioas.id);
	mem_alloc(&s->mem, BACKING_HUGETLB_2M, 16 * SZ_2M);
	ioas_map(&s->ioas, IOVA, s->mem.va, s->mem.size);
	client_step(self);
	return 0;
}

/* Whatever a process held is released, counted, when it is killed. */
TEST_F_TIMEOUT(iommufd, killed, 60)
{
	struct start *s = &self->s, *mine;
	struct vmstat before, after;
	struct client client;

	/* The device is the child's. */
	cdev_close(&s->cdev);
	snap_free(&s->before);
	snap_take(&s->before);
	mine = mem_shared(sizeof(*mine));
	vmstat_take(&before);
	client_start(&client, "ivs-iommufd", map_and_die, mine);
	client_wait(&client);
	EXPECT_EQ(1, backend_is(s->bdf, "iommufd"));
	EXPECT_EQ(0, check_not("equal"));
	EXPECT_EQ(128 + SIGKILL, client_kill(&client));
	vmstat_take(&after);
	snap_take(&s->after);
	EXPECT_EQ(16 * SZ_2M, snap_delta(&s->before, &s->after, "pin_bytes"));
	EXPECT_EQ(16 * SZ_2M, snap_delta(&s->before, &s->after, "unpin_bytes"));
	EXPECT_EQ(16, snap_delta(&s->before, &s->after, "removed_2m_leaves"));
	/* With its last domain; and with its IOAS, which holds no page then. */
	EXPECT_EQ(2, snap_delta(&s->before, &s->after, "teardown_calls"));
	EXPECT_EQ(1, snap_delta(&s->before, &s->after,
				"teardown_none_calls"));
	EXPECT_EQ(after.acquired - before.acquired,
		  after.released - before.released);
	EXPECT_EQ(0, inflight_count());
	snap_free(&s->after);
	cdev_open(&s->cdev, s->bdf, s->ioas.fd);
}

/* An iommufd in the place of a VFIO container, as type1 v1 and as v2. */
FIXTURE(container)
{
	struct start s;
	struct vfio vfio;
};

FIXTURE_VARIANT(container)
{
	int type;
	int whole;
};

FIXTURE_VARIANT_ADD(container, v1) {
	.type = VFIO_TYPE1_IOMMU,
};

FIXTURE_VARIANT_ADD(container, v1v2) {
	.type = VFIO_TYPE1v2_IOMMU,
	.whole = 1,
};

FIXTURE_SETUP(container)
{
	struct start *s = &self->s;

	kmod_must_be_loaded();
	must_have(kernel_has_iommufd(), "this kernel has no iommufd");
	pci_find("edu", 0, s->bdf);
	vfio_open_iommufd(&self->vfio, variant->type, s->bdf);
	table_init(&s->table, PGSIZES, 0);
	want_init(&s->want);
	snap_take(&s->before);
}

FIXTURE_TEARDOWN(container)
{
	struct start *s = &self->s;

	snap_free(&s->before);
	want_free(&s->want);
	table_free(&s->table);
	vfio_close(&self->vfio);
	mem_free(&s->mem);
}

TEST_F_TIMEOUT(container, exactly, 60)
{
	struct start *s = &self->s;
	__u64 chunk = variant->whole ? 0 : SZ_4K, unmapped = 0;

	mem_alloc(&s->mem, BACKING_HUGETLB_2M, 4 * SZ_2M);
	vfio_map(&self->vfio, IOVA, s->mem.va, s->mem.size);
	if (chunk) {
		s->expect.bytes = s->mem.size;
		s->expect.runs = s->mem.size / SZ_4K;
		s->expect.leaves.nr_4k = s->expect.runs;
	} else {
		start_expect(s, IOVA);
		EXPECT_EQ(0, table_wrong(s->bdf, &s->table));
	}
	want_region(&s->want, "region_map", s->mem.size);
	want_pin(&s->want, s->mem.size, BACKING_HUGETLB_2M);
	want_maps(&s->want, &s->expect);
	expect_wanted(s);
	EXPECT_EQ(0, live_wrong(getpid(), 0, &s->expect.leaves));
	EXPECT_EQ(0, check_not("equal"));
	EXPECT_EQ(1, backend_is(s->bdf, "iommufd"));

	/* v1 may cut a region, v2 may not. */
	if (!variant->whole) {
		EXPECT_EQ(0, __vfio_unmap(&self->vfio, IOVA + SZ_2M, SZ_2M, 0,
					  &unmapped));
		EXPECT_EQ(SZ_2M, unmapped);
		s->expect.leaves.nr_4k -= 512;
		EXPECT_EQ(0, live_wrong(getpid(), 0, &s->expect.leaves));
		EXPECT_EQ(0, check_not("equal"));
		return;
	}
	EXPECT_EQ(-ENOENT, __vfio_unmap(&self->vfio, IOVA + SZ_2M, SZ_2M, 0,
					&unmapped));
	want_region_error(&s->want, "region_unmap");
	vfio_unmap(&self->vfio, IOVA, s->mem.size);
	want_region(&s->want, "region_unmap", s->mem.size);
	want_released(&s->want, &s->expect, BACKING_HUGETLB_2M);
	expect_wanted(s);
}
