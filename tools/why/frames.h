/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_FRAMES_H
#define IOVASCOPE_FRAMES_H

#include <stdint.h>

/* What a page frame is part of; bytes 0: nobody could tell. */
struct frame {
	const char *backing;
	uint64_t bytes;
};

struct frame frame_of(uint64_t phys);

#endif
