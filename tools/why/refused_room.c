// SPDX-License-Identifier: GPL-2.0-only
/*
 * What there was not enough of when a call was refused: of the limit of locked
 * memory, of huge pages, of the cgroup's memory, of the machine's. All but the
 * second say ENOMEM, so each is told from the others by numbers that the module
 * kept of that moment: the limit and what was locked, the cgroup that had least
 * room, and whether the kernel was ending the process for it.
 *
 * A pin moves pages out of movable and CMA memory first, and says ENOMEM, too,
 * where it cannot. Where the process lives it can be seen whether its pages are
 * still there; where it is gone that is not known, and said.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/human.h"
#include "base/system.h"
#include "read/process_name.h"
#include "rule.h"

#define PAGE		4096ull
#define PRESENT		(1ull << 63)
#define FRAME_MASK	((1ull << 55) - 1)
/* The kernel charges no more at once: a huge page of the CPU. */
#define LEAST_ROOM	(2ull << 20)

/* ---- what /proc tells ---- */

/* The number of a line "key value" of such a file, or 0. */
static uint64_t number_of(const char *path, const char *key)
{
	FILE *file = system_open("%s", path);
	char *line = NULL, word[64];
	uintmax_t val = 0;
	size_t size = 0;
	bool found = false;

	while (file && !found && getline(&line, &size, file) > 0)
		found = sscanf(line, "%63s %ju", word, &val) == 2 &&
			!strcmp(word, key);
	free(line);
	if (file)
		fclose(file);
	return found ? val : 0;
}

static bool is_alive(struct json_object *r)
{
	return process_is(fact(r, "pid"), fact(r, "start_ns"));
}

/* Where one of /proc is wanting that is said of its process. */
static const char *absence(void)
{
	return system_is_left() ? "gone, or not of this machine" : "gone";
}

/* ---- the limit of locked memory ---- */

/*
 * By how much it is over its limit; rolled back, so with what it asked for. The
 * pages of a BAR are charged to nobody.
 */
static uint64_t over_limit(struct json_object *r, const char *locked)
{
	uint64_t limit, wanted;

	if (!tree_u64(r, "limit_bytes", &limit) || fact(r, "ipc_lock") ||
	    tree_is(r, "memory", "pfnmap"))
		return 0;
	if (__builtin_add_overflow(fact(r, locked), fact(r, "bytes"), &wanted))
		wanted = UINT64_MAX;
	return wanted > limit ? wanted - limit : 0;
}

/* In a container's place iommufd charges the process, as VFIO does. */
static bool charges_user(struct json_object *r)
{
	return is_iommufd(r) && !tree_is(r, "call", "map_dma");
}

bool is_over_limit(struct json_object *r)
{
	return !charges_user(r) && over_limit(r, "locked_bytes");
}

bool is_over_user_limit(struct json_object *r)
{
	return charges_user(r) && over_limit(r, "user_locked_bytes");
}

static void tell_limit_of(struct json_object *found, struct json_object *r,
			  const char *locked)
{
	uint64_t over = over_limit(r, locked);

	cause_evidence(found, "%s of %s were locked, %s more were asked for: %s too much; no CAP_IPC_LOCK",
		       human_key(r, locked, "bytes").s,
		       human_key(r, "limit_bytes", "bytes").s,
		       human_key(r, "bytes", "bytes").s, human_bytes(over).s);
	tree_add_u64(found, "over_bytes", over);
	tree_share(found, r, "limit_bytes");
}

void tell_limit(struct json_object *found, struct json_object *r)
{
	uint64_t limit = fact(r, "limit_bytes");

	cause_says(found, "the process may lock %s, and needs %s more",
		   human_bytes(limit).s,
		   human_bytes(over_limit(r, "locked_bytes")).s);
	tell_limit_of(found, r, "locked_bytes");
	cause_fix(found, "raise its limit to %s at least (prlimit --memlock, LimitMEMLOCK= of its systemd unit, ulimits of its container); memory that is mapped in N VFIO containers is charged N times",
		  human_bytes(limit + over_limit(r, "locked_bytes")).s);
}

/* Whose processes are added up: the user of whom it was. */
static void tell_user(struct json_object *found, struct json_object *r)
{
	char path[64];
	uint64_t uid;

	if (!is_alive(r)) {
		cause_evidence(found, "which user that is, is not known: the process is %s",
			       absence());
		return;
	}
	snprintf(path, sizeof(path), "/proc/%ju/status",
		 (uintmax_t)fact(r, "pid"));
	uid = number_of(path, "Uid:");
	tree_add_u64(found, "uid", uid);
	cause_evidence(found, "it is user %ju, of all of whose processes what is locked is added up, in whatever container they are",
		       (uintmax_t)uid);
}

