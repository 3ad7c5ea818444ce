// SPDX-License-Identifier: GPL-2.0-only
/*
 * By tracefs, as perf-probe and trace-cmd do. What a kernel lacks is no error,
 * but none at all is.
 */
#include <fcntl.h>

#include "file.h"
#include "must.h"
#include "others.h"

#define TRACING	"/sys/kernel/tracing/"

static const char *const functions[] = {
	"iommu_map", "iommu_unmap", "iommu_unmap_fast", "iommu_domain_free",
	"intel_iommu_tlb_sync",
};

/* kprobe_events is one to be appended to. */
static int add_event(const char *kind, const char *function)
{
	int fd = open(TRACING "kprobe_events", O_WRONLY | O_APPEND | O_CLOEXEC);
	char line[128];
	int ret;

	must_op(fd, >=, 0);
	snprintf(line, sizeof(line), "%s:ivs_others/%s_%s %s", kind, kind,
		 function, function);
	ret = write(fd, line, strlen(line)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

void others_begin(void)
{
	unsigned int i, nr = 0;

	for (i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		nr += !add_event("p", functions[i]) +
		      !add_event("r", functions[i]);
	must_op(nr, >, 1);
	file_write(TRACING "events/ivs_others/enable", "1");
}

void others_end(void)
{
	file_write(TRACING "events/ivs_others/enable", "0");
	file_write(TRACING "kprobe_events", "");
}
