// SPDX-License-Identifier: GPL-2.0-only
/*
 * why_client - a VMM whose mappings are bad in a way of one's choice
 *
 * What why.sh asks `iovascope why` about: memory of a chosen backing and in a
 * chosen physical disorder, for one device or many, in one container or in one
 * for each, with or without their BARs. It says "mapped" and stays until a
 * signal ends it. vfio_client times one mapping; this one only holds many.
 *
 * Disorder comes from the order of the first touch: the kernel hands out
 * physical memory in the order in which it is asked for, so that pages touched
 * every second one first, the others later, are no neighbours physically
 * though they are neighbours in the process.
 *
 * Exit codes: 0 done, 1 the system refused something, 2 usage.
 */
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "lib/client.h"
#include "lib/gate.h"
#include "lib/iommufd.h"
#include "lib/mem.h"
#include "lib/must.h"
#include "lib/vfio.h"

enum { EXIT_USAGE = 2 };

/* How often memory is allocated until it lies as it should. */
#define MAX_TRIES 8

/* What becomes of the first half of the memory once it is mapped. */
enum then {
	THEN_NOTHING, THEN_REMAP, THEN_REFILL, THEN_DROP, THEN_FORK, THEN_WRITE,
	/* Or of all of it. */
	THEN_REJOIN, THEN_BEQUEATH,
	NR_THENS,
};

static const char *const then_names[] = {
	"nothing", "remap", "refill", "drop", "fork",
	"write", "rejoin", "bequeath",
};

enum touch { TOUCH_ALL, TOUCH_NONE, TOUCH_SCATTERED };

static const char *const touch_names[] = { "all", "none", "scattered" };

/* A container of VFIO's own, or an iommufd in its place. */
enum server { SERVER_V2, SERVER_V1, SERVER_SMALL, SERVER_VFIO };

static const char *const server_names[] = { "v2", "v1", "small" };

struct options {
	const char *device[VFIO_MAX_DEVICES];
	int nr_devices;
	int containers;
	enum backing backing;
	enum touch touch;
	enum server server;
	enum then then;
	__u64 size, chunk, step, hole, bars, bar_shift, iova;
	const char *file;
	int read_only;
	int gated;
};

static struct options opt = {
	.backing = BACKING_BASE,
	.server = SERVER_VFIO,
	.iova = 64 * SZ_1G,
};

static struct vfio vfio[VFIO_MAX_DEVICES];
static int nr_vfio;
static struct mem mem;
static struct gate gate;

static const char usage_text[] =
"usage: why_client [OPTION]...\n"
"Map memory for devices with VFIO, badly, and hold it until a signal.\n"
"\n"
"  --device BDF|NAME  as for vfio_client; may be repeated, and a name that is\n"
"                     repeated is the next device of its kind\n"
"  --containers       a container for each device (one for all)\n"
"  --iommufd HOW      an iommufd in the place of a container: v2, v1, or small,\n"
"                     which is v2 with huge pages switched off\n"
"  --backing KIND     base, thp, hugetlb_2m or hugetlb_1g (base)\n"
"  --size SIZE        bytes of memory; K, M and G are understood (none)\n"
"  --file PATH        a file of such memory, which keeps it for the next client\n"
"                     (anonymous memory)\n"
"  --chunk SIZE       map as many regions of this size (one region)\n"
"  --touch HOW        all: before it is mapped; none: left to the pin;\n"
"                     scattered: every second page first, so that no two\n"
"                     neighbours are neighbours physically (all)\n"
"  --step SIZE        what of it counts as a page (one of the backing)\n"
"  --iova ADDRESS     where the devices see the memory (0x1000000000)\n"
"  --read-only        map the second half of the memory for reading only\n"
"  --hole SIZE        leave out as much after the first half of the memory, and\n"
"                     of each BAR\n"
"  --bars SIZE        the first SIZE of each device's largest BAR, too\n"
"  --bar-shift SIZE   have BARs at virtual addresses that are so far from one\n"
"                     that is aligned to 1 GiB (0)\n"
"  --then WHAT        do with the first half of the memory, once it is mapped:\n"
"                     remap: unmap it, and map new memory there; refill: give its\n"
"                     pages back, and touch it; drop: only give them back; fork:\n"
"                     have a child, and write to it; write: only that, to all of\n"
"                     the memory; rejoin: take the first device out of its\n"
"                     container, and put it back; bequeath: leave the container\n"
"                     to a child, and end (nothing)\n"
"  --gated            instead of memory, map a file whose server is asleep\n";

