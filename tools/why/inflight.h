/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_INFLIGHT_H
#define IOVASCOPE_INFLIGHT_H

#include <stdint.h>

/* A pin that has taken so long, and does not run, is stuck. */
#define STUCK_NS	10000000000ull

struct findings;
struct json_object;
struct spent;

/* The nanoseconds that its calls of this operation have taken so far. */
uint64_t inflight_ns(struct json_object *snap, uint64_t pid, const char *op);

/* A record for who is in its first call; NULL when it has no call in flight. */
struct json_object *inflight_beginner(struct json_object *snap, uint64_t pid);

/* A list of causes, one for each pin that does not return. */
struct json_object *inflight_stuck(struct json_object *snap,
				   const struct spent *spent,
				   const struct findings *findings);
void inflight_unknown(struct json_object *snap, uint64_t pid,
		      const struct findings *findings);

/* One line about a pin that is stuck, to be freed; NULL when none is. */
char *inflight_incident(struct json_object *snap);

#endif
