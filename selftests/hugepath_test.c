// SPDX-License-Identifier: GPL-2.0-only
/*
 * hugepath does what type1 does, and what type1 does not.
 *
 * What clients rely on is a fixture with a variant for each door, stock type1
 * included: what stock type1 would fail is no fair demand. What is hugepath's
 * alone (its switch, its leaves, its way in and out of the kernel) follows.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include <linux/mman.h>
#include <linux/userfaultfd.h>

#include "kselftest_harness.h"

#include "lib/arena.h"
#include "lib/census.h"
#include "lib/client.h"
#include "lib/edu.h"
#include "lib/expect.h"
#include "lib/faults.h"
#include "lib/file.h"
#include "lib/hugepath.h"
#include "lib/kernel.h"
#include "lib/kmod.h"
#include "lib/main.h"
#include "lib/must.h"
#include "lib/stats.h"
#include "lib/vfio.h"
#include "lib/vmstat.h"

static const char *disturbs = "serves all clients of VFIO by hugepath";

#define IOVA	(64 * SZ_1G)
/* A page of its own, from which the device gets what it writes. */
#define SOURCE	(32 * SZ_1G)
#define HUGE_2M	"/sys/kernel/mm/hugepages/hugepages-2048kB/"

static __u64 free_pages(const char *pool)
{
	char *text = file_readf("%sfree_hugepages", pool);
	__u64 nr = strtoull(text, NULL, 10);

	free(text);
	return nr;
}

/* backend= of the domain that a device is in, "" when it is in none. */
static const char *backend_of(const char *bdf)
{
	static char name[32];
	struct json_object *file = stats_read("domains");
	struct json_object *domain = stats_by_device(file, bdf);

	snprintf(name, sizeof(name), "%s",
		 domain ? stats_word(domain, "backend") : "");
	json_object_put(file);
	return name;
}

/* ---- what clients rely on ---- */

FIXTURE(backend)
{
	struct vfio vfio;
	struct edu edu;
	volatile __u64 *source;
	__u64 value;
	char bdf[2][PCI_BDF_LEN];
	int faults;
	struct vmstat pins;
	struct client client;
};

FIXTURE_VARIANT(backend)
{
	enum hugepath_door door;
	const char *name;
};

FIXTURE_VARIANT_ADD(backend, stock) {
	.door = DOOR_STOCK,
	.name = "type1",
};

FIXTURE_VARIANT_ADD(backend, extension) {
	.door = DOOR_EXTENSION,
	.name = "hugepath",
};

FIXTURE_VARIANT_ADD(backend, takeover) {
	.door = DOOR_TAKEOVER,
	.name = "hugepath",
};

FIXTURE_SETUP(backend)
{
	kmod_must_be_loaded();
	if (variant->door != DOOR_STOCK)
		hugepath_reload("");
	pci_find("edu", 0, self->bdf[0]);
	pci_find("edu", 1, self->bdf[1]);
	vmstat_take(&self->pins);
	hugepath_open(&self->vfio, variant->door, VFIO_TYPE1v2_IOMMU,
		      self->bdf[0]);
	edu_open(&self->edu, &self->vfio.dev[0]);
	self->source = mmap(NULL, SZ_4K, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->source);
	vfio_map(&self->vfio, SOURCE, (void *)self->source, SZ_4K);
	self->value = 0x1056c09e00000000ULL;
	self->faults = faults_open();
}

/* Whatever a test does: afterwards nothing is pinned that was not before. */
FIXTURE_TEARDOWN(backend)
{
	struct vmstat now;

	edu_close(&self->edu);
	vfio_close(&self->vfio);
	munmap((void *)self->source, SZ_4K);
	faults_close(self->faults);
	vmstat_take(&now);
	EXPECT_EQ(now.acquired - self->pins.acquired,
		  now.released - self->pins.released);
	if (variant->door != DOOR_STOCK)
		hugepath_unload();
}

/* The device writes 8 bytes at iova; do they arrive at va, and nothing else? */
static int reaches(FIXTURE_DATA(backend) *self, __u64 iova, char *va)
{
	__u64 seen = 0;

	*self->source = ++self->value;
	memcpy(va, &seen, sizeof(seen));
	must_work(edu_copy(&self->edu, SOURCE, iova));
	memcpy(&seen, va, sizeof(seen));
	if (seen == self->value)
		return 1;
	printf("# DMA to 0x%llx: 0x%llx did not arrive, 0x%llx is there\n",
	       iova, self->value, seen);
	return 0;
}

/* And the other way: does the device find at iova what is at va? */
static int reads(FIXTURE_DATA(backend) *self, __u64 iova, const char *va)
{
	__u64 there;

	memcpy(&there, va, sizeof(there));
	*self->source = ~there;
	must_work(edu_copy(&self->edu, iova, SOURCE));
	if (*self->source == there)
		return 1;
	printf("# DMA from 0x%llx: 0x%llx, and 0x%llx is there\n", iova,
	       *self->source, there);
	return 0;
}

/* The device writes at iova, and VT-d does not let it. */
static int blocked(FIXTURE_DATA(backend) *self, __u64 iova)
{
	*self->source = ++self->value;
	faults_make_room();
	must_work(edu_copy(&self->edu, SOURCE, iova));
	return faults_wait(self->faults, self->vfio.dev[0].bdf, iova) > 0;
}

TEST_F(backend, is_seen)
{
	EXPECT_STREQ(variant->name, backend_of(self->bdf[0]));
}

/*
 * One region over nearly everything there is; the first and the last bytes of
 * every kind of memory, and eight that lie across each border of two.
 */
TEST_F_TIMEOUT(backend, dma_at_every_end, 300)
{
	struct arena arena;
	__u64 iova, size;
	struct piece *p;
	char *va, *last;
	int kind;

	arena_open(&arena);
	va = arena.piece[PIECE_SCATTERED].va;
	p = &arena.piece[PIECE_1G_PRIVATE];
	size = p->va + p->size - va;
	iova = IOVA + (unsigned long)va % SZ_1G;
	vfio_map(&self->vfio, iova, va, size);
	for (kind = PIECE_SCATTERED; kind <= PIECE_1G_PRIVATE; kind++) {
		p = &arena.piece[kind];
		if (kind == PIECE_BAR)
			continue;
		last = p->va + p->size - 8;
		EXPECT_TRUE(reaches(self, iova + (p->va - va), p->va));
		EXPECT_TRUE(reaches(self, iova + (last - va), last));
		EXPECT_TRUE(reads(self, iova + (last - va), last));
		if (kind == PIECE_SCATTERED || kind - 1 == PIECE_BAR)
			continue;
		EXPECT_TRUE(reaches(self, iova + (p->va - 4 - va), p->va - 4));
	}
	EXPECT_EQ(0, check_not("equal"));

	vfio_unmap(&self->vfio, iova, size);
	p = &arena.piece[PIECE_1G_SHARED];
	*(volatile __u64 *)p->va = 1;
	EXPECT_TRUE(blocked(self, iova));
	EXPECT_TRUE(blocked(self, iova + (p->va - va)));
	EXPECT_TRUE(blocked(self, iova + size - 8));
	EXPECT_EQ(1, *(volatile __u64 *)p->va);
	arena_close(&arena);
}

