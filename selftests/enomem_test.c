// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps that fail inside the driver, for want of memory for its tables.
 *
 * From 6.3 on tables are charged to whoever maps, so that a limit of its cgroup
 * is enough. A charge above the limit calls the OOM killer, who has much to say,
 * but for a task that is dying already: that is refused without a word. So the
 * client is killed while it maps a BAR, of which the lookup does not end early
 * as that of memory does; and what it maps with is the test's, and stays.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#include "kselftest_harness.h"

#include "lib/client.h"
#include "lib/file.h"
#include "lib/kernel.h"
#include "lib/kmod.h"
#include "lib/main.h"
#include "lib/must.h"
#include "lib/stats.h"
#include "lib/vfio.h"

static const char *disturbs = "makes the machine run out of memory";

#define BAR	VFIO_PCI_BAR2_REGION_INDEX
#define IOVA	(64 * SZ_1G)
#define CGROUP	"/sys/fs/cgroup/iovascope_enomem"
#define TRIES	5

FIXTURE(enomem)
{
	struct vfio vfio;
	char *va;
	__u64 size;
	int procs;
	struct snap before, after;
};

FIXTURE_SETUP(enomem)
{
	char bdf[PCI_BDF_LEN];

	kmod_must_be_loaded();
	pci_find("testdev", 0, bdf);
	vfio_open(&self->vfio, VFIO_TYPE1v2_IOMMU, bdf);
	/*
	 * So large that to look it up takes many times as long as it is to live:
	 * who is not yet being killed when memory runs out meets the OOM killer,
	 * and that makes the kernel complain. At an address that no huge page of
	 * the CPU's can show, so that each 4K page is looked up. Where nothing
	 * fails a little will do.
	 */
	self->size = kernel_charges_tables() ? SZ_1G : SZ_2M;
	self->va = vfio_bar_mmap(&self->vfio.dev[0], BAR, 0, self->size, SZ_1G,
				 SZ_4K);
	if (kernel_limits_memory())
		file_write("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	must(!mkdir(CGROUP, 0755));
	self->procs = open(CGROUP "/cgroup.procs", O_WRONLY | O_CLOEXEC);
	must(self->procs >= 0);
	snap_take(&self->before);
}

FIXTURE_TEARDOWN(enomem)
{
	snap_free(&self->before);
	close(self->procs);
	rmdir(CGROUP);
	vfio_close(&self->vfio);
}

static timer_t killer_new(void)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGKILL,
	};
	timer_t timer;

	must(!timer_create(CLOCK_MONOTONIC, &event, &timer));
	return timer;
}

static void kill_in(timer_t killer, int msec)
{
	const struct itimerspec in = { .it_value.tv_nsec = msec * 1000000L };

	must(!timer_settime(killer, 0, &in, NULL));
}

/*
 * All that takes memory is done before it is limited, and all that is done then
 * was done once before, or the limit would be felt there.
 */
static int map_and_die(struct client *client, void *arg)
{
	FIXTURE_DATA(enomem) *self = arg;
	timer_t killer = killer_new();

	(void)client;
	kill_in(killer, 0);
	must_eq(write(self->procs, "", 0), 0);
	vfio_map(&self->vfio, IOVA, self->va, self->size);
	vfio_unmap(&self->vfio, IOVA, self->size);

	must_eq(write(self->procs, "0", 1), 1);
	kill_in(killer, 20);
	/* 4K leaves only. */
	__vfio_map(&self->vfio, IOVA + SZ_4K, self->va, self->size, VFIO_RW);
	/* Not yet? */
	for (;;)
		pause();
}

/* Until the kill was not too early. */
static void fail_to_map(FIXTURE_DATA(enomem) *self, const char *limit)
{
	struct client client;
	__u64 calls = 0;
	int try;

	if (kernel_limits_memory())
		file_write(CGROUP "/memory.max", limit);
	for (try = 0; !calls && try < TRIES; try++) {
		snap_free(&self->before);
		snap_take(&self->before);
		client_start(&client, "ivs-enomem", map_and_die, self);
		must_eq(client_end(&client), 128 + SIGKILL);
		snap_take(&self->after);
		calls = snap_delta(&self->before, &self->after, "map_calls") - 1;
		if (calls && kernel_charges_tables())
			must_eq(snap_errors(&self->before, &self->after, "map",
					    ENOMEM), 1);
		snap_free(&self->after);
	}
	must_eq(calls, 1);
}

static char *word_of(FIXTURE_DATA(enomem) *self, const char *file,
		     const char *key)
{
	struct json_object *all = stats_read(file), *line;
	char *word;

	line = stats_by_device(all, self->vfio.dev[0].bdf);
	must(line);
	word = strdup(stats_word(line, key));
	json_object_put(all);
	return word;
}

#define EXPECT_WORD(_word, _file, _key) do {				\
	char *__word = word_of(self, _file, _key);			\
									\
	EXPECT_STREQ(_word, __word);					\
	free(__word);							\
} while (0)

/* Where nothing fails, or all that was done is undone, that is exact. */
static int leaves_may_stay(void)
{
	return kernel_charges_tables() && !kernel_undoes_failed_maps();
}

TEST_F_TIMEOUT(enomem, leaves_that_nobody_knows, 120)
{
	fail_to_map(self, "1M");
	if (leaves_may_stay()) {
		EXPECT_WORD("0", "domains", "exact");
		EXPECT_WORD("failed", "domains", "inexact");
		EXPECT_WORD("inexact", "check", "verdict");
		/* To have looked is no cure. */
		EXPECT_WORD("0", "domains", "exact");
	} else {
		EXPECT_WORD("1", "domains", "exact");
		EXPECT_WORD("equal", "check", "verdict");
	}
}

TEST_F_TIMEOUT(enomem, nothing_was_left, 120)
{
	fail_to_map(self, "0");
	EXPECT_WORD(leaves_may_stay() ? "0" : "1", "domains", "exact");
	EXPECT_WORD("equal", "check", "verdict");
	EXPECT_WORD("1", "domains", "exact");
}
