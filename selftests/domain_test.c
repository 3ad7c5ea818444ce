// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domains, devices, groups and processes are told apart.
 *
 * Two VMs that start at once must be told apart, one VM with two devices must
 * not be counted twice, a domain's record dies with it and its id never comes
 * back, and the host's own DMA is kept out of all of it.
 */
#include <stdint.h>

#include "kselftest_harness.h"

#include "lib/client.h"
#include "lib/expect.h"
#include "lib/file.h"
#include "lib/kernel.h"
#include "lib/kmod.h"
#include "lib/main.h"
#include "lib/must.h"
#include "lib/stats.h"
#include "lib/traffic.h"
#include "lib/vfio.h"

#define IOVA	(64 * SZ_1G)

static int word_is(struct json_object *record, const char *key,
		   const char *wanted)
{
	const char *seen = stats_word(record, key);

	if (!strcmp(seen, wanted))
		return 1;
	printf("# %s: wanted '%s', seen '%s'\n", key, wanted, seen);
	return 0;
}

/* A client that maps memory, and stays. */
struct mapper {
	const char *comm;
	char bdf[PCI_BDF_LEN];
	enum backing backing;
	__u64 size;
	struct client client;
	/* Filled by the child, in shared memory. */
	struct expect *expect;
};

static int mapper_body(struct client *self, void *arg)
{
	struct mapper *m = arg;
	struct vfio vfio;
	struct mem mem;

	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, m->bdf);
	mem_alloc(&mem, m->backing, m->size);
	expect_memory(m->expect, vfio.pgsizes, IOVA, mem.va, mem.size);
	client_step(self);
	vfio_map(&vfio, IOVA, mem.va, mem.size);
	client_step(self);
	vfio_unmap(&vfio, IOVA, mem.size);
	client_step(self);
	vfio_close(&vfio);
	return 0;
}

static void mapper_start(struct mapper *m, const char *device,
			 unsigned int nth)
{
	pci_find(device, nth, m->bdf);
	m->expect = mem_shared(sizeof(*m->expect));
	client_start(&m->client, m->comm, mapper_body, m);
}

FIXTURE(domain)
{
	struct snap before, after;
	struct want want;
};

FIXTURE_SETUP(domain)
{
	kmod_reload("");
	want_init(&self->want);
	snap_take(&self->before);
}

FIXTURE_TEARDOWN(domain)
{
	want_free(&self->want);
	snap_free(&self->before);
}

/* Everything one mapper did must be in its own records. */
static void check_mapper(struct __test_metadata *_metadata,
			 const struct mapper *m)
{
	struct json_object *domains = stats_read("domains");
	struct json_object *processes = stats_read("processes");
	const unsigned int tried = kernel_trial_pages();
	struct json_object *domain, *process;
	char group[16];

	ASSERT_EQ(1, stats_count_pid(domains, m->client.pid));
	ASSERT_EQ(1, stats_count_pid(processes, m->client.pid));
	domain = stats_by_pid(domains, m->client.pid, 0);
	process = stats_by_pid(processes, m->client.pid, 0);

	snprintf(group, sizeof(group), "%d", pci_group(m->bdf));
	EXPECT_TRUE(word_is(domain, "type", "unmanaged"));
	EXPECT_TRUE(word_is(domain, "backend", "type1"));
	EXPECT_TRUE(word_is(domain, "group", group));
	EXPECT_TRUE(word_is(domain, "devices", m->bdf));
	EXPECT_TRUE(word_is(domain, "comm", m->comm));
	EXPECT_TRUE(word_is(process, "comm", m->comm));
	EXPECT_EQ(1, stats_u64(process, "alive"));
	EXPECT_EQ(0, live_wrong(m->client.pid, 0, &m->expect->leaves));

	EXPECT_EQ(1, stats_u64(process, "region_map_calls"));
	EXPECT_EQ(m->size, stats_u64(process, "region_map_bytes"));
	EXPECT_EQ(m->expect->runs, stats_u64(process, "pin_calls"));
	EXPECT_EQ(m->size, stats_u64(process, "pin_bytes"));
	EXPECT_EQ(m->size, stats_u64f(process, "pin_%s_bytes",
				      backing_names[m->backing]));
	/* type1 tries two pages on a new domain, and takes them away. */
	EXPECT_EQ(m->expect->runs + tried / 2, stats_u64(process, "map_calls"));
	EXPECT_EQ(m->size + tried * SZ_4K, stats_u64(process, "map_bytes"));
	EXPECT_EQ(m->size + tried * SZ_4K, stats_u64(domain, "map_bytes"));
	EXPECT_EQ(m->expect->leaves.nr_4k + tried,
		  stats_u64(process, "added_4k_leaves"));
	EXPECT_EQ(m->expect->leaves.nr_2m,
		  stats_u64(process, "added_2m_leaves"));
	EXPECT_EQ(m->expect->leaves.nr_4k + tried,
		  stats_u64(domain, "added_4k_leaves"));
	EXPECT_EQ(tried, stats_u64(domain, "removed_4k_leaves"));
	EXPECT_EQ(tried, stats_u64(domain, "unmap_calls"));
	json_object_put(domains);
	json_object_put(processes);
}

