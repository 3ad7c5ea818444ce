/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_SPANS_H
#define IOVASCOPE_SPANS_H

#include <stddef.h>
#include <stdint.h>

#include "phases.h"
#include "tasks.h"

/*
 * The calls of the tasks, in no order; the regions and devices of @phases are
 * found with them.
 */
void spans_find(struct spans *spans, struct phases *phases,
		const struct recording *recording, struct tasks *tasks);

#endif
