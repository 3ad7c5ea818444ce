// SPDX-License-Identifier: GPL-2.0-only
/*
 * What `bench` is to measure, from the command line. Everything is checked
 * before anything is opened. What is not said is everything, but for sizes:
 * those are few and small, because stock kernels take seconds for large ones.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bdf.h"
#include "base/fail.h"
#include "base/leaf.h"
#include "base/request.h"
#include "plan.h"

#define DEFAULT_SIZES	"1G,4G,8G"
#define DEFAULT_ROUNDS	5
#define MAX_ROUNDS	1000
#define MAX_SIZE	(16ull << 40)

/* Calls take() for each item of the list. */
static void list_each(struct plan *plan, const char *list, const char *option,
		      void (*take)(struct plan *plan, char *item))
{
	char *rest = alloc_copy(list), *item;

	/* The items stay: they are names that the plan goes on using. */
	while ((item = strsep(&rest, ","))) {
		if (!*item)
			fail(EXIT_USAGE, "an empty item in --%s '%s'", option,
			     list);
		take(plan, item);
	}
}

/* It becomes part of a path. */
static void plan_take_device(struct plan *plan, char *item)
{
	char *device = bdf_of(item);

	if (!device || strchr(strchr(device, '.') + 1, '.'))
		fail(EXIT_USAGE, "not a PCI device like 0000:3b:00.0: '%s'",
		     item);
	for (size_t i = 0; i < plan->nr_devices; i++)
		if (!strcmp(plan->device[i], device))
			fail(EXIT_USAGE, "device %s twice", device);
	if (plan->nr_devices == CLIENT_MAX_DEVICES)
		fail(EXIT_USAGE, "more than %d devices", CLIENT_MAX_DEVICES);
	plan->device[plan->nr_devices++] = device;
}

static void plan_add_backing(struct plan *plan, enum backing backing)
{
	for (size_t i = 0; i < plan->nr_backings; i++)
		if (plan->backing[i] == backing)
			fail(EXIT_USAGE, "backing %s twice",
			     backing_words[backing]);
	plan->backing[plan->nr_backings++] = backing;
}

static void plan_take_backing(struct plan *plan, char *item)
{
	int backing = 0;

	while (backing < NR_BACKINGS && strcmp(backing_words[backing], item))
		backing++;
	if (backing == NR_BACKINGS)
		fail(EXIT_USAGE, "no such backing: '%s': %s", item,
		     "hugetlb_1g, hugetlb_2m, thp, base, memfd or bar");
	plan_add_backing(plan, backing);
}

static void plan_add_backend(struct plan *plan, const struct backend *backend)
{
	for (size_t i = 0; i < plan->nr_backends; i++)
		if (plan->backend[i] == backend)
			fail(EXIT_USAGE, "backend %s twice", backend->name);
	plan->backend[plan->nr_backends++] = backend;
}

static void plan_take_backend(struct plan *plan, char *item)
{
	const struct backend *backend = backend_of(item);

	if (!backend)
		fail(EXIT_USAGE, "no such backend: '%s': try `iovascope help bench`",
		     item);
	plan_add_backend(plan, backend);
}

/* "4G" */
static uint64_t parse_size(const char *item)
{
	static const char units[] = "KMGT";
	const char *unit;
	uint64_t size;
	char *end;

	errno = 0;
	size = strtoull(item, &end, 10);
	unit = *end ? strchr(units, *end) : NULL;
	if (errno || !isdigit(*item) || (*end && (!unit || end[1])))
		return 0;
	for (; unit && unit >= units; unit--) {
		if (size > MAX_SIZE)
			return 0;
		size <<= 10;
	}
	return size > MAX_SIZE ? 0 : size;
}

static void plan_take_size(struct plan *plan, char *item)
{
	uint64_t size = parse_size(item);

	if (!size || size % leaf_size(LEAF_2M))
		fail(EXIT_USAGE, "not a size like 4G, in steps of 2M up to 16T: '%s'",
		     item);
	if (plan->nr_sizes == PLAN_MAX_SIZES)
		fail(EXIT_USAGE, "more than %d sizes", PLAN_MAX_SIZES);
	if (plan->nr_sizes && size <= plan->size[plan->nr_sizes - 1])
		fail(EXIT_USAGE, "sizes do not ascend: '%s'", item);
	plan->size[plan->nr_sizes++] = size;
	plan->max_size = size;
}

/* Of a node: both alignments, or the one that is wanted. */
static void plan_align(struct plan *plan, const char *want)
{
	if (want && strcmp(want, "1g") && strcmp(want, "2m"))
		fail(EXIT_USAGE, "not an alignment, 1g or 2m: '%s'", want);
	plan->align[ALIGN_1G] = !want || !strcmp(want, "1g");
	plan->align[ALIGN_2M] = !want || !strcmp(want, "2m");
}

void plan_make(struct plan *plan, const struct request *request)
{
	const struct backend *backend;

	*plan = (struct plan){ .rounds = request->repeat ?: DEFAULT_ROUNDS };
	if (plan->rounds > MAX_ROUNDS)
		fail(EXIT_USAGE, "--repeat is at most %d", MAX_ROUNDS);
	if (!request->device)
		fail(EXIT_USAGE, "bench needs --device, --input or --compare: nothing is measured unasked");
	list_each(plan, request->device, "device", plan_take_device);
	plan_align(plan, request->want);
	list_each(plan, request->sizes ?: DEFAULT_SIZES, "sizes", plan_take_size);
	if (request->backings)
		list_each(plan, request->backings, "backings", plan_take_backing);
	else
		for (int i = 0; i < NR_BACKINGS; i++)
			plan_add_backing(plan, i);
	if (request->backends)
		list_each(plan, request->backends, "backends", plan_take_backend);
	else
		for (backend = backends; backend->name; backend++)
			plan_add_backend(plan, backend);
}
