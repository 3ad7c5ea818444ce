// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals: what is remembered of a call that failed, when who made it is gone.
 *
 * Each client is a process of its own that is refused something and ends. What
 * is asked of the file afterwards is what the client knows of its call, and what
 * it made true before: its limit, a hole at an address, an empty pool.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "kselftest_harness.h"

#include "lib/client.h"
#include "lib/file.h"
#include "lib/host.h"
#include "lib/kmod.h"
#include "lib/main.h"
#include "lib/memlock.h"
#include "lib/must.h"
#include "lib/stats.h"
#include "lib/vfio.h"

#define IOVA	(64 * SZ_1G)
#define SZ_1M	(1ULL << 20)
#define SHARE	(512 / 8)
#define ENTRY_LIMIT "/sys/module/vfio_iommu_type1/parameters/dma_entry_limit"

/* 5.14 */
#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

#define POOL_2M	"/sys/kernel/mm/hugepages/hugepages-2048kB/"

/* What a client shares with the test that started it. */
struct shared {
	char bdf[PCI_BDF_LEN];
	__u64 va, bytes, at;
};

FIXTURE(refusal)
{
	struct shared *shared;
	struct client client;
	struct json_object *file, *row;
};

FIXTURE_SETUP(refusal)
{
	kmod_must_be_loaded();
	self->shared = mmap(NULL, SZ_4K, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->shared);
	pci_find("edu", 0, self->shared->bdf);
	pci_bind_vfio(self->shared->bdf);
}

FIXTURE_TEARDOWN(refusal)
{
	json_object_put(self->file);
	munmap(self->shared, SZ_4K);
}

/* Let a client be refused, and see what is remembered of it. */
static void refuse(FIXTURE_DATA(refusal) *self,
		   int (*body)(struct client *client, void *shared))
{
	client_start(&self->client, "refused", body, self->shared);
	must_eq(client_end(&self->client), 0);
	self->file = stats_read("refusals");
	self->row = stats_by_pid(self->file, self->client.pid, 0);
	must(self->row);
}

static void next_row(FIXTURE_DATA(refusal) *self, unsigned int nth)
{
	self->row = stats_by_pid(self->file, self->client.pid, nth);
	must(self->row);
}

#define expect_word(key, word) \
	EXPECT_STREQ(word, stats_word(self->row, key))
#define expect_u64(key, value) \
	EXPECT_EQ((__u64)(value), stats_u64(self->row, key))
#define expect_rows(nr) \
	EXPECT_EQ(nr, stats_count_pid(self->file, self->client.pid))

#define expect_refusal(call_word, step_word, error) do {		\
	expect_word("call", call_word);					\
	expect_word("step", step_word);					\
	expect_u64("errno", error);					\
} while (0)

static int has(struct json_object *row, const char *key)
{
	return json_object_object_get_ex(row, key, NULL);
}

/* What cannot be mapped, and is not even tried. */
static void refuse_map(struct vfio *vfio, __u64 iova, const void *va,
		       __u64 size, int err)
{
	must_eq(__vfio_map(vfio, iova, va, size, VFIO_RW), -err);
}

/* ---- checks ---- */

static int map_reserved(struct client *client, void *arg)
{
	struct shared *shared = arg;
	struct vfio vfio;
	struct mem mem;

	(void)client;
	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, shared->bdf);
	mem_alloc(&mem, BACKING_BASE, 32 * SZ_1M);
	shared->va = (__u64)mem.va;
	refuse_map(&vfio, 0xfe000000, mem.va, mem.size, EINVAL);
	return 0;
}

