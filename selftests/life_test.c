// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients, calls, this module and type1 come and go, in any order.
 */
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "kselftest_harness.h"

#include "lib/client.h"
#include "lib/expect.h"
#include "lib/file.h"
#include "lib/gate.h"
#include "lib/kernel.h"
#include "lib/kmod.h"
#include "lib/main.h"
#include "lib/must.h"
#include "lib/stats.h"
#include "lib/vfio.h"
#include "lib/vmstat.h"

#define IOVA	(64 * SZ_1G)

/* What parent and child share. */
struct shared {
	struct expect expect;
	volatile __u64 rounds;
	volatile int error;
};

FIXTURE(life)
{
	char bdf[PCI_BDF_LEN];
	struct client client;
	struct shared *shared;
	struct gate gate;
	struct snap before, after;
	struct vmstat pins_before, pins_after;
	struct want want;
};

FIXTURE_SETUP(life)
{
	kmod_reload("");
	pci_find("edu", 0, self->bdf);
	/* Outside of the test: opening the first container loads type1. */
	pci_bind_vfio(self->bdf);
	self->shared = mem_shared(sizeof(*self->shared));
	want_init(&self->want);
}

FIXTURE_TEARDOWN(life)
{
	want_free(&self->want);
	if (!kmod_loaded())
		kmod_load("");
}

static int map_and_stay(struct client *client, void *arg)
{
	FIXTURE_DATA(life) *self = arg;
	struct vfio vfio;
	struct mem mem;

	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, self->bdf);
	mem_alloc(&mem, BACKING_THP, 8 * SZ_2M);
	expect_memory(&self->shared->expect, vfio.pgsizes, IOVA, mem.va,
		      mem.size);
	client_step(client);
	vfio_map(&vfio, IOVA, mem.va, mem.size);
	client_step(client);
	return 0;
}

/* Nothing of a process is left but the memory of it. */
static void expect_gone(struct __test_metadata *_metadata, pid_t pid)
{
	struct json_object *domains = stats_read("domains");
	struct json_object *processes = stats_read("processes");
	struct json_object *process = stats_by_pid(processes, pid, 0);

	EXPECT_EQ(0, stats_count_pid(domains, pid));
	ASSERT_NE(NULL, process);
	EXPECT_EQ(0, stats_u64(process, "alive"));
	EXPECT_EQ(0, inflight_count());
	json_object_put(domains);
	json_object_put(processes);
}

TEST_F(life, killed_while_mapped)
{
	client_start(&self->client, "ivs-victim", map_and_stay, self);
	client_wait(&self->client);
	snap_take(&self->before);
	client_go(&self->client);
	client_wait(&self->client);
	EXPECT_EQ(0, live_wrong(self->client.pid, 0,
				&self->shared->expect.leaves));
	EXPECT_EQ(128 + SIGKILL, client_kill(&self->client));
	snap_take(&self->after);

	want_map(&self->want, &self->shared->expect, BACKING_THP);
	want_unmap(&self->want, &self->shared->expect, BACKING_THP);
	want_add(&self->want, -1, "region_unmap_calls");
	want_add(&self->want, -self->shared->expect.bytes,
		 "region_unmap_bytes");
	EXPECT_EQ(0, want_wrong(&self->want, &self->before, &self->after));
	expect_gone(_metadata, self->client.pid);
}

/* Memory that was never touched, so that a map takes its time. */
static int map_forever(struct client *client, void *arg)
{
	FIXTURE_DATA(life) *self = arg;
	struct vfio vfio;
	struct mem mem;

	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, self->bdf);
	client_step(client);
	for (;;) {
		must_work(__mem_alloc(&mem, BACKING_BASE, 32 * SZ_2M, 0));
		vfio_map(&vfio, IOVA, mem.va, mem.size);
		vfio_unmap(&vfio, IOVA, mem.size);
		mem_free(&mem);
		self->shared->rounds++;
	}
}

#define balances(_a, _b)						\
	EXPECT_EQ(snap_delta(&self->before, &self->after, _a),		\
		  snap_delta(&self->before, &self->after, _b))

