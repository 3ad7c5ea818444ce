/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_NODE_H
#define IOVASCOPE_NODE_H

struct json_object;
struct plan;

/* Starts and ends a VM that has all devices of the plan; adds its rows. */
void node_run(const struct plan *plan, struct json_object *view);

#endif