/* Who, what and when: of a process that is gone. */
TEST_F(refusal, reserved_range)
{
	struct timespec now;

	refuse(self, map_reserved);
	expect_rows(1);
	expect_refusal("map_dma", "check", EINVAL);
	expect_word("comm", "refused");
	expect_word("backend", "type1");
	expect_u64("tid", self->client.pid);
	expect_u64("repeats", 1);
	expect_u64("overcome_ns", 0);
	expect_u64("iova", 0xfe000000);
	expect_u64("vaddr", self->shared->va);
	expect_u64("bytes", 32 * SZ_1M);
	expect_u64("done_bytes", 0);
	expect_u64("flags", VFIO_RW);
	EXPECT_NE(0, stats_u64(self->row, "domain"));
	EXPECT_NE(0, stats_u64(self->row, "cgroup"));
	EXPECT_FALSE(has(self->row, "overlap_bytes"));
	expect_word("memory", "anon");
	expect_u64("memory_vaddr", self->shared->va);
	expect_u64("aperture_last", (1ULL << 48) - 1);
	expect_word("device", self->shared->bdf);
	clock_gettime(CLOCK_REALTIME, &now);
	EXPECT_GE(60U, now.tv_sec -
		       stats_u64(self->row, "wall_ns") / 1000000000);
	clock_gettime(CLOCK_MONOTONIC, &now);
	EXPECT_GE(60U, now.tv_sec -
		       stats_u64(self->row, "first_ns") / 1000000000);
	EXPECT_FALSE(kill(self->client.pid, 0) == 0);
}

static int map_bad_arguments(struct client *client, void *arg)
{
	struct shared *shared = arg;
	struct vfio vfio;
	struct mem mem;

	(void)client;
	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, shared->bdf);
	mem_alloc(&mem, BACKING_BASE, SZ_1M);
	refuse_map(&vfio, IOVA + 512, mem.va, SZ_4K, EINVAL);
	refuse_map(&vfio, IOVA, mem.va, 0, EINVAL);
	must_op(__vfio_map(&vfio, -SZ_4K, mem.va, 2 * SZ_4K, VFIO_RW), <, 0);
	/* More than 48 bits. */
	refuse_map(&vfio, 1ULL << 50, mem.va, SZ_4K, EINVAL);
	return 0;
}

TEST_F(refusal, bad_arguments)
{
	refuse(self, map_bad_arguments);
	expect_rows(4);
	expect_refusal("map_dma", "check", EINVAL);
	expect_u64("iova", IOVA + 512);
	next_row(self, 1);
	expect_refusal("map_dma", "check", EINVAL);
	expect_u64("bytes", 0);
	next_row(self, 2);
	expect_word("step", "check");
	expect_u64("iova", -SZ_4K);
	next_row(self, 3);
	expect_refusal("map_dma", "check", EINVAL);
	expect_u64("iova", 1ULL << 50);
}

static int map_unknown_flag(struct client *client, void *arg)
{
	struct shared *shared = arg;
	struct vfio vfio;
	struct mem mem;

	(void)client;
	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, shared->bdf);
	mem_alloc(&mem, BACKING_BASE, SZ_4K);
	must_eq(__vfio_map(&vfio, IOVA, mem.va, SZ_4K, VFIO_RW | 1 << 16),
		-EINVAL);
	return 0;
}

/* Of a kernel to come. */
TEST_F(refusal, unknown_flag)
{
	refuse(self, map_unknown_flag);
	expect_rows(1);
	expect_refusal("map_dma", "check", EINVAL);
	expect_u64("flags", VFIO_RW | 1 << 16);
}

/* SPDK's: an unmap inside a region does nothing, and says so in its size. */
static int unmap_part_v1(struct client *client, void *arg)
{
	struct shared *shared = arg;
	__u64 unmapped = 1;
	struct vfio vfio;
	struct mem mem;

	(void)client;
	vfio_open(&vfio, VFIO_TYPE1_IOMMU, shared->bdf);
	mem_alloc(&mem, BACKING_HUGETLB_2M, 64 * SZ_1M);
	vfio_map(&vfio, IOVA, mem.va, mem.size);
	must_work(__vfio_unmap(&vfio, IOVA + 8 * SZ_1M, 4 * SZ_1M, 0,
			       &unmapped));
	must_eq(unmapped, 0);
	refuse_map(&vfio, IOVA + 8 * SZ_1M, mem.va, 4 * SZ_1M, EEXIST);
	/* What did nothing because there was nothing is no refusal. */
	must_work(__vfio_unmap(&vfio, 2 * IOVA, SZ_2M, 0, &unmapped));
	must_eq(unmapped, 0);
	return 0;
}