/* What the device may only read stays as it is. */
TEST_F_TIMEOUT(backend, dma_read_only, 60)
{
	const enum backing backings[] = { BACKING_BASE, BACKING_HUGETLB_2M,
					  BACKING_HUGETLB_1G };
	struct mem mem;
	int i;

	for (i = 0; i < 3; i++) {
		__u64 iova = IOVA + i * 4 * SZ_1G;

		mem_alloc(&mem, backings[i], backing_page_size(backings[i]));
		*(volatile __u64 *)mem.va = 42 + i;
		ASSERT_EQ(0, __vfio_map(&self->vfio, iova, mem.va, mem.size,
					VFIO_DMA_MAP_FLAG_READ));
		EXPECT_TRUE(blocked(self, iova));
		EXPECT_TRUE(reads(self, iova, mem.va));
		EXPECT_EQ(42 + i, *(volatile __u64 *)mem.va);
		vfio_unmap(&self->vfio, iova, mem.size);
		mem_free(&mem);
	}
}

/* A device that comes late finds what was mapped before; one that left, none. */
TEST_F_TIMEOUT(backend, group_comes_and_goes, 60)
{
	struct edu first = self->edu;
	struct mem mem;

	mem_alloc(&mem, BACKING_HUGETLB_2M, 2 * SZ_2M);
	vfio_map(&self->vfio, IOVA, mem.va, mem.size);
	vfio_add(&self->vfio, self->bdf[1]);
	edu_open(&self->edu, &self->vfio.dev[1]);
	EXPECT_TRUE(reaches(self, IOVA, mem.va));
	EXPECT_STREQ(variant->name, backend_of(self->bdf[1]));
	EXPECT_EQ(0, check_not("equal"));

	edu_close(&self->edu);
	vfio_remove(&self->vfio);
	self->edu = first;
	EXPECT_TRUE(reaches(self, IOVA + SZ_2M, (char *)mem.va + SZ_2M));
	EXPECT_STRNE(variant->name, backend_of(self->bdf[1]));
	vfio_unmap(&self->vfio, IOVA, mem.size);
	mem_free(&mem);
}

/* Without its last group a container has no driver, no mappings, no charge. */
TEST_F_TIMEOUT(backend, container_again, 60)
{
	struct mem mem;
	int fd = self->vfio.fd;

	mem_alloc(&mem, BACKING_HUGETLB_2M, SZ_2M);
	vfio_map(&self->vfio, IOVA, mem.va, mem.size);
	edu_close(&self->edu);
	vfio_remove(&self->vfio);
	EXPECT_EQ(-EINVAL, __vfio_map(&self->vfio, IOVA, mem.va, mem.size,
				      VFIO_RW));

	hugepath_enter(variant->door);
	vfio_add(&self->vfio, self->bdf[0]);
	hugepath_leave(variant->door);
	EXPECT_EQ(fd, self->vfio.fd);
	EXPECT_STREQ(variant->name, backend_of(self->bdf[0]));
	edu_open(&self->edu, &self->vfio.dev[0]);
	vfio_map(&self->vfio, SOURCE, (void *)self->source, SZ_4K);
	EXPECT_TRUE(blocked(self, IOVA));
	vfio_map(&self->vfio, IOVA, mem.va, mem.size);
	EXPECT_TRUE(reaches(self, IOVA, mem.va));
	vfio_unmap(&self->vfio, IOVA, mem.size);
	mem_free(&mem);
}

/*
 * The file is cut and unmapped, the page stays: the device still writes to it,
 * and nobody else gets it.
 */
TEST_F_TIMEOUT(backend, page_is_not_freed_under_dma, 60)
{
	struct mem mem, fresh;
	__u64 free_before = free_pages(HUGE_2M), phys;

	mem_alloc_memfd(&mem, BACKING_HUGETLB_2M, SZ_2M);
	phys = mem_phys(mem.va);
	vfio_map(&self->vfio, IOVA, mem.va, SZ_2M);
	mem_free(&mem);
	EXPECT_EQ(free_before - 1, free_pages(HUGE_2M));

	mem_alloc(&fresh, BACKING_HUGETLB_2M, 4 * SZ_2M);
	for (__u64 at = 0; at < fresh.size; at += SZ_2M)
		EXPECT_NE(phys, mem_phys((char *)fresh.va + at));
	memset(fresh.va, 0x5a, fresh.size);
	*self->source = ++self->value;
	ASSERT_EQ(0, edu_copy(&self->edu, SOURCE, IOVA));
	*self->source = 0;
	ASSERT_EQ(0, edu_copy(&self->edu, IOVA, SOURCE));
	EXPECT_EQ(self->value, *self->source);
	for (__u64 at = 0; at < fresh.size; at += 8)
		ASSERT_EQ(0x5a5a5a5a5a5a5a5aULL,
			  *(__u64 *)((char *)fresh.va + at));
	mem_free(&fresh);

	vfio_unmap(&self->vfio, IOVA, SZ_2M);
	EXPECT_EQ(free_before, free_pages(HUGE_2M));
}

static int sleep_forever(struct client *client, void *arg)
{
	(void)arg;
	client_step(client);
	return 0;
}

/* After a fork the parent writes, and the device sees what it wrote. */
TEST_F_TIMEOUT(backend, fork_keeps_the_page, 60)
{
	const int flags[] = { 0, MAP_HUGETLB | MAP_HUGE_2MB };
	int i, nr = kernel_fork_spares_hugetlb() ? 2 : 1;

	for (i = 0; i < nr; i++) {
		char *va = mmap(NULL, SZ_2M, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | flags[i], -1, 0);

		ASSERT_NE(MAP_FAILED, va);
		*(volatile __u64 *)va = 1;
		vfio_map(&self->vfio, IOVA, va, SZ_2M);
		client_start(&self->client, "child", sleep_forever, NULL);
		client_wait(&self->client);
		*(volatile __u64 *)va = 2;
		EXPECT_TRUE(reads(self, IOVA, va));
		EXPECT_TRUE(reaches(self, IOVA + SZ_4K, va + SZ_4K));
		client_go(&self->client);
		EXPECT_EQ(0, client_end(&self->client));
		vfio_unmap(&self->vfio, IOVA, SZ_2M);
		munmap(va, SZ_2M);
	}
}