/* A client is killed at any moment: all that it had pinned is unpinned. */
TEST_F_TIMEOUT(life, killed_in_mid_map, 120)
{
	unsigned int errors = 0;
	int i;

	for (i = 0; i < 12; i++) {
		client_start(&self->client, "ivs-victim", map_forever, self);
		client_wait(&self->client);
		snap_take(&self->before);
		vmstat_take(&self->pins_before);
		client_go(&self->client);
		usleep(20000 + i * 7000);
		EXPECT_EQ(128 + SIGKILL, client_kill(&self->client));
		vmstat_take(&self->pins_after);
		snap_take(&self->after);

		EXPECT_LT(0, snap_delta(&self->before, &self->after,
					"pin_calls"));
		balances("pin_bytes", "unpin_bytes");
		balances("pin_bytes", "teardown_bytes");
		balances("map_bytes", "unmap_bytes");
		balances("added_4k_leaves", "removed_4k_leaves");
		balances("added_2m_leaves", "removed_2m_leaves");
		balances("pin_none_calls", "pin_errors");
		EXPECT_EQ(snap_delta(&self->before, &self->after,
				     "pin_errors"),
			  snap_errors(&self->before, &self->after, "pin",
				      EINTR));
		EXPECT_EQ(self->pins_after.acquired - self->pins_before.acquired,
			  self->pins_after.released -
			  self->pins_before.released);
		errors += snap_delta(&self->before, &self->after,
				     "pin_errors");
		expect_gone(_metadata, self->client.pid);
		snap_free(&self->before);
		snap_free(&self->after);
	}
	/* At least one of them died inside a pin. */
	EXPECT_LT(0, errors);
}

static int map_gated(struct client *client, void *arg)
{
	FIXTURE_DATA(life) *self = arg;
	struct vfio vfio;
	struct stat st;
	void *va;
	int fd;

	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, self->bdf);
	client_step(client);
	fd = open(self->gate.path, O_RDONLY | O_CLOEXEC);
	must_op(fd, >=, 0);
	/* Opening does not ask for the size; a page beyond it is no page. */
	must_eq(fstat(fd, &st), 0);
	must_eq(st.st_size, GATE_SIZE);
	va = mmap(NULL, GATE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	must(va != MAP_FAILED);
	madvise(va, GATE_SIZE, MADV_RANDOM);
	vfio_map(&vfio, IOVA, va, GATE_SIZE);
	vfio_unmap(&vfio, IOVA, GATE_SIZE);
	close(fd);
	return 0;
}

static struct json_object *inflight_find(struct json_object *inflight,
					 const char *op)
{
	json_object_object_foreach(inflight, name, call) {
		(void)name;
		if (!strcmp(stats_word(call, "op"), op))
			return call;
	}
	return NULL;
}

/* The record of a call that hangs, and how old it is. */
static __u64 expect_stuck(struct __test_metadata *_metadata,
			  FIXTURE_DATA(life) *self, const char *op)
{
	struct json_object *inflight = stats_read("inflight");
	struct json_object *call = inflight_find(inflight, op);
	__u64 age;

	ASSERT_NE(NULL, call);
	EXPECT_EQ(2, json_object_object_length(inflight));
	EXPECT_EQ(self->client.pid, stats_u64(call, "pid"));
	EXPECT_EQ(0, strcmp("ivs-stuck", stats_word(call, "comm")));
	EXPECT_EQ(IOVA, stats_u64(call, "iova"));
	EXPECT_EQ(GATE_SIZE, stats_u64(call, "bytes"));
	age = stats_u64(call, "age_ns");
	json_object_put(inflight);
	return age;
}

