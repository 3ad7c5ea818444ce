// SPDX-License-Identifier: GPL-2.0-only
/*
 * What `runs` and `check` do besides showing a view: the runs of one device
 * are no part of a snapshot, and a check that finds something wrong must be
 * known to the program that called.
 */
#include <stdlib.h>

#include "base/bdf.h"
#include "base/fail.h"
#include "base/human.h"
#include "base/request.h"
#include "base/tree.h"
#include "census.h"
#include "read/snapshot.h"

/* A device may have millions: the text and the memory of one call. */
#define MAX_RUNS	1000

struct json_object *read_runs(const struct request *request)
{
	struct json_object *runs;
	char *device;

	if (!request->args[0] || request->args[1])
		fail(EXIT_USAGE, "runs needs one device: %s",
		     "`iovascope census` lists them");
	/* It becomes part of a path. */
	device = bdf_of(request->args[0]);
	if (!device)
		fail(EXIT_USAGE, "not a PCI device like 0000:3b:00.0: '%s'",
		     request->args[0]);
	runs = snapshot_runs(request->debugfs, device, request->from,
			     request->limit ?: MAX_RUNS);
	free(device);
	return runs;
}

void judge_check(struct json_object *view)
{
	struct json_object *result = tree_get(view, "result");
	uint64_t domains = tree_u64_or_0(result, "domains");
	uint64_t equal = tree_u64_or_0(tree_get(result, "verdicts"), "equal");

	if (equal != domains)
		fail(EXIT_RUNTIME, "check: not equal in %ju of %ju domain%s",
		     (uintmax_t)(domains - equal), (uintmax_t)domains,
		     human_s(domains));
}
