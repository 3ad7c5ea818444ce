// SPDX-License-Identifier: GPL-2.0-only
/*
 * What `pmap -X` would say, beside what the IOMMU has: for each mapping of the
 * process its huge pages on the CPU's side, and by which leaves the same page
 * frames are mapped for the device. Mappings come from smaps, frames from
 * pagemap; frames of a BAR are not in pagemap.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/leaf.h"
#include "base/system.h"
#include "base/tree.h"
#include "finding.h"
#include "read/runs.h"
#include "vma.h"

#define PRESENT		(1ull << 63)
#define PFN_MASK	((1ull << 55) - 1)
#define PER_READ	512

struct vma {
	uint64_t start;
	uint64_t end;
	char name[256];
	uint64_t page;
	uint64_t hugetlb;
	uint64_t thp;
	uint64_t rss;
	uint64_t leaf_bytes[NR_LEAVES];
};

/* The numbers of the runs by physical address. */
struct index {
	const struct runs *runs;
	uint32_t *run;
	size_t nr;
	int fd;
	bool hidden;
};

static int by_phys(const void *a, const void *b, void *runs)
{
	uint64_t x = run_at(runs, *(const uint32_t *)a).phys;
	uint64_t y = run_at(runs, *(const uint32_t *)b).phys;

	return (x > y) - (x < y);
}

static struct run index_at(const struct index *index, size_t i)
{
	return run_at(index->runs, index->run[i]);
}

static struct index index_of(const struct runs *runs)
{
	struct index index = {
		.runs = runs,
		.run = alloc_zeroed(runs->nr, sizeof(*index.run)),
	};

	for (size_t i = 0; i < runs->nr; i++) {
		struct run run = run_at(runs, i);

		if (!run.torn && !run.mmio)
			index.run[index.nr++] = i;
	}
	qsort_r(index.run, index.nr, sizeof(*index.run), by_phys,
		(void *)runs);
	return index;
}

