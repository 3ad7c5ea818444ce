// SPDX-License-Identifier: GPL-2.0-only
/*
 * `bench --node`: what VFIO does when a VM with several devices starts and ends.
 *
 * All devices are in one container. The VM's memory is mapped as QEMU's q35
 * does it: below 640 KiB, from 1 MiB to at most 2 GiB, and the rest from 4 GiB
 * on; above it the largest BAR of each device, at a multiple of its size, as
 * firmware places it. The pages of a BAR are looked up for the first time, as
 * in a start: nothing warms up, each round has new clients.
 *
 * Where QEMU maps a BAR into its own address space decides on some kernels how
 * it is looked up, so each backend has two rows: the virtual address is a
 * multiple of 1 GiB, or it is 2 MiB off that.
 *
 * What a VM does besides, an MSI-X table that is cut out of a BAR among it, is
 * left out.
 */
#include <stdio.h>
#include <string.h>

#include "base/leaf.h"
#include "base/progress.h"
#include "base/tree.h"
#include "client.h"
#include "node.h"
#include "plan.h"
#include "result.h"
#include "samples.h"

#define LOW_END		(640ull << 10)
#define LOW_AGAIN	(1ull << 20)
#define BELOW_4G	(2ull << 30)
#define ABOVE_4G	(4ull << 30)

static const char *const align_words[NR_ALIGNS] = { "1g", "2m" };

/* One backend with one alignment. */
struct vm_cost {
	struct samples start;
	struct samples memory_map;
	struct samples bar_map;
	struct samples teardown;
	struct samples memory_unmap;
	struct samples bar_unmap;
	char why[192];
};

struct node {
	const struct plan *plan;
	enum backing backing;
	struct memory memory;
	struct memory bar[CLIENT_MAX_DEVICES];
	uint64_t bar_iova[CLIENT_MAX_DEVICES];
	uint64_t bar_bytes;
	struct vm_cost cost[PLAN_MAX_BACKENDS][NR_ALIGNS];
};

/* Where memory of the VM lies: offset into it is IOVA, but above the hole. */
static size_t memory_ranges(const struct node *node, uint64_t iova[3],
			    uint64_t offset[3], uint64_t bytes[3])
{
	uint64_t all = node->memory.bytes;
	uint64_t below = all < BELOW_4G ? all : BELOW_4G;

	offset[0] = 0;
	iova[0] = 0;
	bytes[0] = LOW_END;
	offset[1] = LOW_AGAIN;
	iova[1] = LOW_AGAIN;
	bytes[1] = below - LOW_AGAIN;
	iova[2] = ABOVE_4G;
	offset[2] = below;
	bytes[2] = all - below;
	return bytes[2] ? 3 : 2;
}

static bool memory_map_all(struct node *node, struct client *client)
{
	uint64_t iova[3], offset[3], bytes[3];
	size_t nr = memory_ranges(node, iova, offset, bytes);

	for (size_t i = 0; i < nr; i++)
		if (!client->backend->map(client, iova[i], &node->memory,
					  offset[i], bytes[i]))
			return false;
	return true;
}

static bool memory_unmap_all(struct node *node, struct client *client)
{
	uint64_t iova[3], offset[3], bytes[3];
	size_t nr = memory_ranges(node, iova, offset, bytes);

	for (size_t i = 0; i < nr; i++)
		if (!client->backend->unmap(client, iova[i], bytes[i]))
			return false;
	return true;
}

static uint64_t power_of_two(uint64_t bytes)
{
	uint64_t power = leaf_size(LEAF_4K);

	while (power < bytes)
		power <<= 1;
	return power;
}

/* All BARs, each at the next multiple of its size. */
static bool bars_take(struct node *node, struct client *client, int align)
{
	uint64_t shift = align == ALIGN_2M ? leaf_size(LEAF_2M) : 0;
	uint64_t next = ABOVE_4G + node->memory.bytes;

	node->bar_bytes = 0;
	for (size_t i = 0; i < client->nr; i++) {
		uint64_t size;

		if (!client_bar(client, i, &node->bar[i], UINT64_MAX,
				leaf_size(LEAF_1G), shift))
			return false;
		size = power_of_two(node->bar[i].bytes);
		node->bar_iova[i] = (next + size - 1) & ~(size - 1);
		next = node->bar_iova[i] + size;
		node->bar_bytes += node->bar[i].bytes;
	}
	return true;
}

static void bars_free(struct node *node)
{
	for (size_t i = 0; i < node->plan->nr_devices; i++)
		memory_free(&node->bar[i]);
}

static bool vm_start(struct node *node, struct client *client,
		     struct vm_cost *cost)
{
	uint64_t first = now_ns(), last = first, now;

	if (!memory_map_all(node, client))
		return false;
	now = now_ns();
	samples_add(&cost->memory_map, now - last);
	for (size_t i = 0; i < client->nr; i++) {
		last = now;
		if (!client->backend->map(client, node->bar_iova[i],
					  &node->bar[i], 0,
					  node->bar[i].bytes))
			return false;
		now = now_ns();
		samples_add(&cost->bar_map, now - last);
	}
	samples_add(&cost->start, now - first);
	return true;
}

