// SPDX-License-Identifier: GPL-2.0-only
/*
 * What looking up page frames took of a start: memory that is touched for the
 * first time, memory that is there, and BARs.
 *
 * The first touch of memory is known apart from its lookup; where several
 * backings were touched first, nobody knows which took how long of it, and that
 * is said. A lookup of BARs is judged by what a 4 KiB page of it cost: who
 * steps by large pages is far below who does not. Whether they could have been
 * larger the addresses tell (barmap.c), and whether the kernel knows how, its
 * symbols: distributions take such things back into kernels with old numbers.
 */
#include <stdio.h>
#include <stdlib.h>

#include "barmap.h"
#include "cause.h"
#include "human.h"
#include "leaf.h"
#include "start.h"
#include "system.h"
#include "tree.h"

/*
 * What looking up a 4 KiB page of a BAR costs. By steps of 4 KiB it is 90 ns
 * and more; by 2 MiB, with the page fault that comes with them, 20 at most; by
 * 1 GiB less than 1.
 */
#define SMALL_STEP_NS	40
#define LARGE_STEP_NS	5

/*
 * On servers that step well, from the changes that made kernels do so: 16 GiB
 * of huge pages in 0.05 s ("vfio/type1: optimize vfio_pin_pages_remote() for
 * large folios"), BARs as above. Base pages are a step each: no kernel is
 * better than another.
 */
#define HUGE_PAGE_NS	12
#define BAR_PAGE_NS	1

static uint64_t per_page(uint64_t ns, uint64_t bytes)
{
	return bytes >> 12 ? ns / (bytes >> 12) : 0;
}

/* @healthy: what a 4 KiB page of it costs where all is well; 0: as it is. */
static uint64_t tell_backing(struct start *start, const char *backing,
			     uint64_t healthy, uint64_t *bytes)
{
	struct json_object *told;
	char key[64];
	uint64_t ns;

	snprintf(key, sizeof(key), "pin_%s_bytes", backing);
	*bytes = start_value(start, key);
	snprintf(key, sizeof(key), "pin_%s_ns", backing);
	ns = start_value(start, key);
	if (!*bytes)
		return 0;
	told = tree_new();
	tree_add_u64(told, "bytes", *bytes);
	tree_add_u64(told, "ns", ns);
	tree_add_u64(told, "ns_per_page", per_page(ns, *bytes));
	if (healthy)
		tree_add_u64(told, "healthy_ns_per_page", healthy);
	tree_add(tree_get(start->view, "backings"), backing, told);
	return ns;
}

void lookup_tell(struct start *start)
{
	static const struct {
		const char *backing;
		uint64_t healthy;
	} huge[] = {
		{ "thp", HUGE_PAGE_NS }, { "hugetlb_2m", HUGE_PAGE_NS },
		{ "hugetlb_1g", HUGE_PAGE_NS }, { "mixed", 0 },
	};
	uint64_t bytes, huge_bytes = 0, huge_ns = 0, base_ns, base_bytes;

	tree_add(start->view, "backings", tree_new());
	base_ns = tell_backing(start, "base", 0, &base_bytes);
	for (size_t i = 0; i < ARRAY_SIZE(huge); i++) {
		huge_ns += tell_backing(start, huge[i].backing,
					huge[i].healthy, &bytes);
		huge_bytes += bytes;
	}
	tell_backing(start, "mmio", BAR_PAGE_NS, &bytes);
	start->ram_bytes = base_bytes + huge_bytes;
	/* With two kinds of memory, take from base what first touch may be. */
	if (start->touch && base_bytes && huge_bytes)
		missing_add(start->view, "which backing was touched first: %s and its lookup cannot be told apart",
			    "base memory's first touch");
	start->base_lookup = less(base_ns, start->touch);
	start->huge_lookup = less(huge_ns, less(start->touch, base_ns));
	/* Without a probe of pins there are no lookups either. */
	if (tree_get(start->record, "pin_ns") &&
	    !tree_get(start->record, "pin_faulting_ns"))
		missing_add(start->view, "first touch: this module does not count it (pin_faulting_ns), so lookups include it");
}

void lookup_judge_touch(struct start *start)
{
	uint64_t bytes = start_value(start, "pin_faulting_bytes");
	struct json_object *found = start_add(start, CAUSE_FIRST_TOUCH,
					      start->touch);

	if (found)
		cause_evidence(found, "pins that took %ju page faults pinned %s in %s: %ju ns for each 4 KiB",
			       (uintmax_t)start_value(start, "pin_faults"),
			       human_bytes(bytes).s, human_ns(start->touch).s,
			       (uintmax_t)per_page(start->touch, bytes));
}

static void tell_lookup(struct start *start, struct json_object *found,
			uint64_t ns, uint64_t bytes)
{
	tree_add_u64(found, "bytes_resolved", bytes);
	tree_add_u64(found, "ns_per_page", per_page(ns, bytes));
	cause_evidence(found, "%ju calls resolved %s in %s: %ju ns for each 4 KiB; by 4 KiB steps it is 90 and more, by 2 MiB steps at most 20, by 1 GiB steps less than 1",
		       (uintmax_t)start_value(start, "pin_mmio_calls"),
		       human_bytes(bytes).s, human_ns(ns).s,
		       (uintmax_t)per_page(ns, bytes));
}

