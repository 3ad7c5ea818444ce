// SPDX-License-Identifier: GPL-2.0-only
/*
 * Snapshots and differences.
 *
 * The tests assert what changed and, just as hard, what did not: a want holds
 * the differences a test has worked out from the outside, and want_wrong()
 * compares them with *every* counter of the module, so that bytes booked
 * under a wrong name, a phantom error or a lost event cannot hide. Left out
 * are times, which nobody can know beforehand, and the cost of our own probes
 * and of the DMA API, which the rest of the machine takes part in.
 */
#include <stdarg.h>
#include <time.h>

#include "must.h"
#include "stats.h"
#include "tools/read/keyed.h"

struct json_object *stats_read(const char *file)
{
	struct json_object *obj = NULL;
	char path[128];
	int ret;

	snprintf(path, sizeof(path), STATS_ROOT "/%s", file);
	ret = keyed_read(path, &obj);
	if (ret) {
		errno = -ret;
		must_fail("cannot read %s", path);
	}
	return obj;
}

struct json_object *stats_member(struct json_object *obj, const char *key)
{
	struct json_object *val = NULL;

	if (!json_object_object_get_ex(obj, key, &val))
		must_fail("no key '%s' in %s", key,
			  json_object_to_json_string(obj));
	return val;
}

__u64 stats_u64(struct json_object *obj, const char *key)
{
	struct json_object *val = stats_member(obj, key);

	if (!json_object_is_type(val, json_type_int))
		must_fail("'%s' is no number: %s", key,
			  json_object_to_json_string(val));
	return json_object_get_uint64(val);
}

__u64 stats_u64f(struct json_object *obj, const char *fmt, ...)
{
	char key[96];
	va_list args;

	va_start(args, fmt);
	must_op(vsnprintf(key, sizeof(key), fmt, args), <, sizeof(key));
	va_end(args);
	return stats_u64(obj, key);
}

const char *stats_word(struct json_object *obj, const char *key)
{
	return json_object_get_string(stats_member(obj, key));
}

struct json_object *stats_by_pid(struct json_object *file, pid_t pid,
				 unsigned int nth)
{
	json_object_object_foreach(file, name, record) {
		(void)name;
		if (stats_u64(record, "pid") == (__u64)pid && !nth--)
			return record;
	}
	return NULL;
}

unsigned int stats_count_pid(struct json_object *file, pid_t pid)
{
	unsigned int nr = 0;

	while (stats_by_pid(file, pid, nr))
		nr++;
	return nr;
}

struct json_object *stats_by_device(struct json_object *domains,
				    const char *bdf)
{
	json_object_object_foreach(domains, name, record) {
		(void)name;
		if (strstr(stats_word(record, "devices"), bdf))
			return record;
	}
	return NULL;
}

struct json_object *stats_region_at(struct json_object **file, __u64 iova)
{
	*file = stats_read("regions");
	json_object_object_foreach(*file, name, region) {
		(void)name;
		if (stats_u64(region, "iova") == iova)
			return region;
	}
	return NULL;
}

void snap_take(struct snap *snap)
{
	snap->counters = stats_read("counters");
	snap->errors = stats_read("errors");
}

void snap_free(struct snap *snap)
{
	json_object_put(snap->counters);
	json_object_put(snap->errors);
}

__u64 snap_delta(const struct snap *before, const struct snap *after,
		 const char *key)
{
	__u64 old = stats_u64(before->counters, key);
	__u64 new = stats_u64(after->counters, key);

	if (new < old)
		must_fail("counter %s went back from %llu to %llu", key, old,
			  new);
	return new - old;
}

static __u64 error_count(struct json_object *errors, const char *op, int err)
{
	struct json_object *line = stats_member(errors, op), *val;
	char key[16];

	snprintf(key, sizeof(key), "%d", err);
	if (!json_object_object_get_ex(line, key, &val))
		return 0;
	return json_object_get_uint64(val);
}

__u64 snap_errors(const struct snap *before, const struct snap *after,
		  const char *op, int err)
{
	return error_count(after->errors, op, err) -
	       error_count(before->errors, op, err);
}

void want_init(struct want *want)
{
	want->keys = json_object_new_object();
	must(want->keys);
}

void want_free(struct want *want)
{
	json_object_put(want->keys);
}

