// SPDX-License-Identifier: GPL-2.0-only
/*
 * `stale`: memory that a device still reaches and that the process no longer has
 * there: unmapped and mapped anew, given back by a balloon, copied on write. No
 * call fails, and neither side sees the other's writes.
 *
 * The module's regions say which address an IOVA was mapped from; what is in the
 * IO page table now comes from its runs, and what is at the address from
 * /proc/PID/pagemap. Only where a page is present and another one than the
 * device's is it called stale, and only when it is so again when both are read
 * anew. Where a device may only read, it harms nobody but the device, and is
 * nothing to fix. A page that is not present (never touched, swapped, given back) may come
 * back as anything, and is not known.
 */
#include <stdlib.h>
#include <unistd.h>

#include "answer.h"
#include "base/alloc.h"
#include "base/fail.h"
#include "base/human.h"
#include "base/request.h"
#include "base/system.h"
#include "base/tree.h"
#include "cause.h"
#include "finding.h"
#include "read/runs.h"
#include "read/snapshot.h"
#include "regions.h"
#include "stale.h"
#include "target.h"

#define PAGE		4096ull
#define PRESENT		(1ull << 63)
#define FRAME_MASK	((1ull << 55) - 1)
/* The bit of a request's flags that lets devices write: VFIO's and iommufd's. */
#define FLAG_WRITE	2
/* Looks at one region where not every page is asked for. */
#define SAMPLES		256

/* One region, as far as it has been compared. */
struct region {
	uint64_t iova, bytes, vaddr, pid;
	bool read_only;
	int fd;
	uint64_t same, differs, unknown;
	/* Where they differ: pages that follow each other. */
	struct gone {
		uint64_t iova, pages;
	} *gone;
	size_t nr;
};

