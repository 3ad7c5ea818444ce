// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/vmstat, folded first: the counters live in per-CPU differences that
 * reach the sum a second later unless somebody writes to stat_refresh.
 */
#include "file.h"
#include "must.h"
#include "vmstat.h"

static __u64 field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	if (!at)
		must_fail("no %s in /proc/vmstat", name);
	return strtoull(at + strlen(name), NULL, 10);
}

void vmstat_take(struct vmstat *vmstat)
{
	char *text;

	file_write("/proc/sys/vm/stat_refresh", "1");
	text = file_read("/proc/vmstat");
	vmstat->acquired = field(text, "nr_foll_pin_acquired ");
	vmstat->released = field(text, "nr_foll_pin_released ");
	free(text);
}

__u64 locked_bytes(pid_t pid)
{
	char *text = file_readf("/proc/%d/status", pid);
	const char *at = strstr(text, "VmLck:");
	__u64 bytes;

	must(at);
	bytes = strtoull(at + 6, NULL, 10) << 10;
	free(text);
	return bytes;
}
