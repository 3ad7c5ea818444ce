// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a physical page frame is part of, from /proc/kpageflags (see the
 * kernel's Documentation/admin-guide/mm/pagemap.rst): a hugetlb page, a
 * transparent huge page, or a base page. The flags tell the head of a compound
 * page from its tails but not its size; that follows from where tails are: the
 * frame 2 MiB behind the head of a 1 GiB page is a tail of it, and a huge page
 * of memory, which can be of any power of two, ends where tails do.
 */
#include "frames.h"
#include "base/leaf.h"
#include "base/system.h"

#define KPF_MMAP		(1ull << 11)
#define KPF_ANON		(1ull << 12)
#define KPF_SWAPCACHE		(1ull << 13)
#define KPF_COMPOUND_HEAD	(1ull << 15)
#define KPF_COMPOUND_TAIL	(1ull << 16)
#define KPF_HUGE		(1ull << 17)
#define KPF_NOPAGE		(1ull << 20)
#define KPF_THP			(1ull << 22)

#define PER_2M	512

static bool flags_at(uint64_t pfn, uint64_t *flags)
{
	static int fd = -2;

	if (fd == -2)
		fd = system_fd("/proc/kpageflags");
	return system_word_at(fd, pfn, flags) && !(*flags & KPF_NOPAGE);
}

static struct frame hugetlb_at(uint64_t pfn)
{
	uint64_t first = pfn & ~(uint64_t)(PER_2M - 1), flags;
	struct frame small = { "hugetlb_2m", leaf_size(LEAF_2M) };
	struct frame large = { "hugetlb_1g", leaf_size(LEAF_1G) };

	if (!flags_at(first, &flags))
		return (struct frame){ "unknown", 0 };
	if (flags & KPF_COMPOUND_TAIL)
		return large;
	return flags_at(first + PER_2M, &flags) &&
	       flags & KPF_COMPOUND_TAIL ? large : small;
}

/* A compound page is aligned to its size; none here is larger than 2 MiB. */
static uint64_t compound_at(uint64_t pfn)
{
	uint64_t head = pfn, pages = 1, flags;

	while (head & (PER_2M - 1) && flags_at(head, &flags) &&
	       flags & KPF_COMPOUND_TAIL)
		head--;
	while (pages < PER_2M && flags_at(head + pages, &flags) &&
	       flags & KPF_COMPOUND_TAIL)
		pages *= 2;
	return pages * leaf_size(LEAF_4K);
}

struct frame frame_of(uint64_t phys)
{
	uint64_t pfn = phys >> 12, flags;

	if (!flags_at(pfn, &flags))
		return (struct frame){ "unknown", 0 };
	if (flags & KPF_HUGE)
		return hugetlb_at(pfn);
	if (flags & KPF_THP)
		return (struct frame){ "thp", compound_at(pfn) };
	return (struct frame){ "base", leaf_size(LEAF_4K) };
}

bool frame_is_lost(uint64_t phys)
{
	uint64_t flags;

	return flags_at(phys >> 12, &flags) &&
	       (flags & (KPF_ANON | KPF_MMAP | KPF_SWAPCACHE)) == KPF_ANON;
}
