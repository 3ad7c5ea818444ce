// SPDX-License-Identifier: GPL-2.0-only
/*
 * stats.c - the counters: one table, three scopes
 *
 * Model. Each op (a function whose calls are timed) has the same fields: calls,
 * errors, bytes, ns, max_ns. Ops that take or release pages have them once per
 * backing, and their total is the sum over backings, made when somebody reads.
 * Every event is counted for the host in per-CPU words and, where known, for
 * the domain and the process it belongs to. Histograms and errnos are kept for
 * the host only. All counters only grow; readers subtract.
 *
 * A number is declared in one line of one table below. Its key is composed from
 * the names in it and in op.c, so that no list of keys exists that could drift
 * from this.
 *
 * Locking: none. The host's words are per CPU and updated with preemption off
 * (probe handlers); a record's are atomic because threads of one process and
 * maps of one domain may run at once. A reader sees each word whole and the
 * words of one event possibly apart: totals that must agree are compared at
 * rest. Lifetime: from ivs_stats_init() to ivs_stats_exit(), which comes after
 * the last probe is gone.
 */
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/percpu.h>
#include <linux/seq_file.h>
#include <linux/timekeeping.h>

#include "../compat.h"
#include "memory.h"
#include "quality.h"
#include "stats.h"
#include "text.h"

#define NR_BUCKETS 65
#define KEY_MAX 64

#define EVERYWHERE (IVS_IN_COUNTERS | IVS_IN_PROCESSES | IVS_IN_DOMAINS)
#define HOST_AND_PROCESS (IVS_IN_COUNTERS | IVS_IN_PROCESSES)

/* @calls are many of its calls; @bytes is what their bytes are. */
static const struct {
	unsigned int where;
	const char *calls;
	const char *bytes;
} ops[IVS_NR_OPS] = {
	[IVS_REGION_MAP] = { HOST_AND_PROCESS, "VFIO_IOMMU_MAP_DMA ioctls",
		"mapped by VFIO_IOMMU_MAP_DMA ioctls that succeeded" },
	[IVS_REGION_UNMAP] = { HOST_AND_PROCESS, "VFIO_IOMMU_UNMAP_DMA ioctls",
		"unmapped by VFIO_IOMMU_UNMAP_DMA ioctls" },
	[IVS_MAP] = { EVERYWHERE, "iommu_map calls",
		"mapped by iommu_map calls that succeeded" },
	[IVS_UNMAP] = { EVERYWHERE,
		"iommu_unmap and iommu_unmap_fast calls, measured flushes apart",
		"removed by iommu_unmap and iommu_unmap_fast calls" },
	[IVS_FLUSH] = { EVERYWHERE, "IOTLB flushes after unmaps",
		"in the ranges that were flushed from the IOTLB" },
	[IVS_PIN] = { HOST_AND_PROCESS,
		"pins of one physically contiguous run",
		"pinned, or resolved where they are a BAR's" },
	[IVS_UNPIN] = { HOST_AND_PROCESS,
		"unpins of one physically contiguous run",
		"handed over to be unpinned" },
	[IVS_TEARDOWN] = { HOST_AND_PROCESS,
		"walks, unmaps, flushes and unpins of one region",
		"unpinned when regions were torn down" },
};

static const struct {
	const char *suffix;
	const char *kind;
	const char *unit;
	/* What stands around the operation's calls, or bytes. */
	const char *before;
	const char *after;
} fields[IVS_NR_FIELDS] = {
	[IVS_CALLS] = { "calls", "counter", "calls", "", " that returned" },
	[IVS_ERRORS] = { "errors", "counter", "calls", "", " that failed" },
	[IVS_BYTES] = { "bytes", "counter", "bytes", "bytes ", "" },
	[IVS_NS] = { "ns", "counter", "ns", "time in ", "" },
	[IVS_MAX_NS] = { "max_ns", "max", "ns", "longest of the ", "" },
};

