/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_BACKEND_H
#define IOVASCOPE_BACKEND_H

#include "client.h"

/* All that can be measured; the last has no name. */
extern const struct backend backends[];

/* NULL when none has that name. */
const struct backend *backend_of(const char *name);

#endif
