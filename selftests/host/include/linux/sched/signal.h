/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HOST_LINUX_SCHED_SIGNAL_H
#define HOST_LINUX_SCHED_SIGNAL_H

#include <stdbool.h>

/* The test's: how many times it is asked until there is a signal. */
extern unsigned long host_signal_in;

#define current ((void *)0)

static inline bool signal_pending(const void *task)
{
	(void)task;
	return host_signal_in && !--host_signal_in;
}

#endif
