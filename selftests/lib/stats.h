/* SPDX-License-Identifier: GPL-2.0-only */
/* stats.h - the module's files, snapshots of them, and exact differences */
#ifndef LIB_STATS_H
#define LIB_STATS_H

#include <sys/types.h>

#include <json-c/json.h>
#include <linux/types.h>

#include "expect.h"
#include "mem.h"

#define STATS_ROOT "/sys/kernel/debug/iovascope"

/* One file, parsed; to be freed with json_object_put(). */
struct json_object *stats_read(const char *file);

/* Members that must be there. */
__u64 stats_u64(struct json_object *obj, const char *key);
__u64 stats_u64f(struct json_object *obj, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
const char *stats_word(struct json_object *obj, const char *key);
struct json_object *stats_member(struct json_object *obj, const char *key);

/*
 * The nth record of a file whose pid is this one; NULL when there is none.
 * The file must outlive the record.
 */
struct json_object *stats_by_pid(struct json_object *file, pid_t pid,
				 unsigned int nth);
unsigned int stats_count_pid(struct json_object *file, pid_t pid);
/* The domain of a device; NULL when there is none. */
struct json_object *stats_by_device(struct json_object *domains,
				    const char *bdf);

/* The region that begins there, or NULL; of *file, which is to be put. */
struct json_object *stats_region_at(struct json_object **file, __u64 iova);

/* counters and errors at one moment. */
struct snap {
	struct json_object *counters, *errors;
};

void snap_take(struct snap *snap);
void snap_free(struct snap *snap);
__u64 snap_delta(const struct snap *before, const struct snap *after,
		 const char *key);
/* How often op failed with errno (positive) in between. */
__u64 snap_errors(const struct snap *before, const struct snap *after,
		  const char *op, int err);

/*
 * The differences a test wants, key by key. Everything that is not mentioned
 * is wanted to stay as it was, except times and the module's own overhead.
 */
struct want {
	struct json_object *keys;
};

void want_init(struct want *want);
void want_free(struct want *want);
void want_add(struct want *want, __u64 value, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* An operation: its calls and bytes; want_backed(): of one backing, too. */
void want_op(struct want *want, const char *op, __u64 calls, __u64 bytes);
void want_backed(struct want *want, const char *op, enum backing backing,
		 __u64 calls, __u64 bytes);
/* Leaves that come or go: how is added or removed. */
void want_leaves(struct want *want, const char *how,
		 const struct leaves *leaves);
/* One region mapped / removed that consists of one backing. */
void want_map(struct want *want, const struct expect *expect,
	      enum backing backing);
void want_unmap(struct want *want, const struct expect *expect,
		enum backing backing);
/* One ioctl that failed: op is region_map or region_unmap. */
void want_region_error(struct want *want, const char *op);
/*
 * For tests, which have the harness: the call fails with -_err, and is counted
 * once as a call of _op that failed with _err. Adds it to _want.
 */
#define expect_refused(_want, _err, _op, _call) do {			\
	struct snap __before, __after;					\
									\
	snap_take(&__before);						\
	EXPECT_EQ(-(_err), _call);					\
	snap_take(&__after);						\
	EXPECT_EQ(1, snap_errors(&__before, &__after, _op, _err));	\
	want_region_error(_want, _op);					\
	snap_free(&__before);						\
	snap_free(&__after);						\
} while (0)

/* Number of keys that differ; each is printed. */
unsigned int want_wrong(const struct want *want, const struct snap *before,
			const struct snap *after);

/*
 * The nth domain of a process holds exactly these leaves and no byte more, and
 * claims to be exact. Number of fields that differ; each is printed.
 */
unsigned int live_wrong(pid_t pid, unsigned int nth,
			const struct leaves *leaves);

/* The same for a device's domain, which must be marked as a lower bound. */
unsigned int live_floor_wrong(const char *bdf, const struct leaves *leaves);

/*
 * For every op, the duration histogram adds up to its calls, and its buckets
 * bracket the time they took.
 */
unsigned int hist_wrong(void);
/* The count of a bucket, and of a whole histogram. */
__u64 hist_bucket(struct json_object *hist, const char *key, __u64 bucket);
__u64 hist_total(struct json_object *hist, const char *key);

/* Wait until a probe has this state; 0 or -ETIMEDOUT. */
int probe_wait(const char *row, const char *state, unsigned int msec);

/* Calls in flight. */
unsigned int inflight_count(void);

#endif /* LIB_STATS_H */
