/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * backing.h - what a physical range is made of
 */
#ifndef IVS_BACKING_H
#define IVS_BACKING_H

#include "../base/op.h"

enum ivs_backing ivs_backing_of(unsigned long pfn, unsigned long nr_pages);
enum ivs_backing ivs_backing_join(enum ivs_backing a, enum ivs_backing b);

#endif /* IVS_BACKING_H */