/* The first run that ends behind @phys. (One frame mapped twice counts once.) */
static size_t find_run(const struct index *index, uint64_t phys)
{
	size_t low = 0, high = index->nr;

	while (low < high) {
		size_t mid = (low + high) / 2;
		struct run run = index_at(index, mid);

		if (run.phys + run_bytes(&run) <= phys)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Bytes of [from, to) in leaves of this size or larger. */
static uint64_t in_leaves(const struct run *run, uint64_t from, uint64_t to,
			  enum leaf leaf)
{
	uint64_t fit, start, end;

	if (leaf == LEAF_4K)
		return to - from;
	if (!run_used(run, leaf))
		return 0;
	fit = leaf_possible(run->iova, run->phys, run_bytes(run), leaf);
	start = run->phys + (leaf_up(run->iova, leaf) - run->iova);
	end = start + fit;
	start = start > from ? start : from;
	end = end < to ? end : to;
	return end > start ? end - start : 0;
}

static void vma_add_leaves(struct vma *vma, const struct run *run,
			   uint64_t from, uint64_t to)
{
	uint64_t larger = 0, bytes;

	for (int leaf = LEAF_1G; leaf >= LEAF_4K; leaf--) {
		bytes = in_leaves(run, from, to, leaf);
		vma->leaf_bytes[leaf] += bytes - larger;
		larger = bytes;
	}
}

static void vma_add_page(const struct index *index, struct vma *vma,
			 uint64_t phys)
{
	uint64_t end = phys + vma->page;
	size_t i;

	for (i = find_run(index, phys); i < index->nr; i++) {
		struct run run = index_at(index, i);
		uint64_t to = run.phys + run_bytes(&run);

		if (run.phys >= end)
			break;
		phys = phys > run.phys ? phys : run.phys;
		to = to < end ? to : end;
		if (phys < to)
			vma_add_leaves(vma, &run, phys, to);
		phys = to > phys ? to : phys;
	}
}

static void vma_add_entry(struct index *index, struct vma *vma, uint64_t entry)
{
	if (!(entry & PRESENT))
		return;
	index->hidden |= !(entry & PFN_MASK);
	if (entry & PFN_MASK)
		vma_add_page(index, vma, (entry & PFN_MASK) << 12);
}

/*
 * A VM's memory has millions of base pages: their entries are read in batches.
 * Of a larger page the first entry is enough.
 */
static void vma_add_pages(struct index *index, struct vma *vma)
{
	uint64_t step = vma->page >> 12, end = vma->end >> 12;
	uint64_t entry[PER_READ];
	size_t nr, i;

	for (uint64_t at = vma->start >> 12; at < end; at += nr * step) {
		nr = end - at < PER_READ ? end - at : PER_READ;
		nr = system_words_at(index->fd, at, step > 1 ? 1 : nr, entry);
		if (!nr)
			break;
		for (i = 0; i < nr; i++)
			vma_add_entry(index, vma, entry[i]);
	}
}

static void vma_append(struct json_object *vmas, const struct vma *vma)
{
	struct json_object *told = tree_new();

	tree_add_u64(told, "start", vma->start);
	tree_add_u64(told, "last", vma->end - 1);
	tree_add_word(told, "name", vma->name);
	tree_add_u64(told, "bytes", vma->end - vma->start);
	tree_add_u64(told, "page_bytes", vma->page);
	tree_add_u64(told, "hugetlb_bytes", vma->hugetlb);
	tree_add_u64(told, "thp_bytes", vma->thp);
	tree_add_u64(told, "iommu_4k_bytes", vma->leaf_bytes[LEAF_4K]);
	tree_add_u64(told, "iommu_2m_bytes", vma->leaf_bytes[LEAF_2M]);
	tree_add_u64(told, "iommu_1g_bytes", vma->leaf_bytes[LEAF_1G]);
	tree_append(vmas, told);
}

/* All lines of the mapping have been read. */
static void vma_finish(struct json_object *vmas, struct index *index,
		       struct vma *vma)
{
	bool huge = vma->hugetlb;

	if (!vma->end || vma->page < leaf_size(LEAF_4K))
		return;
	if (huge || vma->rss)
		vma_add_pages(index, vma);
	if (huge || vma->leaf_bytes[LEAF_4K] || vma->leaf_bytes[LEAF_2M] ||
	    vma->leaf_bytes[LEAF_1G])
		vma_append(vmas, vma);
}

/* One line of smaps; true when it begins another mapping. */
static bool vma_begins(const char *line, struct vma *vma)
{
	struct vma next = { 0 };
	uintmax_t start, end;

	if (sscanf(line, "%jx-%jx %*s %*s %*s %*s %255[^\n]", &start, &end,
		   next.name) < 2 || end <= start)
		return false;
	next.start = start;
	next.end = end;
	*vma = next;
	return true;
}

static void vma_take(const char *line, struct vma *vma)
{
	uintmax_t kb;
	char key[64];

	if (sscanf(line, "%63[^:]: %ju kB", key, &kb) != 2)
		return;
	if (!strcmp(key, "KernelPageSize"))
		vma->page = kb << 10;
	else if (!strcmp(key, "Rss"))
		vma->rss = kb << 10;
	else if (!strcmp(key, "Private_Hugetlb") ||
		 !strcmp(key, "Shared_Hugetlb"))
		vma->hugetlb += kb << 10;
	else if (!strcmp(key, "AnonHugePages") ||
		 !strcmp(key, "ShmemPmdMapped") ||
		 !strcmp(key, "FilePmdMapped"))
		vma->thp += kb << 10;
}

static void read_smaps(struct json_object *vmas, FILE *smaps,
		       struct index *index)
{
	struct vma vma = { 0 }, next;
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, smaps) > 0) {
		if (!vma_begins(line, &next)) {
			vma_take(line, &vma);
			continue;
		}
		vma_finish(vmas, index, &vma);
		vma = next;
	}
	vma_finish(vmas, index, &vma);
	free(line);
}

struct json_object *vmas_of(uint64_t pid, const struct runs *runs,
			    const struct findings *findings)
{
	FILE *smaps = system_open("/proc/%ju/smaps", (uintmax_t)pid);
	struct json_object *vmas = tree_new_list();
	struct index index;

	if (!smaps) {
		findings_miss(findings, "the process' mappings: /proc/%ju/smaps: %s",
			      (uintmax_t)pid, strerror(errno));
		return vmas;
	}
	index = index_of(runs);
	index.fd = system_fd("/proc/%ju/pagemap", (uintmax_t)pid);
	if (index.fd < 0)
		findings_miss(findings, "the process' frames: /proc/%ju/pagemap: %s",
			      (uintmax_t)pid, strerror(errno));
	read_smaps(vmas, smaps, &index);
	if (index.hidden)
		findings_miss(findings, "the process' frames: /proc/%ju/pagemap hides them: run as root",
			      (uintmax_t)pid);
	if (index.fd >= 0)
		close(index.fd);
	fclose(smaps);
	free(index.run);
	return vmas;
}
