// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page table that never stands still.
 *
 * Random maps and unmaps, after which flow and census must agree to the leaf;
 * and readers without end on a table that is being mapped into and torn down at
 * full speed, who may be told that something changed too fast, but never a page
 * that was not there.
 *
 *	IOVASCOPE_CHURN_OPS       random operations (20000)
 *	IOVASCOPE_CHURN_SECONDS   of reading without end (10)
 */
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "kselftest_harness.h"

#include "lib/census.h"
#include "lib/client.h"
#include "lib/file.h"
#include "lib/kmod.h"
#include "lib/main.h"
#include "lib/must.h"
#include "lib/stats.h"
#include "lib/vfio.h"

#define IOVA	(64 * SZ_1G)
#define SPAN	(8 * SZ_1G)
#define SLOTS	200
#define POOLS	4
#define READERS	4

static unsigned long setting(const char *name, unsigned long otherwise)
{
	const char *value = getenv(name);

	return value ? strtoul(value, NULL, 10) : otherwise;
}

FIXTURE(churn)
{
	struct vfio vfio;
	struct mem pool[POOLS];
	struct slot {
		__u64 iova, size;
	} slot[SLOTS];
	__u64 bytes, maps, unmaps, refused;
};

FIXTURE_SETUP(churn)
{
	char bdf[PCI_BDF_LEN];

	kmod_must_be_loaded();
	pci_find("edu", 0, bdf);
	vfio_open(&self->vfio, VFIO_TYPE1v2_IOMMU, bdf);
}

FIXTURE_TEARDOWN(churn)
{
	vfio_close(&self->vfio);
	if (!kmod_loaded())
		kmod_load("");
}

/* Mostly small sizes, sometimes all of the memory. */
static __u64 random_size(__u64 room)
{
	const __u64 most[] = { 16 * SZ_4K, 16 * SZ_4K, 16 * SZ_4K, 2 * SZ_2M };
	__u64 limit = random() % 500 ? most[random() % 4] : room;

	if (limit > room)
		limit = room;
	return (1 + random() % (limit / SZ_4K)) * SZ_4K;
}

static int overlaps(FIXTURE_DATA(churn) *self, __u64 iova, __u64 size)
{
	int i;

	for (i = 0; i < SLOTS; i++)
		if (self->slot[i].size &&
		    iova < self->slot[i].iova + self->slot[i].size &&
		    self->slot[i].iova < iova + size)
			return 1;
	return 0;
}

/* Refused exactly when it overlaps. */
static int random_map(FIXTURE_DATA(churn) *self, struct slot *slot)
{
	struct mem *mem = &self->pool[random() % POOLS];
	__u64 size = random_size(mem->size), room = mem->size - size;
	__u64 offset = room ? random() % (room / SZ_4K + 1) * SZ_4K : 0;
	__u64 iova = IOVA + random() % (SPAN / SZ_4K) * SZ_4K;
	int ret;

	/* One in two as congruent as can be. */
	if (random() % 2)
		iova = (iova & ~(SZ_1G - 1)) + offset;
	ret = __vfio_map(&self->vfio, iova, (char *)mem->va + offset, size,
			 random() % 4 ? VFIO_RW : VFIO_DMA_MAP_FLAG_READ);
	if (overlaps(self, iova, size)) {
		self->refused++;
		return ret == -EEXIST;
	}
	if (ret)
		return 0;
	*slot = (struct slot){ iova, size };
	self->bytes += size;
	self->maps++;
	return 1;
}

static void random_unmap(FIXTURE_DATA(churn) *self, struct slot *slot)
{
	vfio_unmap(&self->vfio, slot->iova, slot->size);
	self->bytes -= slot->size;
	self->unmaps++;
	slot->size = 0;
}

static __u64 census_bytes(const char *bdf)
{
	struct json_object *census = stats_read("census");
	__u64 bytes = stats_u64(census_line(census, bdf), "bytes");

	json_object_put(census);
	return bytes;
}