static int usage(const char *why, const char *what)
{
	fprintf(stderr, "why_client: %s '%s'; try --help\n", why, what);
	exit(EXIT_USAGE);
}

static __u64 parse_size(const char *text)
{
	static const char units[] = "KMG";
	const char *unit;
	char *end;
	__u64 size = strtoull(text, &end, 0);

	if (end == text || *text == '-')
		usage("not a size:", text);
	if (!*end)
		return size;
	unit = strchr(units, *end);
	if (!unit || end[1])
		usage("not a size:", text);
	return size << 10 * (unit - units + 1);
}

static int parse_word(const char *text, const char *const *words, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		if (!strcmp(text, words[i]))
			return i;
	return usage("unknown word", text);
}

enum {
	OPT_DEVICE = 1,
	OPT_CONTAINERS,
	OPT_IOMMUFD,
	OPT_BACKING,
	OPT_SIZE,
	OPT_TOUCH,
	OPT_STEP,
	OPT_IOVA,
	OPT_FILE,
	OPT_CHUNK,
	OPT_READ_ONLY,
	OPT_HOLE,
	OPT_BARS,
	OPT_BAR_SHIFT,
	OPT_THEN,
	OPT_GATED,
	OPT_HELP,
};

static const struct option long_options[] = {
	{ "device", required_argument, NULL, OPT_DEVICE },
	{ "containers", no_argument, NULL, OPT_CONTAINERS },
	{ "iommufd", required_argument, NULL, OPT_IOMMUFD },
	{ "backing", required_argument, NULL, OPT_BACKING },
	{ "size", required_argument, NULL, OPT_SIZE },
	{ "file", required_argument, NULL, OPT_FILE },
	{ "chunk", required_argument, NULL, OPT_CHUNK },
	{ "touch", required_argument, NULL, OPT_TOUCH },
	{ "step", required_argument, NULL, OPT_STEP },
	{ "iova", required_argument, NULL, OPT_IOVA },
	{ "read-only", no_argument, NULL, OPT_READ_ONLY },
	{ "hole", required_argument, NULL, OPT_HOLE },
	{ "bars", required_argument, NULL, OPT_BARS },
	{ "bar-shift", required_argument, NULL, OPT_BAR_SHIFT },
	{ "then", required_argument, NULL, OPT_THEN },
	{ "gated", no_argument, NULL, OPT_GATED },
	{ "help", no_argument, NULL, OPT_HELP },
	{}
};

static void parse_option(int option)
{
	switch (option) {
	case OPT_DEVICE:
		if (opt.nr_devices == VFIO_MAX_DEVICES)
			usage("too many devices:", optarg);
		opt.device[opt.nr_devices++] = optarg;
		break;
	case OPT_CONTAINERS:
		opt.containers = 1;
		break;
	case OPT_BACKING:
		opt.backing = parse_word(optarg, backing_names, BACKING_MMIO);
		break;
	case OPT_SIZE:
		opt.size = parse_size(optarg);
		break;
	case OPT_FILE:
		opt.file = optarg;
		break;
	case OPT_CHUNK:
		opt.chunk = parse_size(optarg);
		break;
	case OPT_TOUCH:
		opt.touch = parse_word(optarg, touch_names, 3);
		break;
	case OPT_STEP:
		opt.step = parse_size(optarg);
		break;
	case OPT_IOVA:
		opt.iova = parse_size(optarg);
		break;
	case OPT_READ_ONLY:
		opt.read_only = 1;
		break;
	case OPT_HOLE:
		opt.hole = parse_size(optarg);
		break;
	case OPT_BARS:
		opt.bars = parse_size(optarg);
		break;
	case OPT_BAR_SHIFT:
		opt.bar_shift = parse_size(optarg);
		break;
	case OPT_IOMMUFD:
		opt.server = parse_word(optarg, server_names, SERVER_VFIO);
		break;
	case OPT_THEN:
		opt.then = parse_word(optarg, then_names, NR_THENS);
		break;
	case OPT_GATED:
		opt.gated = 1;
		break;
	case OPT_HELP:
		fputs(usage_text, stdout);
		exit(0);
	default:
		exit(EXIT_USAGE);
	}
}

static void parse_options(int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "", long_options,
				     NULL)) != -1)
		parse_option(option);
	if (optind < argc)
		usage("unexpected argument", argv[optind]);
	if (!opt.nr_devices)
		opt.device[opt.nr_devices++] = "edu";
}

