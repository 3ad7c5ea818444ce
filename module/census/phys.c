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
 * Words that are 8-byte aligned are read whole (copy_from_kernel_nofault() and
 * phys_read_table() copy u64 by u64), as the hardware itself writes and reads
 * them.
 */
#include <linux/io.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "../base/frame.h"
#include "phys.h"

/**
 * ivs_phys_alike - how far leaves go on being memory, or being MMIO
 * @stretch: the leaves
 * @from: where to begin
 * @mmio: what the first one is
 *
 * What is MMIO, frame.h says. A leaf is judged by its first frame: no backend
 * joins the two in one map, and no leaf is larger than the map that wrote it.
 *
 * This is done for each 4K leaf of a census. So all of them are under one
 * pagefault_disable(); whether a frame has a struct page is asked once a
 * subsection, the unit in which frames have one; and that is asked in one
 * place, so that it is compiled in line: memory may be so scattered that each
 * leaf is in another subsection.
 *
 * Context: any; holds no page, so that only what hardly changes is looked at.
 * Return: how many are as the first, at least 1.
 */
unsigned int ivs_phys_alike(const struct ivs_stretch *stretch,
			    unsigned int from, bool *mmio)
{
	const u64 *first = stretch->entries + from, *entry;
	const u64 *end = stretch->entries + stretch->nr;
	unsigned long subsection = ULONG_MAX;
	u64 address = stretch->address;
	bool valid = false, is_mmio = false;

	pagefault_disable();
	for (entry = first; entry < end; entry++) {
		unsigned long pfn = PHYS_PFN(*entry & address);

		if (pfn / PAGES_PER_SUBSECTION != subsection) {
			subsection = pfn / PAGES_PER_SUBSECTION;
			valid = pfn_valid(pfn);
		}
		if (valid && !ivs_frame_is_reserved(pfn)) {
			if (is_mmio)
				break;
		} else if (!is_mmio) {
			if (entry != first)
				break;
			is_mmio = true;
		}
	}
	pagefault_enable();
	*mmio = is_mmio;
	return entry - first;
}

static bool phys_is_memory(u64 phys)
{
	unsigned long flags;
	struct page *page;

	/* Bits that no address has would be lost on the way to a pfn. */
	if (phys >> MAX_PHYSMEM_BITS)
		return false;
	page = pfn_to_online_page(PHYS_PFN(phys));
	if (!page)
		return false;
	pagefault_disable();
	flags = ivs_page_flags(page);
	pagefault_enable();
	return !(flags & (BIT(PG_reserved) | __PG_HWPOISON));
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
	if (!phys_is_memory(phys) ||
	    copy_from_kernel_nofault(to, phys_to_virt(phys), bytes))
		return -EFAULT;
	return 0;
}

/*
 * What copy_from_kernel_nofault() does, with a fifth of its jumps: where leaves
 * are small, copying the tables is a good part of all that a census does.
 */
static int phys_read_table(u64 phys, u64 *to)
{
	const u64 *from = phys_to_virt(phys), *end = from + IVS_TABLE_ENTRIES;

	if (!phys_is_memory(phys))
		return -EFAULT;
	pagefault_disable();
	for (; from < end; from += 4, to += 4) {
		__get_kernel_nofault(to, from, u64, fault);
		__get_kernel_nofault(to + 1, from + 1, u64, fault);
		__get_kernel_nofault(to + 2, from + 2, u64, fault);
		__get_kernel_nofault(to + 3, from + 3, u64, fault);
	}
	pagefault_enable();
	return 0;
fault:
	pagefault_enable();
	return -EFAULT;
}

static int memory_read(const struct ivs_memory *memory, u64 phys, void *to,
		       size_t bytes)
{
	return bytes == IVS_TABLE_BYTES ? phys_read_table(phys, to) :
					  ivs_phys_read(phys, to, bytes);
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
