// SPDX-License-Identifier: GPL-2.0-only
/*
 * watch_bench - what watching costs those who are watched
 *
 * The same work on the same memory, while nobody watches and while somebody
 * does: the module, the module with its tracepoints on, the module without
 * its pin probe, or a bpftrace script with a probe at the same function. Who
 * watches changes within a round and who comes first changes from round to
 * round. Each sample is a line "bench {..}" of JSON: the work, who watched, the
 * operation, how many hits of a probe are to be expected, and its nanoseconds.
 *
 * Exit codes: 0 done, 1 something failed, 2 usage.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/ethernet.h>
#include <netpacket/packet.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "lib/file.h"
#include "lib/kmod.h"
#include "lib/mem.h"
#include "lib/must.h"
#include "lib/vfio.h"

#define TRACEPOINTS	"/sys/kernel/tracing/events/iovascope/enable"
#define IOVA		(64 * SZ_1G)
#define READS		4096
#define PACKETS		4096
#define MAX_WATCHERS	8

static __u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* Who watches: begin() and end() go in pairs around the work. */
struct watcher {
	const char *name;
	const char *params;
	void (*begin)(const struct watcher *self);
	void (*end)(void);
};

static void load(const struct watcher *self)
{
	kmod_load(self->params);
}

static void unload(void)
{
	kmod_unload();
}

static void load_traced(const struct watcher *self)
{
	load(self);
	file_write(TRACEPOINTS, "1");
}

static void unload_traced(void)
{
	file_write(TRACEPOINTS, "0");
	unload();
}

static pid_t script;

/* $BENCH_BPFTRACE runs the script; it says "ready" when it is attached. */
static void begin_script(const struct watcher *self)
{
	static const char said[] = "/run/watch_bench.bpftrace";
	const char *command = getenv("BENCH_BPFTRACE");
	int fd, ready = 0;

	(void)self;
	must(command);
	fd = open(said, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must_op(fd, >=, 0);
	fflush(NULL);
	script = fork();
	must_op(script, >=, 0);
	if (!script) {
		dup2(fd, 1);
		execl(command, command, (char *)NULL);
		_exit(127);
	}
	close(fd);
	while (!ready) {
		char *text = file_read(said);

		ready = !!strstr(text, "ready");
		free(text);
		must_eq(waitpid(script, NULL, WNOHANG), 0);
		usleep(100000);
	}
}

static void end_script(void)
{
	int status;

	kill(script, SIGINT);
	must_eq(waitpid(script, &status, 0), script);
}

static const struct watcher watchers[] = {
	{ .name = "absent" },
	{ .name = "loaded", .params = "", .begin = load, .end = unload },
	{ .name = "traced", .params = "", .begin = load_traced,
	  .end = unload_traced },
	{ .name = "no_pin", .params = "skip=pin", .begin = load,
	  .end = unload },
	{ .name = "bpftrace", .begin = begin_script, .end = end_script },
	{}
};

/* What is done while they watch. */
struct work {
	const char *name;
	void (*set_up)(const char *arg);
	void (*run)(const char *watcher, int tell);
};

static struct vfio vfio;
static struct mem mem;
static int file;
static __u64 hits;
static struct sockaddr_ll to;

static void say(const char *work, const char *watcher, const char *op,
		__u64 ns)
{
	printf("bench {\"work\":\"%s\",\"watcher\":\"%s\",\"op\":\"%s\",\"hits\":%llu,\"ns\":%llu}\n",
	       work, watcher, op, hits, ns);
	fflush(stdout);
}

/* Runs of neighbours in memory: as many pins, and as many maps. */
static __u64 count_runs(void)
{
	__u64 runs = 0, last = 0, at;

	for (at = 0; at < mem.size; at += SZ_4K) {
		__u64 phys = mem_phys((char *)mem.va + at);

		runs += phys != last + SZ_4K;
		last = phys;
	}
	return runs;
}

/* Neighbours in memory where the kernel has them. */
static void set_up_map(const char *arg)
{
	mem_alloc(&mem, BACKING_BASE, 256 << 20);
	hits = count_runs();
	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, arg);
}

/* No neighbours: a pin and a map for each page. */
static void set_up_scattered(const char *arg)
{
	mem_alloc_scattered(&mem, 64 << 20);
	hits = count_runs();
	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, arg);
}

static void map_unmap(const char *name, const char *watcher, int tell)
{
	__u64 start = now_ns(), mapped, unmapped;

	vfio_map(&vfio, IOVA, mem.va, mem.size);
	mapped = now_ns();
	vfio_unmap(&vfio, IOVA, mem.size);
	unmapped = now_ns();
	if (!tell)
		return;
	say(name, watcher, "map", mapped - start);
	say(name, watcher, "unmap", unmapped - mapped);
}

static void run_map(const char *watcher, int tell)
{
	map_unmap("map", watcher, tell);
}

static void run_scattered(const char *watcher, int tell)
{
	map_unmap("scattered", watcher, tell);
}

