/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * check.h - hold flow and census against each other
 */
#ifndef IVS_CHECK_H
#define IVS_CHECK_H

#include "base/leaf.h"
#include "census/context.h"

enum ivs_verdict {
	IVS_EQUAL,
	/* Both were there, and they do not agree. */
	IVS_DIFFERS,
	/* The table changed all the time. */
	IVS_TORN,
	/* No device of the domain is translated by a table that can be read. */
	IVS_UNREADABLE,
	/* They do not agree, and the flow is known to be a floor. */
	IVS_INEXACT,
	IVS_NR_VERDICTS,
};

/**
 * struct ivs_check - one comparison
 * @verdict: what came out
 * @flow: leaves that were added and not removed
 * @census: leaves in the table
 * @flow_tables: tables that the flow's leaves need
 * @census_tables: tables there are
 * @iova: where they first differ
 */
struct ivs_check {
	enum ivs_verdict verdict;
	u64 flow[IVS_NR_LEAVES];
	u64 census[IVS_NR_LEAVES];
	u64 flow_tables;
	u64 census_tables;
	u64 iova;
};

int ivs_check_context(u64 domain, struct ivs_context *context);
bool ivs_check_unverified(void);
int ivs_check_domain(u64 id, struct ivs_walk *walk, struct ivs_check *check);

extern const struct file_operations ivs_check_fops;

#endif /* IVS_CHECK_H */