static void mapper_step(struct mapper *m)
{
	client_wait(&m->client);
	client_go(&m->client);
}

TEST_F_TIMEOUT(domain, two_processes_at_once, 120)
{
	struct mapper a = { .comm = "ivs alpha=1", .backing = BACKING_THP,
			    .size = 8 * SZ_2M };
	const unsigned int tried = kernel_trial_pages();
	struct mapper b = { .comm = "ivs-beta", .backing = BACKING_BASE,
			    .size = 3 * SZ_2M };
	struct json_object *processes;

	mapper_start(&a, "edu", 0);
	mapper_start(&b, "edu", 1);
	mapper_step(&a);
	mapper_step(&b);
	client_wait(&a.client);
	client_wait(&b.client);
	check_mapper(_metadata, &a);
	check_mapper(_metadata, &b);

	/* Host's sums are the sums over the two. */
	want_map(&self->want, a.expect, a.backing);
	want_map(&self->want, b.expect, b.backing);
	want_add(&self->want, tried, "map_calls");
	want_add(&self->want, 2 * tried * SZ_4K, "map_bytes");
	want_add(&self->want, 2 * tried, "unmap_calls");
	want_add(&self->want, 2 * tried * SZ_4K, "unmap_bytes");
	want_add(&self->want, 2 * tried, "added_4k_leaves");
	want_add(&self->want, 2 * tried, "removed_4k_leaves");
	snap_take(&self->after);
	EXPECT_EQ(0, want_wrong(&self->want, &self->before, &self->after));
	snap_free(&self->after);

	/* One goes; the other is untouched. */
	client_go(&a.client);
	mapper_step(&a);
	EXPECT_EQ(0, client_end(&a.client));
	check_mapper(_metadata, &b);
	processes = stats_read("processes");
	EXPECT_EQ(0, stats_u64(stats_by_pid(processes, a.client.pid, 0),
			       "alive"));
	json_object_put(processes);
	client_go(&b.client);
	mapper_step(&b);
	EXPECT_EQ(0, client_end(&b.client));
}

