/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_LEAF_H
#define IOVASCOPE_LEAF_H

#include <stdint.h>

enum leaf { LEAF_4K, LEAF_2M, LEAF_1G, NR_LEAVES };

extern const char *const leaf_names[NR_LEAVES];
extern const char *const leaf_words[NR_LEAVES];

uint64_t leaf_size(enum leaf leaf);
enum leaf leaf_within(uint64_t bytes);
uint64_t leaf_down(uint64_t addr, enum leaf leaf);
uint64_t leaf_up(uint64_t addr, enum leaf leaf);
uint64_t leaf_possible(uint64_t iova, uint64_t phys, uint64_t bytes,
		       enum leaf leaf);
#endif
