// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why one call was refused. The module remembers the call, its errno, which
 * step of it failed, and what only that moment knew. Which of the reasons for
 * that errno it was is told here: by a table of rules, of which the first that
 * fits wins. A rule that fits tells its evidence: numbers that the reader can
 * look up himself.
 *
 * Where no rule fits the answer is "not-known", and what was looked at.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clean.h"
#include "base/compiler.h"
#include "base/errname.h"
#include "base/human.h"
#include "base/paper.h"
#include "base/tree.h"
#include "cause.h"
#include "holder.h"
#include "read/names.h"
#include "refused.h"
#include "reserved.h"

#define PAGE		4096
#define FLAG_WRITE	2

/* A call of these, or of the others. */
#define MAPS	"map_dma ioas_map ioas_map_file ioas_copy"
#define UNMAPS	"unmap_dma ioas_unmap"
#define ATTACHES "set_iommu set_container get_device device_bind device_attach"
#define ANY	NULL

/* Any errno, or step. */
#define ANY_ERRNO (-1)

static uint64_t fact(struct json_object *r, const char *key)
{
	return tree_u64_or_0(r, key);
}

static uint64_t last_of(struct json_object *r)
{
	return fact(r, "iova") + fact(r, "bytes") - 1;
}

static unsigned int bits_of(uint64_t address)
{
	return address ? 64 - __builtin_clzll(address) : 0;
}

/* ---- does a rule fit? ---- */

static bool is_overcome(struct json_object *r)
{
	return fact(r, "overcome_ns");
}

/* QEMU unmaps the end of all addresses so, for kernels that refuse it whole. */
static bool ends_at_top(struct json_object *r)
{
	return fact(r, "bytes") && !(last_of(r) + 1);
}

static bool is_senseless(struct json_object *r)
{
	uint64_t both = fact(r, "iova") | fact(r, "bytes");

	if (tree_is(r, "call", "map_dma"))
		both |= fact(r, "vaddr");
	return both % PAGE || !fact(r, "bytes") || last_of(r) < fact(r, "iova");
}

static bool is_too_wide(struct json_object *r)
{
	uint64_t last;

	return tree_u64(r, "aperture_last", &last) && last_of(r) > last;
}

static bool is_reserved(struct json_object *r)
{
	struct reserved range;

	return reserved_hit(tree_word(r, "device"), fact(r, "iova"), last_of(r),
			    &range);
}

static bool has_overlap(struct json_object *r)
{
	return fact(r, "overlap_bytes");
}

/* By how much it is over its limit; rolled back, so with what it asked for. */
static uint64_t over_limit(struct json_object *r, const char *locked)
{
	uint64_t limit, wanted = fact(r, locked) + fact(r, "bytes");

	if (!tree_u64(r, "limit_bytes", &limit) || fact(r, "ipc_lock"))
		return 0;
	return wanted > limit ? wanted - limit : 0;
}

static bool is_iommufd(struct json_object *r)
{
	return tree_is(r, "backend", "iommufd");
}

static bool is_over_limit(struct json_object *r)
{
	return !is_iommufd(r) && over_limit(r, "locked_bytes");
}

static bool is_over_user_limit(struct json_object *r)
{
	return is_iommufd(r) && over_limit(r, "user_locked_bytes");
}

#define IS_MEMORY(name, word)						\
static bool is_##name(struct json_object *r)				\
{									\
	return tree_is(r, "memory", word);				\
}

IS_MEMORY(hole, "hole")
IS_MEMORY(no_access, "no_access")
IS_MEMORY(read_only, "read_only")
IS_MEMORY(past_end, "past_end")
IS_MEMORY(secret, "secretmem")
IS_MEMORY(fsdax, "fsdax")
IS_MEMORY(bar, "pfnmap")

static bool is_bar_of_iommufd(struct json_object *r)
{
	return is_bar(r) && is_iommufd(r);
}

static bool is_empty_pool(struct json_object *r)
{
	return tree_is(r, "memory", "hugetlb") &&
	       fact(r, "pool_free_bytes") < fact(r, "pool_page_bytes");
}

