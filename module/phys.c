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
 * All ones where struct page itself is not there: its memory goes when memory
 * is unplugged, and nothing that we hold forbids that. Call with page faults
 * disabled. (copy_from_kernel_nofault() costs more than all the rest that a
 * census does for a leaf.)
 */
static __always_inline unsigned long flags_of(const struct page *page)
{
	unsigned long flags;

	__get_kernel_nofault(&flags, &page->flags, unsigned long, fault);
	return flags;
fault:
	return ~0UL;
}

static __always_inline bool is_reserved(const struct page *page,
					unsigned long pfn)
{
	return (flags_of(page) & BIT(PG_reserved)) && !is_zero_pfn(pfn);
}

/**
 * ivs_phys_is_mmio - is a page frame something else than memory?
 * @pfn: any
 *
 * As VFIO has it: MMIO is what has no struct page, or a reserved one. The zero
 * page is reserved too, but it is memory.
 *
 * Context: any; holds no page, and needs none to be held.
 */
bool ivs_phys_is_mmio(unsigned long pfn)
{
	bool mmio;

	if (!pfn_valid(pfn))
		return true;
	pagefault_disable();
	mmio = is_reserved(pfn_to_page(pfn), pfn);
	pagefault_enable();
	return mmio;
}

/* The first page of a subsection: all its frames have one, or none has. */
static noinline const struct page *pages_of(unsigned long pfn)
{
	return pfn_valid(pfn) ?
		pfn_to_page(ALIGN_DOWN(pfn, PAGES_PER_SUBSECTION)) : NULL;
}

/* How many leaves from @entry on are as the first one, which is known. */
static __always_inline unsigned int
count_alike(const u64 *entry, const u64 *end, u64 address, bool mmio)
{
	unsigned long pfn = PHYS_PFN(*entry & address);
	unsigned long start = ALIGN_DOWN(pfn, PAGES_PER_SUBSECTION);
	const struct page *pages = pages_of(pfn);
	const u64 *first = entry;

	while (++entry < end) {
		unsigned long offset;

		pfn = PHYS_PFN(*entry & address);
		offset = pfn - start;
		if (unlikely(offset >= PAGES_PER_SUBSECTION)) {
			start = ALIGN_DOWN(pfn, PAGES_PER_SUBSECTION);
			offset = pfn - start;
			pages = pages_of(pfn);
		}
		if (mmio != (!pages || is_reserved(pages + offset, pfn)))
			break;
	}
	return entry - first;
}

/**
 * ivs_phys_alike - how far leaves go on being memory, or being MMIO
 * @stretch: the leaves
 * @from: where to begin
 * @mmio: what the first one is, see ivs_phys_is_mmio()
 *
 * A leaf is judged by its first frame: no backend joins the two in one map,
 * and no leaf is larger than the map that wrote it. This is done for each 4K
 * leaf of a census: all of them are under one pagefault_disable().
 *
 * Context: any; holds no page, so that only what hardly changes is looked at.
 * Return: how many are as the first, at least 1.
 */
unsigned int ivs_phys_alike(const struct ivs_stretch *stretch,
			    unsigned int from, bool *mmio)
{
	const u64 *entry = stretch->entries + from;
	const u64 *end = stretch->entries + stretch->nr;
	unsigned int nr;

	*mmio = ivs_phys_is_mmio(PHYS_PFN(*entry & stretch->address));
	pagefault_disable();
	/* Two loops, each without a question too many. */
	nr = *mmio ? count_alike(entry, end, stretch->address, true) :
		     count_alike(entry, end, stretch->address, false);
	pagefault_enable();
	return nr;
}

static bool is_memory(u64 phys)
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
	flags = flags_of(page);
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
