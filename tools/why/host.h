/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_HOST_H
#define IOVASCOPE_HOST_H

struct json_object;
struct request;

struct json_object *read_host(const struct request *request);

#endif