/* The first run that ends at or after an IOVA. */
static size_t run_from(const struct runs *runs, uint64_t iova)
{
	size_t low = 0, high = runs->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (run_at(runs, middle).last < iova)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void gone_add(struct region *region, uint64_t iova)
{
	struct gone *last = region->nr ? &region->gone[region->nr - 1] : NULL;

	region->differs += PAGE;
	if (last && last->iova + last->pages * PAGE == iova) {
		last->pages++;
		return;
	}
	region->gone = alloc_more(region->gone, region->nr + 1,
				  sizeof(*region->gone));
	region->gone[region->nr++] = (struct gone){ iova, 1 };
}

static void page_compare(struct region *region, uint64_t iova, uint64_t phys)
{
	uint64_t index = (region->vaddr + iova - region->iova) / PAGE, word;

	/* A frame that is hidden from who asks reads as 0. */
	if (!system_word_at(region->fd, index, &word) || !(word & PRESENT) ||
	    !(word & FRAME_MASK))
		region->unknown += PAGE;
	else if ((word & FRAME_MASK) == phys / PAGE)
		region->same += PAGE;
	else
		gone_add(region, iova);
}

/* Every @step-th page from @iova to @last that the IOMMU has. */
static void pages_compare(struct region *region, const struct runs *runs,
			  uint64_t iova, uint64_t last, uint64_t step)
{
	size_t i = run_from(runs, iova);

	for (; iova <= last && i < runs->nr; i++) {
		const struct run run = run_at(runs, i);

		if (iova < run.iova)
			iova += (run.iova - iova + step - 1) / step * step;
		if (run.torn)
			continue;
		for (; iova <= last && iova <= run.last; iova += step)
			page_compare(region, iova, run.phys + iova - run.iova);
	}
}

/* Both sides once more, where they differed. */
static void region_confirm(struct region *region, const char *debugfs,
			   const char *device)
{
	struct runs *runs = runs_try(debugfs, device);
	struct gone *before = region->gone;
	size_t nr = region->nr;

	region->gone = NULL;
	region->nr = 0;
	region->differs = 0;
	for (size_t i = 0; i < nr && runs; i++)
		pages_compare(region, runs, before[i].iova,
			      before[i].iova + before[i].pages * PAGE - 1,
			      PAGE);
	free(before);
	if (runs)
		runs_free(runs);
}

static void region_compare(struct region *region, const struct runs *runs,
			   bool all)
{
	uint64_t pages = region->bytes / PAGE;
	uint64_t step = all || pages <= SAMPLES ? 1 : pages / SAMPLES;

	pages_compare(region, runs, region->iova,
		      region->iova + region->bytes - 1, step * PAGE);
	if (all || !region->nr)
		return;
	/* One is enough to look at all. */
	region->same = 0;
	region->unknown = 0;
	region->differs = 0;
	region->nr = 0;
	pages_compare(region, runs, region->iova,
		      region->iova + region->bytes - 1, PAGE);
}

static struct json_object *region_cause(const struct region *region,
					struct json_object *record)
{
	struct json_object *found = cause_new(region->read_only ?
					      CAUSE_STALE_READ_ONLY :
					      CAUSE_STALE);
	uint64_t iova = region->gone[0].iova;
	uint64_t vaddr = region->vaddr + iova - region->iova;
	const char *comm = tree_word(record, "comm");

	tree_add_u64(found, "iova", iova);
	tree_add_u64(found, "bytes", region->differs);
	tree_add_u64(found, "vaddr", vaddr);
	tree_share(found, record, "pid");
	tree_share(found, record, "comm");
	tree_share(found, record, "domain");
	cause_says(found, region->read_only ?
		   "a device reads %s that %s (%ju) no longer has: it has other pages there" :
		   "a device reaches %s that %s (%ju) no longer has: it has other pages there",
		   human_bytes(region->differs).s, comm,
		   (uintmax_t)region->pid);
	cause_evidence(found, "IOVA 0x%jx was mapped from address 0x%jx; the IO page table and /proc/%ju/pagemap name different page frames there, read twice",
		       (uintmax_t)iova, (uintmax_t)vaddr,
		       (uintmax_t)region->pid);
	if (region->nr > 1)
		cause_evidence(found, "and in %zu more places of the region of %s at IOVA 0x%jx",
			       region->nr - 1, human_bytes(region->bytes).s,
			       (uintmax_t)region->iova);
	return found;
}

static void region_judge(struct json_object *list, const char *debugfs,
			 struct json_object *record, const char *device,
			 const struct runs *runs, bool all)
{
	struct region region = {
		.iova = tree_u64_or_0(record, "iova"),
		.bytes = tree_u64_or_0(record, "bytes"),
		.vaddr = tree_u64_or_0(record, "vaddr"),
		.pid = tree_u64_or_0(record, "pid"),
		.read_only = !(tree_u64_or_0(record, "flags") & FLAG_WRITE),
	};
	struct json_object *known = tree_new();

	region.fd = system_fd("/proc/%ju/pagemap", (uintmax_t)region.pid);
	if (region.fd >= 0) {
		region_compare(&region, runs, all);
		if (region.nr)
			region_confirm(&region, debugfs, device);
		close(region.fd);
	}
	tree_add_u64(known, "same_bytes", region.same);
	tree_add_u64(known, region.read_only ? "stale_read_only_bytes" :
		     "stale_bytes", region.differs);
	tree_add_u64(known, "unknown_bytes", region.unknown);
	if (region.nr)
		tree_add(known, "cause", region_cause(&region, record));
	tree_append(list, known);
	free(region.gone);
}

/* Whether there is an address, and whose it is, before anything is read. */
static bool region_is_known(const struct findings *findings,
			    struct json_object *record, struct mapper *mapper)
{
	uint64_t pid = tree_u64_or_0(record, "pid");
	uint64_t iova = tree_u64_or_0(record, "iova");

	if (!tree_u64_or_0(record, "vaddr") || !tree_u64_or_0(record, "bytes"))
		return false;
	if (region_is_owned(record, mapper))
		return true;
	findings_miss(findings, "the region of %s at IOVA 0x%jx: %s (%ju), who mapped it, is gone",
		      human_key(record, "bytes", "bytes").s, (uintmax_t)iova,
		      tree_word(record, "comm"), (uintmax_t)pid);
	return false;
}

static void domain_judge(struct json_object *list,
			 const struct findings *findings,
			 struct json_object *snap, const char *id,
			 const char *debugfs, bool all)
{
	struct json_object *domain = tree_get(tree_get(snap, "domains"), id);
	struct json_object *first = tree_at(tree_get(domain, "devices"), 0);
	const char *device = json_object_get_string(first);
	struct json_object *regions;
	struct mapper mapper = { 0 };
	struct runs *runs = NULL;

	if (!device ||
	    !tree_get(tree_get(tree_get(snap, "census"), device), "table"))
		return;
	regions = regions_of(snap, id);
	for (size_t i = 0; i < tree_length(regions); i++) {
		struct json_object *record = tree_at(regions, i);

		if (!region_is_known(findings, record, &mapper))
			continue;
		if (!runs)
			runs = runs_try(debugfs, device);
		if (!runs) {
			findings_miss(findings, "the table of %s: it is gone",
				      device);
			return;
		}
		region_judge(list, debugfs, record, device, runs, all);
	}
	if (runs)
		runs_free(runs);
}

struct json_object *stale_regions(const struct findings *findings,
				  struct json_object *snap,
				  struct json_object *target,
				  const char *debugfs, bool all)
{
	struct json_object *domains = tree_get(target, "domains");
	uint64_t lost = tree_u64_or_0(tree_get(snap, "counters"),
				      "lost_regions");
	struct json_object *list = tree_new_list();

	for (size_t i = 0; i < tree_length(domains); i++)
		domain_judge(list, findings, snap,
			     json_object_get_string(tree_at(domains, i)),
			     debugfs, all);
	if (lost)
		findings_miss(findings, "%ju regions for which there was no room in the module's list (its parameter regions)",
			      (uintmax_t)lost);
	return list;
}

static uint64_t sum_of(struct json_object *list, const char *key)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < tree_length(list); i++)
		sum += tree_u64_or_0(tree_at(list, i), key);
	return sum;
}

