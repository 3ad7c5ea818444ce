/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_VIEW_SHOW_H
#define IOVASCOPE_VIEW_SHOW_H

#include <stdbool.h>

struct json_object;

/* Is the domain the host's own, and no matter of VFIO's? */
bool view_is_dma_api(struct json_object *domain);

struct json_object *view_show(struct json_object *snap);
struct json_object *view_inflight(struct json_object *snap);

/* What `show` needs of each domain and each process. */
extern const char *const show_keys[];

#endif