/* ---- evidence ---- */

/* A refused BAR is peer-to-peer that is lost, and nothing else. */
static void tell_loss(struct json_object *found, struct json_object *r)
{
	if (is_bar(r))
		cause_evidence(found, "it is a BAR: what is lost is peer-to-peer to it, from other devices; the guest's memory is not concerned");
}

static void tell_arguments(struct json_object *found, struct json_object *r)
{
	uint64_t iova = fact(r, "iova"), bytes = fact(r, "bytes");

	if (!bytes)
		cause_says(found, "the range is empty");
	else if (last_of(r) < iova)
		cause_says(found, "the range does not end before 2^64");
	else
		cause_says(found, "IOVA, size and address must be multiples of 4 KiB");
	cause_evidence(found, "IOVA 0x%jx, %ju bytes, address 0x%jx",
		       (uintmax_t)iova, (uintmax_t)bytes,
		       (uintmax_t)fact(r, "vaddr"));
}

static void tell_width(struct json_object *found, struct json_object *r)
{
	uint64_t last = fact(r, "aperture_last");

	cause_says(found, "the IOVA needs %u address bits, the IOMMU has %u",
		   bits_of(last_of(r)), bits_of(last));
	cause_evidence(found, "it ends at 0x%jx; the domain of %s ends at 0x%jx",
		       (uintmax_t)last_of(r), tree_word(r, "device"),
		       (uintmax_t)last);
	tree_add_u64(found, "needs_bits", bits_of(last_of(r)));
	tree_add_u64(found, "has_bits", bits_of(last));
	tell_loss(found, r);
}

static void tell_reserved(struct json_object *found, struct json_object *r)
{
	const char *device = tree_word(r, "device");
	struct reserved range;
	uint64_t free;

	reserved_hit(device, fact(r, "iova"), last_of(r), &range);
	cause_says(found, "the range overlaps 0x%jx-0x%jx, which is reserved (%s)",
		   (uintmax_t)range.first, (uintmax_t)range.last, range.type);
	cause_evidence(found, "/sys/bus/pci/devices/%s/iommu_group/reserved_regions has it",
		       device);
	tree_add_u64(found, "reserved_first", range.first);
	tree_add_u64(found, "reserved_last", range.last);
	if (!reserved_nearest(device, fact(r, "iova"), fact(r, "bytes"),
			      fact(r, "aperture_last"), &free))
		return;
	tree_add_u64(found, "nearest_iova", free);
	cause_fix(found, "the nearest place that is not reserved begins at IOVA 0x%jx; a program finds such by VFIO's capability IOVA_RANGE, or IOMMU_IOAS_IOVA_RANGES",
		  (uintmax_t)free);
}

static void tell_overlap(struct json_object *found, struct json_object *r)
{
	uint64_t start = fact(r, "overlap_iova");
	uint64_t bytes = fact(r, "overlap_bytes");

	cause_evidence(found, "domain %ju had 0x%jx-0x%jx mapped then (%s)",
		       (uintmax_t)fact(r, "domain"), (uintmax_t)start,
		       (uintmax_t)(start + bytes - 1), human_bytes(bytes).s);
}

