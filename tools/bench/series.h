/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_SERIES_H
#define IOVASCOPE_SERIES_H

#include "memory.h"

struct json_object;
struct plan;

/*
 * Measures one backing and adds its rows to the result. @debugfs: where the
 * module's files are, NULL where they are by default.
 */
void series_run(const struct plan *plan, enum backing backing,
		const char *debugfs, struct json_object *view);

#endif
