/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_RING_H
#define IOVASCOPE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct file_writer;
struct json_object;
struct ring;

/*
 * Which events are in which ring: what a call of the process has done, of all
 * tasks, or when its tasks ran and waited, of these tasks and what they start.
 */
enum ring_kind { RING_CALLS, RING_TASKS, NR_RINGS };

/* Takes away the instances of recorders that were killed. */
void ring_sweep(void);

/* Ends the program when tracefs does not let it. */
struct ring *ring_new(enum ring_kind kind);

/* False where the kernel has no such event. */
bool ring_enable(struct ring *ring, const char *system, const char *event,
		 struct file_writer *file);

/* Only these tasks, and what they start from now on. */
void ring_tasks(struct ring *ring, const pid_t *tids, size_t nr);
bool ring_on(struct ring *ring);
void ring_off(struct ring *ring);

/* Moves what is there to the file; with @rest what is not a whole page, too. */
bool ring_drain(struct ring *ring, struct file_writer *file, bool rest);

/* How many events the kernel had no room for. */
uint64_t ring_lost(struct ring *ring);

/* Is this system of events still there: is its module loaded? */
bool ring_has(const struct ring *ring, const char *system);
void ring_free(struct ring *ring);

#endif
