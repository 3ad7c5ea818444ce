/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * quality.h - what the numbers rest on, and whether all of it was seen
 */
#ifndef IVS_QUALITY_H
#define IVS_QUALITY_H

#include <linux/bits.h>
#include <linux/kprobes.h>
#include <linux/types.h>

#include "op.h"

/* A probe feeds ops (one bit each) and these. */
enum ivs_feed {
	IVS_FEED_BACKEND = IVS_NR_OPS,
	IVS_FEED_DEVICES,
	IVS_FEED_LIFETIME,
	IVS_FEED_REFUSALS,
	IVS_NR_FEEDS,
};

/* What the live numbers of a domain rest on. */
#define IVS_FEEDS_LIVE (BIT(IVS_MAP) | BIT(IVS_UNMAP) | BIT(IVS_FEED_LIFETIME))

/**
 * struct ivs_missed - the calls that one probe missed
 * @feeds: bit set of enum ivs_op and enum ivs_feed: what lacks them
 * @before: missed by kretprobes that have been disarmed since
 * @armed: the kretprobe that counts now; NULL for none
 */
struct ivs_missed {
	unsigned long feeds;
	u64 before;
	const struct kretprobe *armed;
	/* private: */
	struct ivs_missed *next;
};

int ivs_quality_init(void);
void ivs_quality_exit(void);

void ivs_missed_add(struct ivs_missed *missed);
void ivs_missed_arm(struct ivs_missed *missed, const struct kretprobe *rp);
void ivs_missed_disarm(struct ivs_missed *missed);
u64 ivs_missed_by(const struct ivs_missed *missed);
u64 ivs_missed_calls(unsigned long feeds);

bool ivs_probes_silent(void);
unsigned int ivs_silences(void);

#endif /* IVS_QUALITY_H */
