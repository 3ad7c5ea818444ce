/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_VIEW_H
#define IOVASCOPE_VIEW_H

struct json_object;

/* What every view of a snapshot begins with. */
struct json_object *view_new(struct json_object *snap);

/* One section, or of it what the shell patterns choose. */
struct json_object *view_section(struct json_object *snap, const char *name,
				 char *const *patterns);

#endif
