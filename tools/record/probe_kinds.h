/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_PROBE_KINDS_H
#define IOVASCOPE_PROBE_KINDS_H

#include <stddef.h>

/* What is done to devices, in functions that have no event of their own. */
enum probe_kind {
	PROBE_GROUP,
	PROBE_ATTACH,
	PROBE_ATTACH_HUGEPATH,
	PROBE_ATTACH_IOMMUFD,
	PROBE_CDEV_OPEN,
	PROBE_ENABLE,
	PROBE_CLOSE,
	PROBE_RESET_LOCKED,
	PROBE_RESET,
	PROBE_BUS_RESET,
	PROBE_FLR,
	PROBE_POWER,
	NR_PROBES
};

/*
 * @name, with _in and _out behind it, is that of the events when it begins and
 * ends. @symbols are those that kernels have for it, of which the first that
 * is there is taken; @args is what the first event tells.
 */
struct probe_info {
	const char *name;
	const char *symbols[2];
	const char *args;
};

extern const struct probe_info probe_infos[NR_PROBES];

/* Behind this is the PID of the recorder that made the events. */
#define PROBE_SYSTEM "iovascope_record_"

#endif