TEST_F(refusal, short_unmap_and_overlap)
{
	refuse(self, unmap_part_v1);
	expect_rows(2);
	expect_refusal("unmap_dma", "check", 0);
	expect_u64("iova", IOVA + 8 * SZ_1M);
	expect_u64("bytes", 4 * SZ_1M);
	expect_u64("done_bytes", 0);
	expect_u64("overlap_iova", IOVA);
	expect_u64("overlap_bytes", 64 * SZ_1M);
	next_row(self, 1);
	expect_refusal("map_dma", "check", EEXIST);
	expect_u64("overlap_iova", IOVA);
	expect_u64("overlap_bytes", 64 * SZ_1M);
}

/* And v2 says so, in its errno. */
static int unmap_part_v2(struct client *client, void *arg)
{
	struct shared *shared = arg;
	struct vfio vfio;
	struct mem mem;

	(void)client;
	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, shared->bdf);
	mem_alloc(&mem, BACKING_HUGETLB_2M, 64 * SZ_1M);
	vfio_map(&vfio, IOVA, mem.va, mem.size);
	must_eq(__vfio_unmap(&vfio, IOVA + 8 * SZ_1M, 4 * SZ_1M, 0, NULL),
		-EINVAL);
	return 0;
}

TEST_F(refusal, bisect)
{
	refuse(self, unmap_part_v2);
	expect_rows(1);
	expect_refusal("unmap_dma", "check", EINVAL);
	expect_u64("overlap_iova", IOVA);
	expect_u64("overlap_bytes", 64 * SZ_1M);
}

static int exceed_entries(struct client *client, void *arg)
{
	struct shared *shared = arg;
	struct vfio vfio;
	struct mem mem;
	int i;

	(void)client;
	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, shared->bdf);
	mem_alloc(&mem, BACKING_BASE, 32 * SZ_4K);
	for (i = 0; i < 16; i++)
		vfio_map(&vfio, IOVA + i * SZ_2M, mem.va, SZ_4K);
	refuse_map(&vfio, IOVA + i * SZ_2M, mem.va, SZ_4K, ENOSPC);
	return 0;
}

TEST_F(refusal, entry_limit)
{
	host_must_be_lab("limits the regions of new containers");
	file_write(ENTRY_LIMIT, "16");
	refuse(self, exceed_entries);
	file_write(ENTRY_LIMIT, "65535");
	expect_refusal("map_dma", "check", ENOSPC);
	EXPECT_FALSE(has(self->row, "overlap_bytes"));
}

/* ---- pins ---- */

static int exceed_limit(struct client *client, void *arg)
{
	struct shared *shared = arg;
	struct vfio vfio;
	struct mem mem;

	(void)client;
	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, shared->bdf);
	mem_alloc(&mem, BACKING_THP, 34 * SZ_1M);
	memlock_limit(32 * SZ_1M);
	memlock_lose_right();
	vfio_map(&vfio, IOVA, mem.va, 16 * SZ_1M);
	vfio_map(&vfio, IOVA + 16 * SZ_1M, mem.va, 16 * SZ_1M);
	refuse_map(&vfio, IOVA + 32 * SZ_1M, (char *)mem.va + 32 * SZ_1M,
		   SZ_1M / 4, ENOMEM);
	return 0;
}

TEST_F(refusal, limit)
{
	refuse(self, exceed_limit);
	expect_refusal("map_dma", "pin", ENOMEM);
	expect_u64("limit_bytes", 32 * SZ_1M);
	expect_u64("locked_bytes", 32 * SZ_1M);
	expect_u64("ipc_lock", 0);
	expect_u64("bytes", SZ_1M / 4);
	expect_word("memory", "anon");
}

/* Somebody raises the limit, and it works: that is no refusal any more. */
static int overcome_limit(struct client *client, void *arg)
{
	struct shared *shared = arg;
	struct vfio vfio;
	struct mem mem;

	(void)client;
	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, shared->bdf);
	mem_alloc(&mem, BACKING_BASE, 2 * SZ_1M);
	memlock_limit(SZ_1M);
	memlock_lose_right();
	refuse_map(&vfio, IOVA, mem.va, mem.size, ENOMEM);
	refuse_map(&vfio, 2 * IOVA, mem.va, mem.size, ENOMEM);
	memlock_limit(4 * SZ_1M);
	vfio_map(&vfio, IOVA, mem.va, mem.size);
	return 0;
}

