/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_WHY_H
#define IOVASCOPE_WHY_H

struct json_object;
struct request;

struct json_object *read_why(const struct request *request);

#endif