/* ---- memory that has somebody else's fault handler ---- */

static int uffd_open(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	must_op(fd, >=, 0);
	must_eq(ioctl(fd, UFFDIO_API, &api), 0);
	return fd;
}

/*
 * Nobody serves the faults: who waits for them waits forever, with the
 * container locked.
 */
TEST_F_TIMEOUT(backend, waits_for_no_userfaultfd, 30)
{
	const enum backing backings[] = { BACKING_BASE, BACKING_HUGETLB_2M };
	int i, fd = uffd_open();

	for (i = 0; i < 2; i++) {
		__u64 size = backing_page_size(backings[i]);
		struct uffdio_register what = {
			.mode = UFFDIO_REGISTER_MODE_MISSING,
		};
		struct mem mem;

		ASSERT_EQ(0, __mem_alloc(&mem, backings[i], 2 * size, 0));
		*(volatile char *)mem.va = 1;
		what.range.start = (unsigned long)mem.va;
		what.range.len = mem.size;
		ASSERT_EQ(0, ioctl(fd, UFFDIO_REGISTER, &what));
		EXPECT_EQ(-EFAULT, __vfio_map(&self->vfio, IOVA, mem.va,
					      mem.size, VFIO_RW));
		vfio_map(&self->vfio, IOVA, mem.va, size);
		EXPECT_TRUE(reaches(self, IOVA, mem.va));
		vfio_unmap(&self->vfio, IOVA, size);
		mem_free(&mem);
	}
	close(fd);
}

/* Whose faults nobody serves while the other thread maps. */
struct racer {
	int fd;
	struct mem mem;
	/* How often a map has begun, and ended. */
	volatile unsigned int begun, ended;
	unsigned int waited;
};

#define RACES	40

static void pause_ms(unsigned int ms)
{
	struct timespec time = { .tv_nsec = ms * 1000000 };

	nanosleep(&time, NULL);
}

static void *racer_body(void *arg)
{
	struct racer *racer = arg;
	struct uffdio_register what = {
		.mode = UFFDIO_REGISTER_MODE_MISSING,
		.range = { (unsigned long)racer->mem.va, racer->mem.size },
	};
	unsigned int i, tries;

	for (i = 1; i <= RACES; i++) {
		while (racer->begun < i)
			sched_yield();
		pause_ms(i % 8);
		must_eq(ioctl(racer->fd, UFFDIO_REGISTER, &what), 0);
		must_eq(madvise(racer->mem.va, racer->mem.size, MADV_DONTNEED),
			0);
		for (tries = 0; tries < 2000 && racer->ended < i; tries++)
			pause_ms(1);
		/* Whoever waits goes on when nobody is asked any more. */
		racer->waited += racer->ended < i;
		must_eq(ioctl(racer->fd, UFFDIO_UNREGISTER, &what.range), 0);
	}
	return NULL;
}

/* And not for one that comes while the memory is being mapped. */
TEST_F_TIMEOUT(backend, waits_for_no_userfaultfd_that_comes, 120)
{
	struct racer racer = { .fd = uffd_open() };
	pthread_t thread;
	unsigned int i;
	int ret;

	ASSERT_EQ(0, __mem_alloc(&racer.mem, BACKING_BASE, 4 * SZ_2M, 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, racer_body, &racer));
	for (i = 1; i <= RACES; i++) {
		racer.begun = i;
		ret = __vfio_map(&self->vfio, IOVA, racer.mem.va,
				 racer.mem.size, VFIO_RW);
		racer.ended = i;
		if (!ret)
			vfio_unmap(&self->vfio, IOVA, racer.mem.size);
		else
			EXPECT_EQ(-EFAULT, ret);
	}
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, racer.waited);
	mem_free(&racer.mem);
	close(racer.fd);
}

/*
 * Another device's BAR, but not by vfio-pci, and with one page of memory in the
 * middle: what lies behind the first and the last page says nothing of it.
 */
TEST_F(backend, pfnmap_is_not_taken_for_linear)
{
	char path[64];
	__u64 phys, size;
	char *va;
	int fd;

	pci_bar(self->bdf[1], 0, &phys, &size);
	ASSERT_LE(4 * SZ_4K, size);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource0",
		 self->bdf[1]);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	va = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	ASSERT_NE(MAP_FAILED, va);
	close(fd);

	ASSERT_EQ(0, __vfio_map(&self->vfio, IOVA, va, size,
				VFIO_DMA_MAP_FLAG_READ));
	vfio_unmap(&self->vfio, IOVA, size);
	EXPECT_EQ(-EFAULT, __vfio_map(&self->vfio, IOVA, va, size, VFIO_RW));
	*(volatile char *)(va + size / 2) = 1;
	EXPECT_EQ(-EFAULT, __vfio_map(&self->vfio, IOVA, va, size,
				      VFIO_DMA_MAP_FLAG_READ));
	EXPECT_EQ(0, check_not("equal"));
	munmap(va, size);
}

static int flicker(struct client *client, void *arg)
{
	struct vfio_device *dev = arg;

	client_step(client);
	for (;;) {
		vfio_bars_off(dev);
		vfio_bars_on(dev);
	}
	return 0;
}

/* A BAR that is not there cannot be mapped, and may go at any moment. */
TEST_F_TIMEOUT(backend, bar_that_comes_and_goes, 60)
{
	struct vfio_device *dev = &self->vfio.dev[0];
	__u64 offset, size;
	int i, ret;
	char *va;

	vfio_region(dev, VFIO_PCI_BAR0_REGION_INDEX, &offset, &size);
	va = vfio_bar_mmap(dev, VFIO_PCI_BAR0_REGION_INDEX, 0, size, SZ_2M, 0);
	vfio_bars_off(dev);
	EXPECT_EQ(-EFAULT, __vfio_map(&self->vfio, IOVA, va, size, VFIO_RW));
	vfio_bars_on(dev);
	vfio_map(&self->vfio, IOVA, va, size);
	vfio_bars_off(dev);
	vfio_unmap(&self->vfio, IOVA, size);

	client_start(&self->client, "flicker", flicker, dev);
	client_wait(&self->client);
	client_go(&self->client);
	for (i = 0; i < 500; i++) {
		ret = __vfio_map(&self->vfio, IOVA, va, size, VFIO_RW);
		if (!ret)
			vfio_unmap(&self->vfio, IOVA, size);
		else
			/* Faulted in, and gone again: that is EINVAL. */
			ASSERT_TRUE(ret == -EFAULT || ret == -EINVAL);
	}
	EXPECT_EQ(128 + SIGKILL, client_kill(&self->client));
	vfio_bars_on(dev);
	EXPECT_EQ(0, check_not("equal"));
	munmap(va, size);
}

