/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_RECORD_H
#define IOVASCOPE_RECORD_H

struct json_object;
struct request;

void run_record(const struct request *request);

#endif
