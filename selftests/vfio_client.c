// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio_client - map memory for a device and take it away again
 *
 * What a VMM does at its start and at its end, without the VMM: one container,
 * one device, memory of a chosen backing, mapped for DMA as one region or as
 * many, timed from the outside. For the demo, and for people who want to see
 * what their machine does.
 *
 * Exit codes: 0 done, 1 the system refused something, 2 usage.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/mem.h"
#include "lib/vfio.h"

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2 };

struct options {
	const char *device;
	enum backing backing;
	__u64 size, iova, offset, chunk;
	unsigned int repeat, hold;
	int quiet;
};

struct client {
	struct options opt;
	struct vfio vfio;
	struct mem mem;
	char bdf[PCI_BDF_LEN];
	char *va;
};

static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

static const char usage_text[] =
"usage: vfio_client [OPTION]...\n"
"Map memory for a device with VFIO, and unmap it; print how long it took.\n"
"\n"
"  --device BDF|NAME     0000:00:02.0, or the first edu, testdev, nvme or\n"
"                        e1000e (edu)\n"
"  --backing KIND        base, thp, hugetlb_2m, hugetlb_1g, or bar: the\n"
"                        device's own largest BAR (base)\n"
"  --size SIZE           bytes; K, M, G and T are understood (256M)\n"
"  --iova ADDRESS        where the device sees it (0x1000000000)\n"
"  --offset SIZE         shift of the IOVA against the memory (0)\n"
"  --chunk SIZE          map as many regions of this size (one region)\n"
"  --repeat N            map and unmap N times (1)\n"
"  --hold SECONDS        stay mapped before the last unmap; SIGINT or SIGTERM\n"
"                        ends it early (0)\n"
"  --quiet               print nothing but errors\n"
"  --help\n"
"\n"
"The device is lent to vfio-pci and given back. Exit codes: 0 done, 1 refused\n"
"by the system, 2 usage.\n";

static int usage(const char *why, const char *what)
{
	fprintf(stderr, "vfio_client: %s '%s'; try --help\n", why, what);
	return -EXIT_USAGE;
}

static int refused(const char *what, int err)
{
	fprintf(stderr, "vfio_client: %s: %s\n", what, strerror(-err));
	return -EXIT_REFUSED;
}

static int parse_size(const char *text, __u64 *size)
{
	static const char units[] = "KMGT";
	const char *unit;
	char *end;

	errno = 0;
	*size = strtoull(text, &end, 0);
	if (errno || end == text || *text == '-')
		return usage("not a size:", text);
	if (!*end)
		return 0;
	unit = strchr(units, *end);
	if (!unit || end[1])
		return usage("not a size:", text);
	while (unit-- >= units) {
		if (*size >> 54)
			return usage("too big:", text);
		*size <<= 10;
	}
	return 0;
}

static int parse_count(const char *text, unsigned int *count)
{
	__u64 value;

	if (parse_size(text, &value) || value > 1000000000)
		return usage("not a count:", text);
	*count = value;
	return 0;
}

static int parse_backing(const char *text, enum backing *backing)
{
	int i;

	if (!strcmp(text, "bar"))
		text = backing_names[BACKING_MMIO];
	for (i = BACKING_BASE; i <= BACKING_MMIO; i++) {
		if (strcmp(text, backing_names[i]))
			continue;
		*backing = i;
		return 0;
	}
	return usage("unknown backing", text);
}

enum {
	OPT_DEVICE = 1,
	OPT_BACKING,
	OPT_SIZE,
	OPT_IOVA,
	OPT_OFFSET,
	OPT_CHUNK,
	OPT_REPEAT,
	OPT_HOLD,
	OPT_QUIET,
	OPT_HELP,
};

static const struct option long_options[] = {
	{ "device", required_argument, NULL, OPT_DEVICE },
	{ "backing", required_argument, NULL, OPT_BACKING },
	{ "size", required_argument, NULL, OPT_SIZE },
	{ "iova", required_argument, NULL, OPT_IOVA },
	{ "offset", required_argument, NULL, OPT_OFFSET },
	{ "chunk", required_argument, NULL, OPT_CHUNK },
	{ "repeat", required_argument, NULL, OPT_REPEAT },
	{ "hold", required_argument, NULL, OPT_HOLD },
	{ "quiet", no_argument, NULL, OPT_QUIET },
	{ "help", no_argument, NULL, OPT_HELP },
	{}
};

static int parse_option(int option, struct options *opt)
{
	switch (option) {
	case OPT_DEVICE:
		opt->device = optarg;
		return 0;
	case OPT_BACKING:
		return parse_backing(optarg, &opt->backing);
	case OPT_SIZE:
		return parse_size(optarg, &opt->size);
	case OPT_IOVA:
		return parse_size(optarg, &opt->iova);
	case OPT_OFFSET:
		return parse_size(optarg, &opt->offset);
	case OPT_CHUNK:
		return parse_size(optarg, &opt->chunk);
	case OPT_REPEAT:
		return parse_count(optarg, &opt->repeat);
	case OPT_HOLD:
		return parse_count(optarg, &opt->hold);
	case OPT_QUIET:
		opt->quiet = 1;
		return 0;
	case OPT_HELP:
		fputs(usage_text, stdout);
		exit(0);
	default:
		fputs("try --help\n", stderr);
		return -EXIT_USAGE;
	}
}

