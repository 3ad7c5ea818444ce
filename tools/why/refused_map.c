// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why a map or an unmap was refused: the rules for requests to a backend, in
 * their order, with what makes each fit and the evidence that it tells.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/human.h"
#include "base/system.h"
#include "reserved.h"
#include "rule.h"

#define PAGE		4096

/* Flags of VFIO_IOMMU_MAP_DMA, IOMMU_IOAS_MAP and IOMMU_IOAS_COPY. */
#define VFIO_ACCESS	3
#define VFIO_MAP_KNOWN	7
#define VFIO_VADDR	4
#define VFIO_UNMAP_DIRTY 1
#define VFIO_UNMAP_ALL	2
#define IOAS_FIXED	1
#define IOAS_WRITE	2
#define IOAS_ACCESS	6

static unsigned int bits_of(uint64_t address)
{
	return address ? 64 - __builtin_clzll(address) : 0;
}

/* ---- does a rule fit? ---- */

/* QEMU unmaps the end of all addresses so, for kernels that refuse it whole. */
static bool ends_at_top(struct json_object *r)
{
	return fact(r, "bytes") && !(last_of(r) + 1);
}

/* Where iommufd chooses the IOVA, nobody asked for one. */
static bool has_iova(struct json_object *r)
{
	return tree_is(r, "call", "map_dma") ||
	       tree_is(r, "call", "unmap_dma") ||
	       tree_is(r, "call", "ioas_unmap") ||
	       fact(r, "flags") & IOAS_FIXED;
}

static bool is_askew(struct json_object *r)
{
	uint64_t all = fact(r, "bytes") | fact(r, "vaddr");

	return (has_iova(r) ? all | fact(r, "iova") : all) % PAGE;
}

/* An unmap of everything has no range. */
static bool is_of_all(struct json_object *r)
{
	return tree_is(r, "call", "unmap_dma") &&
	       fact(r, "flags") & VFIO_UNMAP_ALL;
}

static bool has_range_of_all(struct json_object *r)
{
	return is_of_all(r) && (fact(r, "iova") || fact(r, "bytes"));
}

/* Without the dirty bitmap, which no kernel gives of everything. */
static bool is_plainly_of_all(struct json_object *r)
{
	return is_of_all(r) && !has_range_of_all(r) &&
	       !(fact(r, "flags") & VFIO_UNMAP_DIRTY);
}

static bool wraps(struct json_object *r)
{
	return has_iova(r) && !is_of_all(r) && last_of(r) < fact(r, "iova");
}

/* A map lets devices read or write, or says where memory is now. */
static bool lacks_access(struct json_object *r)
{
	if (tree_is(r, "call", "map_dma"))
		return !(fact(r, "flags") & VFIO_MAP_KNOWN);
	return tree_is(r, "call", "ioas_map") &&
	       !(fact(r, "flags") & IOAS_ACCESS);
}

static bool is_empty(struct json_object *r)
{
	return !fact(r, "bytes") && !is_of_all(r);
}

static bool is_senseless(struct json_object *r)
{
	return is_askew(r) || is_empty(r) || wraps(r) || lacks_access(r) ||
	       has_range_of_all(r);
}

/* What a kernel or a backend does not serve, it refuses by the flag. */
static bool has_unknown_flag(struct json_object *r)
{
	bool hugepath = tree_is(r, "backend", "hugepath");
	uint64_t flags = fact(r, "flags");

	if (tree_is(r, "call", "map_dma"))
		return flags & ~(hugepath ? VFIO_ACCESS : VFIO_MAP_KNOWN);
	return hugepath && flags & VFIO_VADDR;
}

static bool is_copy_for_writing(struct json_object *r)
{
	return tree_is(r, "call", "ioas_copy") &&
	       fact(r, "flags") & IOAS_WRITE;
}

static bool is_too_wide(struct json_object *r)
{
	uint64_t last;

	return has_iova(r) && tree_u64(r, "aperture_last", &last) &&
	       last_of(r) > last;
}

/*
 * What is reserved for one device of a domain nobody has there, and a device
 * that comes later takes IOVAs away from those before it. Which one it was, and
 * the range.
 */
static const char *find_reserved(struct json_object *r, struct reserved *range)
{
	struct json_object *devices = tree_get(r, "devices");
	const char *device = tree_word(r, "device");

	if (reserved_hit(device, fact(r, "iova"), last_of(r), range))
		return device;
	for (size_t i = 0; i < tree_length(devices); i++) {
		device = json_object_get_string(tree_at(devices, i));
		if (reserved_hit(device, fact(r, "iova"), last_of(r), range))
			return device;
	}
	return NULL;
}

static bool is_reserved(struct json_object *r)
{
	struct reserved range;

	return has_iova(r) && find_reserved(r, &range);
}

