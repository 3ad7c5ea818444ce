/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_BENCH_H
#define IOVASCOPE_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client.h"

struct json_object;
struct request;

#define BENCH_MAX_SIZES		16
#define BENCH_MAX_BACKENDS	8
/* Above the window of interrupts, in whole leaves of any size. */
#define BENCH_FIRST_IOVA	(4ull << 30)

/* Where a client maps a BAR: at a multiple of 1 GiB, or 2 MiB off that. */
enum align { ALIGN_1G, ALIGN_2M, NR_ALIGNS };

/* What is to be measured. */
struct plan {
	char *device[CLIENT_MAX_DEVICES];
	size_t nr_devices;
	enum backing backing[NR_BACKINGS];
	size_t nr_backings;
	const struct backend *backend[BENCH_MAX_BACKENDS];
	size_t nr_backends;
	uint64_t size[BENCH_MAX_SIZES];
	size_t nr_sizes;
	uint64_t max_size;
	bool align[NR_ALIGNS];
	size_t rounds;
};

void plan_make(struct plan *plan, const struct request *request);

/* A result, from its head to what is measured, and one made earlier. */
struct json_object *bench_new(const struct plan *plan);
struct json_object *bench_load(const char *path);
void bench_refused(struct json_object *view, const char *backing,
		   const char *backend, uint64_t bytes, const char *why);

/* Starting and ending a VM that has all devices of the plan. */
void bench_node(const struct plan *plan, struct json_object *view);

struct json_object *compare_results(struct json_object *old,
				    struct json_object *new);

/* What has been measured again and again. */
struct samples {
	uint64_t *ns;
	size_t nr;
};

void samples_add(struct samples *samples, uint64_t ns);
/* Of @what: its median as <what>_ns, the least and the greatest of them. */
void samples_tell(struct json_object *row, const char *what,
		  struct samples *samples);
void samples_free(struct samples *samples);

#endif
