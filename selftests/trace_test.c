// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracepoints: their fields exist, and add up to the counters.
 *
 * Read as text in an instance of its own, so that nothing else is in it.
 */
#include <fcntl.h>
#include <stdint.h>

#include "kselftest_harness.h"

#include "lib/expect.h"
#include "lib/file.h"
#include "lib/graph.h"
#include "lib/kmod.h"
#include "lib/main.h"
#include "lib/must.h"
#include "lib/stats.h"
#include "lib/vfio.h"

#define IOVA	(64 * SZ_1G)
#define INSTANCE "iovascope_trace_test"
#define EVENTS	TRACEFS "/events/iovascope"

/* Sums over the events of one kind. */
struct sums {
	__u64 events, bytes, pages, duration_ns, leaves[3], errors;
	__u64 domain, last_iova;
};

static const char *field_at(const char *line, const char *name)
{
	char pattern[40];
	const char *at;

	snprintf(pattern, sizeof(pattern), " %s=", name);
	at = strstr(line, pattern);
	return at ? at + strlen(pattern) : NULL;
}

static __u64 number(const char *line, const char *name)
{
	const char *at = field_at(line, name);

	if (!at)
		must_fail("nothing like %s= in '%s'", name, line);
	return strtoull(at, NULL, 0);
}

static int has_word(const char *line, const char *name, const char *word)
{
	const char *at = field_at(line, name);

	must(at);
	return !strncmp(at, word, strlen(word)) &&
	       (at[strlen(word)] == ' ' || !at[strlen(word)]);
}

static const char *event_in(const char *line, const char *event)
{
	char pattern[40];

	snprintf(pattern, sizeof(pattern), ": %s: ", event);
	return line[0] == '#' ? NULL : strstr(line, pattern);
}

static void add_line(struct sums *sums, const char *line)
{
	sums->events++;
	sums->bytes += number(line, "bytes");
	sums->duration_ns += number(line, "duration_ns");
	sums->errors += number(line, "ret") != 0;
	sums->last_iova = number(line, "iova");
	if (field_at(line, "pages"))
		sums->pages += number(line, "pages");
	if (!field_at(line, "leaves_4k"))
		return;
	sums->domain = number(line, "domain");
	sums->leaves[0] += number(line, "leaves_4k");
	sums->leaves[1] += number(line, "leaves_2m");
	sums->leaves[2] += number(line, "leaves_1g");
}

/* Sum up the events of a kind by a process, with a word in a field if asked. */
static struct sums sum(const char *trace, const char *event,
		       const char *name, const char *word)
{
	char *copy = strdup(trace), *rest = copy, *line, me[24];
	struct sums sums = {};

	must(copy);
	snprintf(me, sizeof(me), "-%d ", getpid());
	while ((line = strsep(&rest, "\n"))) {
		if (!event_in(line, event) || !strstr(line, me))
			continue;
		if (name && !has_word(line, name, word))
			continue;
		add_line(&sums, line);
	}
	free(copy);
	return sums;
}

FIXTURE(trace)
{
	struct vfio vfio;
	struct mem mem;
	struct expect expect;
	struct snap before, after;
};

FIXTURE_SETUP(trace)
{
	char bdf[PCI_BDF_LEN];

	kmod_must_be_loaded();
	pci_find("edu", 0, bdf);
	vfio_open(&self->vfio, VFIO_TYPE1v2_IOMMU, bdf);
	mem_alloc(&self->mem, BACKING_THP, 8 * SZ_2M);
	expect_memory(&self->expect, self->vfio.pgsizes, IOVA + SZ_4K,
		      self->mem.va, self->mem.size);
	instance_open(INSTANCE);
	snap_take(&self->before);
}

FIXTURE_TEARDOWN(trace)
{
	snap_free(&self->before);
	instance_close(INSTANCE);
	mem_free(&self->mem);
	vfio_close(&self->vfio);
}

#define counted(_key) snap_delta(&self->before, &self->after, _key)

#define expect_op(_op, _sums) do {					\
	EXPECT_EQ(counted(_op "_calls"), (_sums).events);		\
	EXPECT_EQ(counted(_op "_bytes"), (_sums).bytes);		\
	EXPECT_EQ(counted(_op "_ns"), (_sums).duration_ns);		\
	EXPECT_EQ(0, (_sums).errors);					\
} while (0)

static __u64 my_domain(void)
{
	struct json_object *domains = stats_read("domains");
	__u64 id = 0;

	json_object_object_foreach(domains, name, record)
		if (stats_u64(record, "pid") == (__u64)getpid())
			id = strtoull(name, NULL, 10);
	json_object_put(domains);
	return id;
}