/* The address of device i: the nth of its name, counted from the left. */
static void find_device(int i, char bdf[PCI_BDF_LEN])
{
	unsigned int nth = 0;
	int before;

	for (before = 0; before < i; before++)
		nth += !strcmp(opt.device[before], opt.device[i]);
	must_work(__pci_find(opt.device[i], nth, bdf));
}

static void open_container(struct vfio *v, const char *bdf)
{
	struct ioas ioas;

	if (opt.server == SERVER_VFIO) {
		vfio_open(v, VFIO_TYPE1v2_IOMMU, bdf);
		return;
	}
	vfio_open_iommufd(v, opt.server == SERVER_V1 ? VFIO_TYPE1_IOMMU :
						       VFIO_TYPE1v2_IOMMU, bdf);
	vfio_ioas(v, &ioas);
	if (opt.server == SERVER_SMALL)
		must_work(__ioas_huge_pages(&ioas, 0));
}

static void open_devices(void)
{
	char bdf[PCI_BDF_LEN];
	int i;

	for (i = 0; i < opt.nr_devices; i++) {
		find_device(i, bdf);
		if (nr_vfio && !opt.containers)
			vfio_add(&vfio[0], bdf);
		else
			open_container(&vfio[nr_vfio++], bdf);
	}
}

static void touch_every(__u64 from, __u64 step)
{
	__u64 at;

	for (at = from; at < mem.size; at += step)
		((volatile char *)mem.va)[at] = 1;
}

