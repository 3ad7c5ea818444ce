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
#include <string.h>

#include "barmap.h"
#include "base/compiler.h"
#include "base/human.h"
#include "base/leaf.h"
#include "base/system.h"
#include "base/tree.h"
#include "cause.h"
#include "finding.h"
#include "lookup.h"
#include "spent.h"
#include "vm/areas.h"

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

/*
 * Beyond these a 4 KiB page took longer than faulting and zeroing it, or looking
 * it up, takes on a server, and something else may have been in it.
 */
#define SLOW_TOUCH_NS	4000
#define SLOW_BASE_NS	1000

static uint64_t per_page(uint64_t ns, uint64_t bytes)
{
	return bytes >> 12 ? ns / (bytes >> 12) : 0;
}

/* @healthy: what a 4 KiB page of it costs where all is well; 0: as it is. */
static uint64_t backing_add(struct json_object *backings,
			    const struct spent *spent, const char *backing,
			    uint64_t healthy, uint64_t *bytes)
{
	struct json_object *told;
	char key[64];
	uint64_t ns;

	snprintf(key, sizeof(key), "pin_%s_bytes", backing);
	*bytes = spent_value(spent, key);
	snprintf(key, sizeof(key), "pin_%s_ns", backing);
	ns = spent_value(spent, key);
	if (!*bytes)
		return 0;
	told = tree_new();
	tree_add_u64(told, "bytes", *bytes);
	tree_add_u64(told, "ns", ns);
	tree_add_u64(told, "ns_per_page", per_page(ns, *bytes));
	if (healthy)
		tree_add_u64(told, "healthy_ns_per_page", healthy);
	tree_add(backings, backing, told);
	return ns;
}

struct json_object *lookup_backings(struct spent *spent,
				    const struct findings *findings)
{
	static const struct {
		const char *backing;
		uint64_t healthy;
	} huge[] = {
		{ "thp", HUGE_PAGE_NS }, { "hugetlb_2m", HUGE_PAGE_NS },
		{ "hugetlb_1g", HUGE_PAGE_NS }, { "mixed", 0 },
	};
	uint64_t bytes, huge_bytes = 0, huge_ns = 0, base_ns, base_bytes;
	struct json_object *backings = tree_new();

	base_ns = backing_add(backings, spent, "base", 0, &base_bytes);
	for (size_t i = 0; i < ARRAY_SIZE(huge); i++) {
		huge_ns += backing_add(backings, spent, huge[i].backing,
				       huge[i].healthy, &bytes);
		huge_bytes += bytes;
	}
	backing_add(backings, spent, "mmio", BAR_PAGE_NS, &bytes);
	spent->ram_bytes = base_bytes + huge_bytes;
	/* With two kinds of memory, take from base what first touch may be. */
	if (spent->touch_ns && base_bytes && huge_bytes)
		findings_miss(findings, "which backing was touched first: base memory's first touch and its lookup cannot be told apart");
	spent->base_lookup_ns = without(base_ns, spent->touch_ns);
	spent->huge_lookup_ns = without(huge_ns,
					without(spent->touch_ns, base_ns));
	/* Without a probe of pins there are no lookups either. */
	if (tree_get(spent->record, "pin_ns") &&
	    !tree_get(spent->record, "pin_faulting_ns"))
		findings_miss(findings, "first touch: this module does not count it (pin_faulting_ns), so lookups include it");
	return backings;
}

/* The host's counters whose names begin so, since it has booted. */
static uint64_t vmstat_sum(const char *prefix)
{
	FILE *vmstat = system_open("/proc/vmstat");
	uintmax_t val;
	uint64_t sum = 0;
	char *line = NULL, name[64];
	size_t size = 0;

	while (vmstat && getline(&line, &size, vmstat) > 0)
		if (sscanf(line, "%63s %ju", name, &val) == 2 &&
		    !strncmp(name, prefix, strlen(prefix)))
			sum += val;
	free(line);
	if (vmstat)
		fclose(vmstat);
	return sum;
}

/*
 * The kernel counts reclaim, compaction and migration for the whole host and
 * from its boot on. So they are never a cause; where they can be part of what a
 * process waited for, that it is not known how much is said.
 */