TEST_F_TIMEOUT(life, stuck_pin_is_visible, 60)
{
	__u64 pin_age, region_age;

	gate_open(&self->gate);
	client_start(&self->client, "ivs-stuck", map_gated, self);
	client_wait(&self->client);
	EXPECT_EQ(0, inflight_count());
	snap_take(&self->before);
	client_go(&self->client);
	gate_wait_reader(&self->gate);

	pin_age = expect_stuck(_metadata, self, "pin");
	region_age = expect_stuck(_metadata, self, "region_map");
	usleep(300000);
	EXPECT_LE(pin_age + 300000000, expect_stuck(_metadata, self, "pin"));
	EXPECT_LE(region_age + 300000000,
		  expect_stuck(_metadata, self, "region_map"));
	snap_take(&self->after);
	EXPECT_EQ(0, want_wrong(&self->want, &self->before, &self->after));
	snap_free(&self->after);

	/* The call lasted as long as inflight said. */
	gate_release(&self->gate);
	gate_serve(&self->gate, 1000);
	EXPECT_EQ(0, client_end(&self->client));
	snap_take(&self->after);
	EXPECT_EQ(0, inflight_count());
	EXPECT_EQ(GATE_SIZE, snap_delta(&self->before, &self->after,
					"pin_base_bytes"));
	EXPECT_LE(pin_age + 300000000,
		  stats_u64(self->after.counters, "pin_max_ns"));
	EXPECT_LE(pin_age + 300000000,
		  snap_delta(&self->before, &self->after, "pin_ns"));
	gate_close(&self->gate);
}

/*
 * A domain that is older than the module, and whose table is not read: its
 * numbers are a lower bound, and are marked so. (With baseline=1, which
 * reads it, see census_test.c.)
 */
TEST_F(life, loaded_while_mapped)
{
	struct expect old = {}, new = {};
	struct leaves nothing = {};
	struct vfio vfio;
	struct mem mem;

	kmod_unload();
	mem_alloc(&mem, BACKING_THP, 8 * SZ_2M);
	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, self->bdf);
	expect_memory(&old, vfio.pgsizes, IOVA, mem.va, mem.size);
	vfio_map(&vfio, IOVA, mem.va, mem.size);

	kmod_load("baseline=0");
	EXPECT_EQ(0, live_floor_wrong(self->bdf, &nothing));

	/* What is mapped from now on is known. */
	snap_take(&self->before);
	expect_memory(&new, vfio.pgsizes, IOVA + SZ_1G, mem.va, 3 * SZ_2M);
	vfio_map(&vfio, IOVA + SZ_1G, mem.va, 3 * SZ_2M);
	want_map(&self->want, &new, BACKING_THP);
	EXPECT_EQ(0, live_floor_wrong(self->bdf, &new.leaves));

	/* An unmap of what was not counted is not subtracted. */
	vfio_unmap(&vfio, IOVA, mem.size);
	want_unmap(&self->want, &old, BACKING_THP);
	want_add(&self->want, -old.leaves.nr_4k, "removed_4k_leaves");
	want_add(&self->want, -old.leaves.nr_2m, "removed_2m_leaves");
	want_add(&self->want, -old.leaves.nr_1g, "removed_1g_leaves");
	want_add(&self->want, old.bytes, "unknown_unmap_bytes");
	EXPECT_EQ(0, live_floor_wrong(self->bdf, &new.leaves));
	vfio_unmap(&vfio, IOVA + SZ_1G, 3 * SZ_2M);
	want_unmap(&self->want, &new, BACKING_THP);
	EXPECT_EQ(0, live_floor_wrong(self->bdf, &nothing));
	snap_take(&self->after);
	EXPECT_EQ(0, want_wrong(&self->want, &self->before, &self->after));
	vfio_close(&vfio);

	/* The next domain is exact again. */
	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, self->bdf);
	EXPECT_EQ(0, live_wrong(getpid(), 0, &nothing));
	vfio_close(&vfio);
}

static int map_until_told(struct client *client, void *arg)
{
	FIXTURE_DATA(life) *self = arg;
	struct vfio vfio;
	struct mem mem;

	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, self->bdf);
	mem_alloc(&mem, BACKING_BASE, SZ_2M);
	client_step(client);
	while (!self->shared->error) {
		vfio_map(&vfio, IOVA, mem.va, mem.size);
		vfio_unmap(&vfio, IOVA, mem.size);
		self->shared->rounds++;
	}
	return 0;
}

