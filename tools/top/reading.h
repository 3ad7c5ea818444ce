/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_TOP_READING_H
#define IOVASCOPE_TOP_READING_H

struct json_object;
struct request;
struct top_state;

/*
 * A snapshot with what `top` needs, which of the refusals matter, an `incident`
 * if there is one, and `regions` to be added to. It ends the program when it
 * fails.
 */
struct json_object *reading_new(const struct request *request);

/*
 * Adds what is contiguous for the devices of the domains that are open. Not to
 * be called inside fail_survive().
 */
void reading_add_regions(struct json_object *snap,
			 const struct request *request,
			 const struct top_state *state);

#endif