static void touch_miss(const struct spent *spent, uint64_t bytes,
		       const struct findings *findings)
{
	uint64_t stalls = vmstat_sum("allocstall_");
	uint64_t compactions = vmstat_sum("compact_stall");

	if (spent->recorded || !(stalls + compactions) ||
	    per_page(spent->touch_ns, bytes) < SLOW_TOUCH_NS)
		return;
	findings_miss(findings, "how much of the first touch was waiting for memory: since boot %ju allocations reclaimed and %ju compacted first, whoever's they were (allocstall, compact_stall in /proc/vmstat)",
		      (uintmax_t)stalls, (uintmax_t)compactions);
}

static void base_miss(const struct spent *spent, uint64_t bytes,
		      const struct findings *findings)
{
	uint64_t migrated = vmstat_sum("pgmigrate_success");

	if (spent->recorded || migrated < (bytes >> 12) / 8 ||
	    per_page(spent->base_lookup_ns, bytes) < SLOW_BASE_NS)
		return;
	findings_miss(findings, "how much of it was moving pages: a pin moves what is in movable or CMA memory, and %ju pages have been moved since boot, whoever's they were (pgmigrate_success in /proc/vmstat)",
		      (uintmax_t)migrated);
}

/* Of the process now: copies of pages that a file in memory has as well. */
static uint64_t private_copies(const struct spent *spent)
{
	struct areas areas;
	uint64_t bytes = 0;

	if (spent->recorded || !spent_value(spent, "alive") ||
	    !areas_read(spent->pid, &areas))
		return 0;
	for (size_t i = 0; i < areas.nr; i++)
		bytes += area_copies(&areas.area[i]);
	areas_free(&areas);
	return bytes;
}

/* Touching such memory before does not help: each page is copied all the same. */
static struct json_object *new_touch(const struct spent *spent, uint64_t bytes)
{
	struct json_object *found;
	uint64_t copies;

	if (!cause_is_worth(spent->touch_ns, spent->total_ns))
		return NULL;
	copies = private_copies(spent);
	if (!bytes || copies < bytes / 2)
		return cause_of_time(CAUSE_FIRST_TOUCH, spent->touch_ns,
				     spent->total_ns);
	found = cause_of_time(CAUSE_PRIVATE_COPIES, spent->touch_ns,
			      spent->total_ns);
	tree_add_u64(found, "copied_bytes", copies);
	cause_says(found, "memory was copied inside the pin: a file is mapped privately (MAP_PRIVATE), and its own pages are extra");
	cause_evidence(found, "%s of the process' memory are copies of pages that a file in memory has as well (`iovascope memory %ju`)",
		       human_bytes(copies).s, (uintmax_t)spent->pid);
	return found;
}

struct json_object *lookup_judge_touch(const struct spent *spent,
				       const struct findings *findings)
{
	uint64_t bytes = spent_value(spent, "pin_faulting_bytes");
	struct json_object *found = new_touch(spent, bytes);

	if (found && !bytes)
		cause_evidence(found, "pins took %ju page fault%s in %s and then failed: nothing was pinned for it",
			       (uintmax_t)spent_value(spent, "pin_faults"),
			       human_s(spent_value(spent, "pin_faults")),
			       human_ns(spent->touch_ns).s);
	else if (found)
		cause_evidence(found, "pins that took %ju page fault%s pinned %s in %s: %ju ns for each 4 KiB",
			       (uintmax_t)spent_value(spent, "pin_faults"),
			       human_s(spent_value(spent, "pin_faults")),
			       human_bytes(bytes).s,
			       human_ns(spent->touch_ns).s,
			       (uintmax_t)per_page(spent->touch_ns, bytes));
	if (found)
		touch_miss(spent, bytes, findings);
	return found;
}

