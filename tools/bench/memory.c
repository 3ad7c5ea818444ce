// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory to be mapped for a device, of each backing.
 *
 * It is taken from what is free: huge pages from the pools as they are, the
 * rest from at most half of what the kernel says is available. Nothing is
 * reserved for later, and all of it is gone when the program is.
 *
 * Every page is touched once before anything is measured, because the kernel
 * zeroes a page when it is first used, which takes far longer than mapping it.
 * A backing that could not be had as asked for is told, not replaced: a THP
 * that became base pages would be measured under a wrong name.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <linux/memfd.h>

#include "base/compiler.h"
#include "base/leaf.h"
#include "base/system.h"
#include "memory.h"

const char *const backing_words[NR_BACKINGS] = {
	[BACKING_HUGETLB_1G] = "hugetlb_1g",
	[BACKING_HUGETLB_2M] = "hugetlb_2m",
	[BACKING_THP] = "thp",
	[BACKING_BASE] = "base",
	[BACKING_MEMFD] = "memfd",
	[BACKING_BAR] = "bar",
};

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

__printf(2, 3)
static bool memory_refuse(struct memory *memory, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(memory->why, sizeof(memory->why), fmt, args);
	va_end(args);
	memory_free(memory);
	return false;
}

uint64_t backing_page(enum backing backing)
{
	switch (backing) {
	case BACKING_HUGETLB_1G:
		return leaf_size(LEAF_1G);
	case BACKING_HUGETLB_2M:
	case BACKING_THP:
		return leaf_size(LEAF_2M);
	default:
		return leaf_size(LEAF_4K);
	}
}

static bool is_hugetlb(enum backing backing)
{
	return backing == BACKING_HUGETLB_1G || backing == BACKING_HUGETLB_2M;
}

/* Pages of the pool that nobody has or has been promised. */
static uint64_t free_hugetlb(uint64_t page)
{
	uint64_t kb = page >> 10, all = 0, promised = 0;

	system_u64(&all, "/sys/kernel/mm/hugepages/hugepages-%jukB/free_hugepages",
		   (uintmax_t)kb);
	system_u64(&promised,
		   "/sys/kernel/mm/hugepages/hugepages-%jukB/resv_hugepages",
		   (uintmax_t)kb);
	return all > promised ? (all - promised) * page : 0;
}

static uint64_t half_of_available(void)
{
	FILE *file = system_open("/proc/meminfo");
	uintmax_t kb = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %ju kB", &kb) == 1)
			break;
	if (file)
		fclose(file);
	return kb << 9;
}

/* Whole GiB where there is one, so that a size is made of few regions. */
static uint64_t share_of(enum backing backing, uint64_t want)
{
	uint64_t page = backing_page(backing);
	uint64_t has = is_hugetlb(backing) ?
		       free_hugetlb(page) :
		       half_of_available();

	want = (want + page - 1) & ~(page - 1);
	if (has >= want)
		return want;
	return leaf_down(has, has >> 30 ? LEAF_1G : LEAF_2M);
}

