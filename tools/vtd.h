/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_VTD_H
#define IOVASCOPE_VTD_H

struct json_object;

/* The cause why nothing is translated; NULL when a unit does. */
struct json_object *vtd_lacking(struct json_object *snap);

#endif
