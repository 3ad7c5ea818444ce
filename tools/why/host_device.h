/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_HOST_DEVICE_H
#define IOVASCOPE_HOST_DEVICE_H

#include <stdint.h>

struct json_object;
struct task;

/*
 * Adds to the answer of `host` what is known of one device and the causes that
 * keep it from being passed through, each with "blocks". @task: the process
 * that is to have it, or NULL. Ends the program when there is no such device.
 */
void host_judge_device(struct json_object *view, const char *bdf,
		       const struct task *task);

/* "on" or "off" as /proc/interrupts has it, or "unknown". */
const char *host_interrupt_remapping(void);

/* The same of a process; the device may be judged before, or not at all. */
void host_judge_process(struct json_object *view, const struct task *task);

#endif
