/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_PLAN_H
#define IOVASCOPE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend.h"
#include "client.h"

struct request;

#define PLAN_MAX_SIZES		16
#define PLAN_MAX_BACKENDS	8

/* Where a client maps a BAR: at a multiple of 1 GiB, or 2 MiB off that. */
enum align { ALIGN_1G, ALIGN_2M, NR_ALIGNS };

/* What is to be measured. */
struct plan {
	char *device[CLIENT_MAX_DEVICES];
	size_t nr_devices;
	enum backing backing[NR_BACKINGS];
	size_t nr_backings;
	const struct backend *backend[PLAN_MAX_BACKENDS];
	size_t nr_backends;
	uint64_t size[PLAN_MAX_SIZES];
	size_t nr_sizes;
	uint64_t max_size;
	bool align[NR_ALIGNS];
	size_t rounds;
};

void plan_make(struct plan *plan, const struct request *request);

#endif
