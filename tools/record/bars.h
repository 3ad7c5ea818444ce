/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_BARS_H
#define IOVASCOPE_BARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct phases;

/* A guest's lines about BARs by its clock, and their maps by the host's. */
struct bars {
	int64_t *lines;
	size_t nr_lines;
	int64_t *maps;
	size_t nr_maps;
	/* What makes the guest's time the host's, and how well it does. */
	int64_t offset;
	unsigned int fits;
	unsigned int next_fits;
	uint64_t within_ns;
};

/* Does a guest say here that it enables a device? */
bool bars_says(const char *text);

void bars_begin(struct bars *bars, const struct phases *phases);
/* In the order of their time. */
void bars_line(struct bars *bars, int64_t ns);
void bars_free(struct bars *bars);

/* The offset at which most lines fit; none does where @fits is 0. */
void bars_find(struct bars *bars);
/* How well they fit at this one. */
void bars_count(struct bars *bars, int64_t offset);

#endif
