// SPDX-License-Identifier: GPL-2.0-only
/*
 * What `watch` and `top` have in common: both outlive what they watch. They are
 * begun before the VM is started, and go on when the module has been replaced.
 */
#include <errno.h>
#include <stdbool.h>
#include <time.h>

#include "base/fail.h"
#include "base/request.h"
#include "patience.h"
#include "read/diff.h"
#include "read/snapshot.h"

/* One that was slept through, on a machine that was busy, is left out. */
void interval_next(struct timespec *next, double seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	next->tv_sec += (time_t)seconds;
	next->tv_nsec += (seconds - (time_t)seconds) * 1e9;
	if (next->tv_nsec >= 1000000000) {
		next->tv_nsec -= 1000000000;
		next->tv_sec++;
	}
	if (next->tv_sec < now.tv_sec)
		*next = now;
}

void interval_sleep(const struct timespec *next)
{
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, next, NULL) ==
	       EINTR)
		;
}

struct attempt {
	struct json_object *(*read)(const struct request *request);
	const struct request *request;
	struct json_object *snap;
};

static void attempt_read(void *data)
{
	struct attempt *attempt = data;

	attempt->snap = attempt->read(attempt->request);
}

/*
 * The module may be taken out while its files are read: they go one by one, so
 * that what is looked for may still be there when another is gone, but not a
 * moment later. Any other failure happens again, and is told.
 */
struct json_object *
patient_read(struct json_object *(*read)(const struct request *request),
	     const struct request *request, void (*last)(void))
{
	static const struct timespec moment = { .tv_nsec = 100000000 };
	struct attempt attempt = { .read = read, .request = request };

	for (int failed = 0; snapshot_is_there(request->debugfs); failed++) {
		if (failed == 2 && last)
			last();
		if (failed == 2)
			return read(request);
		if (failed)
			nanosleep(&moment, NULL);
		if (fail_survive(attempt_read, &attempt))
			return attempt.snap;
	}
	return NULL;
}

const char *patient_waits_for(const struct request *request,
			      struct json_object *before,
			      struct json_object *after)
{
	if (!after)
		return "the module to be loaded";
	if (!before || !snapshot_same_load(before, after))
		return "the module, which was loaded anew, to count";
	if (request->pid && !snapshot_has_pid(after, request->pid))
		return "the process to use VFIO";
	return NULL;
}
