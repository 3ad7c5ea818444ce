// SPDX-License-Identifier: GPL-2.0-only
/*
 * backing.c - from virtual addresses to runs that are held, and back
 *
 * Model. What backs an address decides how it is held, and only the VMA knows:
 *
 * hugetlb: one pin holds a folio, and one look at one of its pages tells where
 *	all of them are, because hugetlb maps a folio by one entry and splits
 *	neither. Those that are there already are pinned in batches, a folio
 *	an entry. A folio that only begins or ends in the region is pinned as
 *	one, too.
 * PFNMAP: a BAR. Not held; asked of the page table by its own leaves or, for
 *	what bar.c proves to be linear, once.
 * anything else: pinned in batches, a pin a 4K page. A huge page (THP, a large
 *	folio) may be mapped by parts in any order, so that only the page
 *	table of each part tells where it is; but that is asked, and the pins
 *	of a huge page are put and taken back, a huge page at a time. GUP's
 *	fast path does not ask the VMA whether it may; that is done here.
 *
 * Pages that are reserved (the zero page, the vDSO) count nowhere; so type1. The
 * zero page is never freed and has no pin, the others have one like any page.
 *
 * hugepath_pin() puts these together to runs: contiguous, and held alike. What
 * it had to pin to see that a run ends waits in the pinner for the next call.
 * All is counted against the process's limit when it is pinned (account.c).
 *
 * hugepath_pin() and hugepath_unpin() have the shape of type1's
 * vfio_pin_pages_remote() and vfio_unpin_pages_remote(), and are functions, for
 * those who measure both.
 *
 * Locking: the container's; mmap lock of the region's process, which calls us,
 * while looking at VMAs. No userfaultfd is waited for with the container locked:
 * faults are asked for without leave to drop the mmap lock, and it then refuses
 * them. (A page that a file system has to read is waited for, as by type1.)
 * Lifetime: a pin lasts until hugepath_unpin(),
 * which finds the folios again from the run, since nobody can split or free
 * them.
 */
#include <linux/gfp.h>
#include <linux/hugetlb.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include "compat.h"
#include "hugepath.h"

#define BATCH_PAGES (PAGE_SIZE / sizeof(struct page *))

/*
 * A batch is pinned before it is counted against the limit, and on 6.1 what is not
 * there is made by the way: follow_hugetlb_page() does not heed FOLL_NOFAULT. It
 * waits for no userfaultfd there, since a long-term pin keeps the mmap lock.
 */
#define HUGETLB_BATCH_PAGES ((unsigned long)SZ_1G >> PAGE_SHIFT)

static bool pfn_is_reserved(unsigned long pfn)
{
	return !pfn_valid(pfn) || PageReserved(pfn_to_page(pfn));
}

static bool page_is_zero(const struct page *page)
{
	return is_zero_pfn(page_to_pfn(page));
}

/* ---- unpin ---- */

static void folios_unpin(unsigned long pfn, unsigned long npage, bool dirty)
{
	while (npage) {
		struct page *head = compound_head(pfn_to_page(pfn));
		unsigned long end = page_to_pfn(head) +
				    BIT(compound_order(head));
		unsigned long n = min(npage, end - pfn);

		hp_compat_unpin_pages(head, 1, dirty);
		pfn += n;
		npage -= n;
	}
}

static void run_unpin(struct hp_region *region, unsigned long pfn,
		      unsigned long npage, enum hp_hold hold)
{
	bool dirty = region->prot & IOMMU_WRITE;

	switch (hold) {
	case HP_HOLD_NONE:
		break;
	case HP_HOLD_PAGES:
		hp_compat_unpin_pages(pfn_to_page(pfn), npage, dirty);
		break;
	case HP_HOLD_FOLIOS:
		folios_unpin(pfn, npage, dirty);
		break;
	}
}

/**
 * hugepath_unpin - let go of a run
 * @region: it is of
 * @iova: where it was mapped
 * @pfn: its first page
 * @npage: 4K pages
 * @hold: how it was held
 *
 * Nothing may translate to it any more.
 */