static const struct {
	const char *key;
	unsigned int where;
	const char *unit;
	const char *help;
} plain[IVS_NR_COUNTERS] = {
	[IVS_MAP_PARTIAL_CALLS] = { "map_partial_calls", EVERYWHERE,
		"calls", "maps that failed half-way and were rolled back" },
	[IVS_UNMAP_SHORT_CALLS] = { "unmap_short_calls", EVERYWHERE,
		"calls", "unmaps that removed less than they were asked to" },
	[IVS_ADDED_LEAVES + IVS_LEAF_4K] = { "added_4k_leaves", EVERYWHERE,
		"leaves", "4K leaves written" },
	[IVS_ADDED_LEAVES + IVS_LEAF_2M] = { "added_2m_leaves", EVERYWHERE,
		"leaves", "2M leaves written" },
	[IVS_ADDED_LEAVES + IVS_LEAF_1G] = { "added_1g_leaves", EVERYWHERE,
		"leaves", "1G leaves written" },
	[IVS_REMOVED_LEAVES + IVS_LEAF_4K] = { "removed_4k_leaves", EVERYWHERE,
		"leaves", "4K leaves removed or gone with their domain" },
	[IVS_REMOVED_LEAVES + IVS_LEAF_2M] = { "removed_2m_leaves", EVERYWHERE,
		"leaves", "2M leaves removed or gone with their domain" },
	[IVS_REMOVED_LEAVES + IVS_LEAF_1G] = { "removed_1g_leaves", EVERYWHERE,
		"leaves", "1G leaves removed or gone with their domain" },
	[IVS_PIN_FAULTS] = { "pin_faults", HOST_AND_PROCESS,
		"faults", "page faults in pins, or pages of a file brought in: first touch" },
	[IVS_PIN_FAULTING_BYTES] = { "pin_faulting_bytes", HOST_AND_PROCESS,
		"bytes", "bytes pinned by calls that touched memory first" },
	[IVS_PIN_FAULTING_NS] = { "pin_faulting_ns", HOST_AND_PROCESS,
		"ns", "time in pins that touched memory first, zeroing included" },
	[IVS_BACKING_SAMPLED_CALLS] = { "backing_sampled_calls",
		HOST_AND_PROCESS, "calls",
		"pins and unpins of so many pages that only some were looked at" },
	[IVS_UNKNOWN_UNMAP_BYTES] = { "unknown_unmap_bytes", EVERYWHERE,
		"bytes", "bytes unmapped that were never seen mapped" },
	[IVS_SPLIT_LEAF_CALLS] = { "split_leaf_calls", EVERYWHERE,
		"calls", "unmaps that began or ended inside a large leaf" },
	[IVS_OVERMAPPED_CALLS] = { "overmapped_calls", EVERYWHERE,
		"calls", "maps over something that was still mapped" },
	[IVS_LOST_RANGES] = { "lost_ranges", EVERYWHERE,
		"events", "ranges not remembered because the reserve was dry" },
	[IVS_LOST_DOMAINS] = { "lost_domains", IVS_IN_COUNTERS,
		"events", "domain events without a record to count them in" },
	[IVS_LOST_DEVICES] = { "lost_devices", IVS_IN_COUNTERS,
		"events", "attached devices not remembered" },
	[IVS_LOST_PROCESSES] = { "lost_processes", IVS_IN_COUNTERS,
		"events", "calls without a process record to count them in" },
	[IVS_LOST_REGIONS] = { "lost_regions", IVS_IN_COUNTERS,
		"events", "regions that are not in the list of what is mapped now: it was full" },
	[IVS_UNREAD_ARGS_CALLS] = { "unread_args_calls", HOST_AND_PROCESS,
		"calls", "ioctls whose arguments could not be read" },
	[IVS_PROBE_MISSED_CALLS] = { "probe_missed_calls", IVS_IN_COUNTERS,
		"calls", "calls that a probe could not catch" },
	[IVS_PROBE_NESTED_CALLS] = { "probe_nested_calls", IVS_IN_COUNTERS,
		"calls", "hits refused in interrupts: the host's own DMA, and no call of VFIO's" },
	[IVS_FILTERED_CALLS] = { "filtered_calls", IVS_IN_COUNTERS,
		"calls", "DMA-API calls let through uncounted" },
	[IVS_SELF_CALLS] = { "self_calls", IVS_IN_COUNTERS,
		"calls", "runs of iovascope's own handlers" },
	[IVS_SELF_NS] = { "self_ns", IVS_IN_COUNTERS,
		"ns", "time inside iovascope's own handlers" },
};