/* Two groups in one container share a domain: one map, two devices. */
TEST_F(domain, two_groups_one_container)
{
	struct json_object *domains, *domain;
	char edu[PCI_BDF_LEN], testdev[PCI_BDF_LEN];
	char groups[32], devices[64];
	struct expect expect = {};
	struct vfio vfio;
	struct mem mem;

	pci_find("edu", 0, edu);
	pci_find("testdev", 0, testdev);
	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, edu);
	vfio_add(&vfio, testdev);
	mem_alloc(&mem, BACKING_THP, 4 * SZ_2M);
	expect_memory(&expect, vfio.pgsizes, IOVA, mem.va, mem.size);
	snap_free(&self->before);
	snap_take(&self->before);
	vfio_map(&vfio, IOVA, mem.va, mem.size);
	want_map(&self->want, &expect, BACKING_THP);
	snap_take(&self->after);
	EXPECT_EQ(0, want_wrong(&self->want, &self->before, &self->after));
	snap_free(&self->after);

	domains = stats_read("domains");
	ASSERT_EQ(1, stats_count_pid(domains, getpid()));
	domain = stats_by_pid(domains, getpid(), 0);
	snprintf(groups, sizeof(groups), "%d,%d", pci_group(edu),
		 pci_group(testdev));
	snprintf(devices, sizeof(devices), "%s,%s", edu, testdev);
	EXPECT_TRUE(word_is(domain, "group", groups));
	EXPECT_TRUE(word_is(domain, "devices", devices));
	EXPECT_EQ(0, live_wrong(getpid(), 0, &expect.leaves));
	json_object_put(domains);

	/* Still mapped, closed: everything comes back, once. */
	vfio_close(&vfio);
	want_unmap(&self->want, &expect, BACKING_THP);
	want_add(&self->want, -1, "region_unmap_calls");
	want_add(&self->want, -expect.bytes, "region_unmap_bytes");
	snap_take(&self->after);
	EXPECT_EQ(0, want_wrong(&self->want, &self->before, &self->after));
	snap_free(&self->after);
	domains = stats_read("domains");
	EXPECT_EQ(0, stats_count_pid(domains, getpid()));
	json_object_put(domains);
}

/* Two containers of one process are two domains. */
TEST_F(domain, two_containers_one_process)
{
	struct expect expect[2] = {};
	struct json_object *domains;
	struct leaves *first, *second;
	char bdf[PCI_BDF_LEN];
	struct vfio vfio[2];
	struct mem mem;
	int i;

	mem_alloc(&mem, BACKING_THP, 4 * SZ_2M);
	for (i = 0; i < 2; i++) {
		pci_find("edu", i, bdf);
		vfio_open(&vfio[i], VFIO_TYPE1v2_IOMMU, bdf);
		expect_memory(&expect[i], vfio[i].pgsizes, IOVA, mem.va,
			      (i + 1) * SZ_2M);
		vfio_map(&vfio[i], IOVA, mem.va, (i + 1) * SZ_2M);
	}
	domains = stats_read("domains");
	ASSERT_EQ(2, stats_count_pid(domains, getpid()));
	json_object_put(domains);
	first = &expect[0].leaves;
	second = &expect[1].leaves;
	EXPECT_EQ(0, live_wrong(getpid(), 0, first));
	EXPECT_EQ(0, live_wrong(getpid(), 1, second));
	vfio_close(&vfio[0]);
	EXPECT_EQ(0, live_wrong(getpid(), 0, second));
	vfio_close(&vfio[1]);
	domains = stats_read("domains");
	EXPECT_EQ(0, stats_count_pid(domains, getpid()));
	json_object_put(domains);
}

static __u64 only_domain_id(void)
{
	struct json_object *domains = stats_read("domains");
	__u64 id = 0;

	must_eq(stats_count_pid(domains, getpid()), 1);
	json_object_object_foreach(domains, name, record)
		if (stats_u64(record, "pid") == (__u64)getpid())
			id = strtoull(name, NULL, 10);
	json_object_put(domains);
	must(id);
	return id;
}

/*
 * The allocator likes to hand the same address out again; the module must not
 * take the new domain for the old one.
 */
TEST_F_TIMEOUT(domain, ids_are_never_reused, 60)
{
	const struct leaves nothing = {};
	struct json_object *domains;
	char bdf[PCI_BDF_LEN];
	struct vfio vfio;
	struct mem mem;
	__u64 last = 0;
	int i;

	pci_find("edu", 0, bdf);
	mem_alloc(&mem, BACKING_BASE, SZ_4K);
	for (i = 0; i < 30; i++) {
		__u64 id;

		vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, bdf);
		EXPECT_EQ(0, live_wrong(getpid(), 0, &nothing));
		vfio_map(&vfio, IOVA, mem.va, SZ_4K);
		id = only_domain_id();
		EXPECT_LT(last, id);
		last = id;
		vfio_close(&vfio);
		domains = stats_read("domains");
		EXPECT_EQ(0, stats_count_pid(domains, getpid()));
		json_object_put(domains);
	}
}