noinline void hugepath_unpin(struct hp_region *region, dma_addr_t iova,
			     unsigned long pfn, unsigned long npage,
			     enum hp_hold hold)
{
	run_unpin(region, pfn, npage, hold);
}

/* What is in the batch and not yet ahead. */
static void pinner_drop_batch(struct hp_pinner *p, struct hp_region *region)
{
	for (; p->next_page < p->nr_pages; p->next_page++) {
		struct page *page = p->pages[p->next_page];

		if (!page_is_zero(page))
			run_unpin(region, page_to_pfn(page), 1, HP_HOLD_PAGES);
	}
	p->nr_pages = 0;
	p->next_page = 0;
}

static void pinner_drop_ahead(struct hp_pinner *p, struct hp_region *region)
{
	run_unpin(region, p->ahead.pfn, p->ahead.npage, p->ahead.hold);
	p->ahead.npage = 0;
}

/**
 * hp_pinner_fini - let go of what became no part of a run
 * @p: initialised
 * @region: it was pinned for
 */
void hp_pinner_fini(struct hp_pinner *p, struct hp_region *region)
{
	pinner_drop_ahead(p, region);
	pinner_drop_batch(p, region);
	free_page((unsigned long)p->pages);
}

/* ---- pin ---- */

static unsigned int region_gup_flags(const struct hp_region *region)
{
	return FOLL_LONGTERM | (region->prot & IOMMU_WRITE ? FOLL_WRITE : 0);
}

/* As type1 pins. Under the mmap lock, which is not let go. */
static long region_gup(struct hp_region *region, unsigned long vaddr,
		       unsigned long npage, struct page **pages)
{
	long got = hp_compat_pin_user_pages(region->mm, vaddr, npage,
					    region_gup_flags(region), pages);

	return got ?: -EFAULT;
}

/* What GUP asks of a VMA, and its fast path does not. */
static bool vma_allows_gup(const struct vm_area_struct *vma,
			   const struct hp_region *region)
{
	return !(vma->vm_flags & (VM_IO | VM_PFNMAP)) &&
	       vma->vm_flags &
	       (region->prot & IOMMU_WRITE ? VM_WRITE : VM_READ);
}

/* One VMA has it all, and GUP may pin in it. */
static bool range_allows_gup(struct hp_region *region, unsigned long vaddr,
			     unsigned long npage)
{
	unsigned long addr = hp_compat_untagged_addr(region->mm, vaddr);
	struct vm_area_struct *vma = hp_compat_vma_lookup(region->mm, addr);

	return vma && vma_allows_gup(vma, region) &&
	       npage <= (vma->vm_end - addr) >> PAGE_SHIFT;
}

/*
 * Pages that are there already, from the page table without its locks: all of
 * the next ones, a huge page at a time, or, of hugetlb, the first of each of the
 * next folios (@step is 4K pages from one to the next). Under the mmap lock,
 * which is let go meanwhile: GUP has no fast path for those who hold it. So the
 * VMA is looked at before and after, and what was pinned in one that has changed
 * is put back. Nothing is faulted in, so that nobody's fault handler
 * (userfaultfd) is waited for.
 *
 * 0 where it has to be done as type1 does: for what is to be faulted in or
 * unshared, and for protection keys, which type1 does not heed.
 */
static long region_gup_fast(struct hp_region *region, unsigned long vaddr,
			    unsigned long nr, unsigned long step,
			    struct page **pages)
{
	unsigned int flags = region_gup_flags(region);
	long got = 0;

	if (!range_allows_gup(region, vaddr, nr * step))
		return 0;
	mmap_read_unlock(region->mm);
	if (step == 1)
		got = hp_compat_pin_present(vaddr, nr, flags, pages);
	else
		while (got < nr &&
		       hp_compat_pin_present(vaddr + ((got * step) << PAGE_SHIFT),
					     1, flags, &pages[got]) == 1)
			got++;
	mmap_read_lock(region->mm);
	if (got <= 0)
		return 0;
	if (range_allows_gup(region, vaddr, got * step))
		return got;
	unpin_user_pages(pages, got);
	return 0;
}