/*
 * While a disk is at work the processor sleeps, for as long as the disk likes.
 * What counts is how long it does not; but by its own account it sleeps in
 * steps of 10 ms. So it is kept awake: a process that gives way to everything
 * else takes a step for as long as there is nothing else, and what a step takes
 * is measured while there is nothing else at all.
 */
static volatile __u64 *steps;
static double step_ns;

static void start_stepping(void)
{
	const struct sched_param param = { 0 };
	__u64 start, first;
	pid_t child;

	steps = mem_shared(SZ_4K);
	fflush(NULL);
	child = fork();
	must_op(child, >=, 0);
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (sched_setscheduler(0, SCHED_IDLE, &param))
			_exit(1);
		for (;;)
			++*steps;
	}
	while (!*steps) {
		must_eq(waitpid(child, NULL, WNOHANG), 0);
		usleep(1000);
	}
	first = *steps;
	start = now_ns();
	usleep(500000);
	step_ns = (double)(now_ns() - start) / (*steps - first);
}

static void set_up_read(const char *arg)
{
	file = open(arg, O_RDONLY | O_DIRECT | O_CLOEXEC);
	must_op(file, >=, 0);
	hits = READS;
	mem_alloc(&mem, BACKING_BASE, SZ_4K);
	start_stepping();
}

/* The same 4K blocks in the same random order each time. */
static void run_read(const char *watcher, int tell)
{
	__u64 start = now_ns(), first = *steps, idle;
	unsigned int seed = 1, i;

	for (i = 0; i < READS; i++)
		must_eq(pread(file, mem.va, SZ_4K,
			      rand_r(&seed) % (1 << 16) * SZ_4K), SZ_4K);
	idle = (*steps - first) * step_ns;
	if (tell)
		say("read", watcher, "read", now_ns() - start - idle);
}

static void set_up_send(const char *arg)
{
	file = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_LOOP));
	must_op(file, >=, 0);
	hits = PACKETS;
	to.sll_family = AF_PACKET;
	to.sll_halen = ETH_ALEN;
	to.sll_ifindex = if_nametoindex(arg);
	must(to.sll_ifindex);
}

/* Frames that nobody receives. */
static void run_send(const char *watcher, int tell)
{
	unsigned char frame[ETH_ZLEN] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
	__u64 start = now_ns();
	int i;

	for (i = 0; i < PACKETS; i++)
		must_eq(sendto(file, frame, sizeof(frame), 0,
			       (struct sockaddr *)&to, sizeof(to)),
			(ssize_t)sizeof(frame));
	if (tell)
		say("send", watcher, "send", now_ns() - start);
}

static const struct work works[] = {
	{ "map", set_up_map, run_map },
	{ "scattered", set_up_scattered, run_scattered },
	{ "read", set_up_read, run_read },
	{ "send", set_up_send, run_send },
	{}
};

/* Wait until what the last watcher has left to the kernel's workers is done. */
static void settle(void)
{
	usleep(300000);
}

static void watched(const struct work *work, const struct watcher *watcher)
{
	if (watcher->begin)
		watcher->begin(watcher);
	settle();
	work->run(watcher->name, 0);
	work->run(watcher->name, 1);
	if (watcher->end)
		watcher->end();
}

static int refuse(const char *why, const char *what)
{
	fprintf(stderr, "watch_bench: %s '%s'\n"
		"usage: watch_bench map|scattered BDF ROUNDS WATCHER...\n"
		"       watch_bench read DISK ROUNDS WATCHER...\n"
		"       watch_bench send INTERFACE ROUNDS WATCHER...\n"
		"watchers: absent loaded traced no_pin bpftrace\n", why, what);
	return 2;
}

static const struct work *find_work(const char *name)
{
	const struct work *work = works;

	while (work->name && strcmp(work->name, name))
		work++;
	return work->name ? work : NULL;
}

static const struct watcher *find_watcher(const char *name)
{
	const struct watcher *watcher = watchers;

	while (watcher->name && strcmp(watcher->name, name))
		watcher++;
	return watcher->name ? watcher : NULL;
}

int main(int argc, char **argv)
{
	const struct watcher *chosen[MAX_WATCHERS];
	const struct work *work;
	int nr, rounds, round, i;

	if (argc < 5 || argc - 4 > MAX_WATCHERS)
		return refuse("too few or too many words after", argv[0]);
	work = find_work(argv[1]);
	rounds = atoi(argv[3]);
	nr = argc - 4;
	if (!work)
		return refuse("no such work:", argv[1]);
	if (rounds < 1)
		return refuse("not a number of rounds:", argv[3]);
	for (i = 0; i < nr; i++) {
		chosen[i] = find_watcher(argv[4 + i]);
		if (!chosen[i])
			return refuse("no such watcher:", argv[4 + i]);
	}
	if (kmod_loaded())
		kmod_unload();
	work->set_up(argv[2]);
	/*
	 * Pages that are pinned for the second time move to another list, which
	 * costs as much as mapping them: that is done when measuring begins.
	 */
	work->run("", 0);
	sleep(2);
	for (round = 0; round < rounds; round++)
		for (i = 0; i < nr; i++)
			watched(work, chosen[(i + round) % nr]);
	return 0;
}
