/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_MEMORY_H
#define IOVASCOPE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is mapped for a device; those that are files come from memfd_create(). */
enum backing {
	BACKING_HUGETLB_1G,
	BACKING_HUGETLB_2M,
	BACKING_THP,
	BACKING_BASE,
	BACKING_MEMFD,
	BACKING_BAR,
	NR_BACKINGS
};

extern const char *const backing_words[NR_BACKINGS];

/* fd: the file behind it, or -1. why: what went wrong, for people. */
struct memory {
	char *va;
	uint64_t bytes;
	int fd;
	uint64_t touch_ns;
	char why[192];
};

uint64_t backing_page(enum backing backing);

/* Not more than @want, not more than can be had without harm; touched. */
bool memory_take(struct memory *memory, enum backing backing, uint64_t want);

/* Part of a file that a driver lets be mapped, at @align plus @shift. */
bool memory_map(struct memory *memory, int fd, uint64_t offset, uint64_t bytes,
		uint64_t align, uint64_t shift);
void memory_free(struct memory *memory);

uint64_t now_ns(void);

#endif