static void tell_short(struct json_object *found, struct json_object *r)
{
	cause_says(found, "an unmap of %s removed %s, and reported success",
		   human_key(r, "bytes", "bytes").s,
		   human_key(r, "done_bytes", "bytes").s);
	tell_overlap(found, r);
	cause_evidence(found, "a device still reaches what was to be unmapped");
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

static void tell_limit(struct json_object *found, struct json_object *r)
{
	uint64_t limit = fact(r, "limit_bytes");

	cause_says(found, "the process may lock %s, and needs %s more",
		   human_bytes(limit).s,
		   human_bytes(over_limit(r, "locked_bytes")).s);
	tell_limit_of(found, r, "locked_bytes");
	cause_fix(found, "raise its limit to %s at least (prlimit --memlock, LimitMEMLOCK= of its systemd unit, ulimits of its container); memory that is mapped in N VFIO containers is charged N times",
		  human_bytes(limit + over_limit(r, "locked_bytes")).s);
}

static void tell_user_limit(struct json_object *found, struct json_object *r)
{
	tell_limit_of(found, r, "user_locked_bytes");
}

static void tell_memory(struct json_object *found, struct json_object *r)
{
	uint64_t at = fact(r, "memory_vaddr");

	cause_evidence(found, "at address 0x%jx, %s long, which is %s into the range",
		       (uintmax_t)at, human_key(r, "memory_bytes", "bytes").s,
		       human_bytes(at - fact(r, "vaddr")).s);
	tree_share(found, r, "memory_vaddr");
	tree_share(found, r, "memory_bytes");
}

static void tell_bar(struct json_object *found, struct json_object *r)
{
	tell_memory(found, r);
	tell_loss(found, r);
}

/* The call is undone: nothing of it is mapped or pinned, but pages are taken. */
static void tell_pool(struct json_object *found, struct json_object *r)
{
	uint64_t got = fact(r, "faulted_bytes"), bytes = fact(r, "bytes");
	uint64_t missing = bytes > got ? bytes - got : 0;
	bool first = got == fact(r, "hugetlb_bytes");

	cause_says(found, "the pool of %s pages was empty after %s of %s: %s%s short",
		   human_key(r, "pool_page_bytes", "bytes").s,
		   human_bytes(got).s, human_bytes(bytes).s,
		   first ? "" : "at most ", human_bytes(missing).s);
	cause_evidence(found, "the pool has %s in all, %s free, %s promised to others; node %ju, where the call ran, %s free",
		       human_key(r, "pool_bytes", "bytes").s,
		       human_key(r, "pool_free_bytes", "bytes").s,
		       human_key(r, "pool_reserved_bytes", "bytes").s,
		       (uintmax_t)fact(r, "node"),
		       human_key(r, "node_free_bytes", "bytes").s);
	cause_evidence(found, "the call was undone: nothing of it is mapped or pinned");
	tree_add_u64(found, "missing_bytes", missing);
	tree_share(found, r, "pool_page_bytes");
	cause_fix(found, "%ju more pages: echo N > /sys/kernel/mm/hugepages/hugepages-%jukB/nr_hugepages (each node has its own in /sys/devices/system/node); and let the program reserve what it maps (without MAP_NORESERVE), so that it fails at once",
		  (uintmax_t)(missing / (fact(r, "pool_page_bytes") ?: 1)),
		  (uintmax_t)fact(r, "pool_page_bytes") / 1024);
}

static void tell_holder(struct json_object *found, struct json_object *r)
{
	const char *target = tree_word(r, "target");
	struct holder holder;

	if (!holder_find(target, &holder)) {
		cause_evidence(found, "nobody has /dev/vfio/%s open any more (or not where this can be seen from here)",
			       target);
		return;
	}
	cause_evidence(found, "%s (%ju) has /dev/vfio/%s open now", holder.comm,
		       (uintmax_t)holder.pid, target);
	tree_add_u64(found, "holder_pid", holder.pid);
}

static void tell_members(struct json_object *found, struct json_object *r)
{
	const char *group = tree_word(r, "target");
	struct json_object *members = holder_members(group);

	tree_foreach(members, device, driver)
		cause_evidence(found, "group %s has %s, which is now bound to %s",
			       group, device, json_object_get_string(driver));
	tree_add(found, "members", members);
}

static void tell_step(struct json_object *found, struct json_object *r)
{
	cause_evidence(found, "%s answered %s in its step %s",
		       tree_word(r, "call"),
		       errname(fact(r, "errno")) ?: "no",
		       tree_word(r, "step"));
	if (tree_get(r, "memory"))
		cause_evidence(found, "memory there: %s",
			       tree_word(r, "memory"));
}

/* ---- the rules ---- */

static const struct rule {
	const char *calls;
	const char *step;
	int err;
	bool (*fits)(struct json_object *r);
	enum cause cause;
	void (*tell)(struct json_object *found, struct json_object *r);
} rules[] = {
	{ ANY, ANY, ANY_ERRNO, is_overcome, CAUSE_OVERCOME, NULL },
	{ ANY, ANY, EINTR, NULL, CAUSE_HARMLESS, NULL },
	{ "ioas_unmap", ANY, ENOENT, has_overlap, CAUSE_UNMAP_BISECTS,
	  tell_overlap },
	{ "ioas_unmap", ANY, ENOENT, NULL, CAUSE_HARMLESS, NULL },
	{ "ioas_map_file", ANY, ENOTTY, NULL, CAUSE_HARMLESS, NULL },
	{ UNMAPS, ANY, EINVAL, ends_at_top, CAUSE_HARMLESS, NULL },
	{ UNMAPS, ANY, 0, NULL, CAUSE_UNMAP_SHORT, tell_short },
	{ "map_dma", "check", ANY_ERRNO, is_senseless, CAUSE_BAD_ARGUMENT,
	  tell_arguments },
	{ UNMAPS, "check", ANY_ERRNO, is_senseless, CAUSE_BAD_ARGUMENT,
	  tell_arguments },
	{ UNMAPS, "check", EINVAL, has_overlap, CAUSE_UNMAP_BISECTS,
	  tell_overlap },
	{ MAPS, "check", ANY_ERRNO, has_overlap, CAUSE_IOVA_TAKEN,
	  tell_overlap },
	{ MAPS, "check", EEXIST, NULL, CAUSE_IOVA_TAKEN, NULL },
	{ MAPS, "check", EADDRINUSE, NULL, CAUSE_IOVA_TAKEN, NULL },
	{ "map_dma", "check", ENOSPC, NULL, CAUSE_ENTRY_LIMIT, tell_step },
	{ MAPS, "check", ANY_ERRNO, is_too_wide, CAUSE_IOVA_TOO_WIDE,
	  tell_width },
	{ MAPS, "check", EINVAL, is_reserved, CAUSE_IOVA_RESERVED,
	  tell_reserved },
	{ MAPS, ANY, ENOMEM, is_over_limit, CAUSE_MEMLOCK, tell_limit },
	{ MAPS, ANY, ENOMEM, is_over_user_limit, CAUSE_MEMLOCK_USER,
	  tell_user_limit },
	{ MAPS, "pin", ANY_ERRNO, is_hole, CAUSE_MEMORY_HOLE, tell_memory },
	{ MAPS, "pin", ANY_ERRNO, is_no_access, CAUSE_MEMORY_NO_ACCESS,
	  tell_memory },
	{ MAPS, "pin", ANY_ERRNO, is_read_only, CAUSE_MEMORY_READ_ONLY,
	  tell_memory },
	{ MAPS, "pin", ANY_ERRNO, is_past_end, CAUSE_MEMORY_PAST_END,
	  tell_memory },
	{ MAPS, "pin", ANY_ERRNO, is_secret, CAUSE_MEMORY_SECRET,
	  tell_memory },
	{ MAPS, "pin", ANY_ERRNO, is_fsdax, CAUSE_MEMORY_FSDAX, tell_memory },
	{ MAPS, "pin", ANY_ERRNO, is_bar_of_iommufd, CAUSE_BAR_NOT_MEMORY,
	  tell_bar },
	{ MAPS, "pin", EFAULT, is_bar, CAUSE_BAR_OFF, tell_bar },
	{ MAPS, "pin", ANY_ERRNO, is_empty_pool, CAUSE_POOL_EMPTY, tell_pool },
	{ MAPS, "map", ANY_ERRNO, NULL, CAUSE_MAP_REFUSED, tell_step },
	{ ANY, ANY, ENOMEM, NULL, CAUSE_NO_MEMORY, tell_step },
	{ "map_dma", "check", EINVAL, NULL, CAUSE_NOT_KNOWN, tell_step },
	{ "group_status", ANY, 0, NULL, CAUSE_GROUP_NOT_VIABLE, tell_members },
	{ "set_container", "check", EPERM, NULL, CAUSE_GROUP_NOT_VIABLE,
	  tell_members },
	{ "group_open device_open", ANY, EBUSY, NULL, CAUSE_GROUP_BUSY,
	  tell_holder },
	{ "get_device device_bind", "check", EBUSY, NULL, CAUSE_DEVICE_BUSY,
	  tell_step },
	{ ATTACHES, "group", EPERM, NULL, CAUSE_NO_INTERRUPT_REMAPPING,
	  tell_step },
	{ ATTACHES, "attach", ANY_ERRNO, NULL, CAUSE_ATTACH_REFUSED,
	  tell_step },
	{ "get_device", "check", ENODEV, NULL, CAUSE_NOT_IN_GROUP, tell_step },
	{ "set_iommu get_device set_container", "check", EINVAL, NULL,
	  CAUSE_NO_CONTAINER, tell_step },
	{ "set_container", "check", EBADFD, NULL, CAUSE_NO_CONTAINER,
	  tell_step },
};

/* Is the word one of a list that is separated by blanks? */
static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);
	const char *at = list;

	while ((at = strstr(at, word))) {
		bool begins = at == list || at[-1] == ' ';

		if (begins && (at[len] == ' ' || !at[len]))
			return true;
		at += len;
	}
	return false;
}

