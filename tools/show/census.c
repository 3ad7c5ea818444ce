// SPDX-License-Identifier: GPL-2.0-only
/*
 * What `runs` and `check` do besides showing a view: the runs of one device
 * are no part of a snapshot, and a check that finds something wrong must be
 * known to the program that called.
 */
#include <string.h>

#include "base/fail.h"
#include "base/request.h"
#include "base/tree.h"
#include "census.h"
#include "read/snapshot.h"

/* A device may have millions: the text and the memory of one call. */
#define MAX_RUNS	1000

/* It becomes part of a path. */
static void check_device(const char *device)
{
	if (!*device || strspn(device, "0123456789abcdef:.") != strlen(device) ||
	    !strchr(device, ':'))
		fail(EXIT_USAGE, "not a PCI device like 0000:3b:00.0: '%s'",
		     device);
}

struct json_object *read_runs(const struct request *request)
{
	if (!request->args[0] || request->args[1])
		fail(EXIT_USAGE, "runs needs one device: %s",
		     "`iovascope census` lists them");
	check_device(request->args[0]);
	return snapshot_runs(request->debugfs, request->args[0], request->from,
			     request->count ?: MAX_RUNS);
}

void judge_check(struct json_object *view)
{
	struct json_object *result = tree_get(view, "result");
	uint64_t domains = tree_u64_or_0(result, "domains");
	uint64_t equal = tree_u64_or_0(tree_get(result, "verdicts"), "equal");

	if (equal != domains)
		fail(EXIT_RUNTIME, "check: not equal in %ju of %ju domains",
		     (uintmax_t)(domains - equal), (uintmax_t)domains);
}