TEST_F(refusal, overcome)
{
	refuse(self, overcome_limit);
	expect_rows(2);
	expect_refusal("map_dma", "pin", ENOMEM);
	EXPECT_NE(0, stats_u64(self->row, "overcome_ns"));
	next_row(self, 1);
	expect_u64("overcome_ns", 0);
}

static int capable_client(struct client *client, void *arg)
{
	struct shared *shared = arg;
	struct vfio vfio;
	struct mem mem;

	(void)client;
	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, shared->bdf);
	mem_alloc(&mem, BACKING_BASE, SZ_1M);
	memlock_limit(RLIM_INFINITY);
	refuse_map(&vfio, IOVA + 1, mem.va, SZ_4K, EINVAL);
	return 0;
}

TEST_F(refusal, no_limit)
{
	refuse(self, capable_client);
	expect_u64("ipc_lock", 1);
	EXPECT_FALSE(has(self->row, "limit_bytes"));
}

static __u64 pool_free(void)
{
	char *text = file_read(POOL_2M "free_hugepages");
	__u64 nr = strtoull(text, NULL, 10);

	free(text);
	return nr * SZ_2M;
}

static int empty_pool(struct client *client, void *arg)
{
	struct shared *shared = arg;
	struct vfio vfio;
	__u64 size;
	void *va;

	(void)client;
	shared->bytes = pool_free();
	size = shared->bytes + 32 * SZ_1M;
	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, shared->bdf);
	va = mmap(NULL, size, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_NORESERVE,
		  -1, 0);
	must(va != MAP_FAILED);
	refuse_map(&vfio, IOVA, va, size, EFAULT);
	return 0;
}

TEST_F_TIMEOUT(refusal, pool, 120)
{
	refuse(self, empty_pool);
	expect_refusal("map_dma", "pin", EFAULT);
	expect_word("memory", "hugetlb");
	expect_u64("bytes", self->shared->bytes + 32 * SZ_1M);
	expect_u64("faulted_bytes", self->shared->bytes);
	expect_u64("hugetlb_bytes", self->shared->bytes);
	expect_u64("pool_page_bytes", SZ_2M);
	expect_u64("pool_free_bytes", 0);
	EXPECT_LE(self->shared->bytes, stats_u64(self->row, "pool_bytes"));
	expect_u64("node", 0);
	expect_u64("node_free_bytes", 0);
}

/*
 * A cgroup of 32 MiB for those that put themselves into it. It is one of the
 * first version, because there the kernel can be told not to kill anybody for
 * want of memory, and then says nothing in its log.
 */
#define CGROUP_BYTES (32 * SZ_1M)

struct cgroup {
	char root[32];
	char dir[40];
};

static bool cgroup_make(struct cgroup *cgroup)
{
	char limit[32];

	*cgroup = (struct cgroup){ .root = "/tmp/cgroup.XXXXXX" };
	must(mkdtemp(cgroup->root));
	if (mount("none", cgroup->root, "cgroup", 0, "memory")) {
		rmdir(cgroup->root);
		return false;
	}
	snprintf(cgroup->dir, sizeof(cgroup->dir), "%s/full", cgroup->root);
	must_eq(mkdir(cgroup->dir, 0700), 0);
	snprintf(limit, sizeof(limit), "%llu", CGROUP_BYTES);
	must_eq(__file_writef(limit, "%s/memory.limit_in_bytes", cgroup->dir),
		0);
	must_eq(__file_writef("1", "%s/memory.oom_control", cgroup->dir), 0);
	return true;
}

static void cgroup_remove(struct cgroup *cgroup)
{
	rmdir(cgroup->dir);
	must_eq(umount(cgroup->root), 0);
	must_eq(rmdir(cgroup->root), 0);
}

static struct cgroup cgroup;