struct host_sums {
	u64 v[IVS_NR_COUNTERS];
};

struct host_hists {
	u64 duration[IVS_NR_SERIES][NR_BUCKETS];
	u64 size[IVS_NR_OPS][NR_BUCKETS];
};

struct host_errors {
	u64 v[IVS_NR_OPS][IVS_MAX_ERRNO + 1];
};

static struct host_sums __percpu *host;
static struct host_hists __percpu *hists;
static struct host_errors __percpu *errors;
static unsigned long covered;

static bool op_is_backed(enum ivs_op op)
{
	return op >= IVS_FIRST_BACKED;
}

static unsigned int series_of(enum ivs_op op, enum ivs_backing backing)
{
	if (!op_is_backed(op))
		return op;
	return IVS_FIRST_BACKED +
	       (op - IVS_FIRST_BACKED) * IVS_NR_BACKINGS + backing;
}

static unsigned int counter_of(unsigned int series, enum ivs_field field)
{
	return series * IVS_NR_FIELDS + field;
}

static bool op_is_covered(enum ivs_op op)
{
	return covered & BIT(op);
}

/* ---- counting, from probe handlers ---- */

/**
 * ivs_stats_add - count something
 * @counter: index into struct ivs_sums, not a max
 * @delta: how much
 * @scope: for whom
 *
 * Context: preemption off.
 */
void ivs_stats_add(unsigned int counter, u64 delta,
		   const struct ivs_scope *scope)
{
	if (!delta)
		return;
	if (scope->host)
		this_cpu_add(host->v[counter], delta);
	if (scope->domain)
		atomic64_add(delta, &scope->domain->v[counter]);
	if (scope->process)
		atomic64_add(delta, &scope->process->v[counter]);
}

static void sums_max(atomic64_t *max, u64 value)
{
	u64 old = atomic64_read(max);

	while (value > old) {
		u64 seen = atomic64_cmpxchg(max, old, value);

		if (seen == old)
			return;
		old = seen;
	}
}

static void stats_max(unsigned int counter, u64 value,
		      const struct ivs_scope *scope)
{
	if (scope->host && value > this_cpu_read(host->v[counter]))
		this_cpu_write(host->v[counter], value);
	if (scope->domain)
		sums_max(&scope->domain->v[counter], value);
	if (scope->process)
		sums_max(&scope->process->v[counter], value);
}

static void host_add_sample(const struct ivs_sample *sample,
			    unsigned int series)
{
	this_cpu_inc(hists->duration[series][fls64(sample->ns)]);
	if (!sample->error)
		this_cpu_inc(hists->size[sample->op][fls64(sample->bytes)]);
	else if (sample->error <= IVS_MAX_ERRNO)
		this_cpu_inc(errors->v[sample->op][sample->error]);
	else
		this_cpu_inc(errors->v[sample->op][0]);
}

/**
 * ivs_stats_call - count a call that has returned
 * @sample: what it was
 * @scope: for whom
 *
 * Context: preemption off.
 */