/* The host's own drivers. */
static int map_inherited(struct client *self, void *arg)
{
	struct vfio *vfio = arg;
	struct mem mem;

	mem_alloc(&mem, BACKING_THP, SZ_2M);
	vfio_map(vfio, 2 * IOVA, mem.va, mem.size);
	client_step(self);
	return 0;
}

/* Who maps into a container is who uses it, whoever opened it. */
TEST_F(domain, handed_on)
{
	struct json_object *domains;
	struct client client;
	char bdf[PCI_BDF_LEN];
	struct vfio vfio;
	struct mem mem;

	pci_find("edu", 0, bdf);
	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, bdf);
	mem_alloc(&mem, BACKING_THP, SZ_2M);
	vfio_map(&vfio, IOVA, mem.va, mem.size);
	client_start(&client, "heir", map_inherited, &vfio);
	client_wait(&client);
	domains = stats_read("domains");
	EXPECT_EQ(0U, stats_count_pid(domains, getpid()));
	ASSERT_EQ(1U, stats_count_pid(domains, client.pid));
	EXPECT_TRUE(word_is(stats_by_pid(domains, client.pid, 0), "comm",
			    "heir"));
	json_object_put(domains);
	client_go(&client);
	EXPECT_EQ(0, client_end(&client));
	vfio_close(&vfio);
}

#ifdef VFIO_DMA_MAP_FLAG_VADDR
/* As a new QEMU takes over from the old one: nothing is mapped anew. */
static int take_over(struct client *self, void *arg)
{
	struct vfio *vfio = arg;
	struct mem mem;

	mem_alloc(&mem, BACKING_THP, 4 * SZ_2M);
	must_work(__vfio_map(vfio, IOVA, mem.va, mem.size,
			     VFIO_DMA_MAP_FLAG_VADDR));
	client_step(self);
	return 0;
}

TEST_F(domain, taken_over)
{
	struct json_object *domains, *processes;
	struct client client;
	char bdf[PCI_BDF_LEN];
	struct vfio vfio;
	struct mem mem;

	if (!kernel_unmaps_all())
		SKIP(return, "this kernel cannot take an address back");
	pci_find("edu", 0, bdf);
	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, bdf);
	mem_alloc(&mem, BACKING_THP, 4 * SZ_2M);
	vfio_map(&vfio, IOVA, mem.va, mem.size);
	must_work(__vfio_unmap(&vfio, IOVA, mem.size,
			       VFIO_DMA_UNMAP_FLAG_VADDR, NULL));
	client_start(&client, "heir", take_over, &vfio);
	client_wait(&client);
	domains = stats_read("domains");
	ASSERT_EQ(1U, stats_count_pid(domains, client.pid));
	EXPECT_EQ(mem.size, stats_u64(stats_by_pid(domains, client.pid, 0),
				      "live_bytes"));
	json_object_put(domains);
	processes = stats_read("processes");
	EXPECT_EQ(0, stats_u64(stats_by_pid(processes, client.pid, 0),
			       "region_map_bytes"));
	EXPECT_EQ(1, stats_u64(stats_by_pid(processes, client.pid, 0),
			       "region_map_calls"));
	EXPECT_EQ(0, stats_u64(stats_by_pid(processes, getpid(), 0),
			       "region_unmap_bytes"));
	json_object_put(processes);
	client_go(&client);
	EXPECT_EQ(0, client_end(&client));
	vfio_close(&vfio);
}
#endif

FIXTURE(dma_api)
{
	char nvme[PCI_BDF_LEN], nic[PCI_BDF_LEN], edu[PCI_BDF_LEN];
	struct snap before, after;
	struct want want;
};

FIXTURE_VARIANT(dma_api)
{
	const char *params;
	int on;
};

FIXTURE_VARIANT_ADD(dma_api, off) {
	.params = "",
	.on = 0,
};

FIXTURE_VARIANT_ADD(dma_api, on) {
	.params = "dma_api=1",
	.on = 1,
};

