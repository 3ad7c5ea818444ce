/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_HIST_H
#define IOVASCOPE_HIST_H

#include <stdint.h>

struct json_object;

/* Bucket 0 is the value 0, bucket n the values from 2^(n-1) below 2^n. */
#define HIST_BUCKETS	65

struct hist {
	uint64_t count;
	uint64_t bucket[HIST_BUCKETS];
};

struct hist hist_load(struct json_object *counts);
uint64_t hist_lower(unsigned int nr);
uint64_t hist_upper(unsigned int nr);
uint64_t hist_quantile(const struct hist *hist, unsigned int percent);

#endif