/*
 * How many pages, from the first on, follow each other in one huge page, which
 * is reserved as a whole or not. 1 where there is none.
 */
static unsigned long pages_in_huge_page(struct page **pages, unsigned long nr)
{
	struct page *page = pages[0], *head;
	unsigned long n;

	if (!PageCompound(page))
		return 1;
	head = compound_head(page);
	nr = min(nr, BIT(compound_order(head)) - (page - head));
	for (n = 1; n < nr && pages[n] == page + n; n++)
		;
	return n;
}

static bool pinner_has_room(struct hp_pinner *p)
{
	if (!p->pages)
		p->pages = (struct page **)__get_free_page(GFP_KERNEL);
	return p->pages;
}

/* The pages that count, or an error. Under the mmap lock. */
static long pinner_batch(struct hp_region *region, unsigned long vaddr,
			 unsigned long npage, struct hp_pinner *p)
{
	long got, i, n, counted;

	if (!pinner_has_room(p))
		return -ENOMEM;
	npage = min(npage, BATCH_PAGES);
	got = region_gup_fast(region, vaddr, npage, 1, p->pages) ?:
	      region_gup(region, vaddr, npage, p->pages);
	if (got < 0)
		return got;
	counted = got;
	for (i = 0; i < got; i += n) {
		struct page *page = p->pages[i];

		n = pages_in_huge_page(&p->pages[i], got - i);
		if (PageReserved(page))
			counted -= n;
		if (page_is_zero(page)) {
			unpin_user_page(page);
		} else if (n == got) {
			p->ahead.pfn = page_to_pfn(page);
			p->ahead.npage = got;
			p->ahead.part = 1;
			p->ahead.hold = HP_HOLD_PAGES;
			return counted;
		}
	}
	p->nr_pages = got;
	p->span = 1;
	return counted;
}

/*
 * Is it what hugetlb shows at an offset into a folio? The mmap lock may have been
 * let go since the VMA was looked at, and what came there since, a transparent
 * huge page for one, promises nothing of the pages behind the first.
 */
static bool page_is_hugetlb(struct page *page, unsigned long offset,
			    unsigned long huge)
{
	return PageHuge(page) &&
	       BIT(compound_order(compound_head(page))) == huge &&
	       (page_to_pfn(page) & (huge - 1)) == offset;
}

/* One folio, or what of it is in the region, as type1 pins. */
static long pinner_folio(struct hp_region *region, unsigned long vaddr,
			 unsigned long npage, unsigned long huge,
			 struct hp_pinner *p)
{
	unsigned long offset = (vaddr >> PAGE_SHIFT) & (huge - 1);
	struct page *page;
	long got;

	got = region_gup(region, vaddr, 1, &page);
	if (got < 0)
		return got;
	if (!page_is_hugetlb(page, offset, huge)) {
		run_unpin(region, page_to_pfn(page), 1, HP_HOLD_PAGES);
		return -EFAULT;
	}
	p->ahead.pfn = page_to_pfn(page);
	p->ahead.npage = min(npage, huge - offset);
	p->ahead.part = p->ahead.npage;
	p->ahead.hold = HP_HOLD_FOLIOS;
	return p->ahead.npage;
}

static long pinner_hugetlb(struct hp_region *region, struct vm_area_struct *vma,
			   unsigned long vaddr, unsigned long npage,
			   struct hp_pinner *p)
{
	unsigned long huge = vma_kernel_pagesize(vma) >> PAGE_SHIFT;
	bool begins = !((vaddr >> PAGE_SHIFT) & (huge - 1));
	unsigned long nr = min3(npage / huge, HUGETLB_BATCH_PAGES / huge,
				BATCH_PAGES);
	long got = 0, i;

