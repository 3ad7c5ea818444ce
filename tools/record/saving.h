/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_SAVING_H
#define IOVASCOPE_SAVING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct phases;

/* What so many bytes took, as it was measured. */
struct rate {
	uint64_t ns;
	uint64_t bytes;
	uint64_t calls;
};

/*
 * What is slow took @ns of the wall time. @known: @fast is the same done well,
 * by the same process, and without what is slow @saves_ns would not be spent.
 */
struct saving {
	uint64_t ns;
	struct rate slow;
	struct rate fast;
	unsigned int fast_backing;
	bool known;
	uint64_t saves_ns;
};

/* All that a recording tells how to save. Each nanosecond is in one of them. */
struct savings {
	/* Memory that was pinned while it was pinned already: all of it. */
	struct saving again;
	/* BARs by small steps, against BARs by large ones. */
	struct saving lookup;
	/* Base pages, against huge ones. */
	struct saving base;
	/* The same of what was unpinned. */
	struct saving unpin;
	/* Huge ones: nothing is faster. */
	struct saving huge;
};

void savings_find(struct savings *savings, const struct phases *phases);

/* Nanoseconds for each 4 KiB. */
uint64_t rate_per_page(const struct rate *rate);

#endif