/* ---- several at once ---- */

struct twin {
	struct vfio *vfio;
	struct mem mem;
	pthread_barrier_t *together;
	int ret;
	__u64 unmapped;
};

#define TWIN_ROUNDS	200

static void *twin_body(void *arg)
{
	struct twin *twin = arg;
	int i;

	for (i = 0; i < TWIN_ROUNDS; i++) {
		pthread_barrier_wait(twin->together);
		twin->ret = __vfio_map(twin->vfio, IOVA, twin->mem.va,
				       twin->mem.size, VFIO_RW);
		pthread_barrier_wait(twin->together);
		must_work(__vfio_unmap(twin->vfio, IOVA, twin->mem.size, 0,
				       &twin->unmapped));
		pthread_barrier_wait(twin->together);
		/* The first thread looks at both. */
		pthread_barrier_wait(twin->together);
	}
	return NULL;
}

static int twins_wrong(const struct twin *a, const struct twin *b)
{
	int one = (!a->ret && b->ret == -EEXIST) ||
		  (!b->ret && a->ret == -EEXIST);

	if (one && a->unmapped + b->unmapped == a->mem.size)
		return 0;
	printf("# two maps say %d and %d, two unmaps %llu and %llu bytes\n",
	       a->ret, b->ret, a->unmapped, b->unmapped);
	return 1;
}

/* Two threads want the same place: one gets it, and one gives it back. */
TEST_F_TIMEOUT(backend, two_threads_in_a_container, 120)
{
	pthread_barrier_t together;
	struct twin twin[2] = {};
	pthread_t thread[2];
	int i, wrong = 0;

	ASSERT_EQ(0, pthread_barrier_init(&together, NULL, 3));
	for (i = 0; i < 2; i++) {
		twin[i].vfio = &self->vfio;
		twin[i].together = &together;
		mem_alloc(&twin[i].mem, i ? BACKING_HUGETLB_2M : BACKING_BASE,
			  SZ_2M);
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, twin_body,
					    &twin[i]));
	}
	for (i = 0; i < TWIN_ROUNDS; i++) {
		pthread_barrier_wait(&together);
		pthread_barrier_wait(&together);
		pthread_barrier_wait(&together);
		wrong += twins_wrong(&twin[0], &twin[1]);
		pthread_barrier_wait(&together);
	}
	EXPECT_EQ(0, wrong);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, pthread_join(thread[i], NULL));
		mem_free(&twin[i].mem);
	}
	EXPECT_EQ(0, check_not("equal"));
}

#define SECOND	(IOVA + SZ_1G)

static int mapper_executed(struct client *client, void *fd)
{
	struct vfio vfio = { .fd = (long)fd };
	__u64 unmapped = 0;

	client_step(client);
	must_work(__vfio_unmap(&vfio, SECOND, SZ_2M, 0, &unmapped));
	return unmapped != SZ_2M;
}

static int mapper_body(struct client *client, void *arg)
{
	struct vfio *vfio = arg;
	struct mem mem;

	mem_alloc(&mem, BACKING_BASE, SZ_2M);
	vfio_map(vfio, IOVA, mem.va, mem.size);
	vfio_map(vfio, SECOND, mem.va, mem.size);
	client_step(client);
	client_exec(client, mapper_executed, vfio->fd);
	return 1;
}

/* Whoever has the container; or only who mapped, by another program too. */
TEST_F_TIMEOUT(backend, who_may_unmap, 60)
{
	int all = !kernel_only_mapper_unmaps();
	__u64 unmapped = 0;
	struct mem mem;

	mem_alloc(&mem, BACKING_BASE, SZ_2M);
	client_start(&self->client, "mapper", mapper_body, &self->vfio);
	client_wait(&self->client);
	EXPECT_EQ(0, __vfio_unmap(&self->vfio, IOVA, SZ_2M, 0, &unmapped));
	EXPECT_EQ(all ? SZ_2M : 0, unmapped);
	EXPECT_EQ(all ? 0 : -EEXIST,
		  __vfio_map(&self->vfio, IOVA, mem.va, SZ_2M, VFIO_RW));
	client_go(&self->client);
	client_wait(&self->client);
	client_go(&self->client);
	EXPECT_EQ(0, client_end(&self->client));
	EXPECT_EQ(0, __vfio_map(&self->vfio, SECOND, mem.va, SZ_2M, VFIO_RW));
	EXPECT_EQ(0, check_not("equal"));
	mem_free(&mem);
}

/* ---- death ---- */

struct work {
	const char *bdf;
	enum hugepath_door door;
	/* Shared, so that it is filled with zeroes only once. */
	struct mem gigabyte;
};

/* Everything at once, until somebody puts an end to it. */
static int map_without_end(struct client *client, void *arg)
{
	const enum backing backings[] = { BACKING_BASE, BACKING_HUGETLB_2M,
					  BACKING_THP };
	struct work *work = arg;
	struct mem mem[4] = { work->gigabyte };
	struct vfio vfio;
	int i;

	vfio_open(&vfio, hugepath_type(work->door, VFIO_TYPE1v2_IOMMU),
		  work->bdf);
	for (i = 1; i < 4; i++)
		mem_alloc(&mem[i], backings[i - 1], 2 * SZ_2M);
	client_step(client);
	for (;;) {
		for (i = 0; i < 4; i++)
			vfio_map(&vfio, IOVA + i * SZ_1G, mem[i].va,
				 mem[i].size);
		__vfio_unmap(&vfio, IOVA, 4 * SZ_1G, 0, NULL);
	}
	return 0;
}

/* Killed at whatever it was doing: afterwards everything is as before. */
TEST_F_TIMEOUT(backend, killed_at_any_moment, 600)
{
	struct work work = { .bdf = self->bdf[1], .door = variant->door };
	__u64 free_before = free_pages(HUGE_2M);
	struct vmstat before, after;
	struct timespec moment = {};
	int i;

	srandom(20261122);
	mem_alloc(&work.gigabyte, BACKING_HUGETLB_1G, SZ_1G);
	vmstat_take(&before);
	for (i = 0; i < 20; i++) {
		hugepath_enter(work.door);
		client_start(&self->client, "victim", map_without_end, &work);
		client_wait(&self->client);
		hugepath_leave(work.door);
		client_go(&self->client);
		moment.tv_nsec = random() % 100000000;
		nanosleep(&moment, NULL);
		ASSERT_EQ(128 + SIGKILL, client_kill(&self->client));
		vmstat_take(&after);
		ASSERT_EQ(after.acquired - before.acquired,
			  after.released - before.released);
		ASSERT_EQ(free_before, free_pages(HUGE_2M));
		ASSERT_STRNE(variant->name, backend_of(self->bdf[1]));
	}
	EXPECT_EQ(0, check_not("equal"));
	mem_free(&work.gigabyte);
}