static int parse_options(int argc, char **argv, struct options *opt)
{
	int option, ret;

	*opt = (struct options){
		.device = "edu",
		.size = 256 << 20,
		.iova = 64 * SZ_1G,
		.repeat = 1,
	};
	while ((option = getopt_long(argc, argv, "", long_options,
				     NULL)) != -1) {
		ret = parse_option(option, opt);
		if (ret)
			return ret;
	}
	if (optind < argc)
		return usage("unexpected argument", argv[optind]);
	if (!opt->size || opt->size % SZ_4K)
		return usage("--size must be a multiple of", "4K");
	if (opt->chunk % SZ_4K || opt->offset % SZ_4K)
		return usage("--chunk and --offset must be multiples of", "4K");
	if (!opt->chunk || opt->chunk > opt->size)
		opt->chunk = opt->size;
	return 0;
}

static int largest_bar(const char *bdf, __u64 *size)
{
	__u64 phys, bytes;
	int bar, best = 0;

	for (bar = 0, *size = 0; bar < 6; bar++) {
		pci_bar(bdf, bar, &phys, &bytes);
		if (bytes <= *size)
			continue;
		best = bar;
		*size = bytes;
	}
	return best;
}

static int get_memory(struct client *c)
{
	__u64 size;
	int bar, ret;

	if (c->opt.backing != BACKING_MMIO) {
		ret = __mem_alloc(&c->mem, c->opt.backing, c->opt.size, 1);
		if (ret)
			return refused("no such memory", ret);
		c->va = c->mem.va;
		return 0;
	}
	bar = largest_bar(c->bdf, &size);
	if (size < c->opt.size)
		return refused("the largest BAR is smaller than --size",
			       -ERANGE);
	c->va = vfio_bar_mmap(&c->vfio.dev[0], bar, 0, c->opt.size, SZ_1G, 0);
	/* A mapped BAR keeps the device open: it must go before the close. */
	c->mem.window = c->va;
	c->mem.window_size = c->opt.size;
	return 0;
}

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

static __u64 chunk_at(const struct options *opt, __u64 at)
{
	return opt->size - at < opt->chunk ? opt->size - at : opt->chunk;
}

static int map_all(struct client *c)
{
	__u64 iova = c->opt.iova + c->opt.offset, at, len;
	int ret;

	for (at = 0; at < c->opt.size; at += len) {
		len = chunk_at(&c->opt, at);
		ret = __vfio_map(&c->vfio, iova + at, c->va + at, len, VFIO_RW);
		if (ret)
			return refused("VFIO_IOMMU_MAP_DMA", ret);
	}
	return 0;
}

static int unmap_all(struct client *c)
{
	__u64 iova = c->opt.iova + c->opt.offset, at, len, gone;
	int ret;

	for (at = 0; at < c->opt.size; at += len) {
		len = chunk_at(&c->opt, at);
		ret = __vfio_unmap(&c->vfio, iova + at, len, 0, &gone);
		if (ret || gone != len)
			return refused("VFIO_IOMMU_UNMAP_DMA", ret ?: -EIO);
	}
	return 0;
}

static void print_times(const struct options *opt, double map, double unmap)
{
	double gib = (double)opt->size / SZ_1G;
	const char *name = opt->backing == BACKING_MMIO ? "bar" :
			   backing_names[opt->backing];

	if (opt->quiet)
		return;
	printf("%-10s %8.2f GiB in %llu region%s: ", name, gib,
	       (opt->size + opt->chunk - 1) / opt->chunk,
	       opt->chunk < opt->size ? "s" : "");
	printf("map %9.3f ms (%9.3f ms/GiB), ", map, map / gib);
	printf("unmap %9.3f ms (%9.3f ms/GiB)\n", unmap, unmap / gib);
	fflush(stdout);
}

static void hold(unsigned int seconds)
{
	double end = now_ms() + seconds * 1e3;

	while (!stopped && now_ms() < end)
		usleep(20000);
}

static int once(struct client *c, int last)
{
	double start, map, unmap;
	int ret;

	start = now_ms();
	ret = map_all(c);
	if (ret)
		return ret;
	map = now_ms() - start;
	if (last && c->opt.hold) {
		if (!c->opt.quiet)
			printf("mapped, holding for %u s\n", c->opt.hold);
		fflush(stdout);
		hold(c->opt.hold);
	}
	start = now_ms();
	ret = unmap_all(c);
	if (ret)
		return ret;
	unmap = now_ms() - start;
	print_times(&c->opt, map, unmap);
	return 0;
}

static int work(struct client *c)
{
	unsigned int i;
	int ret;

	ret = __vfio_open(&c->vfio, VFIO_TYPE1v2_IOMMU, c->bdf);
	if (ret)
		return refused("cannot open the device with VFIO", ret);
	ret = get_memory(c);
	for (i = 0; !ret && !stopped && i < c->opt.repeat; i++)
		ret = once(c, i + 1 == c->opt.repeat);
	mem_free(&c->mem);
	vfio_close(&c->vfio);
	return ret;
}

int main(int argc, char **argv)
{
	static struct client c;
	int ret;

	ret = parse_options(argc, argv, &c.opt);
	if (ret)
		return -ret;
	ret = __pci_find(c.opt.device, 0, c.bdf);
	if (ret == -EINVAL)
		return -usage("neither an address nor a known name:",
			      c.opt.device);
	if (ret)
		return -refused(c.opt.device, ret);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	ret = work(&c);
	pci_restore(c.bdf);
	if (!ret && (fflush(stdout) || ferror(stdout)))
		ret = refused("stdout", -errno);
	return -ret;
}