static bool has_overlap(struct json_object *r)
{
	return fact(r, "overlap_bytes");
}

/* Who gives an address back has to name what is mapped there. */
static bool is_taken(struct json_object *r)
{
	return has_overlap(r) && has_iova(r) &&
	       !(tree_is(r, "call", "map_dma") &&
		 fact(r, "flags") & VFIO_VADDR);
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
IS_MEMORY(hugetlb, "hugetlb")

static bool is_bar_of_iommufd(struct json_object *r)
{
	return is_bar(r) && is_iommufd(r);
}

/* A container has a backend as soon as a group is in it, but for noiommu. */
static bool is_without_backend(struct json_object *r)
{
	return tree_is(r, "backend", "none");
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

	if (has_range_of_all(r))
		cause_says(found, "an unmap of everything takes neither an IOVA nor a size");
	else if (!bytes)
		cause_says(found, "the range is empty");
	else if (wraps(r))
		cause_says(found, "the range does not end before 2^64");
	else if (is_askew(r))
		cause_says(found, "IOVA, size and address must be multiples of 4 KiB");
	else
		cause_says(found, "a map has to let devices read or write, and its flags say neither");
	cause_evidence(found, "IOVA 0x%jx, %ju bytes, address 0x%jx, flags 0x%jx",
		       (uintmax_t)iova, (uintmax_t)bytes,
		       (uintmax_t)fact(r, "vaddr"),
		       (uintmax_t)fact(r, "flags"));
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
	struct reserved range;
	const char *device = find_reserved(r, &range);
	uint64_t free;

	cause_says(found, "the range overlaps 0x%jx-0x%jx, which is reserved (%s)",
		   (uintmax_t)range.first, (uintmax_t)range.last, range.type);
	cause_evidence(found, "/sys/bus/pci/devices/%s/iommu_group/reserved_regions has it",
		       device);
	if (strcmp(device, tree_word(r, "device")))
		cause_evidence(found, "%s is another device of the domain: what each of them reserves is taken from all of them, also by one that joins later",
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

/* Whose parameter it is: hugepath has one of its own. */
static void tell_entries(struct json_object *found, struct json_object *r)
{
	const char *module = tree_is(r, "backend", "hugepath") ?
			     HUGEPATH_MODULE : "vfio_iommu_type1";
	char *limit = system_line("/sys/module/%s/parameters/dma_entry_limit",
				  module);

	tell_step(found, r);
	if (limit)
		cause_evidence(found, "dma_entry_limit of %s is %s now", module,
			       limit);
	cause_fix(found, "map fewer and larger regions, or raise it: echo N > /sys/module/%s/parameters/dma_entry_limit, before the client starts",
		  module);
	free(limit);
}

static void tell_kernel(struct json_object *found, struct json_object *r)
{
	char *release = system_line("/proc/sys/kernel/osrelease");

	tell_step(found, r);
	cause_evidence(found, "flags 0x%jx, backend %s, kernel %s",
		       (uintmax_t)fact(r, "flags"), tree_word(r, "backend"),
		       release ?: "not known");
	free(release);
}

static void tell_no_source(struct json_object *found, struct json_object *r)
{
	cause_says(found, "the range that was to be copied is not mapped as a whole, or there is no such IOAS");
	tell_step(found, r);
}

static void tell_no_ioas(struct json_object *found, struct json_object *r)
{
	cause_says(found, "iommufd has no IOAS of the number that was named");
	tell_step(found, r);
}

static void tell_copy(struct json_object *found, struct json_object *r)
{
	cause_says(found, "memory that was mapped for reading was to be copied for writing");
	cause_fix(found, "copy it for reading only, or map it for writing in the first place");
	tell_step(found, r);
}

static void tell_noiommu(struct json_object *found, struct json_object *r)
{
	cause_evidence(found, "the container answered ENOTTY: it has a backend, and that maps nothing");
	tell_step(found, r);
}

static void tell_space(struct json_object *found, struct json_object *r)
{
	cause_evidence(found, "%s were asked for, at an IOVA of iommufd's choice",
		       human_key(r, "bytes", "bytes").s);
	if (fact(r, "aperture_last"))
		cause_evidence(found, "the domain of %s ends at 0x%jx",
			       tree_word(r, "device"),
			       (uintmax_t)fact(r, "aperture_last"));
}

/* ---- the rules ---- */

const struct rule refused_map_rules[] = {
	{ "map_dma", ANY, ENOTTY, is_without_backend, CAUSE_NOIOMMU,
	  tell_noiommu },
	{ "map_dma", ANY, ANY_ERRNO, is_without_backend, CAUSE_NO_CONTAINER,
	  NULL },
	{ "ioas_unmap", ANY, ENOENT, has_overlap, CAUSE_UNMAP_BISECTS,
	  tell_overlap },
	{ "ioas_unmap", ANY, ENOENT, NULL, CAUSE_HARMLESS, NULL },
	{ "ioas_map_file", ANY, ENOTTY, NULL, CAUSE_HARMLESS, NULL },
	{ UNMAPS, ANY, EINVAL, ends_at_top, CAUSE_HARMLESS, NULL },
	{ UNMAPS, ANY, 0, NULL, CAUSE_UNMAP_SHORT, tell_short },
	{ MAPS " " UNMAPS, "check", EINVAL, has_unknown_flag,
	  CAUSE_NOT_IN_KERNEL, tell_kernel },
	{ "unmap_dma", "check", EINVAL, is_plainly_of_all, CAUSE_NOT_IN_KERNEL,
	  tell_kernel },
	{ MAPS, "check", ANY_ERRNO, is_senseless, CAUSE_BAD_ARGUMENT,
	  tell_arguments },
	{ UNMAPS, "check", ANY_ERRNO, is_senseless, CAUSE_BAD_ARGUMENT,
	  tell_arguments },
	{ UNMAPS, "check", EINVAL, has_overlap, CAUSE_UNMAP_BISECTS,
	  tell_overlap },
	{ MAPS, "check", ANY_ERRNO, is_taken, CAUSE_IOVA_TAKEN,
	  tell_overlap },
	{ MAPS, "check", EEXIST, NULL, CAUSE_IOVA_TAKEN, NULL },
	{ MAPS, "check", EADDRINUSE, NULL, CAUSE_IOVA_TAKEN, NULL },
	{ "map_dma", "check", ENOSPC, NULL, CAUSE_ENTRY_LIMIT, tell_entries },
	{ "ioas_map ioas_map_file ioas_copy", "check", ENOSPC, NULL,
	  CAUSE_IOVA_SPACE, tell_space },
	{ MAPS, "check", ANY_ERRNO, is_too_wide, CAUSE_IOVA_TOO_WIDE,
	  tell_width },
	{ MAPS, "check", EINVAL, is_reserved, CAUSE_IOVA_RESERVED,
	  tell_reserved },
	{ "ioas_copy", "check", ENOENT, NULL, CAUSE_BAD_ARGUMENT,
	  tell_no_source },
	{ "ioas_copy", ANY, EPERM, is_copy_for_writing, CAUSE_MEMORY_READ_ONLY,
	  tell_copy },
	{ "ioas_map ioas_map_file", "check", ENOENT, NULL, CAUSE_BAD_ARGUMENT,
	  tell_no_ioas },
	{ "ioas_map ioas_map_file ioas_copy ioas_unmap", ANY, ENOTTY, NULL,
	  CAUSE_NOT_IN_KERNEL, tell_kernel },
	{ "ioas_map_file", ANY, EOPNOTSUPP, NULL, CAUSE_FILE_NOT_MEMORY,
	  tell_kernel },
	{ "ioas_map_file", "pin", EINVAL, NULL, CAUSE_FILE_NOT_MEMORY,
	  tell_kernel },
	{ "ioas_map_file", "check", EBADF, NULL, CAUSE_FILE_NOT_MEMORY,
	  tell_kernel },
	{ "ioas_map_file", "check", ENXIO, NULL, CAUSE_FILE_NOT_MEMORY,
	  tell_kernel },
	{ MAPS " " UNMAPS, "check", EOPNOTSUPP, NULL, CAUSE_NOT_IN_KERNEL,
	  tell_kernel },
	{ MAPS " " UNMAPS, "check", E2BIG, NULL, CAUSE_NOT_IN_KERNEL,
	  tell_kernel },
	{ MAPS, ANY, ENOMEM, is_over_limit, CAUSE_MEMLOCK, tell_limit },
	{ MAPS, ANY, ENOMEM, is_over_user_limit, CAUSE_MEMLOCK_USER,
	  tell_user_limit },
	{ MAPS, "pin", ENOMEM, is_unmovable, CAUSE_CANNOT_MOVE,
	  tell_unmovable },
	{ MAPS, "pin", ENOMEM, is_over_cgroup, CAUSE_CGROUP_LIMIT,
	  tell_cgroup },
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
	{ MAPS, "pin", EFAULT, is_hugetlb, CAUSE_POOL_DENIED,
	  tell_denied_pool },
	{ MAPS, "map", ANY_ERRNO, NULL, CAUSE_MAP_REFUSED, tell_step },
	{ MAPS " device_attach", ANY, ENOMEM, is_over_cgroup,
	  CAUSE_CGROUP_LIMIT, tell_cgroup },
	{ ANY, ANY, ENOMEM, NULL, CAUSE_NO_MEMORY, tell_no_memory },
	{ "map_dma", "check", EINVAL, NULL, CAUSE_NOT_KNOWN, tell_step },
};

const size_t refused_nr_map_rules = ARRAY_SIZE(refused_map_rules);