void want_add(struct want *want, __u64 value, const char *fmt, ...)
{
	struct json_object *old;
	char key[96];
	va_list args;

	va_start(args, fmt);
	must_op(vsnprintf(key, sizeof(key), fmt, args), <, sizeof(key));
	va_end(args);
	if (json_object_object_get_ex(want->keys, key, &old))
		value += json_object_get_uint64(old);
	json_object_object_add(want->keys, key,
			       json_object_new_uint64(value));
}

void want_op(struct want *want, const char *op, __u64 calls, __u64 bytes)
{
	want_add(want, calls, "%s_calls", op);
	want_add(want, bytes, "%s_bytes", op);
}

void want_backed(struct want *want, const char *op, enum backing backing,
		 __u64 calls, __u64 bytes)
{
	want_op(want, op, calls, bytes);
	want_add(want, calls, "%s_%s_calls", op, backing_names[backing]);
	want_add(want, bytes, "%s_%s_bytes", op, backing_names[backing]);
}

void want_leaves(struct want *want, const char *how,
		 const struct leaves *leaves)
{
	want_add(want, leaves->nr_4k, "%s_4k_leaves", how);
	want_add(want, leaves->nr_2m, "%s_2m_leaves", how);
	want_add(want, leaves->nr_1g, "%s_1g_leaves", how);
}

void want_map(struct want *want, const struct expect *expect,
	      enum backing backing)
{
	want_op(want, "region_map", 1, expect->bytes);
	want_backed(want, "pin", backing, expect->runs, expect->bytes);
	want_op(want, "map", expect->runs, expect->bytes);
	want_leaves(want, "added", &expect->leaves);
}

void want_unmap(struct want *want, const struct expect *expect,
		enum backing backing)
{
	want_op(want, "region_unmap", 1, expect->bytes);
	want_backed(want, "teardown", backing, 1, expect->bytes);
	want_op(want, "unmap", expect->runs, expect->bytes);
	want_backed(want, "unpin", backing, expect->runs, expect->bytes);
	want_leaves(want, "removed", &expect->leaves);
}

void want_region_error(struct want *want, const char *op)
{
	want_add(want, 1, "%s_calls", op);
	want_add(want, 1, "%s_errors", op);
}

static int unknowable(const char *key)
{
	size_t len = strlen(key);

	return (len > 3 && !strcmp(key + len - 3, "_ns")) ||
	       !strcmp(key, "self_calls") || !strcmp(key, "filtered_calls") ||
	       !strncmp(key, "flush_", strlen("flush_"));
}

unsigned int want_wrong(const struct want *want, const struct snap *before,
			const struct snap *after)
{
	unsigned int wrong = 0;

	/* A wanted key must exist; its value is compared below. */
	json_object_object_foreach(want->keys, name, value) {
		(void)value;
		stats_member(after->counters, name);
	}
	json_object_object_foreach(after->counters, key, val) {
		__u64 wanted = 0, seen;

		(void)val;
		if (unknowable(key))
			continue;
		if (json_object_object_get_ex(want->keys, key, &val))
			wanted = json_object_get_uint64(val);
		seen = snap_delta(before, after, key);
		if (seen == wanted)
			continue;
		printf("# %s: wanted +%llu, seen +%llu\n", key, wanted, seen);
		wrong++;
	}
	return wrong;
}

static unsigned int field_wrong(struct json_object *record, const char *key,
				__u64 wanted)
{
	__u64 seen = stats_u64(record, key);

	if (seen == wanted)
		return 0;
	printf("# %s: wanted %llu, seen %llu\n", key, wanted, seen);
	return 1;
}

static unsigned int leaves_wrong(struct json_object *domain,
				 const struct leaves *leaves)
{
	return field_wrong(domain, "live_4k_leaves", leaves->nr_4k) +
	       field_wrong(domain, "live_2m_leaves", leaves->nr_2m) +
	       field_wrong(domain, "live_1g_leaves", leaves->nr_1g) +
	       field_wrong(domain, "live_4k_bytes", leaves->nr_4k * SZ_4K) +
	       field_wrong(domain, "live_2m_bytes", leaves->nr_2m * SZ_2M) +
	       field_wrong(domain, "live_1g_bytes", leaves->nr_1g * SZ_1G) +
	       field_wrong(domain, "live_bytes", leaves->nr_4k * SZ_4K +
			   leaves->nr_2m * SZ_2M + leaves->nr_1g * SZ_1G);
}

