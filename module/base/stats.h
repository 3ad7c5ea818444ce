/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stats.h - what is counted, declared once
 *
 * Every number that iovascope counts is an index into struct ivs_sums. Key,
 * unit and help text derive from the tables in stats.c, and debugfs, JSON,
 * Prometheus and the tool derive from those.
 */
#ifndef IVS_STATS_H
#define IVS_STATS_H

#include <linux/atomic.h>
#include <linux/types.h>

#include "leaf.h"
#include "op.h"

/* What is kept of each call. */
enum ivs_field {
	IVS_CALLS,
	IVS_ERRORS,
	IVS_BYTES,
	IVS_NS,
	IVS_MAX_NS,
	IVS_NR_FIELDS,
};

/* A series is an op, or an op on one backing. */
#define IVS_NR_SERIES \
	(IVS_FIRST_BACKED + \
	 (IVS_NR_OPS - IVS_FIRST_BACKED) * IVS_NR_BACKINGS)

/* Counters below this belong to a series, those from here on stand alone. */
#define IVS_FIRST_PLAIN (IVS_NR_SERIES * IVS_NR_FIELDS)

enum ivs_counter {
	IVS_MAP_PARTIAL_CALLS = IVS_FIRST_PLAIN,
	IVS_UNMAP_SHORT_CALLS,
	IVS_ADDED_LEAVES,
	IVS_REMOVED_LEAVES = IVS_ADDED_LEAVES + IVS_NR_LEAVES,
	IVS_PIN_FAULTS = IVS_REMOVED_LEAVES + IVS_NR_LEAVES,
	IVS_PIN_FAULTING_BYTES,
	IVS_PIN_FAULTING_NS,
	IVS_BACKING_SAMPLED_CALLS,
	IVS_UNKNOWN_UNMAP_BYTES,
	IVS_SPLIT_LEAF_CALLS,
	IVS_OVERMAPPED_CALLS,
	IVS_LOST_RANGES,
	IVS_LOST_DOMAINS,
	IVS_LOST_DEVICES,
	IVS_LOST_PROCESSES,
	IVS_LOST_REGIONS,
	IVS_UNREAD_ARGS_CALLS,
	IVS_PROBE_MISSED_CALLS,
	IVS_PROBE_NESTED_CALLS,
	IVS_FILTERED_CALLS,
	IVS_SELF_CALLS,
	IVS_SELF_NS,
	IVS_NR_COUNTERS,
};

/* Largest errno told apart; anything above is counted under 0 ("other"). */
#define IVS_MAX_ERRNO 133

/* struct ivs_sums - the counters of one domain or process */
struct ivs_sums {
	atomic64_t v[IVS_NR_COUNTERS];
};

/**
 * struct ivs_scope - whom an event is counted for besides the host
 * @domain: sums of the domain, or NULL
 * @process: sums of the process, or NULL
 * @host: false keeps it out of the host's sums (DMA-API domains)
 */
struct ivs_scope {
	struct ivs_sums *domain;
	struct ivs_sums *process;
	bool host;
};

/**
 * struct ivs_sample - one call that has returned
 * @op: which
 * @backing: for pin, unpin and teardown
 * @error: positive errno, 0 for success
 * @bytes: what it achieved
 * @ns: how long it took
 */
struct ivs_sample {
	enum ivs_op op;
	enum ivs_backing backing;
	int error;
	u64 bytes;
	u64 ns;
};

struct ivs_sink;
struct seq_file;

int ivs_stats_init(void);
void ivs_stats_exit(void);
void ivs_stats_add(unsigned int counter, u64 delta,
		   const struct ivs_scope *scope);
void ivs_stats_call(const struct ivs_sample *sample,
		    const struct ivs_scope *scope);
void ivs_stats_filtered(void);
u64 ivs_stats_self(u64 since_ns);
void ivs_stats_cover(unsigned long ops);

void ivs_stats_show(const struct ivs_sums *sums, unsigned int where,
		    const struct ivs_sink *sink);
void ivs_stats_schema(struct seq_file *m);
void ivs_stats_hists(struct seq_file *m);
void ivs_stats_errors(struct seq_file *m);

#endif /* IVS_STATS_H */