/* ---- the instrument ---- */

/* Calls and times are the backend's own; what was done is not. */
static const char *const sums[] = {
	"region_map_calls", "region_map_bytes", "region_map_errors",
	"region_unmap_calls", "region_unmap_bytes", "region_unmap_errors",
	"pin_bytes", "pin_base_bytes", "pin_thp_bytes", "pin_hugetlb_2m_bytes",
	"pin_hugetlb_1g_bytes", "pin_mmio_bytes",
	"unpin_bytes", "unpin_base_bytes", "unpin_thp_bytes",
	"unpin_hugetlb_2m_bytes", "unpin_hugetlb_1g_bytes", "unpin_mmio_bytes",
	"teardown_calls", "teardown_bytes",
	"map_bytes", "unmap_bytes", "added_4k_leaves", "added_2m_leaves",
	"added_1g_leaves", "removed_4k_leaves", "removed_2m_leaves",
	"removed_1g_leaves", "unknown_unmap_bytes", "overmapped_calls",
	"split_leaf_calls", "lost_ranges", "probe_missed_calls",
};

/* The keys whose sums differ between the first and the second interval. */
static unsigned int sums_wrong(const struct snap *before,
			       const struct snap *between,
			       const struct snap *after)
{
	unsigned int wrong = 0;
	size_t i;

	for (i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
		__u64 stock = snap_delta(before, between, sums[i]);
		__u64 seen = snap_delta(between, after, sums[i]);

		if (stock == seen)
			continue;
		printf("# %s: type1 +%llu, here +%llu\n", sums[i], stock, seen);
		wrong++;
	}
	return wrong;
}

/* One piece after the other; then a call that is refused. */
static void map_pieces(struct vfio *vfio, struct arena *arena)
{
	int kind;

	for (kind = PIECE_SCATTERED; kind <= PIECE_1G_SHARED; kind++) {
		struct piece *p = &arena->piece[kind];
		__u64 iova = IOVA + (unsigned long)p->va % SZ_1G;

		vfio_map(vfio, iova, p->va, p->size);
		must_eq(__vfio_map(vfio, iova, p->va, p->size, VFIO_RW),
			-EEXIST);
		vfio_unmap(vfio, iova, p->size);
	}
}

TEST_F_TIMEOUT(backend, counted_like_type1, 120)
{
	struct snap before, between, after;
	struct arena arena;
	struct vfio stock;

	arena_open(&arena);
	vfio_open(&stock, VFIO_TYPE1v2_IOMMU, self->bdf[1]);
	snap_take(&before);
	map_pieces(&stock, &arena);
	snap_take(&between);
	map_pieces(&self->vfio, &arena);
	snap_take(&after);
	vfio_close(&stock);
	arena_close(&arena);
	EXPECT_EQ(0, sums_wrong(&before, &between, &after));
	EXPECT_NE(0, snap_delta(&between, &after, "pin_calls"));
	EXPECT_NE(0, snap_delta(&between, &after, "unpin_calls"));
	EXPECT_EQ(0, hist_wrong());
	snap_free(&before);
	snap_free(&between);
	snap_free(&after);
}

/* ---- the module and its switch ---- */

FIXTURE(module)
{
	char bdf[2][PCI_BDF_LEN];
	struct vfio a, b;
	struct mem mem;
};

FIXTURE_SETUP(module)
{
	kmod_must_be_loaded();
	pci_find("edu", 0, self->bdf[0]);
	pci_find("edu", 1, self->bdf[1]);
	pci_bind_vfio(self->bdf[0]);
	pci_bind_vfio(self->bdf[1]);
	hugepath_reload("");
}

FIXTURE_TEARDOWN(module)
{
	if (hugepath_loaded())
		hugepath_unload();
}

static int extension(unsigned long number)
{
	int fd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC), ret;

	must_op(fd, >=, 0);
	ret = ioctl(fd, VFIO_CHECK_EXTENSION, number);
	close(fd);
	return ret;
}

TEST_F(module, answers_to_its_name)
{
	EXPECT_EQ(1, extension(IOVASCOPE_HUGEPATH_IOMMU));
	hugepath_unload();
	EXPECT_EQ(0, extension(IOVASCOPE_HUGEPATH_IOMMU));
	EXPECT_EQ(1, extension(VFIO_TYPE1v2_IOMMU));
	hugepath_load("");
	EXPECT_EQ(1, extension(IOVASCOPE_HUGEPATH_IOMMU));
}

TEST_F(module, stays_while_a_container_is_open)
{
	hugepath_open(&self->a, DOOR_EXTENSION, VFIO_TYPE1v2_IOMMU,
		      self->bdf[0]);
	EXPECT_EQ(-EAGAIN, __hugepath_unload());
	vfio_close(&self->a);
	EXPECT_EQ(0, __hugepath_unload());
}

/* How often the kernel's log says it. */
static unsigned int logged(const char *what)
{
	int len = klogctl(10 /* SYSLOG_ACTION_SIZE_BUFFER */, NULL, 0);
	unsigned int nr = 0;
	char *log, *at;

	must_op(len, >, 0);
	log = calloc(1, len + 1);
	must(log);
	must_op(klogctl(3 /* SYSLOG_ACTION_READ_ALL */, log, len), >, 0);
	for (at = log; (at = strstr(at, what)); at++)
		nr++;
	free(log);
	return nr;
}

/* Whoever switches it on has been told, once each time. */
TEST_F(module, takeover_says_so)
{
	const char *line = "iovascope_hugepath: experimental:";
	unsigned int before = logged(line);

	hugepath_param_set("takeover", "1");
	EXPECT_EQ(before + 1, logged(line));
	hugepath_param_set("takeover", "1");
	hugepath_param_set("takeover", "0");
	EXPECT_EQ(before + 1, logged(line));
	hugepath_param_set("takeover", "1");
	EXPECT_EQ(before + 2, logged(line));
}