/* Come and go while calls are in flight; the client must not notice. */
TEST_F_TIMEOUT(life, unloaded_under_load, 180)
{
	struct leaves nothing = {};
	struct expect expect = {};
	__u64 rounds;
	int i;

	client_start(&self->client, "ivs-busy", map_until_told, self);
	client_wait(&self->client);
	client_go(&self->client);
	/* A load takes seconds, and this runs on every kernel; churn_test has more. */
	for (i = 0; i < 6; i++) {
		rounds = self->shared->rounds;
		kmod_unload();
		kmod_load("");
		/* The client went on, and its calls are counted again. */
		while (self->shared->rounds < rounds + 3)
			usleep(1000);
		snap_take(&self->after);
		EXPECT_LT(0, stats_u64(self->after.counters,
				       "region_map_calls"));
		snap_free(&self->after);
	}
	self->shared->error = 1;
	EXPECT_EQ(0, client_end(&self->client));
	EXPECT_EQ(0, inflight_count());

	/* And then everything is in order. */
	kmod_reload("");
	client_start(&self->client, "ivs-calm", map_and_stay, self);
	client_wait(&self->client);
	snap_take(&self->before);
	client_go(&self->client);
	client_wait(&self->client);
	expect = self->shared->expect;
	want_map(&self->want, &expect, BACKING_THP);
	snap_take(&self->after);
	EXPECT_EQ(0, want_wrong(&self->want, &self->before, &self->after));
	EXPECT_NE(0, memcmp(&nothing, &expect.leaves, sizeof(nothing)));
	client_go(&self->client);
	EXPECT_EQ(0, client_end(&self->client));
}

static const char *const vfio_rows[] = {
	"region", "pin", "unpin", "teardown", "vfio_attach",
};

#define ROWS (sizeof(vfio_rows) / sizeof(vfio_rows[0]))

static void expect_rows(struct __test_metadata *_metadata, const char *state)
{
	size_t i;

	for (i = 0; i < ROWS; i++)
		EXPECT_EQ(0, probe_wait(vfio_rows[i], state, 2000));
	EXPECT_EQ(0, probe_wait("map", "attached", 0));
	EXPECT_EQ(0, probe_wait("unmap", "attached", 0));
	EXPECT_EQ(0, probe_wait("unmap_fast", "attached", 0));
	EXPECT_EQ(0, probe_wait("domain_free", "attached", 0));
	EXPECT_EQ(0, probe_wait("attach", "attached", 0));
}

static void type1(const char *what)
{
	const char *const argv[] = { what, "vfio_iommu_type1", NULL };

	must_eq(run(argv), 0);
}

/* What keeps type1 from going, or NULL. */
static const char *type1_stays(void)
{
	type1("modprobe");
	if (kernel_has_built_in("vfio_iommu_type1"))
		return "type1 is built in";
	if (kmod_holders("vfio_iommu_type1"))
		return "type1 is in use";
	return NULL;
}

/* One map and unmap, counted to the last leaf. */
static void expect_counted(struct __test_metadata *_metadata,
			   FIXTURE_DATA(life) *self)
{
	struct expect expect = {};
	struct vfio vfio;
	struct mem mem;

	mem_alloc(&mem, BACKING_THP, 4 * SZ_2M);
	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, self->bdf);
	expect_memory(&expect, vfio.pgsizes, IOVA, mem.va, mem.size);
	snap_take(&self->before);
	vfio_map(&vfio, IOVA, mem.va, mem.size);
	EXPECT_EQ(0, live_wrong(getpid(), 0, &expect.leaves));
	vfio_unmap(&vfio, IOVA, mem.size);
	snap_take(&self->after);
	want_free(&self->want);
	want_init(&self->want);
	want_map(&self->want, &expect, BACKING_THP);
	want_unmap(&self->want, &expect, BACKING_THP);
	EXPECT_EQ(0, want_wrong(&self->want, &self->before, &self->after));
	snap_free(&self->before);
	snap_free(&self->after);
	mem_free(&mem);
	vfio_close(&vfio);
}

