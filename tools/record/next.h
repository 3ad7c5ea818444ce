/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_NEXT_H
#define IOVASCOPE_NEXT_H

#include <stdint.h>
#include <sys/types.h>

/* Ends the program when no process can be called so. */
void next_check(const char *comm);

/*
 * Waits until a process of this name begins, and when that was by the monotonic
 * clock: its PID, or 0 when @signals became readable first.
 */
pid_t next_wait(const char *comm, int signals, uint64_t *exec_ns);

/* Takes its instance away, when there is time for it. */
void next_end(void);

#endif
