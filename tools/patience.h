/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_PATIENCE_H
#define IOVASCOPE_PATIENCE_H

struct json_object;
struct request;
struct timespec;

/* Absolute times: reading and printing do not stretch the interval. */
void interval_next(struct timespec *next, double seconds);
void interval_sleep(const struct timespec *next);

/*
 * What @read reads, or NULL while there is no module to ask. @last, which may
 * be NULL, is called before a failure that will be told.
 */
struct json_object *
patient_read(struct json_object *(*read)(const struct request *request),
	     const struct request *request, void (*last)(void));

/* What cannot be compared yet, and why not; NULL when it can. */
const char *patient_waits_for(const struct request *request,
			      struct json_object *before,
			      struct json_object *after);

#endif