static void tell_lookup(const struct spent *spent, struct json_object *found,
			uint64_t ns, uint64_t bytes)
{
	tree_add_u64(found, "bytes_resolved", bytes);
	tree_add_u64(found, "ns_per_page", per_page(ns, bytes));
	cause_evidence(found, "%ju call%s resolved %s in %s: %ju ns for each 4 KiB; by 4 KiB steps it is 90 and more, by 2 MiB steps at most 20, by 1 GiB steps less than 1",
		       (uintmax_t)spent_value(spent, "pin_mmio_calls"),
		       human_s(spent_value(spent, "pin_mmio_calls")),
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

/*
 * A guest that switches a device's memory off and on has its BARs unmapped and
 * mapped anew; and each container maps those of all devices.
 */
static void tell_again(struct json_object *found, uint64_t bytes,
		       const struct askew *askew, const char *how)
{
	uint64_t once = askew->mapped_bytes;

	if (!once || bytes / 2 < once) {
		cause_says(found, "BARs of %s were resolved %s",
			   human_bytes(bytes).s, how);
		return;
	}
	tree_add_u64(found, "distinct_bytes", once);
	cause_says(found, "BARs of %s were resolved %s times, %s",
		   human_bytes(once).s, human_ratio(bytes, once, "").s, how);
	cause_evidence(found, "the process has %s of BARs; they are mapped anew whenever the guest switches the memory of a device off and on, and for each container",
		       human_bytes(once).s);
}

static struct json_object *bar_lookup(const struct spent *spent, uint64_t ns,
				      uint64_t bytes,
				      const struct askew *askew)
{
	struct json_object *found = cause_of_time(CAUSE_BAR_LOOKUP, ns,
						  spent->total_ns);

	if (!found)
		return NULL;
	tell_lookup(spent, found, ns, bytes);
	if (askew->bytes)
		tell_askew(found, askew);
	tell_again(found, bytes, askew, per_page(ns, bytes) < SMALL_STEP_NS ?
		   "by smaller steps than their addresses allow" :
		   "one 4 KiB page at a time");
	/* A recording may be of another kernel. */
	if (!spent->recorded)
		tell_kernel(found, askew);
	return found;
}

static struct json_object *bar_address(const struct spent *spent, uint64_t ns,
				       uint64_t bytes,
				       const struct askew *askew)
{
	struct json_object *found = cause_of_time(CAUSE_BAR_ADDRESS, ns,
						  spent->total_ns);

	if (!found)
		return NULL;
	tell_lookup(spent, found, ns, bytes);
	tell_askew(found, askew);
	cause_says(found, "BARs of %s were resolved by small steps: the virtual address 0x%jx is not aligned as its BAR is",
		   human_bytes(bytes).s, (uintmax_t)askew->start);
	return found;
}

struct json_object *lookup_judge_bars(const struct spent *spent,
				      const struct findings *findings)
{
	uint64_t bytes = spent_value(spent, "pin_mmio_bytes");
	uint64_t ns = spent_value(spent, "pin_mmio_ns");
	uint64_t page = per_page(ns, bytes);
	bool lives = !spent->recorded && spent_value(spent, "alive");
	struct askew askew = { 0 };

	if (!page)
		return NULL;
	if (!lives || !barmap_askew(spent->pid, &askew))
		findings_miss(findings, "whether the virtual addresses of BARs were aligned to 1 GiB: the process' mappings are not there to read");
	if (page >= SMALL_STEP_NS)
		return bar_lookup(spent, ns, bytes, &askew);
	if (askew.bytes)
		return bar_address(spent, ns, bytes, &askew);
	if (page >= LARGE_STEP_NS && askew.straight_bytes >= bytes / 2)
		return bar_lookup(spent, ns, bytes, &askew);
	return NULL;
}

struct json_object *lookup_judge_base(const struct spent *spent,
				      const struct findings *findings)
{
	uint64_t leaves = spent_value(spent, "added_4k_leaves");
	uint64_t base = spent_value(spent, "pin_base_bytes");
	struct json_object *found = cause_of_time(CAUSE_BASE_PAGES,
						  spent->base_lookup_ns,
						  spent->total_ns);

	if (!found)
		return NULL;
	cause_evidence(found, "%ju pin%s took %s of 4 KiB pages: %ju ns for each",
		       (uintmax_t)spent_value(spent, "pin_base_calls"),
		       human_s(spent_value(spent, "pin_base_calls")),
		       human_bytes(base).s,
		       (uintmax_t)per_page(spent->base_lookup_ns, base));
	if (leaves)
		cause_evidence(found, "%ju 4K leaves were written",
			       (uintmax_t)leaves);
	base_miss(spent, base, findings);
	return found;
}

struct json_object *lookup_judge_huge(const struct spent *spent)
{
	uint64_t bytes = spent->ram_bytes - spent_value(spent, "pin_base_bytes");
	struct json_object *found = cause_of_time(CAUSE_PIN_LOOKUP,
						  spent->huge_lookup_ns,
						  spent->total_ns);

	if (found)
		cause_evidence(found, "huge pages of %s took %ju ns for each 4 KiB; on a server it is about %d",
			       human_bytes(bytes).s,
			       (uintmax_t)per_page(spent->huge_lookup_ns,
						   bytes),
			       HUGE_PAGE_NS);
	return found;
}