static bool vm_end(struct node *node, struct client *client,
		   struct vm_cost *cost)
{
	uint64_t first = now_ns(), last = first, now = first;

	for (size_t i = 0; i < client->nr; i++) {
		last = now;
		if (!client->backend->unmap(client, node->bar_iova[i],
					    node->bar[i].bytes))
			return false;
		now = now_ns();
		samples_add(&cost->bar_unmap, now - last);
	}
	last = now;
	if (!memory_unmap_all(node, client))
		return false;
	now = now_ns();
	samples_add(&cost->memory_unmap, now - last);
	samples_add(&cost->teardown, now - first);
	return true;
}

static void vm_run(struct node *node, size_t nr, int align)
{
	struct vm_cost *cost = &node->cost[nr][align];
	const struct plan *plan = node->plan;
	struct client client;
	bool good;

	if (cost->why[0])
		return;
	if (plan->backend[nr]->wants_file) {
		snprintf(cost->why, sizeof(cost->why), "it maps files, and a BAR is none");
		return;
	}
	good = client_open(&client, plan->backend[nr], plan->device,
			   plan->nr_devices);
	if (good) {
		good = bars_take(node, &client, align) &&
		       vm_start(node, &client, cost) &&
		       vm_end(node, &client, cost);
		bars_free(node);
		client_close(&client);
	}
	if (!good)
		snprintf(cost->why, sizeof(cost->why), "%s", client.why);
}

static void vm_tell(struct node *node, struct json_object *view, size_t nr,
		    int align)
{
	struct vm_cost *cost = &node->cost[nr][align];
	const char *backend = node->plan->backend[nr]->name;
	struct json_object *row;

	if (cost->why[0]) {
		/* What has nothing to do with alignment is told once. */
		if (align && !strcmp(cost->why, node->cost[nr][0].why))
			return;
		result_refuse(view, "node", backend, 0, cost->why);
		return;
	}
	row = tree_new();
	tree_add_word(row, "backend", backend);
	tree_add_word(row, "align", align_words[align]);
	tree_add_word(row, "backing", backing_words[node->backing]);
	tree_add_u64(row, "memory_bytes", node->memory.bytes);
	tree_add_u64(row, "bars", node->plan->nr_devices);
	tree_add_u64(row, "bars_bytes", node->bar_bytes);
	samples_tell(row, "start", &cost->start);
	samples_tell(row, "memory_map", &cost->memory_map);
	samples_tell(row, "bar_map", &cost->bar_map);
	samples_tell(row, "teardown", &cost->teardown);
	samples_tell(row, "memory_unmap", &cost->memory_unmap);
	samples_tell(row, "bar_unmap", &cost->bar_unmap);
	tree_append(tree_get(view, "node"), row);
}

static void node_round(struct node *node, size_t round)
{
	size_t all = node->plan->nr_backends * NR_ALIGNS;

	for (size_t i = 0; i < all; i++) {
		size_t nr = (i + round) % all;

		if (node->plan->align[nr % NR_ALIGNS])
			vm_run(node, nr / NR_ALIGNS, nr % NR_ALIGNS);
	}
}

static void vm_cost_free(struct vm_cost *cost)
{
	samples_free(&cost->start);
	samples_free(&cost->memory_map);
	samples_free(&cost->bar_map);
	samples_free(&cost->teardown);
	samples_free(&cost->memory_unmap);
	samples_free(&cost->bar_unmap);
}

static void backend_tell(struct node *node, struct json_object *view, size_t nr)
{
	for (int align = 0; align < NR_ALIGNS; align++) {
		if (node->plan->align[align])
			vm_tell(node, view, nr, align);
		vm_cost_free(&node->cost[nr][align]);
	}
}

/* The memory of the VM is of the first backing of the plan. */
void node_run(const struct plan *plan, struct json_object *view)
{
	static struct node node;

	node = (struct node){ .plan = plan, .backing = plan->backing[0] };
	if (node.backing == BACKING_BAR) {
		result_refuse(view, "node", NULL, 0,
			      "the memory of a VM is no BAR: give another backing");
		return;
	}
	if (!memory_take(&node.memory, node.backing, plan->max_size)) {
		result_refuse(view, "node", NULL, 0, node.memory.why);
		return;
	}
	for (size_t i = 0; i < CLIENT_MAX_DEVICES; i++)
		node.bar[i].fd = -1;
	for (size_t round = 0; round < plan->rounds; round++) {
		progress_say("measuring a node, round %zu of %ju", round + 1,
			     (uintmax_t)plan->rounds);
		node_round(&node, round);
	}
	for (size_t i = 0; i < plan->nr_backends; i++)
		backend_tell(&node, view, i);
	memory_free(&node.memory);
}
