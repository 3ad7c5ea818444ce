// SPDX-License-Identifier: GPL-2.0-only
/*
 * `bench`: what mapping and unmapping costs on this machine, for each backing,
 * by each backend, side by side in one run.
 *
 *	plan.c		what is to be measured
 *	series.c	one backing, mapped by each backend in each size
 *	node.c		a VM with all devices
 *	result.c	what came out, as one tree
 *	compare.c	two results held against each other
 *
 * One path for all numbers: what is measured becomes a tree, and text, JSON and
 * comparisons are made from that, whether it is from now or from a file.
 */
#include "base/fail.h"
#include "base/request.h"
#include "base/tree.h"
#include "bench.h"
#include "compare.h"
#include "device.h"
#include "node.h"
#include "plan.h"
#include "result.h"
#include "series.h"

static struct json_object *measure_all(const struct request *request)
{
	struct json_object *view;
	struct plan plan;

	plan_make(&plan, request);
	device_check(plan.device, plan.nr_devices);
	view = result_new(&plan);
	if (request->given & BIT(OPT_NODE)) {
		node_run(&plan, view);
		return view;
	}
	for (size_t i = 0; i < plan.nr_backings; i++)
		series_run(&plan, plan.backing[i], request->debugfs, view);
	return view;
}

static struct json_object *hold_against(const struct request *request)
{
	struct json_object *old, *new, *view;

	if (request->device || request->from_file)
		fail(EXIT_USAGE, "--compare measures nothing: it takes neither --device nor --input");
	if (!request->args[0] || request->args[1])
		fail(EXIT_USAGE, "--compare needs two files made by bench --json: OLD NEW");
	old = result_load(request->compare);
	new = result_load(request->args[0]);
	view = compare_results(old, new);
	json_object_put(old);
	json_object_put(new);
	return view;
}

struct json_object *read_bench(const struct request *request)
{
	if (request->compare)
		return hold_against(request);
	if (*request->args)
		fail(EXIT_USAGE, "bench takes no argument: '%s'",
		     *request->args);
	if (request->from_file)
		return result_load(request->from_file);
	return measure_all(request);
}
