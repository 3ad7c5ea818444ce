/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_METRICS_HOST_H
#define IOVASCOPE_METRICS_HOST_H

#include <stddef.h>
#include <stdio.h>

struct json_object;
struct metric;

/* What a family of metrics is on this host: @nr that stand beside each other. */
void host_print(FILE *out, struct json_object *snap,
		const struct metric *family, size_t nr);
void host_print_hists(FILE *out, struct json_object *snap,
		      const struct metric *family, size_t nr);

#endif
