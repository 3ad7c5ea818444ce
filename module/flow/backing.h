/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * backing.h - what a physical range is made of
 */
#ifndef IVS_BACKING_H
#define IVS_BACKING_H

#include "../base/op.h"

/**
 * struct ivs_look - what is seen of the page frames of one call
 * @backing: what they are made of; IVS_NONE before the first
 * @nr: how many were looked at
 * @sampled: there were so many that some were not
 */
struct ivs_look {
	enum ivs_backing backing;
	unsigned int nr;
	bool sampled;
};

#define IVS_LOOK_INIT { .backing = IVS_NONE }

void ivs_backing_look(struct ivs_look *look, unsigned long pfn,
		      unsigned long nr_pages);
enum ivs_backing ivs_backing_join(enum ivs_backing a, enum ivs_backing b);

#endif /* IVS_BACKING_H */