static void get_file(void)
{
	int fd = open(opt.file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	must_op(fd, >=, 0);
	must_eq(ftruncate(fd, opt.size), 0);
	mem.size = opt.size;
	mem.va = mmap(NULL, mem.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		      0);
	must(mem.va != MAP_FAILED);
	close(fd);
	touch_every(0, backing_page_size(opt.backing));
}

/* No page has its neighbour in memory behind it. */
static int is_scattered(__u64 page)
{
	__u64 at;

	for (at = 0; at + page < mem.size; at += page)
		if (mem_phys((char *)mem.va + at) + page ==
		    mem_phys((char *)mem.va + at + page))
			return 0;
	return 1;
}

/*
 * Which pages one gets is up to the allocator. What will not do is kept until
 * something else does, or it would be handed out again.
 */
static void get_scattered(__u64 page)
{
	struct mem kept[MAX_TRIES];
	int nr = 0;

	for (;;) {
		touch_every(0, 2 * page);
		touch_every(page, 2 * page);
		if (is_scattered(page))
			break;
		must_op(nr, <, MAX_TRIES);
		kept[nr++] = mem;
		must_work(__mem_alloc(&mem, opt.backing, opt.size, 0));
	}
	while (nr)
		mem_free(&kept[--nr]);
}

/* Not mem_alloc(): it looks up what it got page by page, which takes long. */
static void get_memory(void)
{
	__u64 page = opt.step ? opt.step : backing_page_size(opt.backing);

	if (opt.file) {
		get_file();
		return;
	}
	must_work(__mem_alloc(&mem, opt.backing, opt.size, 0));
	if (opt.touch == TOUCH_ALL)
		touch_every(0, page);
	if (opt.touch == TOUCH_SCATTERED)
		get_scattered(page);
}

static void map_part(struct vfio *v, __u64 at, __u64 end, __u32 flags)
{
	__u64 len;

	for (; at < end; at += len) {
		len = end - at;
		if (opt.chunk && opt.chunk < len)
			len = opt.chunk;
		must_work(__vfio_map(v, opt.iova + at, (char *)mem.va + at,
				     len, flags));
	}
}

static void map_memory(struct vfio *v)
{
	__u64 half = mem.size / 2;

	if (!opt.read_only && !opt.hole) {
		map_part(v, 0, mem.size, VFIO_RW);
		return;
	}
	map_part(v, 0, half, VFIO_RW);
	map_part(v, half + opt.hole, mem.size,
		 opt.read_only ? VFIO_DMA_MAP_FLAG_READ : VFIO_RW);
}

static int largest_bar(const char *bdf)
{
	__u64 phys, size, most = 0;
	int bar, best = 0;

	for (bar = 0; bar < 6; bar++) {
		pci_bar(bdf, bar, &phys, &size);
		if (size <= most)
			continue;
		most = size;
		best = bar;
	}
	return best;
}

/* As a BAR is mapped that has an MSI-X table in its middle. */
static void map_bar(struct vfio *v, __u64 iova, char *va)
{
	__u64 half = opt.bars / 2, rest = half + opt.hole;

	if (!opt.hole) {
		vfio_map(v, iova, va, opt.bars);
		return;
	}
	vfio_map(v, iova, va, half);
	vfio_map(v, iova + rest, va + rest, opt.bars - rest);
}

/* A TiB for each, far from the memory. */
static void map_bars(struct vfio *v)
{
	__u64 iova = 1ULL << 40;
	int i;

	for (i = 0; i < v->nr; i++, iova += 1ULL << 40)
		map_bar(v, iova,
			vfio_bar_mmap(&v->dev[i],
				      largest_bar(v->dev[i].bdf), 0, opt.bars,
				      SZ_1G, opt.bar_shift));
}

static void map_all(void)
{
	int i;

	if (opt.size)
		get_memory();
	for (i = 0; i < nr_vfio; i++) {
		if (opt.size)
			map_memory(&vfio[i]);
		if (opt.bars)
			map_bars(&vfio[i]);
	}
}

static void half_remap(__u64 half)
{
	must_eq(munmap(mem.va, half), 0);
	must(mmap(mem.va, half, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == mem.va);
}

/* A child that has all of it, too, when this process writes; and stays. */
static void half_fork(void)
{
	pid_t pid = fork();

	must_op(pid, >=, 0);
	if (pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The container is its parent's. */
	close_range(3, ~0U, 0);
	for (;;)
		pause();
}

/* The last group that leaves takes what is mapped with it. */
static void rejoin(void)
{
	char bdf[PCI_BDF_LEN];

	snprintf(bdf, sizeof(bdf), "%s", vfio[0].dev[0].bdf);
	vfio_remove(&vfio[0]);
	vfio_add(&vfio[0], bdf);
}

static void half_spoil(void)
{
	__u64 half = opt.then == THEN_WRITE ? mem.size : mem.size / 2, at;

	switch (opt.then) {
	case THEN_REMAP:
		half_remap(half);
		break;
	case THEN_FORK:
		half_fork();
		break;
	case THEN_REFILL:
	case THEN_DROP:
		must_eq(madvise(mem.va, half, MADV_DONTNEED), 0);
		break;
	default:
		break;
	}
	for (at = 0; at < half && opt.then != THEN_DROP; at += SZ_4K)
		((volatile char *)mem.va)[at] = 2;
}

/* In a process of its own, because this one serves the file. */
static int map_gated(struct client *self, void *arg)
{
	struct stat st;
	void *va;
	int fd;

	(void)self;
	(void)arg;
	/* Or this process would keep alive what it waits for. */
	close(gate.fd);
	open_devices();
	fd = open(gate.path, O_RDONLY | O_CLOEXEC);
	must_op(fd, >=, 0);
	/* Opening does not ask for the size; a page beyond it is no page. */
	must_eq(fstat(fd, &st), 0);
	va = mmap(NULL, GATE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	must(va != MAP_FAILED);
	vfio_map(&vfio[0], opt.iova, va, GATE_SIZE);
	return 0;
}

static void say(const char *what, pid_t pid)
{
	printf("%s %d\n", what, pid);
	fflush(stdout);
}

/* Once a signal ended this process, nobody serves: the other's read fails. */
static void hold_gated(void)
{
	struct client client;

	gate_open(&gate);
	client_start(&client, "why_client", map_gated, NULL);
	gate_wait_reader(&gate);
	say("stuck", client.pid);
	pause();
}

static void stop(int sig)
{
	(void)sig;
	if (gate.fd)
		gate_close(&gate);
	_exit(0);
}

/* The child has what is open, and none of the memory. */
static void bequeath(void)
{
	pid_t pid = fork();

	must_op(pid, >=, 0);
	if (!pid) {
		munmap(mem.va, mem.size);
		for (;;)
			pause();
	}
	say("heir", pid);
	say("mapped", getpid());
	_exit(0);
}

int main(int argc, char **argv)
{
	parse_options(argc, argv);
	signal(SIGTERM, stop);
	signal(SIGINT, stop);
	if (opt.gated) {
		hold_gated();
	} else {
		open_devices();
		map_all();
		if (opt.then == THEN_REJOIN)
			rejoin();
		else if (opt.then == THEN_BEQUEATH)
			bequeath();
		else if (opt.then)
			half_spoil();
		say("mapped", getpid());
		pause();
	}
	return 0;
}
