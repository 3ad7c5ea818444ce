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

/* How a function tells that it is called. */
enum ivs_channel {
	/* By a kprobe. */
	IVS_BY_KPROBE,
	/* By an ftrace_ops of our own (entry.c). */
	IVS_BY_ENTRY,
	IVS_NR_CHANNELS,
};

/**
 * struct ivs_missed - the calls that one probe missed
 * @feeds: bit set of enum ivs_op and enum ivs_feed: what lacks them
 * @calls: missed by kretprobes that have been disarmed since
 * @nested: hits, in interrupts, that those refused
 * @armed: the kretprobe that counts now; NULL for none
 * @refuses: it is its own kprobe that is hit
 */
struct ivs_missed {
	unsigned long feeds;
	u64 calls;
	u64 nested;
	const struct kretprobe *armed;
	bool refuses;
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
u64 ivs_nested_by(const struct ivs_missed *missed);
u64 ivs_nested_calls(unsigned long feeds);

unsigned long ivs_probes_silent(void);
unsigned int ivs_silences(void);

#endif /* IVS_QUALITY_H */