void ivs_stats_call(const struct ivs_sample *sample,
		    const struct ivs_scope *scope)
{
	unsigned int series = series_of(sample->op, sample->backing);

	ivs_stats_add(counter_of(series, IVS_CALLS), 1, scope);
	ivs_stats_add(counter_of(series, IVS_ERRORS), !!sample->error, scope);
	ivs_stats_add(counter_of(series, IVS_BYTES), sample->bytes, scope);
	ivs_stats_add(counter_of(series, IVS_NS), sample->ns, scope);
	stats_max(counter_of(series, IVS_MAX_NS), sample->ns, scope);
	if (scope->host)
		host_add_sample(sample, series);
}

/* ivs_stats_filtered - a call was let go; preemption off, and as short as it is */
void ivs_stats_filtered(void)
{
	this_cpu_inc(host->v[IVS_FILTERED_CALLS]);
}

/**
 * ivs_stats_self - account a run of one of our handlers
 * @since_ns: when it began, ktime_get_mono_fast_ns()
 *
 * Context: preemption off.
 * Return: the time now, so that an entry handler can start its call's clock
 * after its own work.
 */
u64 ivs_stats_self(u64 since_ns)
{
	u64 now = ktime_get_mono_fast_ns();

	this_cpu_inc(host->v[IVS_SELF_CALLS]);
	this_cpu_add(host->v[IVS_SELF_NS], now - since_ns);
	return now;
}

/**
 * ivs_stats_cover - say which ops have a probe
 * @mask: one bit an op; the others are left out of every file, since a zero
 *	nobody measured would be read as a measurement
 */
void ivs_stats_cover(unsigned long mask)
{
	covered = mask;
}

/* ---- reading ---- */

static u64 host_value(unsigned int counter, bool max)
{
	u64 value = 0;
	int cpu;

	/* Counted by the probes themselves, not by a handler. */
	if (counter == IVS_PROBE_MISSED_CALLS)
		return ivs_missed_calls(~0UL);
	if (counter == IVS_PROBE_NESTED_CALLS)
		return ivs_nested_calls(~0UL);
	for_each_possible_cpu(cpu) {
		u64 v = READ_ONCE(per_cpu_ptr(host, cpu)->v[counter]);

		value = max ? max_t(u64, value, v) : value + v;
	}
	return value;
}

static u64 sums_value(const struct ivs_sums *sums, unsigned int series,
		      enum ivs_field field)
{
	unsigned int counter = counter_of(series, field);

	return sums ? atomic64_read(&sums->v[counter]) :
		      host_value(counter, field == IVS_MAX_NS);
}

static u64 sums_total(const struct ivs_sums *sums, enum ivs_op op,
		      enum ivs_field field)
{
	enum ivs_backing backing;
	u64 total = 0;

	if (!op_is_backed(op))
		return sums_value(sums, op, field);
	for (backing = 0; backing < IVS_NR_BACKINGS; backing++) {
		u64 v = sums_value(sums, series_of(op, backing), field);

		total = field == IVS_MAX_NS ? max(total, v) : total + v;
	}
	return total;
}

static bool counter_is_of_leaves(unsigned int counter)
{
	return (counter >= IVS_ADDED_LEAVES &&
		counter < IVS_REMOVED_LEAVES + IVS_NR_LEAVES) ||
	       counter == IVS_SPLIT_LEAF_CALLS;
}

/*
 * The files a counter is in: none for those of pins while pins have no probe, and
 * for those of leaves where another IOMMU than VT-d makes them (domain.c).
 */
static unsigned int counter_where(unsigned int counter)
{
	if (counter >= IVS_PIN_FAULTS && counter <= IVS_PIN_FAULTING_NS &&
	    !op_is_covered(IVS_PIN))
		return 0;
	if (counter_is_of_leaves(counter) && !ivs_compat_intel_iommu())
		return 0;
	if (counter == IVS_BACKING_SAMPLED_CALLS &&
	    !op_is_covered(IVS_PIN) && !op_is_covered(IVS_UNPIN))
		return 0;
	return plain[counter].where;
}