TEST_F_TIMEOUT(churn, random_operations, 3600)
{
	unsigned long ops = setting("IOVASCOPE_CHURN_OPS", 20000), i;
	unsigned long checks = 0, every = ops / 40 + 1;

	mem_alloc(&self->pool[0], BACKING_HUGETLB_1G, SZ_1G);
	mem_alloc(&self->pool[1], BACKING_THP, 16 * SZ_2M);
	mem_alloc(&self->pool[2], BACKING_BASE, 8 * SZ_2M);
	mem_alloc(&self->pool[3], BACKING_HUGETLB_2M, 8 * SZ_2M);
	srandom(20261122);
	for (i = 0; i < ops; i++) {
		struct slot *slot = &self->slot[random() % SLOTS];

		if (slot->size)
			random_unmap(self, slot);
		else
			ASSERT_TRUE(random_map(self, slot));
		if (random() % every)
			continue;
		ASSERT_EQ(0, check_not("equal"));
		ASSERT_EQ(self->bytes, census_bytes(self->vfio.dev[0].bdf));
		checks++;
	}
	ASSERT_EQ(0, check_not("equal"));
	TH_LOG("%llu maps, %llu unmaps, %llu refused, %lu checks", self->maps,
	       self->unmaps, self->refused, checks);
	EXPECT_LT(0, checks);
	EXPECT_LT(0, self->refused);

	/* And away with the rest. */
	for (i = 0; i < SLOTS; i++)
		if (self->slot[i].size)
			random_unmap(self, &self->slot[i]);
	EXPECT_EQ(0, self->bytes);
	EXPECT_EQ(0, census_bytes(self->vfio.dev[0].bdf));
	EXPECT_EQ(0, check_not("equal"));
	for (i = 0; i < POOLS; i++)
		mem_free(&self->pool[i]);
}

/* ---- readers without end ---- */

#define NR_PAGES 1024

struct shared {
	volatile int stop;
	volatile __u64 rounds;
	/* What each reader has seen. */
	volatile __u64 reads[READERS], torn[READERS];
	/* Of the memory that is mapped, page by page. */
	__u64 frames[NR_PAGES];
};

FIXTURE(storm)
{
	char bdf[PCI_BDF_LEN];
	struct shared *shared;
	struct client mapper;
};

FIXTURE_SETUP(storm)
{
	kmod_must_be_loaded();
	pci_find("edu", 0, self->bdf);
	pci_bind_vfio(self->bdf);
	self->shared = mem_shared(sizeof(*self->shared));
}

FIXTURE_TEARDOWN(storm)
{
	munmap(self->shared, sizeof(*self->shared));
	if (!kmod_loaded())
		kmod_load("");
}

/* What the mapper maps: the nth of four pieces, in a place of its own. */
#define PIECES 4

static __u64 piece_iova(unsigned int nr)
{
	return IOVA + nr * 600 * SZ_1G;
}

static __u64 piece_page(unsigned int nr)
{
	return nr * NR_PAGES / 8;
}

static __u64 piece_pages(unsigned int nr)
{
	return (1 + nr % 2) * NR_PAGES / 4;
}

/* The page that an IOVA leads to, if it leads anywhere. */
static void must_be_ours(const struct shared *shared, __u64 iova, __u64 phys)
{
	unsigned int nr = (iova - IOVA) / (600 * SZ_1G);
	__u64 page;

	must_op(iova, >=, IOVA);
	must_op(nr, <, PIECES);
	page = (iova - piece_iova(nr)) / SZ_4K;
	must_op(page, <, piece_pages(nr));
	must_eq(phys / SZ_4K, shared->frames[piece_page(nr) + page]);
}

/*
 * Take the pages that were freed, and fill them with what looks like entries to
 * an address that nobody maps: a reader that still uses such a page as a table
 * reports that address.
 */
