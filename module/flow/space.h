/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * space.h - what is served by domains: a container, or an IOAS of iommufd
 */
#ifndef IVS_SPACE_H
#define IVS_SPACE_H

#include <linux/sched.h>
#include <linux/types.h>

struct ivs_call;
struct ivs_domain;

unsigned long ivs_space_of(const struct ivs_call *call);
void ivs_domain_own(struct ivs_domain *dom);
pid_t ivs_domain_owner(struct ivs_domain *dom, char comm[TASK_COMM_LEN]);
void ivs_space_own(unsigned long space);
void ivs_space_mapped(struct ivs_domain *dom, const struct ivs_call *call,
		      int ret);
struct ivs_domain *ivs_space_domain(unsigned long space);
u64 ivs_space_overlap(struct ivs_domain *dom, u64 iova, u64 last, u64 *start);

#endif /* IVS_SPACE_H */