/* Compose <op>_<suffix>, or <op>_<backing>_<suffix> for a backing. */
static const char *stats_key(char key[KEY_MAX], enum ivs_op op,
			     enum ivs_backing backing, const char *suffix)
{
	if (backing == IVS_NR_BACKINGS)
		snprintf(key, KEY_MAX, "%s_%s", ivs_op_name(op), suffix);
	else
		snprintf(key, KEY_MAX, "%s_%s_%s", ivs_op_name(op),
			 ivs_backing_names[backing], suffix);
	return key;
}

static void stats_show_op(const struct ivs_sums *sums, enum ivs_op op,
			  const struct ivs_sink *sink)
{
	enum ivs_backing backing;
	enum ivs_field field;
	char key[KEY_MAX];

	for (field = 0; field < IVS_NR_FIELDS; field++) {
		const char *suffix = fields[field].suffix;

		sink->emit(sink->ctx,
			   stats_key(key, op, IVS_NR_BACKINGS, suffix),
			   sums_total(sums, op, field));
		if (!op_is_backed(op))
			continue;
		for (backing = 0; backing < IVS_NR_BACKINGS; backing++)
			sink->emit(sink->ctx,
				   stats_key(key, op, backing, suffix),
				   sums_value(sums, series_of(op, backing),
					      field));
	}
}

/**
 * ivs_stats_show - write every counter that belongs somewhere
 * @sums: the record's, NULL for the host's
 * @where: IVS_IN_COUNTERS, IVS_IN_PROCESSES or IVS_IN_DOMAINS
 * @sink: what to do with them
 *
 * Context: any.
 */
void ivs_stats_show(const struct ivs_sums *sums, unsigned int where,
		    const struct ivs_sink *sink)
{
	enum ivs_op op;
	unsigned int i;

	for (op = 0; op < IVS_NR_OPS; op++)
		if ((ops[op].where & where) && op_is_covered(op))
			stats_show_op(sums, op, sink);

	for (i = IVS_FIRST_PLAIN; i < IVS_NR_COUNTERS; i++)
		if (counter_where(i) & where)
			sink->emit(sink->ctx, plain[i].key, sums ?
				   atomic64_read(&sums->v[i]) :
				   host_value(i, false));
}

static void schema_series(struct seq_file *m, enum ivs_op op,
			  enum ivs_backing backing)
{
	char key[KEY_MAX], help[160];
	enum ivs_field field;

	for (field = 0; field < IVS_NR_FIELDS; field++) {
		snprintf(help, sizeof(help), "%s%s%s", fields[field].before,
			 field == IVS_BYTES ? ops[op].bytes : ops[op].calls,
			 fields[field].after);
		stats_key(key, op, backing, fields[field].suffix);
		ivs_text_schema(m, key, ops[op].where, fields[field].kind,
				fields[field].unit, help);
	}
	snprintf(help, sizeof(help), "time of one of the %s",
		 ops[op].calls);
	stats_key(key, op, backing, "duration_ns");
	ivs_text_schema(m, key, 0, "hist", "ns", help);
}

static void schema_op(struct seq_file *m, enum ivs_op op)
{
	enum ivs_backing backing;
	char key[KEY_MAX], help[160];

	schema_series(m, op, IVS_NR_BACKINGS);
	snprintf(help, sizeof(help), "size of one of the %s that succeeded",
		 ops[op].calls);
	stats_key(key, op, IVS_NR_BACKINGS, "size_bytes");
	ivs_text_schema(m, key, 0, "hist", "bytes", help);
	if (op_is_backed(op))
		for (backing = 0; backing < IVS_NR_BACKINGS; backing++)
			schema_series(m, op, backing);
}

/* ivs_stats_schema - describe every key that ivs_stats_*() can write */
void ivs_stats_schema(struct seq_file *m)
{
	unsigned int i;

	for (i = 0; i < IVS_NR_OPS; i++)
		if (op_is_covered(i))
			schema_op(m, i);
	for (i = IVS_FIRST_PLAIN; i < IVS_NR_COUNTERS; i++)
		if (counter_where(i))
			ivs_text_schema(m, plain[i].key, plain[i].where,
					"counter", plain[i].unit,
					plain[i].help);
}