void tell_user_limit(struct json_object *found, struct json_object *r)
{
	uint64_t least = fact(r, "limit_bytes") +
			 over_limit(r, "user_locked_bytes");

	tell_limit_of(found, r, "user_locked_bytes");
	tell_user(found, r);
	cause_fix(found, "raise the limit of the process to %s at least (prlimit --memlock, LimitMEMLOCK= of its systemd unit, ulimits of its container), and by as much for each further container of that user; or run them as users of their own",
		  human_bytes(least).s);
}

/* ---- the cgroup ---- */

static uint64_t cgroup_room(struct json_object *r)
{
	uint64_t max, used = fact(r, "memcg_bytes");

	if (!tree_u64(r, "memcg_max_bytes", &max))
		return UINT64_MAX;
	return max > used ? max - used : 0;
}

bool is_killed(struct json_object *r)
{
	return fact(r, "oom_victim");
}

bool is_over_cgroup(struct json_object *r)
{
	return cgroup_room(r) < LEAST_ROOM;
}

static void tell_cgroup_numbers(struct json_object *found,
				struct json_object *r)
{
	uint64_t max;

	if (!tree_u64(r, "memcg_max_bytes", &max))
		return;
	cause_evidence(found, "of its cgroup and those above it the one with least room had %s of %s charged when the call had failed",
		       human_key(r, "memcg_bytes", "bytes").s,
		       human_bytes(max).s);
	tree_share(found, r, "memcg_max_bytes");
	tree_share(found, r, "memcg_bytes");
}

void tell_killed(struct json_object *found, struct json_object *r)
{
	cause_says(found, "the kernel ended the process for want of memory (OOM) while it was in the call");
	tell_cgroup_numbers(found, r);
	tell_step(found, r);
}

void tell_cgroup(struct json_object *found, struct json_object *r)
{
	uint64_t max = fact(r, "memcg_max_bytes");

	/* What is full of cached files has room nevertheless. */
	cause_says(found, "the cgroup of the process may have %s of memory, and was full%s",
		   human_bytes(max).s, is_killed(r) ?
		   "; the kernel ended the process for it (OOM)" :
		   ", which may be why");
	tell_cgroup_numbers(found, r);
	if (tree_get(r, "limit_bytes") && !is_over_limit(r))
		cause_evidence(found, "its limit of locked memory, %s, was not reached",
			       human_key(r, "limit_bytes", "bytes").s);
	cause_evidence(found, "what had been pinned of it was let go, but stays charged while the process has it");
}

/* ---- the machine's memory, and pages that cannot move ---- */

/* Does a frame belong to a zone of movable memory? */
static bool frame_is_movable(uint64_t frame)
{
	FILE *zones = system_open("/proc/zoneinfo");
	bool movable = false, found = false;
	uintmax_t spanned = 0, start;
	char *line = NULL, name[16];
	size_t size = 0;

	while (zones && !found && getline(&line, &size, zones) > 0) {
		if (sscanf(line, "Node %*u, zone %15s", name) == 1)
			movable = !strcmp(name, "Movable");
		else if (sscanf(line, " spanned %ju", &spanned) != 1 &&
			 sscanf(line, " start_pfn: %ju", &start) == 1)
			found = movable && frame >= start &&
				frame - start < spanned;
	}
	free(line);
	if (zones)
		fclose(zones);
	return found;
}

/* Where the pin stopped: a page that is not there tells nothing. */
static bool page_is_movable(struct json_object *r)
{
	int fd = system_fd("/proc/%ju/pagemap", (uintmax_t)fact(r, "pid"));
	uint64_t word;
	bool movable = false;

	if (fd < 0)
		return false;
	if (system_word_at(fd, fact(r, "memory_vaddr") / PAGE, &word) &&
	    word & PRESENT && word & FRAME_MASK)
		movable = frame_is_movable(word & FRAME_MASK);
	close(fd);
	return movable;
}

bool is_unmovable(struct json_object *r)
{
	return tree_is(r, "step", "pin") && tree_get(r, "memory_vaddr") &&
	       is_alive(r) && page_is_movable(r);
}

static void tell_migrations(struct json_object *found)
{
	uint64_t failed = number_of("/proc/vmstat", "pgmigrate_fail");

	if (failed)
		cause_evidence(found, "since boot %ju pages could not be moved, whoever's they were (pgmigrate_fail in /proc/vmstat)",
			       (uintmax_t)failed);
}

void tell_unmovable(struct json_object *found, struct json_object *r)
{
	tree_share(found, r, "memory_vaddr");
	cause_evidence(found, "a pin stopped at address 0x%jx, whose page is in the zone Movable still (/proc/%ju/pagemap, /proc/zoneinfo): what is pinned for long has to leave it first",
		       (uintmax_t)fact(r, "memory_vaddr"),
		       (uintmax_t)fact(r, "pid"));
	tell_migrations(found);
}