/* What is open keeps what it has; off unless asked for. */
TEST_F(module, takeover)
{
	char *value = file_read("/sys/module/iovascope_hugepath/parameters/takeover");

	EXPECT_STREQ("N\n", value);
	free(value);
	vfio_open(&self->a, VFIO_TYPE1v2_IOMMU, self->bdf[0]);
	hugepath_param_set("takeover", "1");
	EXPECT_STREQ("type1", backend_of(self->bdf[0]));
	vfio_open(&self->b, VFIO_TYPE1v2_IOMMU, self->bdf[1]);
	EXPECT_STREQ("hugepath", backend_of(self->bdf[1]));
	hugepath_param_set("takeover", "0");
	EXPECT_STREQ("hugepath", backend_of(self->bdf[1]));
	vfio_close(&self->a);

	mem_alloc(&self->mem, BACKING_HUGETLB_2M, SZ_2M);
	vfio_map(&self->b, IOVA, self->mem.va, SZ_2M);
	vfio_unmap(&self->b, IOVA, SZ_2M);
	EXPECT_EQ(1, ioctl(self->b.fd, VFIO_CHECK_EXTENSION,
			   VFIO_TYPE1v2_IOMMU));
	vfio_open(&self->a, VFIO_TYPE1v2_IOMMU, self->bdf[0]);
	EXPECT_STREQ("type1", backend_of(self->bdf[0]));
	vfio_close(&self->a);
	vfio_close(&self->b);
	mem_free(&self->mem);
}

TEST_F(module, takeover_serves_v1)
{
	hugepath_param_set("takeover", "1");
	vfio_open(&self->a, VFIO_TYPE1_IOMMU, self->bdf[0]);
	EXPECT_STREQ("hugepath", backend_of(self->bdf[0]));
	vfio_close(&self->a);
}

/* What it does not do is type1's to do, or to refuse. */
TEST_F(module, nesting_is_type1s)
{
	int stock = __vfio_open(&self->a, VFIO_TYPE1_NESTING_IOMMU,
				self->bdf[0]);
	int answer = extension(VFIO_TYPE1_NESTING_IOMMU);

	if (!stock)
		vfio_close(&self->a);
	hugepath_param_set("takeover", "1");
	EXPECT_EQ(answer, extension(VFIO_TYPE1_NESTING_IOMMU));
	EXPECT_EQ(stock, __vfio_open(&self->a, VFIO_TYPE1_NESTING_IOMMU,
				     self->bdf[0]));
	EXPECT_EQ(0, hugepath_containers());
	if (!stock)
		vfio_close(&self->a);
}

TEST_F(module, no_new_addresses_for_old_mappings)
{
	hugepath_open(&self->a, DOOR_EXTENSION, VFIO_TYPE1v2_IOMMU,
		      self->bdf[0]);
	EXPECT_EQ(0, ioctl(self->a.fd, VFIO_CHECK_EXTENSION,
			   VFIO_UPDATE_VADDR));
	mem_alloc(&self->mem, BACKING_BASE, SZ_4K);
	vfio_map(&self->a, IOVA, self->mem.va, SZ_4K);
	EXPECT_EQ(-EINVAL, __vfio_unmap(&self->a, IOVA, SZ_4K,
					VFIO_DMA_UNMAP_FLAG_VADDR, NULL));
	EXPECT_EQ(-EINVAL, __vfio_map(&self->a, IOVA, self->mem.va, SZ_4K,
				      VFIO_DMA_MAP_FLAG_VADDR));
	vfio_unmap(&self->a, IOVA, SZ_4K);
	vfio_close(&self->a);
	mem_free(&self->mem);
}

TEST_F(module, leaves_of_no_such_size)
{
	const unsigned long sizes[] = { 0, 1, SZ_4K - 1, SZ_4K + 1, 2 * SZ_4K,
					SZ_1G * 512, -1UL };
	size_t i;

	hugepath_unload();
	EXPECT_EQ(-EINVAL, __hugepath_load("leaf=8K"));
	EXPECT_EQ(-EINVAL, __hugepath_load("leaf="));
	hugepath_load("");
	EXPECT_EQ(-EINVAL, __hugepath_param_set("leaf", "3M"));
	hugepath_open(&self->a, DOOR_EXTENSION, VFIO_TYPE1v2_IOMMU,
		      self->bdf[0]);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		EXPECT_EQ(-1, ioctl(self->a.fd, IOVASCOPE_HUGEPATH_SET_LEAF,
				    sizes[i]));
		EXPECT_EQ(EINVAL, errno);
	}
	vfio_close(&self->a);
}

/* The bytes in a device's own table. */
static __u64 table_bytes(const char *bdf)
{
	struct json_object *census = stats_read("census");
	__u64 bytes = stats_u64(census_line(census, bdf), "bytes");

	json_object_put(census);
	return bytes;
}

/* What two devices' tables have; it must be the same. */
static unsigned int tables_differ(const char *a, const char *b)
{
	struct iovascope_pagemap x, y;
	int fd[2] = { device_open_file(a, "pagemap"),
		      device_open_file(b, "pagemap") };
	unsigned int nr = 0, wrong = 0;
	ssize_t got;

	while ((got = read(fd[0], &x, sizeof(x))) == sizeof(x)) {
		nr++;
		wrong += read(fd[1], &y, sizeof(y)) != sizeof(y) ||
			 memcmp(&x, &y, sizeof(x));
	}
	must_eq(got, 0);
	wrong += read(fd[1], &y, sizeof(y)) != 0;
	must_op(nr, >, 0);
	close(fd[0]);
	close(fd[1]);
	return wrong;
}

static __u64 now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

static __u64 map_us(struct vfio *vfio, __u64 iova, const void *va, __u64 size)
{
	__u64 start = now_us();

	vfio_map(vfio, iova, va, size);
	return now_us() - start;
}

/* Does a device's table show one range, of one address on, by 2M leaves? */
static unsigned int table_is_not(const char *bdf, __u64 iova, __u64 phys,
				 __u64 size)
{
	int fd = device_open_file(bdf, "pagemap");
	struct iovascope_pagemap record;
	unsigned int wrong = 0;
	__u64 done = 0;

	while (read(fd, &record, sizeof(record)) == sizeof(record)) {
		wrong += record.iova != iova + done ||
			 record.phys != phys + done || record.leaf_shift != 21;
		done += record.bytes;
	}
	close(fd);
	return wrong + (done != size);
}

/*
 * More than the record of a run can tell of, in leaves of 2M that end at no
 * multiple of it. All of it takes less than what type1 needs for one part in 64
 * where that looks at each page.
 */
