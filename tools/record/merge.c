// SPDX-License-Identifier: GPL-2.0-only
/*
 * A log and a recording on one clock.
 *
 * A recording has the host's monotonic clock, and its wall clock at one moment.
 * A log has up to three clocks (log.c), and each is tied to the recording's by
 * the best that there is: what the user tells; the host's wall clock itself;
 * lines that have two times, of which the guest's is that at which something
 * was said, and the host's the one at which it was read, so that the least
 * difference is next to the truth; BARs, which both sides see (bars.c); the
 * guest's wall clock, which began with the host's; and what of that stands next
 * to it. A guest that is started anew has a clock of its own each time.
 *
 * Whichever it was, it is told, and how far off it may be; and by the BARs it
 * can be seen whether it is right.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/fail.h"
#include "base/request.h"
#include "base/tree.h"
#include "bars.h"
#include "merge.h"
#include "phases.h"
#include "recording.h"

#define NS_PER_S	1000000000ll
/* Around the time of the process: what the host's clock may be off. */
#define MARGIN_NS	NS_PER_S
/* A line that comes after so long is worth to be seen. */
#define MIN_SILENCE	((uint64_t)NS_PER_S)
#define SILENCE_SHARE	50
/* A BAR's map begins so near to the line that tells of it. */
#define BAR_NS		100000000ll

struct merger {
	struct merge *merge;
	const struct request *request;
	const struct phases *phases;
	/* Does the recording tell the host's wall clock? */
	bool has_wall;
	/* By their beginning. */
	const struct region **regions;
};

/* ---- clocks ---- */

static int64_t told_ns(const struct request *request)
{
	return request->offset * NS_PER_S;
}

static bool is_told(const struct request *request)
{
	return request->given & BIT(OPT_OFFSET);
}

static bool is_of(const struct log_line *line, const struct merge_clock *clock)
{
	return line->clock == clock->clock && line->boot == clock->boot;
}

static struct merge_clock *clock_of(const struct merge *merge,
				    enum log_clock kind, unsigned int boot)
{
	for (size_t i = 0; i < merge->nr_clocks; i++)
		if (merge->clocks[i].clock == kind &&
		    merge->clocks[i].boot == boot)
			return &merge->clocks[i];
	return NULL;
}

static void clocks_find(struct merge *merge)
{
	for (size_t i = 0; i < merge->log.nr; i++) {
		const struct log_line *line = &merge->log.lines[i];
		struct merge_clock *clock;

		clock = clock_of(merge, line->clock, line->boot);
		if (!clock) {
			merge->clocks = alloc_more(merge->clocks,
						   merge->nr_clocks + 1,
						   sizeof(*clock));
			clock = &merge->clocks[merge->nr_clocks++];
			*clock = (struct merge_clock){
				.clock = line->clock, .boot = line->boot,
			};
		}
		clock->lines++;
	}
}

static int by_ns(const void *one, const void *other)
{
	const int64_t *a = one, *b = other;

	return *a < *b ? -1 : *a > *b;
}

/* The least of these differences, and how much later the middle one is. */
static bool least_of(struct merge_clock *clock, int64_t *late, size_t nr,
		     int64_t offset)
{
	if (nr) {
		qsort(late, nr, sizeof(*late), by_ns);
		clock->offset_ns = late[0] + offset;
		clock->within_ns = late[nr / 2] - late[0];
	}
	free(late);
	return nr;
}

static bool tie_both(const struct merger *merger, struct merge_clock *clock)
{
	const struct log *log = &merger->merge->log;
	int64_t *late = alloc_zeroed(log->nr, sizeof(*late));
	size_t nr = 0;

	for (size_t i = 0; i < log->nr; i++)
		if (is_of(&log->lines[i], clock) && merger->has_wall &&
		    log->lines[i].host_ns != LOG_NO_TIME)
			late[nr++] = log->lines[i].host_ns - log->lines[i].ns;
	return least_of(clock, late, nr, merger->merge->host_offset);
}

/* A line of the guest's wall clock comes right behind one of the kernel's. */
static bool tie_neighbour(const struct merger *merger,
			  struct merge_clock *clock)
{
	const struct merge_clock *wall = clock_of(merger->merge, LOG_GUEST, 0);
	const struct log *log = &merger->merge->log;
	int64_t *late = alloc_zeroed(log->nr, sizeof(*late));
	size_t nr = 0;

	for (size_t i = 1; i < log->nr; i++)
		if (is_of(&log->lines[i - 1], clock) && wall && wall->how &&
		    is_of(&log->lines[i], wall))
			late[nr++] = log->lines[i].ns - log->lines[i - 1].ns;
	return least_of(clock, late, nr, wall ? wall->offset_ns : 0);
}

static void bars_of(const struct merger *merger,
		    const struct merge_clock *clock, struct bars *bars)
{
	const struct log *log = &merger->merge->log;

	bars_begin(bars, merger->phases);
	for (size_t i = 0; i < log->nr; i++)
		if (is_of(&log->lines[i], clock) &&
		    bars_says(log->lines[i].text))
			bars_line(bars, log->lines[i].ns);
}