/* Memory that nobody has touched: the pin is what asks the cgroup for it. */
static int fill_cgroup(struct client *client, void *arg)
{
	struct shared *shared = arg;
	struct vfio vfio;
	void *va;

	(void)client;
	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, shared->bdf);
	va = mmap(NULL, 2 * CGROUP_BYTES, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	must(va != MAP_FAILED);
	must_eq(madvise(va, 2 * CGROUP_BYTES, MADV_NOHUGEPAGE), 0);
	must_eq(__file_writef("0", "%s/cgroup.procs", cgroup.dir), 0);
	refuse_map(&vfio, IOVA, va, 2 * CGROUP_BYTES, ENOMEM);
	return 0;
}

TEST_F(refusal, cgroup_is_full)
{
	host_must_be_lab("fills a cgroup");
	if (!cgroup_make(&cgroup))
		SKIP(return, "no cgroups of memory of the first version");
	refuse(self, fill_cgroup);
	cgroup_remove(&cgroup);
	expect_refusal("map_dma", "pin", ENOMEM);
	expect_u64("bytes", 2 * CGROUP_BYTES);
	expect_u64("memcg_max_bytes", CGROUP_BYTES);
	EXPECT_LE(CGROUP_BYTES - SZ_1M, stats_u64(self->row, "memcg_bytes"));
	EXPECT_FALSE(has(self->row, "oom_victim"));
}

/* 8 MiB of memory in which something is in the way at 4 MiB. */
static void *memory_with(struct shared *shared)
{
	void *va = mmap(NULL, 8 * SZ_1M, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(va != MAP_FAILED);
	memset(va, 1, 8 * SZ_1M);
	shared->va = (__u64)va;
	shared->at = shared->va + 4 * SZ_1M;
	return va;
}

static int refuse_memory(struct shared *shared, const void *va)
{
	struct vfio vfio;

	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, shared->bdf);
	refuse_map(&vfio, IOVA, va, 8 * SZ_1M, EFAULT);
	return 0;
}

static int map_hole(struct client *client, void *arg)
{
	void *va = memory_with(arg);

	(void)client;
	must_eq(munmap((char *)va + 4 * SZ_1M, SZ_1M), 0);
	return refuse_memory(arg, va);
}

static int map_no_access(struct client *client, void *arg)
{
	void *va = memory_with(arg);

	(void)client;
	must_eq(mprotect((char *)va + 4 * SZ_1M, SZ_1M, PROT_NONE), 0);
	return refuse_memory(arg, va);
}

static int map_read_only(struct client *client, void *arg)
{
	void *va = memory_with(arg);

	(void)client;
	must_eq(mprotect((char *)va + 4 * SZ_1M, SZ_1M, PROT_READ), 0);
	return refuse_memory(arg, va);
}

/* A file that was truncated while it was mapped. */
static int map_past_end(struct client *client, void *arg)
{
	struct shared *shared = arg;
	struct mem mem;
	int fd = mem_open_memfd(&mem, BACKING_BASE, 8 * SZ_1M);

	(void)client;
	must_eq(ftruncate(fd, 4 * SZ_1M), 0);
	shared->va = (__u64)mem.va;
	shared->at = shared->va + 4 * SZ_1M;
	return refuse_memory(shared, mem.va);
}

/* Nobody but the process has it, the kernel included. */
static int map_secret(struct client *client, void *arg)
{
	struct shared *shared = arg;
	int fd = syscall(SYS_memfd_secret, 0);
	void *va;

	(void)client;
	must_op(fd, >=, 0);
	must_eq(ftruncate(fd, 8 * SZ_1M), 0);
	va = mmap(NULL, 8 * SZ_1M, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(va != MAP_FAILED);
	shared->va = (__u64)va;
	return refuse_memory(shared, va);
}

static int map_bar_off(struct client *client, void *arg)
{
	struct shared *shared = arg;
	struct vfio vfio;
	void *va;

	(void)client;
	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, shared->bdf);
	va = vfio_bar_mmap(&vfio.dev[0], 0, 0, SZ_1M, SZ_1M, 0);
	shared->va = (__u64)va;
	vfio_bars_off(&vfio.dev[0]);
	refuse_map(&vfio, IOVA, va, SZ_1M, EFAULT);
	vfio_bars_on(&vfio.dev[0]);
	return 0;
}

