// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs and leaves from first principles.
 *
 * type1 pins and maps one maximal physically contiguous run of a region at a
 * time, to the end of the region if memory happens to be that kind. The IOMMU
 * core then takes, at every step, the largest page size that divides iova and
 * phys and fits into what is left. Both are written down here in the simplest
 * way, one step at a time, so that no mistake of the module's is made twice.
 */
#include <fcntl.h>

#include "expect.h"
#include "must.h"

#define PAGEMAP_PRESENT	(1ULL << 63)
#define PAGEMAP_PFN	((1ULL << 55) - 1)

static int fits(__u64 pgsizes, __u64 leaf, __u64 iova, __u64 phys, __u64 size)
{
	return (pgsizes & leaf) && !((iova | phys) & (leaf - 1)) &&
	       size >= leaf;
}

void leaves_add(struct leaves *leaves, __u64 pgsizes, __u64 iova, __u64 phys,
		__u64 size)
{
	while (size) {
		__u64 step = SZ_4K;

		if (fits(pgsizes, SZ_1G, iova, phys, size)) {
			step = SZ_1G;
			leaves->nr_1g++;
		} else if (fits(pgsizes, SZ_2M, iova, phys, size)) {
			step = SZ_2M;
			leaves->nr_2m++;
		} else {
			leaves->nr_4k++;
		}
		iova += step;
		phys += step;
		size -= step;
	}
}

void expect_mmio(struct expect *expect, __u64 pgsizes, __u64 iova, __u64 phys,
		 __u64 size)
{
	expect->runs++;
	expect->bytes += size;
	leaves_add(&expect->leaves, pgsizes, iova, phys, size);
}

/* Page frame numbers of a range, one system call per 64 KiB of table. */
static __u64 *pagemap_read(const void *va, __u64 nr)
{
	__u64 *pfns = calloc(nr, sizeof(*pfns)), done = 0, i;
	__u64 first = (unsigned long)va / SZ_4K;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	must(pfns);
	must_op(fd, >=, 0);
	while (done < nr) {
		ssize_t got = pread(fd, pfns + done, (nr - done) * 8,
				    (first + done) * 8);

		must_op(got, >, 0);
		done += got / 8;
	}
	close(fd);
	for (i = 0; i < nr; i++) {
		must(pfns[i] & PAGEMAP_PRESENT);
		pfns[i] &= PAGEMAP_PFN;
		must(pfns[i]);
	}
	return pfns;
}

void memory_runs(const void *va, __u64 size,
		 void (*fn)(void *ctx, __u64 offset, __u64 phys, __u64 size),
		 void *ctx)
{
	__u64 nr = size / SZ_4K, *pfns = pagemap_read(va, nr), i, len;

	for (i = 0; i < nr; i += len) {
		for (len = 1; i + len < nr; len++)
			if (pfns[i + len] != pfns[i] + len)
				break;
		fn(ctx, i * SZ_4K, pfns[i] * SZ_4K, len * SZ_4K);
	}
	free(pfns);
}

struct region {
	struct expect *expect;
	__u64 pgsizes, iova;
};

static void expect_run(void *ctx, __u64 offset, __u64 phys, __u64 size)
{
	struct region *region = ctx;

	expect_mmio(region->expect, region->pgsizes, region->iova + offset,
		    phys, size);
}

void expect_memory(struct expect *expect, __u64 pgsizes, __u64 iova,
		   const void *va, __u64 size)
{
	struct region region = { expect, pgsizes, iova };

	memory_runs(va, size, expect_run, &region);
}