static bool tie_bars(const struct merger *merger, struct merge_clock *clock)
{
	struct bars bars;
	bool found;

	bars_of(merger, clock, &bars);
	bars_find(&bars);
	/* One fits anywhere, if there are others. */
	found = bars.fits > 1 ||
		(bars.fits && bars.nr_lines == 1 && bars.nr_maps == 1);
	if (found) {
		clock->offset_ns = bars.offset;
		clock->within_ns = bars.within_ns;
		clock->next_fits = bars.next_fits;
	}
	bars_free(&bars);
	return found;
}

static enum merge_how boot_tie(const struct merger *merger,
			       struct merge_clock *clock)
{
	if (is_told(merger->request) && !clock->boot) {
		clock->offset_ns = merger->phases->started_ns +
				   told_ns(merger->request);
		return MERGE_TOLD;
	}
	if (tie_both(merger, clock))
		return MERGE_BOTH;
	if (tie_bars(merger, clock))
		return MERGE_BARS;
	return tie_neighbour(merger, clock) ? MERGE_NEIGHBOUR : MERGE_NOT;
}

static enum merge_how wall_tie(const struct merger *merger,
			       struct merge_clock *clock)
{
	/* What is told is about the kernel's seconds, if there are any. */
	bool told = is_told(merger->request) &&
		    !clock_of(merger->merge, LOG_BOOT, 0);

	if (!merger->has_wall)
		return MERGE_NOT;
	clock->offset_ns = merger->merge->host_offset +
			   (told ? told_ns(merger->request) : 0);
	if (told)
		return MERGE_TOLD;
	if (clock->clock == LOG_HOST)
		return MERGE_HOST;
	return tie_both(merger, clock) ? MERGE_BOTH : MERGE_WALL;
}

static void clock_check(const struct merger *merger, struct merge_clock *clock)
{
	struct bars bars;

	bars_of(merger, clock, &bars);
	bars_count(&bars, clock->offset_ns);
	clock->bars = bars.nr_lines;
	clock->fits = bars.fits;
	bars_free(&bars);
}

/* Wall clocks first: the kernel's seconds may be tied to one. */
static void clocks_tie(const struct merger *merger)
{
	struct merge *merge = merger->merge;

	for (size_t i = 0; i < merge->nr_clocks; i++)
		if (merge->clocks[i].clock != LOG_BOOT)
			merge->clocks[i].how =
				wall_tie(merger, &merge->clocks[i]);
	for (size_t i = 0; i < merge->nr_clocks; i++) {
		struct merge_clock *clock = &merge->clocks[i];

		if (clock->clock != LOG_BOOT)
			continue;
		clock->how = boot_tie(merger, clock);
		if (clock->how)
			clock_check(merger, clock);
	}
}

/* ---- lines ---- */

/* What a start is known by, and whether each line of its kind is. */
static const struct {
	const char *part;
	bool each;
} telling[] = {
	{ "Linux version ", true },
	{ ": enabling device (", true },
	{ "type 00 class ", false },
	{ "Run /", true },
	{ "waiting for CDI spec", false },
	{ "injected successfully", true },
	{ "rpc call from shim", false },
	{ "Interrupt detected", false },
	{ "kernel panic", true },
	{ "Kernel panic", true },
	{ "rror:", false },
	{ "failed", false },
	{ "timed out", false },
};

/* The same but for numbers? */
static bool is_alike(const char *one, const char *other)
{
	static const char digits[] = "0123456789abcdef.:";

	while (*one && *other) {
		size_t a = strspn(one, digits), b = strspn(other, digits);

		if (a && b) {
			one += a;
			other += b;
		} else if (*one++ != *other++) {
			return false;
		}
	}
	return *one == *other;
}

/* @last has one line of each kind that was seen. */
static bool is_telling(const char *text, const char **last)
{
	for (size_t i = 0; i < ARRAY_SIZE(telling); i++) {
		const char *before = last[i];

		if (!strstr(text, telling[i].part))
			continue;
		last[i] = text;
		return telling[i].each || !before || !is_alike(text, before);
	}
	return false;
}

static int by_place(const void *one, const void *other)
{
	const struct merge_line *a = one, *b = other;

	if (a->at_ns != b->at_ns)
		return a->at_ns < b->at_ns ? -1 : 1;
	return a->request < b->request ? -1 : a->request > b->request;
}

/* For now a line's place in the log is where its request will be. */
static void lines_place(struct merger *merger)
{
	struct merge *merge = merger->merge;
	const struct phases *phases = merger->phases;
	uint64_t wall = phases->ended_ns - phases->started_ns;

	merge->outside = merge->log.outside;
	merge->lines = alloc_zeroed(merge->log.nr, sizeof(*merge->lines));
	for (size_t i = 0; i < merge->log.nr; i++) {
		const struct log_line *line = &merge->log.lines[i];
		const struct merge_clock *clock =
			clock_of(merge, line->clock, line->boot);
		int64_t at = line->ns + clock->offset_ns -
			     (int64_t)phases->started_ns;

		if (clock->how == MERGE_NOT) {
			merge->unplaced++;
		} else if (at < 0 || (uint64_t)at > wall) {
			merge->outside++;
		} else {
			merge->lines[merge->nr++] = (struct merge_line){
				at, clock, line->text, i, 0, false,
			};
		}
	}
	if (merge->nr)
		qsort(merge->lines, merge->nr, sizeof(*merge->lines), by_place);
}

