/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_FRAMES_H
#define IOVASCOPE_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

/* What a page frame is part of; bytes 0: nobody could tell. */
struct frame {
	const char *backing;
	uint64_t bytes;
};

struct frame frame_of(uint64_t phys);

/*
 * Is it seen to be nobody's: of anonymous memory, which is found by no file, and
 * in no page table of a process?
 */
bool frame_is_lost(uint64_t phys);

#endif