static int fill_freed_pages(FIXTURE_DATA(storm) *self)
{
	const __u64 size = 64 * SZ_4K;
	__u64 *va, i;

	while (!self->shared->stop) {
		va = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		must(va != MAP_FAILED);
		for (i = 0; i < size / 8; i++)
			va[i] = 0xbad000003ULL + (i << 13);
		munmap(va, size);
	}
	return 0;
}

/* Tables of all levels come and go: each map is in a gigabyte of its own. */
static int map_and_unmap(struct client *client, void *arg)
{
	FIXTURE_DATA(storm) *self = arg;
	struct shared *shared = self->shared;
	struct vfio vfio;
	struct mem mem;
	unsigned int i;

	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, self->bdf);
	mem_alloc(&mem, BACKING_BASE, NR_PAGES * SZ_4K);
	for (i = 0; i < NR_PAGES; i++)
		shared->frames[i] = mem_phys((char *)mem.va + i * SZ_4K) /
				    SZ_4K;
	client_step(client);
	while (!shared->stop) {
		for (i = 0; i < PIECES; i++)
			vfio_map(&vfio, piece_iova(i),
				 (char *)mem.va + piece_page(i) * SZ_4K,
				 piece_pages(i) * SZ_4K);
		for (i = 0; i < PIECES; i++)
			vfio_unmap(&vfio, piece_iova(i),
				   piece_pages(i) * SZ_4K);
		shared->rounds++;
	}
	/* Something to be counted when all is quiet. */
	vfio_map(&vfio, IOVA, mem.va, SZ_2M / 2);
	client_step(client);
	vfio_close(&vfio);
	return 0;
}

static void read_pagemap(FIXTURE_DATA(storm) *self, unsigned int nr)
{
	struct iovascope_pagemap record[64];
	int fd = device_open_file(self->bdf, "pagemap");
	__u64 next = 0;
	ssize_t got, i;

	while ((got = read(fd, record, sizeof(record))) > 0) {
		for (i = 0; i < got / (ssize_t)sizeof(record[0]); i++) {
			must_op(record[i].iova, >=, next);
			next = record[i].iova + record[i].bytes;
			if (record[i].flags & IOVASCOPE_PAGEMAP_TORN) {
				self->shared->torn[nr]++;
				continue;
			}
			must_eq(record[i].leaf_shift, 12);
			must_be_ours(self->shared, record[i].iova,
				     record[i].phys);
			must_be_ours(self->shared, next - SZ_4K,
				     record[i].phys + record[i].bytes - SZ_4K);
		}
	}
	must_eq(got, 0);
	close(fd);
}

static void read_runs(FIXTURE_DATA(storm) *self, unsigned int nr)
{
	struct json_object *runs;
	char path[64];

	snprintf(path, sizeof(path), "devices/%s/runs", self->bdf);
	runs = stats_read(path);
	json_object_object_foreach(runs, name, run) {
		if (stats_u64(run, "torn")) {
			self->shared->torn[nr]++;
			continue;
		}
		must_be_ours(self->shared, strtoull(name, NULL, 16),
			     stats_u64(run, "phys"));
		must_eq(stats_u64(run, "mmio"), 0);
	}
	json_object_put(runs);
}

static void read_census(FIXTURE_DATA(storm) *self, unsigned int nr)
{
	struct json_object *census = stats_read("census");
	struct json_object *line = census_line(census, self->bdf);

	self->shared->torn[nr] += stats_u64(line, "torn");
	must_eq(stats_u64(line, "garbage"), 0);
	must_eq(stats_u64(line, "mmio_bytes"), 0);
	must_op(stats_u64(line, "bytes"), <=, 3 * SZ_2M);
	json_object_put(census);
}

static void read_check(FIXTURE_DATA(storm) *self, unsigned int nr)
{
	struct json_object *check = stats_read("check");
	struct json_object *line = stats_by_device(check, self->bdf);
	const char *verdict = line ? stats_word(line, "verdict") : "torn";

	self->shared->torn[nr] += !strcmp(verdict, "torn");
	if (strcmp(verdict, "torn") && strcmp(verdict, "equal") &&
	    strcmp(verdict, "inexact"))
		must_fail("%s", json_object_to_json_string(line));
	json_object_put(check);
}