/* Is there memory on this machine that a pin moves pages out of? */
static bool has_movable(void)
{
	FILE *zones = system_open("/proc/zoneinfo");
	bool movable = false, found = false;
	char *line = NULL, name[16];
	uintmax_t pages;
	size_t size = 0;

	while (zones && !found && getline(&line, &size, zones) > 0) {
		if (sscanf(line, "Node %*u, zone %15s", name) == 1)
			movable = !strcmp(name, "Movable");
		else if (sscanf(line, " present %ju", &pages) == 1)
			found = movable && pages;
	}
	free(line);
	if (zones)
		fclose(zones);
	return found || number_of("/proc/meminfo", "CmaTotal:");
}

/*
 * A device that joins has all pinned that was mapped before, of a size that no
 * request names: whether that went over the limit is not known.
 */
static void tell_limit_of_joining(struct json_object *found,
				  struct json_object *r)
{
	bool user = charges_user(r);
	const char *locked = user ? "user_locked_bytes" : "locked_bytes";

	if (fact(r, "bytes") || !tree_get(r, "limit_bytes") ||
	    fact(r, "ipc_lock") || !(tree_is(r, "call", "device_attach") ||
				     tree_is(r, "step", "pin")))
		return;
	cause_evidence(found, "what was mapped before is pinned for the device that joins: if it is more than the rest of the limit of locked memory, that is why; the process may lock %s, and %s had %s locked (RLIMIT_MEMLOCK)",
		       human_key(r, "limit_bytes", "bytes").s,
		       user ? "its user" : "it",
		       human_key(r, locked, "bytes").s);
	tree_share(found, r, "limit_bytes");
}

void tell_no_memory(struct json_object *found, struct json_object *r)
{
	uint64_t free_kb = number_of("/proc/meminfo", "MemAvailable:");

	tell_step(found, r);
	tell_cgroup_numbers(found, r);
	tell_limit_of_joining(found, r);
	if (free_kb)
		cause_evidence(found, "now %s of the machine's memory are available",
			       human_bytes(free_kb << 10).s);
	if (!tree_is(r, "step", "pin") || !has_movable())
		return;
	if (is_alive(r))
		cause_evidence(found, "whether pages could not be moved out of movable or CMA memory is not known: those that were to be pinned are not in the zone Movable now, and which are in CMA nothing tells");
	else
		cause_evidence(found, "whether pages could not be moved out of movable or CMA memory is not known: the process is %s",
			       absence());
	tell_migrations(found);
}

/* ---- huge pages ---- */

/* What is promised to others is not there for who did not ask before. */
bool is_empty_pool(struct json_object *r)
{
	return tree_is(r, "memory", "hugetlb") &&
	       fact(r, "pool_free_bytes") < fact(r, "pool_page_bytes") +
					    fact(r, "pool_reserved_bytes");
}

static void tell_pool_numbers(struct json_object *found, struct json_object *r)
{
	cause_evidence(found, "the pool has %s in all, %s free, %s promised to others; node %ju, where the call ran, %s free",
		       human_key(r, "pool_bytes", "bytes").s,
		       human_key(r, "pool_free_bytes", "bytes").s,
		       human_key(r, "pool_reserved_bytes", "bytes").s,
		       (uintmax_t)fact(r, "node"),
		       human_key(r, "node_free_bytes", "bytes").s);
	cause_evidence(found, "the call was undone: nothing of it is mapped or pinned");
	tree_share(found, r, "pool_page_bytes");
}

/* The call is undone: nothing of it is mapped or pinned, but pages are taken. */
void tell_pool(struct json_object *found, struct json_object *r)
{
	uint64_t got = fact(r, "faulted_bytes"), bytes = fact(r, "bytes");
	uint64_t missing = bytes > got ? bytes - got : 0;
	bool first = got == fact(r, "hugetlb_bytes");

	cause_says(found, "the pool of %s pages was empty after %s of %s: %s%s short",
		   human_key(r, "pool_page_bytes", "bytes").s,
		   human_bytes(got).s, human_bytes(bytes).s,
		   first ? "" : "at most ", human_bytes(missing).s);
	tell_pool_numbers(found, r);
	tree_add_u64(found, "missing_bytes", missing);
	cause_fix(found, "%ju more pages: echo N > /sys/kernel/mm/hugepages/hugepages-%jukB/nr_hugepages (each node has its own in /sys/devices/system/node); and let the program reserve what it maps (without MAP_NORESERVE), so that it fails at once",
		  (uintmax_t)(missing / (fact(r, "pool_page_bytes") ?: 1)),
		  (uintmax_t)fact(r, "pool_page_bytes") / 1024);
}

void tell_denied_pool(struct json_object *found, struct json_object *r)
{
	tell_pool_numbers(found, r);
	cause_evidence(found, "which of them it was is not known: mbind(2) and hugetlb limits of a cgroup are not kept");
}
