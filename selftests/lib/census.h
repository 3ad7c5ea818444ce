/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * census.h - what a page table must hold, and what the module reads in it
 */
#ifndef LIB_CENSUS_H
#define LIB_CENSUS_H

#include <json-c/json.h>
#include <linux/types.h>

#include "expect.h"
#include "module/uapi/iovascope.h"

#define PAGEMAP_WRITE	IOVASCOPE_PAGEMAP_WRITE
#define PAGEMAP_MMIO	IOVASCOPE_PAGEMAP_MMIO

/* A page table, worked out from the outside. */
struct table {
	__u64 pgsizes;
	struct leaves leaves, best;
	__u64 bytes, ro_bytes, mmio_bytes, runs;
	unsigned int tried;
	/* Tables below the root; what comes in order is counted in order. */
	struct tables {
		__u64 nr, seen[8];
	} tables, best_tables, at_2m_tables;
	/* The records that pagemap must have, in ascending order. */
	struct iovascope_pagemap *records;
	unsigned int nr;
};

/*
 * A new domain, in which @tried pages were mapped at IOVA 0 and unmapped again:
 * the tables that took are still there, empty. kernel_trial_pages() for one of
 * type1; iommufd tries nothing.
 */
void table_init(struct table *table, __u64 pgsizes, unsigned int tried);
void table_free(struct table *table);

/*
 * One run, mapped in one call (chunk 0) or in calls of chunk bytes. Runs must
 * come in ascending order and not touch each other.
 */
void table_add_run(struct table *table, __u64 iova, __u64 phys, __u64 size,
		   __u64 chunk, __u32 flags);
/* Present memory, which is as many runs as it is. */
void table_add(struct table *table, __u64 iova, const void *va, __u64 size,
	       __u32 flags);

/*
 * What the machine's page tables are: "second" or "first", as IOVASCOPE_STAGE
 * says in scalable mode; without it legacy mode, which has the second only.
 */
int mode_scalable(void);
const char *mode_stage(void);
/* Depth of its page tables: 4, or as IOVASCOPE_LEVELS says. */
unsigned int mode_levels(void);

/* The line of a device in the file census; the file must outlive it. */
struct json_object *census_line(struct json_object *census, const char *bdf);

/* Number of things that differ from the device's line; each is printed. */
unsigned int census_wrong(const char *bdf, const struct table *table);
/* The same for its files summary, runs and pagemap. */
unsigned int summary_wrong(const char *bdf);
unsigned int runs_wrong(const char *bdf, const struct table *table);
unsigned int pagemap_wrong(const char *bdf, const struct table *table);
/* All of these. */
unsigned int table_wrong(const char *bdf, const struct table *table);

/* An open file of a device: its descriptor, or -errno. */
int __device_open(const char *bdf, const char *file);
int device_open_file(const char *bdf, const char *file);

/*
 * Lines of the file check whose verdict is not this; each is printed.
 * None at all is one, too.
 */
unsigned int check_not(const char *verdict);

#endif /* LIB_CENSUS_H */