TEST_F_TIMEOUT(module, bar_longer_than_a_record, 120)
{
	__u64 phys, size, stock, here, iova = IOVA + SZ_2M;
	char bdf[PCI_BDF_LEN], *va;
	struct vfio bar;

	pci_find("testdev", 0, bdf);
	pci_bar(bdf, 2, &phys, &size);
	ASSERT_EQ(16 * SZ_1G, size);
	vfio_open(&bar, VFIO_TYPE1v2_IOMMU, bdf);
	vfio_bus_master(&bar.dev[0]);
	va = vfio_bar_mmap(&bar.dev[0], VFIO_PCI_BAR2_REGION_INDEX, 0, size,
			   SZ_1G, 0);
	vfio_open(&self->b, VFIO_TYPE1v2_IOMMU, self->bdf[1]);
	hugepath_open(&self->a, DOOR_EXTENSION, VFIO_TYPE1v2_IOMMU,
		      self->bdf[0]);
	stock = map_us(&self->b, iova, va, size / 64);
	here = map_us(&self->a, iova, va, size);
	printf("# BAR: type1 %llu us for 256 MiB, hugepath %llu us for 16 GiB\n",
	       stock, here);
	EXPECT_EQ(0, table_is_not(self->bdf[0], iova, phys, size));
	if (kernel_looks_at_each_page())
		EXPECT_LT(here, stock);
	vfio_unmap(&self->a, iova, size);
	EXPECT_EQ(0, table_bytes(self->bdf[0]));
	vfio_close(&self->a);
	vfio_close(&self->b);
	munmap(va, size);
	vfio_close(&bar);
}

#define NO_HUGE	"/sys/module/vfio_iommu_type1/parameters/disable_hugepages"

/* What type1's parameter asks of it is asked of hugepath by its own. */
TEST_F(module, leaf_4k_is_disable_hugepages)
{
	hugepath_param_set("leaf", "4K");
	mem_alloc(&self->mem, BACKING_HUGETLB_2M, 2 * SZ_2M);
	vfio_open(&self->b, VFIO_TYPE1v2_IOMMU, self->bdf[1]);
	hugepath_open(&self->a, DOOR_EXTENSION, VFIO_TYPE1v2_IOMMU,
		      self->bdf[0]);
	file_write(NO_HUGE, "1");
	vfio_map(&self->b, IOVA, self->mem.va, 2 * SZ_2M);
	file_write(NO_HUGE, "0");
	vfio_map(&self->a, IOVA, self->mem.va, 2 * SZ_2M);
	EXPECT_EQ(0, tables_differ(self->bdf[0], self->bdf[1]));
	vfio_close(&self->a);
	vfio_close(&self->b);
	mem_free(&self->mem);
}

/* Two tables in a container: what is there is mapped again, and goes twice. */
TEST_F(module, tables_of_their_own)
{
	struct snap before, after;
	struct edu edu;

	hugepath_reload("share_domains=0");
	mem_alloc(&self->mem, BACKING_HUGETLB_2M, 2 * SZ_2M);
	hugepath_open(&self->a, DOOR_EXTENSION, VFIO_TYPE1v2_IOMMU,
		      self->bdf[0]);
	vfio_map(&self->a, IOVA, self->mem.va, 2 * SZ_2M);
	vfio_add(&self->a, self->bdf[1]);
	EXPECT_EQ(2 * SZ_2M, table_bytes(self->bdf[0]));
	EXPECT_EQ(2 * SZ_2M, table_bytes(self->bdf[1]));
	EXPECT_EQ(0, check_not("equal"));

	edu_open(&edu, &self->a.dev[1]);
	*(volatile __u64 *)self->mem.va = 0x1056c09e;
	EXPECT_EQ(0, edu_copy(&edu, IOVA, IOVA + 2 * SZ_2M - 8));
	EXPECT_EQ(0x1056c09e, ((__u64 *)self->mem.va)[2 * SZ_2M / 8 - 1]);
	edu_close(&edu);

	vfio_unmap(&self->a, IOVA, 2 * SZ_2M);
	EXPECT_EQ(0, table_bytes(self->bdf[0]));
	EXPECT_EQ(0, table_bytes(self->bdf[1]));
	vfio_map(&self->a, IOVA, self->mem.va, SZ_2M);
	/* The table that goes is emptied first. */
	snap_take(&before);
	vfio_remove(&self->a);
	snap_take(&after);
	EXPECT_EQ(SZ_2M, snap_delta(&before, &after, "unmap_bytes"));
	EXPECT_EQ(SZ_2M, table_bytes(self->bdf[0]));
	snap_free(&before);
	snap_free(&after);
	vfio_close(&self->a);
	mem_free(&self->mem);
}

/* The instrument comes second: it sees all that it would have seen. */
TEST_F_TIMEOUT(module, here_before_the_instrument, 60)
{
	struct snap before, after;
	size_t i;
	static const char *const rows[] = {
		"hugepath_region", "hugepath_attach", "hugepath_pin",
		"hugepath_unpin", "hugepath_teardown",
	};

	kmod_reload("");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		EXPECT_EQ(0, probe_wait(rows[i], "attached", 0));
	mem_alloc(&self->mem, BACKING_HUGETLB_2M, 2 * SZ_2M);
	snap_take(&before);
	hugepath_open(&self->a, DOOR_EXTENSION, VFIO_TYPE1v2_IOMMU,
		      self->bdf[0]);
	EXPECT_STREQ("hugepath", backend_of(self->bdf[0]));
	vfio_map(&self->a, IOVA, self->mem.va, 2 * SZ_2M);
	vfio_unmap(&self->a, IOVA, 2 * SZ_2M);
	snap_take(&after);
	EXPECT_EQ(1, snap_delta(&before, &after, "region_map_calls"));
	EXPECT_EQ(2 * SZ_2M, snap_delta(&before, &after, "pin_bytes"));
	EXPECT_EQ(2 * SZ_2M, snap_delta(&before, &after, "unpin_bytes"));
	EXPECT_EQ(1, snap_delta(&before, &after, "teardown_calls"));
	snap_free(&before);
	snap_free(&after);
	vfio_close(&self->a);
	mem_free(&self->mem);
}

/* ---- half-way ---- */

struct left {
	__u64 bytes[2], locked, pinned;
};

static struct left left_now(FIXTURE_DATA(module) *self)
{
	struct left left = { .locked = locked_bytes(getpid()) };
	struct vmstat pins;
	int i;

	vmstat_take(&pins);
	left.pinned = pins.acquired - pins.released;
	for (i = 0; i < self->a.nr; i++)
		left.bytes[i] = table_bytes(self->bdf[i]);
	return left;
}

/* Map every piece: how many could not be mapped, and left nothing behind. */
static unsigned int failed_maps(FIXTURE_DATA(module) *self,
				struct arena *arena)
{
	unsigned int failed = 0;
	int kind, ret;

