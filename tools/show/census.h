/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_CENSUS_H
#define IOVASCOPE_CENSUS_H

struct json_object;
struct request;

struct json_object *read_runs(const struct request *request);

/* Ends the program when flow and census differ. */
void judge_check(struct json_object *view);

#endif
