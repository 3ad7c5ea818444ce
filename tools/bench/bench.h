/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_BENCH_H
#define IOVASCOPE_BENCH_H

struct json_object;
struct request;

struct json_object *read_bench(const struct request *request);

#endif