/* Room of @bytes at @align plus @shift, and nothing besides. */
static char *address_reserve(uint64_t bytes, uint64_t align, uint64_t shift)
{
	uint64_t room = bytes + align + shift;
	char *window, *va, *end;

	window = mmap(NULL, room, PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (window == MAP_FAILED)
		return NULL;
	va = (char *)(((uintptr_t)window + align - 1) & ~(align - 1)) + shift;
	end = window + room;
	if (va > window)
		munmap(window, va - window);
	if (va + bytes < end)
		munmap(va + bytes, end - (va + bytes));
	return va;
}

static bool memory_place(struct memory *memory, int flags, int fd,
			 uint64_t offset, uint64_t align, uint64_t shift)
{
	memory->va = address_reserve(memory->bytes, align, shift);
	if (!memory->va)
		return memory_refuse(memory, "no room in the address space: %s",
				     strerror(errno));
	if (mmap(memory->va, memory->bytes, PROT_READ | PROT_WRITE,
		 flags | MAP_FIXED, fd, offset) == MAP_FAILED)
		return memory_refuse(memory, "mmap: %s", strerror(errno));
	return true;
}

static bool memory_place_file(struct memory *memory, enum backing backing)
{
	unsigned int flags = MFD_CLOEXEC;

	if (backing == BACKING_HUGETLB_1G)
		flags |= MFD_HUGETLB | MFD_HUGE_1GB;
	else if (backing == BACKING_HUGETLB_2M)
		flags |= MFD_HUGETLB | MFD_HUGE_2MB;
	memory->fd = memfd_create("iovascope", flags);
	if (memory->fd < 0)
		return memory_refuse(memory, "memfd_create: %s", strerror(errno));
	if (ftruncate(memory->fd, memory->bytes))
		return memory_refuse(memory, "ftruncate: %s", strerror(errno));
	return memory_place(memory, MAP_SHARED, memory->fd, 0,
			    leaf_size(LEAF_1G), 0);
}

static bool memory_place_anonymous(struct memory *memory, enum backing backing)
{
	int advice = backing == BACKING_THP ? MADV_HUGEPAGE : MADV_NOHUGEPAGE;

	if (!memory_place(memory, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0,
			  leaf_size(LEAF_1G), 0))
		return false;
	/* A kernel without THP has nothing but base pages. */
	if (madvise(memory->va, memory->bytes, advice) &&
	    backing == BACKING_THP)
		return memory_refuse(memory, "madvise(MADV_HUGEPAGE): %s",
				     strerror(errno));
	return true;
}

static void memory_touch(struct memory *memory, uint64_t page)
{
	uint64_t start = now_ns();

	for (uint64_t at = 0; at < memory->bytes; at += page)
		((volatile char *)memory->va)[at] = 1;
	memory->touch_ns = now_ns() - start;
}

/* Bytes of the range that smaps says are in anonymous huge pages. */
static uint64_t memory_huge_bytes(const struct memory *memory)
{
	uintptr_t first = (uintptr_t)memory->va;
	FILE *file = system_open("/proc/self/smaps");
	uintmax_t start, end, kb, sum = 0;
	bool inside = false;
	char line[512];

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%jx-%jx ", &start, &end) == 2)
			inside = start >= first && end <= first + memory->bytes;
		else if (inside && sscanf(line, "AnonHugePages: %ju kB", &kb) == 1)
			sum += kb << 10;
	}
	if (file)
		fclose(file);
	return sum;
}

static bool memory_none_free(struct memory *memory, enum backing backing)
{
	if (is_hugetlb(backing))
		return memory_refuse(memory, "no %ju KiB page is free: /sys/kernel/mm/hugepages",
				     (uintmax_t)(backing_page(backing) >> 10));
	return memory_refuse(memory, "no memory is available");
}

bool memory_take(struct memory *memory, enum backing backing, uint64_t want)
{
	bool file = is_hugetlb(backing) || backing == BACKING_MEMFD;
	uint64_t huge;

	memset(memory, 0, sizeof(*memory));
	memory->fd = -1;
	memory->bytes = share_of(backing, want);
	if (!memory->bytes)
		return memory_none_free(memory, backing);
	if (file ? !memory_place_file(memory, backing) :
		   !memory_place_anonymous(memory, backing))
		return false;
	memory_touch(memory, backing_page(backing));
	if (backing != BACKING_THP)
		return true;
	huge = memory_huge_bytes(memory);
	if (huge < memory->bytes)
		return memory_refuse(memory, "only %ju of %ju MiB became huge pages",
				     (uintmax_t)huge >> 20,
				     (uintmax_t)memory->bytes >> 20);
	return true;
}

bool memory_map(struct memory *memory, int fd, uint64_t offset, uint64_t bytes,
		uint64_t align, uint64_t shift)
{
	memset(memory, 0, sizeof(*memory));
	memory->fd = -1;
	memory->bytes = bytes;
	return memory_place(memory, MAP_SHARED, fd, offset, align, shift);
}

void memory_free(struct memory *memory)
{
	if (memory->va)
		munmap(memory->va, memory->bytes);
	if (memory->fd >= 0)
		close(memory->fd);
	memory->va = NULL;
	memory->fd = -1;
}