static int read_for_ever(FIXTURE_DATA(storm) *self, unsigned int nr)
{
	static void (*const readers[READERS])(FIXTURE_DATA(storm) *self,
					      unsigned int nr) = {
		read_pagemap, read_runs, read_census, read_check,
	};

	while (!self->shared->stop) {
		readers[nr](self, nr);
		self->shared->reads[nr]++;
	}
	return 0;
}

TEST_F_TIMEOUT(storm, endless_readers, 3600)
{
	unsigned long seconds = setting("IOVASCOPE_CHURN_SECONDS", 10);
	struct shared *shared = self->shared;
	pid_t pid[READERS + 1];
	unsigned int i;
	int status;

	client_start(&self->mapper, "ivs-storm", map_and_unmap, self);
	client_wait(&self->mapper);
	client_go(&self->mapper);
	for (i = 0; i <= READERS; i++) {
		fflush(NULL);
		pid[i] = fork();
		ASSERT_LE(0, pid[i]);
		if (!pid[i])
			_exit(i < READERS ? read_for_ever(self, i) :
					    fill_freed_pages(self));
	}
	sleep(seconds);
	shared->stop = 1;
	for (i = 0; i <= READERS; i++) {
		ASSERT_EQ(pid[i], waitpid(pid[i], &status, 0));
		EXPECT_EQ(0, status);
		EXPECT_TRUE(i == READERS || shared->reads[i]);
	}
	client_wait(&self->mapper);
	TH_LOG("%llu rounds", shared->rounds);
	for (i = 0; i < READERS; i++)
		TH_LOG("reader %u: %llu reads, %llu torn", i, shared->reads[i],
		       shared->torn[i]);
	EXPECT_LT(10, shared->rounds);
	EXPECT_EQ(0, check_not("equal"));
	EXPECT_EQ(SZ_2M / 2, census_bytes(self->bdf));
	client_go(&self->mapper);
	EXPECT_EQ(0, client_end(&self->mapper));
}

/*
 * The module goes while maps and unmaps are under way: of the calls that are one
 * in the other some are still seen to return, and some not. That must leave
 * nobody in a circle.
 */
TEST_F_TIMEOUT(storm, unloaded, 600)
{
	unsigned int i;

	client_start(&self->mapper, "ivs-storm", map_and_unmap, self);
	client_wait(&self->mapper);
	client_go(&self->mapper);
	for (i = 0; i < 15; i++)
		kmod_reload("baseline=0");
	self->shared->stop = 1;
	client_wait(&self->mapper);
	kmod_reload("");
	EXPECT_EQ(0, check_not("equal"));
	client_go(&self->mapper);
	EXPECT_EQ(0, client_end(&self->mapper));
}

/*
 * The module is loaded while maps and unmaps go on. What it begins with is
 * either right or marked as a lower bound, and what is marked as exact stays
 * equal to the table.
 */
TEST_F_TIMEOUT(storm, baseline, 600)
{
	unsigned int exact = 0, i;

	client_start(&self->mapper, "ivs-storm", map_and_unmap, self);
	client_wait(&self->mapper);
	client_go(&self->mapper);
	for (i = 0; i < 15; i++) {
		struct json_object *domains, *domain;
		unsigned int j;

		kmod_reload("");
		domains = stats_read("domains");
		domain = stats_by_device(domains, self->bdf);
		ASSERT_NE(NULL, domain);
		exact += stats_u64(domain, "exact");
		for (j = 0; j < 5; j++)
			read_check(self, 0);
		json_object_put(domains);
	}
	self->shared->stop = 1;
	client_wait(&self->mapper);
	TH_LOG("%u of 15 loads exact, %llu rounds", exact,
	       self->shared->rounds);
	read_check(self, 0);
	kmod_reload("");
	EXPECT_EQ(0, check_not("equal"));
	client_go(&self->mapper);
	EXPECT_EQ(0, client_end(&self->mapper));
}