FIXTURE_SETUP(dma_api)
{
	pci_find("nvme", 0, self->nvme);
	pci_find("e1000e", 0, self->nic);
	pci_find("edu", 0, self->edu);
	traffic_drive(self->nvme, "nvme");
	traffic_drive(self->nic, "e1000e");
	/* Drivers finish their probing first: it is not what is tested. */
	traffic_nvme(self->nvme, 1);
	traffic_nic(self->nic, 1);
	kmod_reload(variant->params);
	want_init(&self->want);
	snap_take(&self->before);
}

FIXTURE_TEARDOWN(dma_api)
{
	want_free(&self->want);
	snap_free(&self->before);
	kmod_reload("");
}

static unsigned int count_type(struct json_object *domains, const char *type)
{
	unsigned int nr = 0;

	json_object_object_foreach(domains, name, record) {
		(void)name;
		nr += !strcmp(stats_word(record, "type"), type);
	}
	return nr;
}

TEST_F_TIMEOUT(dma_api, kept_apart, 120)
{
	struct json_object *domains;
	struct expect expect = {};
	struct vfio vfio;
	struct mem mem;
	__u64 filtered;

	vfio_open(&vfio, VFIO_TYPE1v2_IOMMU, self->edu);
	mem_alloc(&mem, BACKING_THP, 8 * SZ_2M);
	expect_memory(&expect, vfio.pgsizes, IOVA, mem.va, mem.size);
	snap_free(&self->before);
	snap_take(&self->before);
	traffic_nvme(self->nvme, 64);
	vfio_map(&vfio, IOVA, mem.va, mem.size);
	traffic_nic(self->nic, 64);

	/* VFIO's sums know nothing of the traffic. */
	want_map(&self->want, &expect, BACKING_THP);
	snap_take(&self->after);
	EXPECT_EQ(0, want_wrong(&self->want, &self->before, &self->after));
	EXPECT_EQ(0, live_wrong(getpid(), 0, &expect.leaves));

	domains = stats_read("domains");
	EXPECT_EQ(1, count_type(domains, "unmanaged"));
	if (variant->on) {
		/* The NVMe blocks and the frames were unmapped at the latest. */
		EXPECT_LE(2, count_type(domains, "dma"));
	} else {
		EXPECT_EQ(0, count_type(domains, "dma"));
		EXPECT_EQ(NULL, stats_by_device(domains, self->nvme));
		EXPECT_EQ(NULL, stats_by_device(domains, self->nic));
		/* 64 reads and 64 frames: each was let through, if seen. */
		filtered = snap_delta(&self->before, &self->after,
				      "filtered_calls");
		EXPECT_TRUE(kernel_vtd_maps_itself() ? !filtered :
						       filtered >= 128);
	}
	json_object_put(domains);
	snap_free(&self->after);

	vfio_unmap(&vfio, IOVA, mem.size);
	vfio_close(&vfio);
}

/* With dma_api=1 each transfer is a map and an unmap of the device's domain. */
TEST_F_TIMEOUT(dma_api, counted_when_asked, 120)
{
	__u64 maps = 0, unmaps = 0;
	struct json_object *domains;

	traffic_nvme(self->nvme, 64);
	traffic_nic(self->nic, 64);
	domains = stats_read("domains");
	json_object_object_foreach(domains, name, record) {
		(void)name;
		if (strcmp(stats_word(record, "type"), "dma"))
			continue;
		EXPECT_TRUE(variant->on);
		maps += stats_u64(record, "map_calls");
		unmaps += stats_u64(record, "unmap_calls");
	}
	json_object_put(domains);
	if (variant->on && !kernel_vtd_maps_itself()) {
		EXPECT_LE(128, maps);
		EXPECT_LE(128, unmaps);
	} else {
		EXPECT_EQ(0, maps);
		EXPECT_EQ(0, unmaps);
	}
	/* Whatever the setting: nothing of it is VFIO's. */
	snap_take(&self->after);
	EXPECT_EQ(0, want_wrong(&self->want, &self->before, &self->after));
	snap_free(&self->after);
}
