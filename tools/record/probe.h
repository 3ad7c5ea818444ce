/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_PROBE_H
#define IOVASCOPE_PROBE_H

#include <stddef.h>
#include <stdint.h>

#include "probe_kinds.h"

struct file_writer;
struct json_object;
struct probes;
struct ring;

/*
 * Arms what the kernel has, in @ring, and adds to @absent the names of what it
 * has not. Their formats are added to the file.
 */
struct probes *probe_arm(struct ring *ring, struct file_writer *file,
			 struct json_object *absent);

/* Calls that a probe had no room for. */
uint64_t probe_missed(const struct probes *probes);
void probe_free(struct probes *probes);

/* Takes away those of a recorder that is gone. */
void probe_sweep(void);

#endif
