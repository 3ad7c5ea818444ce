// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long nothing else can run: the kernel's own tracers of latency, irqsoff and
 * preemptoff, watch a large mapping being torn down.
 *
 * The mapping alternates: a 2M page, then as many base pages as fill the next 2M.
 * Nothing joins, so that the module remembers as much of it as there can be. It
 * is the same two pieces of memory again and again: IOVA is cheap.
 *
 * The tracers tell the longest section of the whole machine, whoever made it. So
 * each teardown is held against two others: stock type1's while the module is not
 * there, and the same one of a quarter of the size. A section of the module's that
 * grows with the range, or that is longer than what a machine has anyway, shows
 * in one of them. Only a kernel with these tracers can run this ("make
 * check-debug"), and only counted instructions make it exact (lab.sh --icount).
 */
#include <linux/memfd.h>
#include <sys/mman.h>

#include <linux/memfd.h>

#include "kselftest_harness.h"

#include "lib/file.h"
#include "lib/graph.h"
#include "lib/hugepath.h"
#include "lib/iommufd.h"
#include "lib/kmod.h"
#include "lib/main.h"
#include "lib/mem.h"
#include "lib/must.h"
#include "lib/vfio.h"

static const char *disturbs = "sets the kernel's tracer";

#define IOVA	(64 * SZ_1G)
#define BIG	(16 * SZ_1G)
#define SMALL	(BIG / 4)
/* What two runs of the same may differ by, and half of it. */
#define NOISE_US 300

enum who { TYPE1, IOMMUFD, HUGEPATH };

static const char *const who_names[] = { "type1", "iommufd", "hugepath" };

/* ---- memory ---- */

static int memory_file(const char *name, unsigned int flags)
{
	int fd = memfd_create(name, MFD_CLOEXEC | flags);

	must_op(fd, >=, 0);
	must_eq(ftruncate(fd, SZ_2M), 0);
	return fd;
}

static void memory_place(char *at, int fd)
{
	void *va = mmap(at, SZ_2M, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, 0);

	must(va == at);
}

/* Slot by slot a 2M page and base pages. */
static void *memory_alternating(__u64 size)
{
	int huge = memory_file("huge", MFD_HUGETLB | MFD_HUGE_2MB);
	int base = memory_file("base", 0);
	char *window, *va;
	__u64 at;

	window = mmap(NULL, size + SZ_2M, PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	must(window != MAP_FAILED);
	va = (char *)(((unsigned long)window + SZ_2M - 1) & ~(SZ_2M - 1));
	for (at = 0; at < size; at += 2 * SZ_2M) {
		memory_place(va + at, huge);
		memory_place(va + at + SZ_2M, base);
	}
	close(huge);
	close(base);
	return va;
}

/* ---- the tracer ---- */

#define trace_set(file, value) file_write(TRACEFS "/" file, value)

static void latency_begin(const char *tracer)
{
	trace_set("tracing_on", "0");
	trace_set("current_tracer", tracer);
	trace_set("tracing_max_latency", "0");
	trace_set("tracing_on", "1");
}

/* The longest section since, in microseconds, and whose it was. */
static unsigned long latency_end(void)
{
	unsigned long us;
	char *text;

	trace_set("tracing_on", "0");
	text = file_read(TRACEFS "/tracing_max_latency");
	us = strtoul(text, NULL, 10);
	free(text);
	text = file_read(TRACEFS "/trace");
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (strstr(line, "=> "))
			printf("#   %s\n", line);
	free(text);
	trace_set("current_tracer", "nop");
	return us;
}

/* ---- who maps, and tears down ---- */

static unsigned long type1_teardown(enum hugepath_door door, const char *bdf,
				    void *va, __u64 size, const char *tracer)
{
	struct vfio vfio;

	hugepath_open(&vfio, door, VFIO_TYPE1v2_IOMMU, bdf);
	vfio_map(&vfio, IOVA, va, size);
	latency_begin(tracer);
	vfio_close(&vfio);
	return latency_end();
}

/* With two page tables, whole areas go out of the second in one call. */
static unsigned long iommufd_teardown(void *va, __u64 size, const char *tracer)
{
	char bdf[2][PCI_BDF_LEN];
	struct cdev cdev[2];
	unsigned long us;
	struct ioas ioas;
	int i;

	ioas_open(&ioas);
	for (i = 0; i < 2; i++) {
		pci_find("edu", i, bdf[i]);
		cdev_open(&cdev[i], bdf[i], ioas.fd);
		cdev_attach(&cdev[i], hwpt_alloc(&ioas, &cdev[i]));
	}
	ioas_map(&ioas, IOVA, va, size);
	latency_begin(tracer);
	ioas_unmap(&ioas, IOVA, size);
	us = latency_end();
	for (i = 0; i < 2; i++)
		cdev_close(&cdev[i]);
	close(ioas.fd);
	return us;
}

static unsigned long teardown(enum who who, void *va, __u64 size,
			      const char *tracer)
{
	char bdf[PCI_BDF_LEN];

	if (who == IOMMUFD)
		return iommufd_teardown(va, size, tracer);
	pci_find("edu", 0, bdf);
	return type1_teardown(who == HUGEPATH ? DOOR_EXTENSION : DOOR_STOCK,
			      bdf, va, size, tracer);
}

/* ---- the tests ---- */

FIXTURE(latency)
{
	void *va;
};

FIXTURE_VARIANT(latency)
{
	const char *tracer;
};

FIXTURE_VARIANT_ADD(latency, interrupts_off) {
	.tracer = "irqsoff",
};

FIXTURE_VARIANT_ADD(latency, preemption_off) {
	.tracer = "preemptoff",
};

FIXTURE_SETUP(latency)
{
	char *there = file_read(TRACEFS "/available_tracers");

	must_have(strstr(there, variant->tracer), "no tracer %s",
		  variant->tracer);
	free(there);
	kmod_must_be_loaded();
	self->va = memory_alternating(BIG);
}

FIXTURE_TEARDOWN(latency)
{
	if (hugepath_loaded())
		hugepath_unload();
	if (!kmod_loaded())
		kmod_load("");
}

TEST_F_TIMEOUT(latency, teardown_is_bounded, 3000)
{
	unsigned long stock, small, big;
	enum who who;

	kmod_unload();
	stock = teardown(TYPE1, self->va, BIG, variant->tracer);
	printf("# %s, type1 without the module: %lu us\n", variant->tracer,
	       stock);
	kmod_load("");
	hugepath_load("");
	for (who = TYPE1; who <= HUGEPATH; who++) {
		small = teardown(who, self->va, SMALL, variant->tracer);
		big = teardown(who, self->va, BIG, variant->tracer);
		printf("# %s, %s: %lu us of 4 GiB, %lu us of 16 GiB\n",
		       variant->tracer, who_names[who], small, big);
		EXPECT_LE(big, small + NOISE_US);
		EXPECT_LE(big, stock + NOISE_US);
	}
}