/* Bucket b counts values whose highest set bit is bit b - 1. */
static u64 bucket_floor(unsigned int bucket)
{
	return bucket ? 1ULL << (bucket - 1) : 0;
}

/*
 * Write one histogram: the sum over CPUs of @nr rows of buckets that start at
 * @first. It points to a bucket and not to a row, for a compiler that knows
 * per-CPU memory as an address space does not take a pointer to a row of it.
 */
static void stats_show_hist(struct seq_file *m, const char *key,
			    u64 __percpu *first, unsigned int nr)
{
	unsigned int bucket, row;
	int cpu;

	seq_puts(m, key);
	for (bucket = 0; bucket < NR_BUCKETS; bucket++) {
		u64 count = 0;

		for_each_possible_cpu(cpu)
			for (row = 0; row < nr; row++)
				count += READ_ONCE(per_cpu_ptr(first, cpu)
						   [row * NR_BUCKETS + bucket]);
		if (count)
			seq_printf(m, " %llu=%llu", bucket_floor(bucket),
				   count);
	}
	seq_putc(m, '\n');
}

static void stats_show_op_hists(struct seq_file *m, enum ivs_op op)
{
	unsigned int nr = op_is_backed(op) ? IVS_NR_BACKINGS : 1;
	unsigned int series = series_of(op, 0), i;
	char key[KEY_MAX];

	stats_show_hist(m, stats_key(key, op, IVS_NR_BACKINGS, "duration_ns"),
			hists->duration[series], nr);
	for (i = 0; i < nr && nr > 1; i++)
		stats_show_hist(m, stats_key(key, op, i, "duration_ns"),
				hists->duration[series + i], 1);
	stats_show_hist(m, stats_key(key, op, IVS_NR_BACKINGS, "size_bytes"),
			hists->size[op], 1);
}

/* ivs_stats_hists - write all histograms, as lower bound = count */
void ivs_stats_hists(struct seq_file *m)
{
	enum ivs_op op;

	for (op = 0; op < IVS_NR_OPS; op++)
		if (op_is_covered(op))
			stats_show_op_hists(m, op);
}

/* ivs_stats_errors - write, for each op, how often each errno came back */
void ivs_stats_errors(struct seq_file *m)
{
	unsigned int err;
	enum ivs_op op;
	int cpu;

	for (op = 0; op < IVS_NR_OPS; op++) {
		if (!op_is_covered(op))
			continue;
		seq_puts(m, ivs_op_name(op));
		for (err = 0; err <= IVS_MAX_ERRNO; err++) {
			u64 count = 0;

			for_each_possible_cpu(cpu)
				count += READ_ONCE(per_cpu_ptr(errors, cpu)
						   ->v[op][err]);
			if (count)
				seq_printf(m, " %u=%llu", err, count);
		}
		seq_putc(m, '\n');
	}
}

/* Of each processor. */
#define STATS_BYTES \
	(sizeof(struct host_sums) + sizeof(struct host_hists) + \
	 sizeof(struct host_errors))

/* ivs_stats_init - allocate the host's counters; 0 or -ENOMEM; may sleep */
int ivs_stats_init(void)
{
	host = alloc_percpu(struct host_sums);
	hists = alloc_percpu(struct host_hists);
	errors = alloc_percpu(struct host_errors);
	ivs_memory_add(STATS_BYTES * num_possible_cpus());
	if (host && hists && errors)
		return 0;
	ivs_stats_exit();
	return -ENOMEM;
}

/* ivs_stats_exit - free them; no handler may run any more */
void ivs_stats_exit(void)
{
	free_percpu(errors);
	free_percpu(hists);
	free_percpu(host);
	ivs_memory_add(-(s64)(STATS_BYTES * num_possible_cpus()));
}