	for (kind = PIECE_SCATTERED; kind <= PIECE_1G_SHARED; kind++) {
		struct piece *p = &arena->piece[kind];
		__u64 iova = IOVA + (unsigned long)p->va % SZ_1G;
		struct left before = left_now(self), after;

		ret = __vfio_map(&self->a, iova, p->va, p->size, VFIO_RW);
		if (!ret) {
			vfio_unmap(&self->a, iova, p->size);
		} else {
			must_eq(ret, -ENOMEM);
			failed++;
		}
		after = left_now(self);
		must_eq(after.bytes[0], before.bytes[0]);
		must_eq(after.bytes[1], before.bytes[1]);
		must_eq(after.locked, before.locked);
		must_eq(after.pinned, before.pinned);
	}
	return failed;
}

/* How often a group could not come in, and left what was there as it was. */
static unsigned int failed_adds(FIXTURE_DATA(module) *self)
{
	struct left before = left_now(self), after;
	unsigned int failed = 0;
	int ret;

	while ((ret = __vfio_add(&self->a, self->bdf[1]))) {
		must_eq(ret, -ENOMEM);
		must_op(++failed, <, 1000);
		vfio_remove(&self->a);
		after = left_now(self);
		must_eq(after.bytes[0], before.bytes[0]);
		must_eq(after.locked, before.locked);
		must_eq(after.pinned, before.pinned);
		must(strcmp(backend_of(self->bdf[1]), "hugepath"));
	}
	return failed;
}

/*
 * A call that fails is as if it had not been made. That any does takes a module
 * in which things fail (mutants/table, despite_*).
 */
TEST_F_TIMEOUT(module, failures_leave_nothing, 120)
{
	unsigned int failed = 0;
	struct arena arena;
	int i;

	hugepath_reload("share_domains=0");
	arena_open(&arena);
	hugepath_open(&self->a, DOOR_EXTENSION, VFIO_TYPE1v2_IOMMU,
		      self->bdf[0]);
	failed += failed_maps(self, &arena);

	mem_alloc_scattered(&self->mem, 4 * SZ_4K);
	for (i = 0; __vfio_map(&self->a, 0, self->mem.va, self->mem.size,
			       VFIO_RW); i++)
		ASSERT_GT(1000, i);
	failed += i;
	failed += failed_adds(self);
	EXPECT_EQ(table_bytes(self->bdf[0]), table_bytes(self->bdf[1]));
	failed += failed_maps(self, &arena);

	EXPECT_TRUE(failed || !getenv("IOVASCOPE_FAULTS"));
	vfio_close(&self->a);
	mem_free(&self->mem);
	arena_close(&arena);
}

/*
 * What cannot be unmapped is not given back: a device may still write to it.
 * That anything cannot takes a module of which that is true (despite_sweep_*).
 */
TEST_F(module, what_stays_mapped_stays_pinned)
{
	unsigned int failed = 0;
	struct left before, after;
	int i;

	mem_alloc_scattered(&self->mem, 8 * SZ_4K);
	hugepath_open(&self->a, DOOR_EXTENSION, VFIO_TYPE1v2_IOMMU,
		      self->bdf[0]);
	for (i = 0; i < 20; i++) {
		__u64 iova = IOVA + i * SZ_1G;

		before = left_now(self);
		if (!__vfio_map(&self->a, iova, self->mem.va, self->mem.size,
				VFIO_RW)) {
			vfio_unmap(&self->a, iova, self->mem.size);
			continue;
		}
		after = left_now(self);
		failed += after.bytes[0] > before.bytes[0];
		EXPECT_LE((after.bytes[0] - before.bytes[0]) / SZ_4K,
			  after.pinned - before.pinned);
	}
	EXPECT_TRUE(failed || !getenv("IOVASCOPE_FAULTS"));
	vfio_close(&self->a);
	mem_free(&self->mem);
}

/* ---- forced leaves ---- */

FIXTURE(leaves)
{
	char bdf[PCI_BDF_LEN];
	struct vfio vfio;
	struct mem mem;
};

FIXTURE_VARIANT(leaves)
{
	const char *word;
	__u64 cap;
};

FIXTURE_VARIANT_ADD(leaves, cap_4k) {
	.word = "4K",
	.cap = SZ_4K,
};

FIXTURE_VARIANT_ADD(leaves, cap_2m) {
	.word = "2M",
	.cap = SZ_2M,
};

FIXTURE_VARIANT_ADD(leaves, cap_1g) {
	.word = "1G",
	.cap = SZ_1G,
};

FIXTURE_SETUP(leaves)
{
	kmod_must_be_loaded();
	pci_find("edu", 0, self->bdf);
	pci_bind_vfio(self->bdf);
	mem_alloc(&self->mem, BACKING_HUGETLB_1G, SZ_1G);
}

FIXTURE_TEARDOWN(leaves)
{
	mem_free(&self->mem);
	if (hugepath_loaded())
		hugepath_unload();
}

/* As the hardware's table has it; mapped twice, so that unmap was exact. */
static unsigned int leaves_wrong(FIXTURE_DATA(leaves) *self, __u64 cap)
{
	struct leaves want = {};
	unsigned int wrong = 0;
	int i;

	if (cap == SZ_4K)
		want.nr_4k = SZ_1G / SZ_4K;
	else if (cap == SZ_2M)
		want.nr_2m = SZ_1G / SZ_2M;
	else
		want.nr_1g = 1;
	for (i = 0; i < 2; i++) {
		vfio_map(&self->vfio, IOVA, self->mem.va, SZ_1G);
		wrong += live_wrong(getpid(), 0, &want) + check_not("equal");
		vfio_unmap(&self->vfio, IOVA, SZ_1G);
	}
	return wrong;
}

TEST_F_TIMEOUT(leaves, by_parameter, 60)
{
	char params[32];

	snprintf(params, sizeof(params), "leaf=%s", variant->word);
	hugepath_reload(params);
	hugepath_open(&self->vfio, DOOR_EXTENSION, VFIO_TYPE1v2_IOMMU,
		      self->bdf);
	EXPECT_EQ(0, leaves_wrong(self, variant->cap));
	vfio_close(&self->vfio);
}

TEST_F_TIMEOUT(leaves, by_ioctl, 60)
{
	hugepath_reload("");
	hugepath_open(&self->vfio, DOOR_EXTENSION, VFIO_TYPE1v2_IOMMU,
		      self->bdf);
	ASSERT_EQ(0, ioctl(self->vfio.fd, IOVASCOPE_HUGEPATH_SET_LEAF, variant->cap));
	EXPECT_EQ(0, leaves_wrong(self, variant->cap));

	/* Not while something is mapped. */
	vfio_map(&self->vfio, IOVA, self->mem.va, SZ_1G);
	EXPECT_EQ(-1, ioctl(self->vfio.fd, IOVASCOPE_HUGEPATH_SET_LEAF, SZ_4K));
	EXPECT_EQ(EBUSY, errno);
	vfio_close(&self->vfio);
}