unsigned int live_wrong(pid_t pid, unsigned int nth,
			const struct leaves *leaves)
{
	struct json_object *file = stats_read("domains");
	struct json_object *domain = stats_by_pid(file, pid, nth);
	unsigned int wrong;

	if (!domain)
		must_fail("process %d has no domain number %u", pid, nth);
	wrong = leaves_wrong(domain, leaves) +
		field_wrong(domain, "exact", 1) +
		!!strcmp(stats_word(domain, "inexact"), "");
	json_object_put(file);
	return wrong;
}

unsigned int live_floor_wrong(const char *bdf, const struct leaves *leaves)
{
	struct json_object *file = stats_read("domains");
	struct json_object *domain = stats_by_device(file, bdf);
	unsigned int wrong;

	if (!domain)
		must_fail("%s is in no domain", bdf);
	wrong = leaves_wrong(domain, leaves) +
		field_wrong(domain, "exact", 0) +
		!!strcmp(stats_word(domain, "inexact"), "older");
	json_object_put(file);
	return wrong;
}

__u64 hist_bucket(struct json_object *hist, const char *key, __u64 bucket)
{
	struct json_object *line = stats_member(hist, key), *count;
	char name[24];

	snprintf(name, sizeof(name), "%llu", bucket);
	if (!json_object_object_get_ex(line, name, &count))
		return 0;
	return json_object_get_uint64(count);
}

__u64 hist_total(struct json_object *hist, const char *key)
{
	__u64 total = 0;

	json_object_object_foreach(stats_member(hist, key), bucket, count) {
		(void)bucket;
		total += json_object_get_uint64(count);
	}
	return total;
}

/* The least time that the calls of a histogram can have taken. */
static __u64 hist_floor(struct json_object *hist, const char *key)
{
	__u64 total = 0;

	json_object_object_foreach(stats_member(hist, key), bucket, count)
		total += strtoull(bucket, NULL, 10) *
			 json_object_get_uint64(count);
	return total;
}

static unsigned int op_hist_wrong(struct json_object *counters,
				  struct json_object *hist, const char *op)
{
	__u64 calls = stats_u64f(counters, "%s_calls", op);
	__u64 ns = stats_u64f(counters, "%s_ns", op), total, floor;
	char key[64];

	snprintf(key, sizeof(key), "%s_duration_ns", op);
	total = hist_total(hist, key);
	floor = hist_floor(hist, key);
	if (calls == total && floor <= ns && ns <= 2 * floor)
		return 0;
	printf("# %s: %llu calls and %llu ns, in the histogram %llu and at least %llu\n",
	       op, calls, ns, total, floor);
	return 1;
}

unsigned int hist_wrong(void)
{
	static const char *const ops[] = {
		"region_map", "region_unmap", "pin", "unpin", "teardown",
		"map", "unmap",
	};
	struct json_object *counters = stats_read("counters");
	struct json_object *hist = stats_read("hist");
	unsigned int wrong = 0;
	size_t i;

	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		wrong += op_hist_wrong(counters, hist, ops[i]);
	json_object_put(counters);
	json_object_put(hist);
	return wrong;
}

int probe_wait(const char *row, const char *state, unsigned int msec)
{
	const struct timespec step = { .tv_nsec = 20000000 };

	for (;; msec = msec > 20 ? msec - 20 : 0) {
		struct json_object *probes = stats_read("probes");
		struct json_object *probe = stats_member(probes, row);
		int there = !strcmp(stats_word(probe, "state"), state);

		if (!there && !msec)
			printf("# probe %s: %s\n", row,
			       json_object_to_json_string(probe));
		json_object_put(probes);
		if (there)
			return 0;
		if (!msec)
			return -ETIMEDOUT;
		nanosleep(&step, NULL);
	}
}

unsigned int inflight_count(void)
{
	struct json_object *file = stats_read("inflight");
	unsigned int nr = json_object_object_length(file);

	if (nr)
		printf("# in flight: %s\n", json_object_to_json_string(file));
	json_object_put(file);
	return nr;
}