/* The causes leave the list for one of their own. */
static struct json_object *causes_of(struct json_object *list)
{
	struct json_object *causes = tree_new_list(), *cause;

	for (size_t i = 0; i < tree_length(list); i++) {
		cause = tree_get(tree_at(list, i), "cause");
		if (cause)
			tree_append(causes, json_object_get(cause));
	}
	tree_sort(causes, "fixable", "bytes");
	return causes;
}

void stale_answer(struct json_object *answer)
{
	struct json_object *list = tree_get(answer, "stale"), *causes;
	uint64_t bytes = sum_of(list, "stale_bytes");

	if (!bytes)
		return;
	causes = causes_of(list);
	answer_give(answer, true, "%s stale (%s): %s.", human_bytes(bytes).s,
		    tree_word(tree_at(causes, 0), "cause"),
		    tree_word(tree_at(causes, 0), "says"));
	json_object_put(causes);
}

static void answer_clean(struct json_object *view, struct json_object *list)
{
	uint64_t same = sum_of(list, "same_bytes");
	uint64_t unknown = sum_of(list, "unknown_bytes");
	uint64_t older = sum_of(list, "stale_read_only_bytes");

	if (older)
		answer_give(view, false, "Nothing to fix: %s that a device can only read are older than what is there (stale-read-only).",
			    human_bytes(older).s);
	else if (!same)
		answer_give(view, false, "Nothing could be compared.");
	else if (unknown)
		answer_give(view, false, "Nothing is stale: %s are the memory that is there; %s could not be compared.",
			    human_bytes(same).s, human_bytes(unknown).s);
	else
		answer_give(view, false, "Nothing is stale: all %s are the memory that is there.",
			    human_bytes(same).s);
}

struct json_object *read_stale(const struct request *request)
{
	struct json_object *view = answer_new("stale"), *snap, *list;
	struct findings findings = findings_of(view);

	if (!request->args[0] || request->args[1])
		fail(EXIT_USAGE, "stale needs one PID, device or domain: %s",
		     "`iovascope domains` lists them");
	snap = snapshot_read(request->debugfs, SECTION_COUNTERS |
			     SECTION_DOMAINS | SECTION_UNITS | SECTION_CENSUS |
			     SECTION_PROBES | SECTION_REGIONS);
	tree_add(view, "target", target_find(snap, request->args[0]));
	answer_blind(view, snap, "region_map");
	list = stale_regions(&findings, snap, tree_get(view, "target"),
			     request->debugfs, true);
	answer_clean(view, list);
	tree_add(view, "stale", list);
	stale_answer(view);
	tree_add_u64(view, "same_bytes", sum_of(list, "same_bytes"));
	tree_add_u64(view, "stale_bytes", sum_of(list, "stale_bytes"));
	tree_add_u64(view, "stale_read_only_bytes",
		     sum_of(list, "stale_read_only_bytes"));
	tree_add_u64(view, "unknown_bytes", sum_of(list, "unknown_bytes"));
	tree_add(view, "causes", causes_of(list));
	json_object_put(snap);
	return view;
}
