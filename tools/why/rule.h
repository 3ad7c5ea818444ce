/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_RULE_H
#define IOVASCOPE_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tree.h"
#include "cause.h"

/* A call of these, or of the others. */
#define MAPS	"map_dma ioas_map ioas_map_file ioas_copy"
#define UNMAPS	"unmap_dma ioas_unmap"
#define ATTACHES "set_iommu set_container get_device device_bind device_attach"
#define ANY	NULL

/* Any errno, or step. */
#define ANY_ERRNO (-1)

/**
 * struct rule - what makes a refusal one of a cause
 * @calls: one of these
 * @step: failed in this one
 * @err: with this errno
 * @fits: and this is so of it; NULL for nothing more
 * @cause: then that is why
 * @tell: and this is the evidence; NULL for none
 */
struct rule {
	const char *calls;
	const char *step;
	int err;
	bool (*fits)(struct json_object *r);
	enum cause cause;
	void (*tell)(struct json_object *found, struct json_object *r);
};

/* By file; the first that fits wins, in this order. */
extern const struct rule refused_map_rules[];
extern const size_t refused_nr_map_rules;
extern const struct rule refused_attach_rules[];
extern const size_t refused_nr_attach_rules;

/* Which step said which errno, and what memory it was about: rule.c */
void tell_step(struct json_object *found, struct json_object *r);

/* ---- what was wanting: refused_room.c ---- */

/* Did the kernel end the process for want of memory? */
bool is_killed(struct json_object *r);
/* ENOMEM, or that end, where a cgroup was full. */
bool is_over_cgroup(struct json_object *r);
/* A page is still where a pin would have moved it away from. */
bool is_unmovable(struct json_object *r);
bool is_over_limit(struct json_object *r);
bool is_over_user_limit(struct json_object *r);
bool is_empty_pool(struct json_object *r);

void tell_cgroup(struct json_object *found, struct json_object *r);
void tell_killed(struct json_object *found, struct json_object *r);
void tell_unmovable(struct json_object *found, struct json_object *r);
void tell_no_memory(struct json_object *found, struct json_object *r);
void tell_limit(struct json_object *found, struct json_object *r);
void tell_user_limit(struct json_object *found, struct json_object *r);
void tell_pool(struct json_object *found, struct json_object *r);
void tell_denied_pool(struct json_object *found, struct json_object *r);

static inline uint64_t fact(struct json_object *r, const char *key)
{
	return tree_u64_or_0(r, key);
}

static inline uint64_t last_of(struct json_object *r)
{
	return fact(r, "iova") + fact(r, "bytes") - 1;
}

static inline bool is_iommufd(struct json_object *r)
{
	return tree_is(r, "backend", "iommufd");
}

#endif