	if (begins && nr > 1) {
		if (!pinner_has_room(p))
			return -ENOMEM;
		/* Other memory may have come meanwhile; @vma is not to be read. */
		got = region_gup_fast(region, vaddr, nr, huge, p->pages);
	}
	if (!got)
		return pinner_folio(region, vaddr, npage, huge, p);
	for (i = 0; i < got; i++)
		if (!page_is_hugetlb(p->pages[i], 0, huge)) {
			unpin_user_pages(p->pages, got);
			return -EFAULT;
		}
	p->nr_pages = got;
	p->span = huge;
	return got * huge;
}

/*
 * What a page of a PFNMAP shows, and how many after it belong to the same leaf.
 * The fault handler may not let the lock go: @vma would be another then, and
 * might be one whose faults somebody has to be waited for.
 */
static int pfnmap_fault(struct hp_region *region, struct vm_area_struct *vma,
			unsigned long vaddr, unsigned long *pfn,
			unsigned long *npage)
{
	bool write = region->prot & IOMMU_WRITE;
	bool writable;
	int ret;

	ret = hp_compat_follow_pfnmap(vma, vaddr, pfn, npage, &writable);
	if (ret) {
		ret = fixup_user_fault(region->mm, vaddr,
				       FAULT_FLAG_REMOTE |
				       (write ? FAULT_FLAG_WRITE : 0), NULL);
		if (ret)
			return ret;
		ret = hp_compat_follow_pfnmap(vma, vaddr, pfn, npage,
					      &writable);
		if (ret)
			return ret;
	}
	if (write && !writable)
		return -EFAULT;
	return pfn_is_reserved(*pfn) ? 0 : -EFAULT;
}

/*
 * How many pages from the first on follow each other, by the CPU's leaves. So
 * many looks and no more, because the mmap lock is held.
 */
static unsigned long pfnmap_leaves(struct hp_region *region,
				   struct vm_area_struct *vma,
				   unsigned long vaddr, unsigned long npage,
				   unsigned long pfn, unsigned long leaf)
{
	unsigned long next_pfn, n = leaf, looks;

	for (looks = 1; n < npage && looks < BATCH_PAGES; looks++) {
		if (pfnmap_fault(region, vma, vaddr + (n << PAGE_SHIFT),
				 &next_pfn, &leaf) || next_pfn != pfn + n)
			break;
		n += leaf;
	}
	return min(n, npage);
}

static long pinner_pfnmap(struct hp_region *region, struct vm_area_struct *vma,
			  unsigned long vaddr, unsigned long npage,
			  struct hp_pinner *p)
{
	unsigned long pfn, leaf, last_pfn, unused, n = 0;
	int ret;

	ret = pfnmap_fault(region, vma, vaddr, &pfn, &leaf);
	if (ret)
		return ret;
	if (leaf < npage && hp_bar_linear(vma, pfn, npage)) {
		ret = pfnmap_fault(region, vma,
				   vaddr + ((npage - 1) << PAGE_SHIFT),
				   &last_pfn, &unused);
		if (!ret && last_pfn == pfn + npage - 1)
			n = npage;
	}
	p->ahead.pfn = pfn;
	p->ahead.npage = n ?: pfnmap_leaves(region, vma, vaddr, npage, pfn,
					    leaf);
	p->ahead.part = 1;
	p->ahead.hold = HP_HOLD_NONE;
	return 0;
}

/* As much as one look at one VMA tells: the pages that count, or an error. */
static long pinner_ask_vma(struct hp_region *region, unsigned long vaddr,
			   unsigned long npage, struct hp_pinner *p)
{
	unsigned long addr = hp_compat_untagged_addr(region->mm, vaddr);
	struct vm_area_struct *vma = hp_compat_vma_lookup(region->mm, addr);

	/* Without a VMA it is GUP that has the answer (a stack). */
	if (!vma)
		return pinner_batch(region, vaddr, 1, p);
	npage = min(npage, (vma->vm_end - addr) >> PAGE_SHIFT);
	if (is_vm_hugetlb_page(vma))
		return pinner_hugetlb(region, vma, addr, npage, p);
	if (vma->vm_flags & VM_PFNMAP)
		return pinner_pfnmap(region, vma, addr, npage, p);
	return pinner_batch(region, vaddr, npage, p);
}

