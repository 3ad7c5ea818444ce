// SPDX-License-Identifier: GPL-2.0-only
/*
 * phys.c - read physical memory that may be anything
 *
 * Model. An address found in a table is a claim. Before it is read it must be
 * memory that the kernel manages: online, with an initialised struct page, not
 * reserved (firmware, holes) and not known to be broken. Then the direct map is
 * read through the fault-tolerant primitive, because a page may be missing
 * there all the same (debug_pagealloc, secretmem, memory taken offline right
 * now). Nothing is pinned: the page may be freed and used anew while it is
 * read; telling good copies from bad is the walker's business.
 *
 * Words that are 8-byte aligned are read whole (copy_from_kernel_nofault()
 * copies u64 by u64), as the hardware itself writes and reads them.
 */
#include <linux/io.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "phys.h"

/*
 * The memory of struct page itself goes when memory is unplugged, and nothing
 * that we hold forbids that. A call of copy_from_kernel_nofault() costs more than
 * all the rest that a census does for a run of one leaf.
 */
static __always_inline bool has_flags(const struct page *page,
				      unsigned long mask)
{
	unsigned long flags;

	pagefault_disable();
	__get_kernel_nofault(&flags, &page->flags, unsigned long, fault);
	pagefault_enable();
	return flags & mask;
fault:
	pagefault_enable();
	return true;
}

/**
 * ivs_phys_is_ours - is a page frame memory that the kernel hands out?
 * @pfn: one for which pfn_valid() holds
 *
 * Everything else, and what is mapped there for a device, is MMIO to VFIO: what
 * has no struct page, or a reserved one. The zero page is reserved too, but it
 * is memory.
 *
 * Context: any; holds no page.
 */
bool ivs_phys_is_ours(unsigned long pfn)
{
	return !has_flags(pfn_to_page(pfn), BIT(PG_reserved)) ||
	       is_zero_pfn(pfn);
}

/**
 * ivs_phys_alike - how far frames go on being ours, or not being ours
 * @pfn: the first one, which is known; all of them have a struct page
 * @step: from one to the next
 * @nr: how many to look at
 * @ours: what the first one is, see ivs_phys_is_ours()
 *
 * One for each 4K leaf of a census: all of them under one pagefault_disable().
 *
 * Context: any; holds no page.
 * Return: how many are as the first, at least 1.
 */
u64 ivs_phys_alike(unsigned long pfn, unsigned long step, u64 nr, bool ours)
{
	unsigned long flags;
	u64 i;

	pagefault_disable();
	for (i = 1; i < nr; i++) {
		pfn += step;
		__get_kernel_nofault(&flags, &pfn_to_page(pfn)->flags,
				     unsigned long, fault);
		if ((!(flags & BIT(PG_reserved)) || is_zero_pfn(pfn)) != ours)
			break;
	}
	pagefault_enable();
	return i;
fault:
	pagefault_enable();
	/* What is not there is not ours, see has_flags(). */
	return i + !ours;
}

static bool is_memory(u64 phys)
{
	struct page *page;

	/* Bits that no address has would be lost on the way to a pfn. */
	if (phys >> MAX_PHYSMEM_BITS)
		return false;
	page = pfn_to_online_page(PHYS_PFN(phys));
	return page && !has_flags(page, BIT(PG_reserved) | __PG_HWPOISON);
}

/**
 * ivs_phys_read - copy from physical memory
 * @phys: where; the range must not cross a page
 * @to: buffer
 * @bytes: how many
 *
 * Context: any that may look at struct page; takes no lock.
 * Return: 0, or -EFAULT when there is nothing to be read.
 */
int ivs_phys_read(u64 phys, void *to, size_t bytes)
{
	if (!is_memory(phys) ||
	    copy_from_kernel_nofault(to, phys_to_virt(phys), bytes))
		return -EFAULT;
	return 0;
}

static int memory_read(const struct ivs_memory *memory, u64 phys, void *to,
		       size_t bytes)
{
	return ivs_phys_read(phys, to, bytes);
}

static int memory_pause(const struct ivs_memory *memory)
{
	cond_resched();
	return signal_pending(current) ? -EINTR : 0;
}

/* ivs_phys_memory - the machine's memory, for the walker */
const struct ivs_memory *ivs_phys_memory(void)
{
	static struct ivs_memory memory = {
		.read = memory_read,
		.pause = memory_pause,
	};

	/* It grows and shrinks, slowly. */
	WRITE_ONCE(memory.max_tables, totalram_pages());
	return &memory;
}