#define expect_memory(word, at, size) do {				\
	expect_refusal("map_dma", "pin", EFAULT);			\
	expect_word("memory", word);					\
	expect_u64("memory_vaddr", at);					\
	expect_u64("memory_bytes", size);				\
} while (0)

TEST_F(refusal, hole)
{
	refuse(self, map_hole);
	expect_memory("hole", self->shared->at, SZ_1M);
}

TEST_F(refusal, no_access)
{
	refuse(self, map_no_access);
	expect_memory("no_access", self->shared->at, SZ_1M);
}

TEST_F(refusal, read_only)
{
	refuse(self, map_read_only);
	expect_memory("read_only", self->shared->at, SZ_1M);
}

TEST_F(refusal, past_end)
{
	refuse(self, map_past_end);
	expect_memory("past_end", self->shared->at, 4 * SZ_1M);
}

/* Up to 6.4 it has to be asked for: secretmem.enable=1. */
TEST_F(refusal, secret)
{
	int fd = syscall(SYS_memfd_secret, 0);

	if (fd < 0)
		SKIP(return, "no memfd_secret(2)");
	close(fd);
	refuse(self, map_secret);
	expect_memory("secretmem", self->shared->va, 8 * SZ_1M);
}

TEST_F(refusal, bar_off)
{
	refuse(self, map_bar_off);
	expect_memory("pfnmap", self->shared->va, SZ_1M);
}

/* ---- opening ---- */

static int open_group(const char *bdf)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/vfio/%d", pci_group(bdf));
	return open(path, O_RDWR | O_CLOEXEC);
}

static int open_busy_group(struct client *client, void *arg)
{
	struct shared *shared = arg;

	(void)client;
	must_eq(open_group(shared->bdf), -1);
	must_eq(errno, EBUSY);
	return 0;
}

TEST_F(refusal, group_is_busy)
{
	int fd = open_group(self->shared->bdf);
	char group[16];

	ASSERT_LE(0, fd);
	refuse(self, open_busy_group);
	snprintf(group, sizeof(group), "%d", pci_group(self->shared->bdf));
	expect_refusal("group_open", "check", EBUSY);
	expect_word("target", group);
	close(fd);
}

static int get_wrong_device(struct client *client, void *arg)
{
	struct shared *shared = arg;
	struct vfio vfio;

	(void)client;
	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, shared->bdf);
	must_eq(ioctl(vfio.dev[0].group_fd, VFIO_GROUP_GET_DEVICE_FD,
		      "0000:ff:1f.7"), -1);
	must_eq(errno, ENODEV);
	return 0;
}

TEST_F(refusal, device_of_another_group)
{
	refuse(self, get_wrong_device);
	expect_rows(1);
	expect_refusal("get_device", "check", ENODEV);
	expect_word("target", "0000:ff:1f.7");
}

/* In the order that VFIO does not like: each says no in its own way. */
static int open_in_disorder(struct client *client, void *arg)
{
	struct shared *shared = arg;
	struct vfio vfio = { .nr = 0 };
	struct mem mem;
	int group;

	(void)client;
	vfio.fd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	must_op(vfio.fd, >=, 0);
	must_eq(ioctl(vfio.fd, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU), -1);
	must_eq(errno, EINVAL);
	mem_alloc(&mem, BACKING_BASE, SZ_1M);
	refuse_map(&vfio, IOVA, mem.va, SZ_4K, EINVAL);
	group = open_group(shared->bdf);
	must_op(group, >=, 0);
	must_eq(ioctl(group, VFIO_GROUP_GET_DEVICE_FD, shared->bdf), -1);
	must_eq(errno, EINVAL);
	return 0;
}

TEST_F(refusal, disorder)
{
	refuse(self, open_in_disorder);
	expect_rows(3);
	expect_refusal("set_iommu", "check", EINVAL);
	next_row(self, 1);
	expect_refusal("map_dma", "check", EINVAL);
	expect_word("backend", "none");
	expect_u64("iova", IOVA);
	expect_u64("domain", 0);
	next_row(self, 2);
	expect_refusal("get_device", "check", EINVAL);
	expect_word("target", self->shared->bdf);
}