/* type1 goes and comes back under a module that stays. */
TEST_F_TIMEOUT(life, type1_reloaded, 60)
{
	const char *stays = type1_stays();
	int i;

	if (stays)
		SKIP(return, "%s", stays);
	expect_rows(_metadata, "attached");
	for (i = 0; i < 3; i++) {
		type1("rmmod");
		expect_rows(_metadata, "waiting");
		type1("modprobe");
		expect_rows(_metadata, "attached");
		expect_counted(_metadata, self);
	}
}

/* The module comes first. */
TEST_F_TIMEOUT(life, loaded_before_type1, 60)
{
	const char *stays = type1_stays();

	if (stays)
		SKIP(return, "%s", stays);
	kmod_unload();
	type1("rmmod");
	kmod_load("");
	expect_rows(_metadata, "waiting");
	EXPECT_EQ(0, inflight_count());
	type1("modprobe");
	expect_rows(_metadata, "attached");
	expect_counted(_metadata, self);
}

static int is_exact(const char *bdf)
{
	struct json_object *domains = stats_read("domains");
	int exact = stats_u64(stats_by_device(domains, bdf), "exact");

	json_object_put(domains);
	return exact;
}

static int has_note(void)
{
	struct json_object *info = stats_read("info");
	int has = json_object_object_get_ex(info, "note", NULL);

	json_object_put(info);
	return has;
}

/*
 * What silences all kprobes, without an error that they could see; the second one
 * also what is no kprobe, but not every kernel allows it (the lab's 7.3:
 * EOPNOTSUPP).
 */
static const char *const switches[] = {
	"/sys/kernel/debug/kprobes/enabled",
	"/proc/sys/kernel/ftrace_enabled",
};

/* What was mapped meanwhile is not known, and the domain says so. */
TEST_F_TIMEOUT(life, silenced, 60)
{
	struct vfio vfio;
	struct mem mem;
	int ret, heard;
	size_t i;

	host_must_be_lab("switches off all kprobes");
	mem_alloc(&mem, BACKING_THP, 4 * SZ_2M);
	for (i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		kmod_reload("");
		vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, self->bdf);
		vfio_map(&vfio, IOVA, mem.va, SZ_2M);
		EXPECT_EQ(1, is_exact(self->bdf));
		EXPECT_FALSE(has_note());

		ret = __file_write(switches[i], "0");
		if (i && ret == -EOPNOTSUPP) {
			vfio_close(&vfio);
			break;
		}
		ASSERT_EQ(0, ret);
		vfio_map(&vfio, 2 * IOVA, mem.va, SZ_2M);
		EXPECT_EQ(0, probe_wait("domain_free", "silent", 0));
		heard = !i && kernel_enters_by_ftrace();
		EXPECT_EQ(0, probe_wait("map", heard ? "attached" : "silent",
					0));
		EXPECT_EQ(0, is_exact(self->bdf));
		EXPECT_TRUE(has_note());

		file_write(switches[i], "1");
		EXPECT_EQ(0, probe_wait("map", "attached", 0));
		EXPECT_EQ(0, is_exact(self->bdf));
		EXPECT_FALSE(has_note());
		vfio_close(&vfio);

		vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, self->bdf);
		vfio_map(&vfio, IOVA, mem.va, SZ_2M);
		EXPECT_EQ(1, is_exact(self->bdf));
		vfio_close(&vfio);
	}
	mem_free(&mem);
}

/* A reader holds the module; it goes as soon as the reader is gone. */
TEST_F(life, open_file_holds_the_module)
{
	int fd = open(STATS_ROOT "/counters", O_RDONLY | O_CLOEXEC);
	char c;

	ASSERT_LE(0, fd);
	ASSERT_EQ(1, read(fd, &c, 1));
	EXPECT_EQ(-EAGAIN, __kmod_unload());
	EXPECT_TRUE(kmod_loaded());
	ASSERT_EQ(1, read(fd, &c, 1));
	close(fd);
	EXPECT_EQ(0, __kmod_unload());
	EXPECT_FALSE(kmod_loaded());
	EXPECT_NE(0, access(STATS_ROOT, F_OK));
}
