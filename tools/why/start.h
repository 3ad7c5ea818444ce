/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_START_H
#define IOVASCOPE_START_H

struct json_object;
struct request;

struct json_object *read_start(const struct request *request);

#endif
