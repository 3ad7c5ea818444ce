/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_WHO_H
#define IOVASCOPE_WHO_H

#include <stdint.h>
#include <sys/types.h>

struct json_object;

uint64_t who_clock(void);

/*
 * The head of a recording: this machine, and when it is. Of a process that runs
 * already also what its threads do now, and since when it is there. Until probes
 * are armed takes a while: it begins then.
 */
struct json_object *who_head(void);
void who_begin(struct json_object *head);
void who_command(struct json_object *head, char **command, pid_t pid);
void who_process(struct json_object *head, pid_t pid);

/* The threads that who_process() has found; so many. To be freed. */
pid_t *who_tids(struct json_object *head, size_t *nr);

#endif