static void tell_askew(struct json_object *found, const struct askew *askew)
{
	tree_add_u64(found, "va", askew->start);
	tree_add_u64(found, "shift_bytes", askew->shift);
	tree_add_u64(found, "askew_bytes", askew->bytes);
	cause_evidence(found, "the process has %s of BARs at virtual addresses that allow steps of %s at most: the one at 0x%jx had to be 0x%jx further on, for 1 GiB",
		       human_bytes(askew->bytes).s, leaf_names[askew->step],
		       (uintmax_t)askew->start, (uintmax_t)askew->shift);
}

/*
 * Three things have to be there: a vfio-pci that maps BARs by large pages, a
 * type1 that steps by what is mapped, and addresses that allow it. Of type1
 * nothing is to be seen but that all the rest is there.
 */
static void tell_kernel(struct json_object *found, const struct askew *askew)
{
	if (!system_has_symbol("vfio_pci_mmap_huge_fault")) {
		/* Without the module there is neither. */
		if (system_has_symbol("vfio_pci_mmap_fault"))
			cause_evidence(found, "vfio-pci of this kernel maps BARs by 4 KiB pages: /proc/kallsyms has no vfio_pci_mmap_huge_fault");
		return;
	}
	cause_evidence(found, "vfio-pci of this kernel can map BARs by large pages: /proc/kallsyms has vfio_pci_mmap_huge_fault");
	if (askew->bytes) {
		cause_fix(found, "let the client mmap BARs at virtual addresses that are aligned to 1 GiB (QEMU 9.2 does)");
	} else if (askew->straight_bytes) {
		cause_evidence(found, "the BARs' virtual addresses are aligned to 1 GiB, so it is vfio_iommu_type1 that does not step by large pages");
		cause_fix(found, "a kernel with \"vfio/type1: Use mapping page mask for pfnmaps\" (mainline 6.15)");
	}
}

static void bar_lookup(struct start *start, uint64_t ns, uint64_t bytes,
		       const struct askew *askew)
{
	struct json_object *found = start_add(start, CAUSE_BAR_LOOKUP, ns);

	if (!found)
		return;
	tell_lookup(start, found, ns, bytes);
	if (askew->bytes)
		tell_askew(found, askew);
	if (per_page(ns, bytes) < SMALL_STEP_NS)
		cause_says(found, "BARs of %s were resolved by smaller steps than their addresses allow",
			   human_bytes(bytes).s);
	else
		cause_says(found, "BARs of %s were resolved one 4 KiB page at a time",
			   human_bytes(bytes).s);
	/* A recording may be of another kernel. */
	if (!start->recorded)
		tell_kernel(found, askew);
}

static void bar_address(struct start *start, uint64_t ns, uint64_t bytes,
			const struct askew *askew)
{
	struct json_object *found = start_add(start, CAUSE_BAR_ADDRESS, ns);

	if (!found)
		return;
	tell_lookup(start, found, ns, bytes);
	tell_askew(found, askew);
	cause_says(found, "BARs of %s were resolved by small steps: the virtual address 0x%jx is not aligned as its BAR is",
		   human_bytes(bytes).s, (uintmax_t)askew->start);
}

void lookup_judge_bars(struct start *start)
{
	uint64_t bytes = start_value(start, "pin_mmio_bytes");
	uint64_t ns = start_value(start, "pin_mmio_ns");
	uint64_t page = per_page(ns, bytes);
	bool lives = !start->recorded && start_value(start, "alive");
	struct askew askew = { 0 };

	if (!page)
		return;
	if (!lives || !barmap_askew(start->pid, &askew))
		missing_add(start->view, "whether the virtual addresses of BARs were aligned to 1 GiB: the process' mappings are not there to read");
	if (page >= SMALL_STEP_NS)
		bar_lookup(start, ns, bytes, &askew);
	else if (askew.bytes)
		bar_address(start, ns, bytes, &askew);
	else if (page >= LARGE_STEP_NS && askew.straight_bytes >= bytes / 2)
		bar_lookup(start, ns, bytes, &askew);
}

void lookup_judge_memory(struct start *start)
{
	uint64_t base = start_value(start, "pin_base_bytes");
	struct json_object *found;

	found = start_add(start, CAUSE_BASE_PAGES, start->base_lookup);
	if (found) {
		cause_evidence(found, "%ju pins took %s of 4 KiB pages: %ju ns for each",
			       (uintmax_t)start_value(start, "pin_base_calls"),
			       human_bytes(base).s,
			       (uintmax_t)per_page(start->base_lookup, base));
		cause_evidence(found, "%ju 4K leaves were written",
			       (uintmax_t)start_value(start, "added_4k_leaves"));
	}
	found = start_add(start, CAUSE_PIN_LOOKUP, start->huge_lookup);
	if (found)
		cause_evidence(found, "huge pages of %s took %ju ns for each 4 KiB; on a server it is about %d",
			       human_bytes(start->ram_bytes - base).s,
			       (uintmax_t)per_page(start->huge_lookup,
						   start->ram_bytes - base),
			       HUGE_PAGE_NS);
}