/* Every event of one region's life adds up to what was counted. */
TEST_F(trace, sums_equal_counters)
{
	struct sums map, unmap, pin, unpin, teardown, region;
	const __u64 size = self->mem.size;
	char *text;

	vfio_map(&self->vfio, IOVA + SZ_4K, self->mem.va, size);
	vfio_unmap(&self->vfio, IOVA + SZ_4K, size);
	snap_take(&self->after);
	text = instance_read(INSTANCE);
	map = sum(text, "map", NULL, NULL);
	unmap = sum(text, "unmap", NULL, NULL);
	pin = sum(text, "pin", "backing", "thp");
	unpin = sum(text, "unpin", "backing", "thp");
	teardown = sum(text, "teardown", "backing", "thp");

	expect_op("pin", pin);
	expect_op("map", map);
	expect_op("unmap", unmap);
	expect_op("unpin", unpin);
	expect_op("teardown", teardown);
	EXPECT_EQ(size / SZ_4K, pin.pages);
	EXPECT_EQ(size / SZ_4K, unpin.pages);
	EXPECT_EQ(self->expect.runs, map.events);
	EXPECT_EQ(self->expect.leaves.nr_4k, map.leaves[0]);
	EXPECT_EQ(self->expect.leaves.nr_2m, map.leaves[1]);
	EXPECT_EQ(self->expect.leaves.nr_1g, map.leaves[2]);
	EXPECT_EQ(self->expect.leaves.nr_4k, unmap.leaves[0]);
	EXPECT_EQ(self->expect.leaves.nr_2m, unmap.leaves[1]);
	EXPECT_EQ(self->expect.leaves.nr_1g, unmap.leaves[2]);
	EXPECT_EQ(my_domain(), map.domain);
	EXPECT_EQ(my_domain(), unmap.domain);

	region = sum(text, "region", "map", "1");
	expect_op("region_map", region);
	EXPECT_EQ(IOVA + SZ_4K, region.last_iova);
	region = sum(text, "region", "map", "0");
	expect_op("region_unmap", region);
	EXPECT_EQ(IOVA + SZ_4K, region.last_iova);
	snap_free(&self->after);
	free(text);
}

/* Failures are events too, with their errno. */
TEST_F(trace, errors)
{
	char *text;

	EXPECT_EQ(-EINVAL, __vfio_map(&self->vfio, IOVA, self->mem.va, 1,
				      VFIO_RW));
	EXPECT_EQ(-EFAULT, __vfio_map(&self->vfio, IOVA, NULL, SZ_4K,
				      VFIO_RW));
	EXPECT_EQ(-EINVAL, __vfio_unmap(&self->vfio, IOVA, 1, 0, NULL));
	text = instance_read(INSTANCE);
	EXPECT_EQ(1, sum(text, "region", "ret", "-14").events);
	EXPECT_EQ(2, sum(text, "region", "ret", "-22").events);
	EXPECT_EQ(1, sum(text, "pin", "ret", "-14").events);
	EXPECT_EQ(1, sum(text, "pin", "backing", "none").events);
	EXPECT_EQ(0, sum(text, "map", NULL, NULL).events);
	free(text);
}

/* The fields that programs look for, in the events' own description. */
TEST(formats)
{
	static const struct {
		const char *event, *fields[9];
	} formats[] = {
		{ "region", { "map", "iova", "vaddr", "bytes", "duration_ns",
			      "ret" } },
		{ "pin", { "iova", "bytes", "pages", "backing", "duration_ns",
			   "ret" } },
		{ "unpin", { "iova", "bytes", "pages", "backing",
			     "duration_ns", "ret" } },
		{ "teardown", { "iova", "bytes", "pages", "backing",
				"duration_ns", "ret" } },
		{ "map", { "domain", "iova", "bytes", "leaves_4k", "leaves_2m",
			   "leaves_1g", "duration_ns", "ret" } },
		{ "unmap", { "domain", "iova", "bytes", "leaves_4k",
			     "leaves_2m", "leaves_1g", "duration_ns",
			     "ret" } },
	};
	unsigned int i, j;

	kmod_must_be_loaded();
	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		char *text = file_readf(EVENTS "/%s/format", formats[i].event);

		for (j = 0; formats[i].fields[j]; j++) {
			char field[40];

			snprintf(field, sizeof(field), " %s;",
				 formats[i].fields[j]);
			if (!strstr(text, field))
				must_fail("event %s has no field %s",
					  formats[i].event,
					  formats[i].fields[j]);
		}
		free(text);
	}
}
