// SPDX-License-Identifier: GPL-2.0-only
/*
 * census_bench - how fast a page table is read, and how much faster than the
 * kernel prints it itself
 *
 *   census_bench WHAT GIB REPEAT DUMPS
 *
 * GIB GiB of 4K leaves, many times the same pages at other IOVAs, so that
 * memory is no limit. WHAT: "contiguous", 1 GiB pages that a shift of 4K keeps
 * from being 1G leaves (the best case: pagemap is a record a GiB); or
 * "scattered", base pages of which no two neighbours touch (the worst: a
 * record and a run a leaf).
 *
 * Each reader reads its file from open to end, REPEAT times; the kernel's
 * domain_translation_struct DUMPS times, and not at all where there is none.
 * The result is one line of JSON. Nothing else may run meanwhile.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <time.h>

#include "lib/census.h"
#include "lib/dump.h"
#include "lib/file.h"
#include "lib/kmod.h"
#include "lib/must.h"
#include "lib/stats.h"
#include "lib/vfio.h"

#define IOVA		(64 * SZ_1G)
#define SCATTERED	(SZ_1G / 8)
#define BUFFER		(1 << 20)

static char buffer[BUFFER];

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Even pages first, odd ones later: a page's neighbour is another's. */
static void scatter(struct mem *mem)
{
	__u64 at, odd;

	must_work(__mem_alloc(mem, BACKING_BASE, SCATTERED, 0));
	for (odd = 0; odd < 2; odd++)
		for (at = odd * SZ_4K; at < SCATTERED; at += 2 * SZ_4K)
			((volatile char *)mem->va)[at] = 1;
}

static void map_all(struct vfio *vfio, struct mem *mem, const char *what,
		    unsigned int gib)
{
	__u64 at, shift = 0;

	if (!strcmp(what, "scattered")) {
		scatter(mem);
	} else {
		mem_alloc(mem, BACKING_HUGETLB_1G, SZ_1G);
		shift = SZ_4K;
	}
	for (at = 0; at < gib * SZ_1G; at += mem->size)
		vfio_map(vfio, IOVA + at + shift, mem->va, mem->size);
}

static int open_census(const char *bdf)
{
	(void)bdf;
	return open(STATS_ROOT "/census", O_RDONLY | O_CLOEXEC);
}

static int open_pagemap(const char *bdf)
{
	return __device_open(bdf, "pagemap");
}

static int open_runs(const char *bdf)
{
	return __device_open(bdf, "runs");
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* One reader's figures, as a member of the result. */
static double bench(struct json_object *result, const char *name,
		    int (*opener)(const char *bdf), const char *bdf,
		    unsigned int repeat, __u64 leaves)
{
	struct json_object *out = json_object_new_object();
	struct json_object *all = json_object_new_array();
	double times[100], start;
	long long bytes = 0;
	unsigned int i;
	int fd;

	must_op(repeat, >=, 1);
	must_op(repeat, <=, 100);
	for (i = 0; i < repeat; i++) {
		start = now();
		fd = opener(bdf);
		must_op(fd, >=, 0);
		bytes = read_through(fd, buffer, sizeof(buffer));
		must_op(bytes, >, 0);
		close(fd);
		times[i] = now() - start;
		json_object_array_add(all, json_object_new_double(times[i]));
	}
	qsort(times, repeat, sizeof(*times), by_value);
	json_object_object_add(out, "seconds", all);
	json_object_object_add(out, "median_s",
			       json_object_new_double(times[repeat / 2]));
	json_object_object_add(out, "min_s", json_object_new_double(times[0]));
	json_object_object_add(out, "max_s",
			       json_object_new_double(times[repeat - 1]));
	json_object_object_add(out, "bytes", json_object_new_int64(bytes));
	json_object_object_add(out, "leaves_per_s",
			       json_object_new_double(leaves /
						      times[repeat / 2]));
	json_object_object_add(result, name, out);
	return times[repeat / 2];
}

/* What is measured must be what was mapped. */
static __u64 count_leaves(const char *bdf, unsigned int gib)
{
	struct json_object *census = stats_read("census");
	struct json_object *line = census_line(census, bdf);
	__u64 leaves = stats_u64(line, "4k_leaves");

	must_eq(leaves, gib * (SZ_1G / SZ_4K));
	must_eq(stats_u64(line, "torn"), 0);
	json_object_put(census);
	return leaves;
}

static void add_ratio(struct json_object *result, const char *name,
		      double dump, double ours)
{
	json_object_object_add(result, name,
			       json_object_new_double(dump / ours));
}

static void bench_all(struct json_object *result, const char *bdf,
		      unsigned int gib, unsigned int repeat,
		      unsigned int dumps)
{
	__u64 leaves = count_leaves(bdf, gib);
	double census, pagemap, dump;
	int fd = dump_open(bdf);

	json_object_object_add(result, "leaves", json_object_new_int64(leaves));
	census = bench(result, "census", open_census, bdf, repeat, leaves);
	pagemap = bench(result, "pagemap", open_pagemap, bdf, repeat, leaves);
	bench(result, "runs", open_runs, bdf, repeat, leaves);
	if (fd < 0)
		return;
	close(fd);
	dump = bench(result, "domain_translation_struct", dump_open, bdf,
		     dumps, leaves);
	add_ratio(result, "census_ratio", dump, census);
	add_ratio(result, "pagemap_ratio", dump, pagemap);
}

int main(int argc, char **argv)
{
	struct json_object *result = json_object_new_object();
	char bdf[PCI_BDF_LEN];
	struct vfio vfio;
	struct utsname uts;
	const char *text;
	struct mem mem;
	unsigned int gib;

	if (argc != 5 || (strcmp(argv[1], "contiguous") &&
			  strcmp(argv[1], "scattered"))) {
		fputs("usage: census_bench contiguous|scattered GIB REPEAT DUMPS\n",
		      stderr);
		return 2;
	}
	kmod_must_be_loaded();
	uname(&uts);
	gib = atoi(argv[2]);
	json_object_object_add(result, "what", json_object_new_string(argv[1]));
	json_object_object_add(result, "kernel",
			       json_object_new_string(uts.release));
	must_work(__pci_find("edu", 0, bdf));
	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, bdf);
	map_all(&vfio, &mem, argv[1], gib);
	bench_all(result, bdf, gib, atoi(argv[3]), atoi(argv[4]));
	text = json_object_to_json_string_ext(result, JSON_C_TO_STRING_PLAIN);
	printf("bench %s\n", text);
	vfio_close(&vfio);
	mem_free(&mem);
	json_object_put(result);
	return 0;
}