static int by_beginning(const void *one, const void *other)
{
	const struct region *const *a = one, *const *b = other;

	return (*a)->began_ns < (*b)->began_ns ? -1 :
	       (*a)->began_ns > (*b)->began_ns;
}

static void regions_sort(struct merger *merger)
{
	size_t nr = merger->phases->nr_regions;

	merger->regions = alloc_zeroed(nr, sizeof(*merger->regions));
	for (size_t i = 0; i < nr; i++)
		merger->regions[i] = &merger->phases->regions[i];
	if (nr)
		qsort(merger->regions, nr, sizeof(*merger->regions),
		      by_beginning);
}

/* How many of them have begun by then. */
static size_t regions_until(const struct merger *merger, uint64_t ns)
{
	size_t low = 0, high = merger->phases->nr_regions;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (merger->regions[mid]->began_ns <= ns)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Of a line about a BAR the map of one that begins next to it. */
static const struct region *bar_near(const struct merger *merger, uint64_t ns)
{
	const struct region *found = NULL;
	int64_t least = BAR_NS;

	for (size_t i = regions_until(merger, ns + BAR_NS); i--;) {
		const struct region *region = merger->regions[i];
		int64_t off = llabs((int64_t)(region->began_ns - ns));

		if (region->began_ns + BAR_NS < ns)
			break;
		if (off > least || !region->map ||
		    strcmp(phase_backing(region->backing), "mmio"))
			continue;
		least = off;
		found = region;
	}
	return found;
}

static size_t request_at(const struct merger *merger,
			 const struct merge_line *line)
{
	uint64_t ns = line->at_ns + merger->phases->started_ns;
	const struct region *region = bars_says(line->text) ?
				      bar_near(merger, ns) : NULL;
	size_t until = regions_until(merger, ns);

	if (!region && until)
		region = merger->regions[until - 1];
	if (!region || (region->began_ns <= ns &&
			region->began_ns + region->ns < ns))
		return SIZE_MAX;
	return region - merger->phases->regions;
}

static void lines_judge(const struct merger *merger)
{
	const struct phases *phases = merger->phases;
	uint64_t silence = (phases->ended_ns - phases->started_ns) /
			   SILENCE_SHARE;
	const char *last[ARRAY_SIZE(telling)] = {};
	uint64_t before = 0;

	silence = silence > MIN_SILENCE ? silence : MIN_SILENCE;
	for (size_t i = 0; i < merger->merge->nr; i++) {
		struct merge_line *line = &merger->merge->lines[i];

		line->request = request_at(merger, line);
		line->silence_ns = line->at_ns - before;
		before = line->at_ns;
		line->notable = (i && line->silence_ns >= silence) ||
				is_telling(line->text, last);
	}
}

/* ---- all of it ---- */

static void log_take(struct merger *merger, const struct recording *recording)
{
	const struct phases *phases = merger->phases;
	uint64_t began = tree_u64_or_0(recording->head, "began_ns");
	uint64_t wall = tree_u64_or_0(recording->head, "wall_clock_ns");
	int64_t margin = MARGIN_NS + llabs(told_ns(merger->request));

	merger->has_wall = wall;
	merger->merge->host_offset = began - wall;
	log_read(&merger->merge->log, merger->merge->path,
		 wall ? (int64_t)phases->started_ns - merger->merge->host_offset -
			margin : LOG_NO_TIME,
		 wall ? (int64_t)phases->ended_ns - merger->merge->host_offset +
			margin : INT64_MAX);
}

static void refuse_none(const struct merge *merge)
{
	if (merge->nr)
		return;
	if (merge->unplaced)
		fail(EXIT_RUNTIME, "%s: nothing ties its clock to that of the recording: tell with --offset SEC when it began",
		     merge->path);
	fail(EXIT_RUNTIME, "%s: no line is from when the process ran, all %ju are from before or after (--offset SEC moves them)",
	     merge->path, (uintmax_t)merge->outside);
}

void merge_read(struct merge *merge, const struct request *request,
		const struct recording *recording, const struct phases *phases)
{
	struct merger merger = {
		.merge = merge, .request = request, .phases = phases,
	};

	*merge = (struct merge){ .path = request->merge };
	log_take(&merger, recording);
	clocks_find(merge);
	clocks_tie(&merger);
	lines_place(&merger);
	refuse_none(merge);
	regions_sort(&merger);
	lines_judge(&merger);
	free(merger.regions);
}

void merge_free(struct merge *merge)
{
	log_free(&merge->log);
	free(merge->clocks);
	free(merge->lines);
	*merge = (struct merge){};
}