static bool rule_fits(const struct rule *rule, struct json_object *r)
{
	if (rule->calls && !has_word(rule->calls, tree_word(r, "call")))
		return false;
	if (rule->step && !tree_is(r, "step", rule->step))
		return false;
	if (rule->err != ANY_ERRNO && fact(r, "errno") != (uint64_t)rule->err)
		return false;
	return !rule->fits || rule->fits(r);
}

/* A container that has no backend refuses everything. */
static bool has_no_backend(struct json_object *r)
{
	return tree_is(r, "call", "map_dma") && tree_is(r, "backend", "none");
}

static struct json_object *judge(struct json_object *r)
{
	struct json_object *found;

	if (has_no_backend(r) && !is_overcome(r))
		return cause_new(CAUSE_NO_CONTAINER);
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (!rule_fits(&rules[i], r))
			continue;
		found = cause_new(rules[i].cause);
		if (rules[i].tell)
			rules[i].tell(found, r);
		return found;
	}
	found = cause_new(CAUSE_NOT_KNOWN);
	tell_step(found, r);
	return found;
}

struct json_object *refused_judge(const char *id, struct json_object *refusal)
{
	static const char *const keys[] = {
		"pid", "comm", "start_ns", "first_ns", "last_ns", "wall_ns",
		"overcome_ns", "repeats", "call", "backend", "step", "errno",
		"target", "domain", "device", "iova", "vaddr", "bytes",
		"done_bytes",
	};
	struct json_object *found = judge(refusal);

	tree_add_word(found, "refusal", id);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		tree_share(found, refusal, keys[i]);
	names_share(found, refusal);
	return found;
}

bool refused_matters(struct json_object *cause)
{
	return !tree_is(cause, "cause", "overcome") &&
	       !tree_is(cause, "cause", "harmless");
}

char *refused_call(struct json_object *cause)
{
	uint64_t err = fact(cause, "errno");
	struct paper paper;
	char *call;

	paper_open(&paper);
	fputs(tree_word(cause, "call"), paper.out);
	if (fact(cause, "bytes"))
		fprintf(paper.out, " of %s at IOVA 0x%jx",
			human_key(cause, "bytes", "bytes").s,
			(uintmax_t)fact(cause, "iova"));
	else if (tree_get(cause, "target"))
		fprintf(paper.out, " of %s", tree_word(cause, "target"));
	fprintf(paper.out, " by %s: %s", names_owner(cause).s,
		err ? errname(err) ?: "errno" : "no");
	if (fact(cause, "repeats") > 1)
		fprintf(paper.out, ", %s times", tree_word(cause, "repeats"));
	call = paper_close(&paper);
	/* A process may call itself what it likes. */
	clean_word(call);
	return call;
}