/* Pin what comes next. */
static int pinner_more(struct hp_region *region, unsigned long vaddr,
		       unsigned long npage, struct hp_pinner *p)
{
	long counted;
	int ret;

	cond_resched();
	if (fatal_signal_pending(current))
		return -EINTR;
	mmap_read_lock(region->mm);
	counted = pinner_ask_vma(region, vaddr, npage, p);
	mmap_read_unlock(region->mm);
	if (counted < 0)
		return counted;

	ret = hp_account(region, counted);
	if (ret) {
		pinner_drop_ahead(p, region);
		pinner_drop_batch(p, region);
	}
	return ret;
}

/* Move what is contiguous at the front of the batch ahead. */
static void pinner_take_batch(struct hp_pinner *p)
{
	unsigned long pfn = page_to_pfn(p->pages[p->next_page]);
	bool zero = page_is_zero(p->pages[p->next_page]);
	unsigned long n = 0, more;

	while (p->next_page < p->nr_pages &&
	       page_to_pfn(p->pages[p->next_page]) == pfn + n &&
	       page_is_zero(p->pages[p->next_page]) == zero) {
		more = p->span > 1 ? 1 :
		       pages_in_huge_page(&p->pages[p->next_page],
					  p->nr_pages - p->next_page);
		p->next_page += more;
		n += more * p->span;
	}
	p->ahead.pfn = pfn;
	p->ahead.npage = n;
	p->ahead.part = p->span;
	p->ahead.hold = zero ? HP_HOLD_NONE :
			p->span > 1 ? HP_HOLD_FOLIOS : HP_HOLD_PAGES;
}

static int pinner_look_ahead(struct hp_region *region, unsigned long vaddr,
			     unsigned long npage, struct hp_pinner *p)
{
	int ret;

	if (p->ahead.npage)
		return 0;
	if (p->next_page == p->nr_pages) {
		p->nr_pages = 0;
		p->next_page = 0;
		ret = pinner_more(region, vaddr, npage, p);
		if (ret)
			return ret;
	}
	if (!p->ahead.npage)
		pinner_take_batch(p);
	return 0;
}

/*
 * The length of a run is limited by its record. It is cut where a leaf of any
 * size may end, so that cutting it costs no leaf.
 */
static unsigned long run_limit(dma_addr_t iova)
{
	u64 end = ALIGN_DOWN(iova + ((u64)HP_RUN_MAX_PAGES << PAGE_SHIFT),
			     SZ_1G);

	return (end - iova) >> PAGE_SHIFT;
}

/**
 * hugepath_pin - pin the next run of a region
 * @region: of the calling process
 * @vaddr: where to go on
 * @npage: what is left of the region, in 4K pages
 * @pfn: out: first page of the run
 * @p: carried from call to call; out: its @hold is the run's
 *
 * Return: length of the run in 4K pages, or an error: -EFAULT for what is not
 * mapped or not allowed, -ENOMEM beyond RLIMIT_MEMLOCK, and what GUP says.
 */
noinline long hugepath_pin(struct hp_region *region, unsigned long vaddr,
			   unsigned long npage, unsigned long *pfn,
			   struct hp_pinner *p)
{
	unsigned long limit = run_limit(region->iova + (vaddr - region->vaddr));
	unsigned long pinned = 0, n;
	int ret;

	while (pinned < npage) {
		ret = pinner_look_ahead(region, vaddr + (pinned << PAGE_SHIFT),
					npage - pinned, p);
		if (ret) {
			if (pinned)
				run_unpin(region, *pfn, pinned, p->hold);
			return ret;
		}
		if (!pinned) {
			*pfn = p->ahead.pfn;
			p->hold = p->ahead.hold;
		} else if (p->ahead.pfn != *pfn + pinned ||
			   p->ahead.hold != p->hold) {
			break;
		}
		n = min(p->ahead.npage, limit - pinned);
		n -= n % p->ahead.part;
		if (!n)
			break;
		p->ahead.pfn += n;
		p->ahead.npage -= n;
		pinned += n;
	}
	return pinned;
}
