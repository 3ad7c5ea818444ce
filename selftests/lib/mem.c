// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of every backing.
 *
 * A test that asks for THP and silently gets base pages proves nothing, so
 * what was allocated is verified page by page in /proc/kpageflags. Physical
 * addresses come from /proc/self/pagemap: the independent source from which
 * the tests recompute runs and leaves.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include <linux/kernel-page-flags.h>
#include <linux/memfd.h>
#include <linux/mman.h>

#include "mem.h"
#include "must.h"

#define PAGEMAP_PRESENT	(1ULL << 63)
#define PAGEMAP_PFN	((1ULL << 55) - 1)

const char *const backing_names[NR_BACKINGS] = {
	"base", "thp", "hugetlb_2m", "hugetlb_1g", "mmio", "mixed", "none",
};

__u64 backing_page_size(enum backing backing)
{
	switch (backing) {
	case BACKING_THP:
	case BACKING_HUGETLB_2M:
		return SZ_2M;
	case BACKING_HUGETLB_1G:
		return SZ_1G;
	default:
		return SZ_4K;
	}
}

static __u64 table_entry(const char *path, __u64 index)
{
	__u64 entry = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	must_op(fd, >=, 0);
	must_eq(pread(fd, &entry, sizeof(entry), index * sizeof(entry)),
		sizeof(entry));
	close(fd);
	return entry;
}

__u64 mem_phys(const void *va)
{
	unsigned long addr = (unsigned long)va;
	__u64 entry = table_entry("/proc/self/pagemap", addr / SZ_4K);

	if (!(entry & PAGEMAP_PRESENT))
		return 0;
	return (entry & PAGEMAP_PFN) * SZ_4K + addr % SZ_4K;
}

enum backing mem_page_kind(const void *va)
{
	__u64 phys = mem_phys(va), flags;

	must(phys);
	flags = table_entry("/proc/kpageflags", phys / SZ_4K);
	if (flags & (1ULL << KPF_HUGE))
		return BACKING_HUGETLB_2M;
	if (flags & (1ULL << KPF_THP))
		return BACKING_THP;
	return BACKING_BASE;
}

static int hugetlb_flags(enum backing backing)
{
	switch (backing) {
	case BACKING_HUGETLB_2M:
		return MAP_HUGETLB | MAP_HUGE_2MB;
	case BACKING_HUGETLB_1G:
		return MAP_HUGETLB | MAP_HUGE_1GB;
	default:
		return 0;
	}
}

/* Anonymous memory at an aligned address; hugetlb aligns by itself. */
static int alloc_aligned(struct mem *mem, __u64 align)
{
	unsigned long start;

	mem->window_size = mem->size + align;
	mem->window = mmap(NULL, mem->window_size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mem->window == MAP_FAILED)
		return -errno;
	start = ((unsigned long)mem->window + align - 1) & ~(align - 1);
	mem->va = (void *)start;
	return 0;
}

static int alloc_hugetlb(struct mem *mem, int flags)
{
	__u64 page = backing_page_size(mem->backing);

	mem->window_size = (mem->size + page - 1) & ~(page - 1);
	mem->window = mmap(NULL, mem->window_size, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS | flags, -1, 0);
	if (mem->window == MAP_FAILED)
		return -errno;
	mem->va = mem->window;
	return 0;
}

static int fault_in(struct mem *mem)
{
	__u64 step = backing_page_size(mem->backing), at;
	enum backing want = mem->backing == BACKING_HUGETLB_1G ?
			    BACKING_HUGETLB_2M : mem->backing;

	for (at = 0; at < mem->size; at += step) {
		((volatile char *)mem->va)[at] = 1;
		if (mem_page_kind((char *)mem->va + at) != want)
			return -ENOMEM;
	}
	return 0;
}

int __mem_alloc(struct mem *mem, enum backing backing, __u64 size, int fault)
{
	int flags = hugetlb_flags(backing), ret;

	memset(mem, 0, sizeof(*mem));
	mem->size = size;
	mem->backing = backing;
	if (flags)
		ret = alloc_hugetlb(mem, flags);
	else
		ret = alloc_aligned(mem, SZ_2M);
	if (ret)
		return ret;
	if (!flags && madvise(mem->window, mem->window_size,
			      backing == BACKING_THP ? MADV_HUGEPAGE :
						       MADV_NOHUGEPAGE))
		ret = -errno;
	if (!ret && fault)
		ret = fault_in(mem);
	if (ret)
		mem_free(mem);
	return ret;
}

void mem_alloc(struct mem *mem, enum backing backing, __u64 size)
{
	int ret = __mem_alloc(mem, backing, size, 1);

	errno = -ret;
	must_have(!ret, "no %llu bytes of %s memory", size,
		  backing_names[backing]);
}

int mem_open_untouched(struct mem *mem, enum backing backing, __u64 size)
{
	int flags = 0, fd;

	if (backing == BACKING_HUGETLB_2M)
		flags = MFD_HUGETLB | MFD_HUGE_2MB;
	else if (backing == BACKING_HUGETLB_1G)
		flags = MFD_HUGETLB | MFD_HUGE_1GB;
	memset(mem, 0, sizeof(*mem));
	mem->size = size;
	mem->window_size = size;
	mem->backing = backing;
	fd = memfd_create("iovascope", flags | MFD_CLOEXEC);
	must_op(fd, >=, 0);
	must_eq(ftruncate(fd, size), 0);
	mem->window = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			   0);
	must(mem->window != MAP_FAILED);
	mem->va = mem->window;
	return fd;
}

int mem_open_memfd(struct mem *mem, enum backing backing, __u64 size)
{
	int fd = mem_open_untouched(mem, backing, size);

	must_work(fault_in(mem));
	return fd;
}

void mem_alloc_memfd(struct mem *mem, enum backing backing, __u64 size)
{
	close(mem_open_memfd(mem, backing, size));
}

void *mem_shared(__u64 size)
{
	void *va = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must(va != MAP_FAILED);
	return va;
}

void mem_alloc_scattered(struct mem *mem, __u64 size)
{
	struct mem file;
	__u64 at;
	int fd;

	memset(mem, 0, sizeof(*mem));
	mem->size = size;
	mem->window_size = size;
	mem->backing = BACKING_BASE;
	fd = memfd_create("iovascope", MFD_CLOEXEC);
	must_op(fd, >=, 0);
	must_eq(ftruncate(fd, size), 0);
	file = *mem;
	file.va = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(file.va != MAP_FAILED);
	must_work(fault_in(&file));
	munmap(file.va, size);
	mem->window = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	must(mem->window != MAP_FAILED);
	mem->va = mem->window;
	for (at = 0; at < size; at += SZ_4K)
		must(mmap((char *)mem->va + at, SZ_4K, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd,
			  size - SZ_4K - at) != MAP_FAILED);
	close(fd);
}

void mem_free(struct mem *mem)
{
	if (mem->window)
		munmap(mem->window, mem->window_size);
	mem->window = NULL;
}