/* A mistake that VFIO makes up for in another container is overcome. */
static int change_container(struct client *client, void *arg)
{
	struct shared *shared = arg;
	int group, null, container;

	(void)client;
	group = open_group(shared->bdf);
	must_op(group, >=, 0);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	must_eq(ioctl(group, VFIO_GROUP_SET_CONTAINER, &null), -1);
	/* EINVAL, or EBADFD where iommufd may stand in for a container. */
	shared->at = errno;
	container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	must_eq(ioctl(group, VFIO_GROUP_SET_CONTAINER, &container), 0);
	return 0;
}

TEST_F(refusal, another_container)
{
	refuse(self, change_container);
	expect_rows(1);
	expect_refusal("set_container", "check", self->shared->at);
	EXPECT_NE(0, self->shared->at);
	EXPECT_NE(0, stats_u64(self->row, "overcome_ns"));
}

/* ---- the table ---- */

static int repeat(struct client *client, void *arg)
{
	struct shared *shared = arg;
	struct vfio vfio;
	struct mem mem;
	int i;

	(void)client;
	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, shared->bdf);
	mem_alloc(&mem, BACKING_BASE, SZ_1M);
	for (i = 0; i < 1000; i++)
		refuse_map(&vfio, IOVA + 1, mem.va, SZ_4K, EINVAL);
	return 0;
}

TEST_F(refusal, repeats)
{
	refuse(self, repeat);
	expect_rows(1);
	expect_u64("repeats", 1000);
	EXPECT_LT(stats_u64(self->row, "first_ns"),
		  stats_u64(self->row, "last_ns"));
}

static int fail_in_many_ways(struct client *client, void *arg)
{
	struct shared *shared = arg;
	struct vfio vfio;
	struct mem mem;
	int i;

	(void)client;
	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, shared->bdf);
	mem_alloc(&mem, BACKING_BASE, SZ_1M);
	for (i = 0; i < 1000; i++)
		refuse_map(&vfio, IOVA + i * SZ_4K + 1, mem.va, SZ_4K, EINVAL);
	return 0;
}

/* The latest of one, and not at the cost of another. */
TEST_F(refusal, share)
{
	pid_t other;

	refuse(self, map_reserved);
	other = self->client.pid;
	json_object_put(self->file);
	refuse(self, fail_in_many_ways);
	expect_rows(SHARE);
	next_row(self, SHARE - 1);
	expect_u64("iova", IOVA + 999 * SZ_4K + 1);
	EXPECT_EQ(1U, stats_count_pid(self->file, other));
}

TEST_F(refusal, sums)
{
	struct json_object *before = stats_read("refused"), *after;
	const char *key = "22";
	struct json_object *sum = NULL;
	__u64 nr = 0;

	if (json_object_object_get_ex(stats_member(before, "check"), key, &sum))
		nr = json_object_get_uint64(sum);
	refuse(self, repeat);
	after = stats_read("refused");
	EXPECT_EQ(nr + 1000, stats_u64(stats_member(after, "check"), key));
	json_object_put(before);
	json_object_put(after);
}

/* A good client leaves nothing here. */
static int be_good(struct client *client, void *arg)
{
	struct shared *shared = arg;
	struct vfio vfio;
	struct mem mem;

	(void)client;
	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, shared->bdf);
	must_eq(ioctl(vfio.fd, VFIO_CHECK_EXTENSION, 4711), 0);
	mem_alloc(&mem, BACKING_THP, 4 * SZ_2M);
	vfio_map(&vfio, IOVA, mem.va, mem.size);
	vfio_unmap(&vfio, IOVA, mem.size);
	must_work(__vfio_unmap(&vfio, IOVA, mem.size, 0, NULL));
	return 0;
}

TEST_F(refusal, good_client)
{
	struct client client;
	struct json_object *file;

	client_start(&client, "good", be_good, self->shared);
	ASSERT_EQ(0, client_end(&client));
	file = stats_read("refusals");
	EXPECT_EQ(0U, stats_count_pid(file, client.pid));
	json_object_put(file);
}
