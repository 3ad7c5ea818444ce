// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why a group, a container or a device was refused, before anything is mapped:
 * by VFIO, by a backend, or by the IOMMU driver. What these look at is not in
 * the call: the group's other devices and their drivers, what the firmware wants
 * of it, which unit serves it. That is read here, from /sys, and is of now.
 *
 * The kernel's answers are few: EINVAL is a device that the firmware uses, units
 * that differ, or an order that is wrong. Where /sys has a reason it is the
 * first of these; which one a kernel gives, and where, is in the rules.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/human.h"
#include "base/system.h"
#include "group.h"
#include "holder.h"
#include "host_device.h"
#include "host_units.h"
#include "reserved.h"
#include "rule.h"

/* VT-d specification, Extended Capability Register. */
#define ECAP_COHERENT	(1ull << 0)
#define ECAP_SNOOP	(1ull << 7)

/* ---- whom it is about ---- */

/* The device that a call names, to be freed; NULL: it names a group, or none. */
static char *device_of(struct json_object *r)
{
	const char *target = tree_word(r, "target");

	if (strchr(target, ':'))
		return alloc_copy(target);
	return tree_get(r, "target") ? group_device(target) : NULL;
}

/* Its group: the module's, or that of the file or the device; or NULL. */
static char *find_group(struct json_object *r)
{
	const char *target = tree_word(r, "target");
	char *device, *group = NULL;

	if (tree_get(r, "group"))
		return alloc_copy(tree_word(r, "group"));
	if (tree_get(r, "target") && *target >= '0' && *target <= '9' &&
	    !strchr(target, ':'))
		return alloc_copy(target);
	device = device_of(r);
	if (device)
		group = group_of(device);
	free(device);
	return group;
}

/* A device of it, to be freed: the one that was named, or the first. */
static char *find_device(struct json_object *r)
{
	char *device = device_of(r), *group = find_group(r);
	struct json_object *members;

	if (!device && group) {
		members = holder_members(group);
		tree_foreach(members, member, driver) {
			(void)driver;
			if (!device && !group_is_bridge(member))
				device = alloc_copy(member);
		}
		json_object_put(members);
	}
	free(group);
	return device;
}

/* ---- what the firmware wants ---- */

static size_t each_direct(struct json_object *r, struct json_object *found)
{
	char *group = find_group(r);
	struct json_object *list;
	size_t nr = 0;

	if (!group)
		return 0;
	list = reserved_list(group);
	for (size_t i = 0; i < tree_length(list); i++) {
		struct json_object *range = tree_at(list, i);

		if (!tree_is(range, "type", "direct"))
			continue;
		if (found && !nr) {
			tree_add_u64(found, "reserved_first",
				     fact(range, "first"));
			tree_add_u64(found, "reserved_last",
				     fact(range, "last"));
		}
		if (found)
			cause_evidence(found, "reserved_regions of group %s has 0x%jx-0x%jx as direct",
				       group, (uintmax_t)fact(range, "first"),
				       (uintmax_t)fact(range, "last"));
		nr++;
	}
	json_object_put(list);
	free(group);
	return nr;
}

static bool has_direct(struct json_object *r)
{
	return each_direct(r, NULL);
}

static void tell_direct(struct json_object *found, struct json_object *r)
{
	each_direct(r, found);
	tell_step(found, r);
}

/* ---- units that differ ---- */

static struct json_object *unit_of(struct json_object *units, const char *device)
{
	char *name = device ? system_link("/sys/bus/pci/devices/%s/iommu",
					  device) : NULL;
	struct json_object *unit = name ? tree_get(units, name) : NULL;

	free(name);
	return unit;
}

typedef bool differ_fn(struct json_object *unit, struct json_object *other);

static bool differs_in_coherency(struct json_object *unit,
				 struct json_object *other)
{
	return (fact(unit, "ecap") ^ fact(other, "ecap")) &
	       (ECAP_COHERENT | ECAP_SNOOP);
}

static bool is_narrower(struct json_object *unit, struct json_object *other)
{
	return unit_address_bits(fact(unit, "cap")) <
	       unit_address_bits(fact(other, "cap"));
}

static void tell_unit(struct json_object *found, const char *what,
		      const char *name, struct json_object *unit)
{
	uint64_t ecap = fact(unit, "ecap");

	cause_evidence(found, "%s %s: %u address bits, page walks are %scoherent, snooping %s be forced",
		       what, name, unit_address_bits(fact(unit, "cap")),
		       ecap & ECAP_COHERENT ? "" : "not ",
		       ecap & ECAP_SNOOP ? "can" : "cannot");
}

/* Is there a unit that the device's differs from in that? Both are told. */
static bool units_differ(struct json_object *r, differ_fn *differ,
			 struct json_object *found)
{
	struct json_object *units = host_units(), *own;
	char *device = find_device(r);
	bool any = false;

	own = unit_of(units, device);
	tree_foreach(units, name, unit) {
		if (!own || unit == own || !differ(own, unit))
			continue;
		if (found && !any) {
			char *mine = system_link("/sys/bus/pci/devices/%s/iommu",
						 device);

			tell_unit(found, "the device's unit", mine, own);
			free(mine);
		}
		any = true;
		if (found)
			tell_unit(found, "another", name, unit);
	}
	json_object_put(units);
	free(device);
	return any;
}

static bool has_other_coherency(struct json_object *r)
{
	return units_differ(r, differs_in_coherency, NULL);
}

static bool has_fewer_bits(struct json_object *r)
{
	return units_differ(r, is_narrower, NULL);
}

static void tell_coherency(struct json_object *found, struct json_object *r)
{
	if (!units_differ(r, differs_in_coherency, found))
		cause_evidence(found, "which unit differs is not to be seen in /sys/class/iommu");
	tell_step(found, r);
}

static void tell_narrow(struct json_object *found, struct json_object *r)
{
	if (!units_differ(r, is_narrower, found))
		cause_evidence(found, "which unit is narrower is not to be seen in /sys/class/iommu");
	tell_step(found, r);
}

/* ---- what is mapped in the way of one that joins ---- */

static void tell_conflict_with(struct json_object *found,
			       struct json_object *region, const char *group)
{
	uint64_t first = fact(region, "iova");
	uint64_t last = first + fact(region, "bytes") - 1;
	struct reserved range;

	if (!reserved_hit(group, first, last, &range))
		return;
	cause_evidence(found, "0x%jx-0x%jx is mapped, and group %s has 0x%jx-0x%jx reserved (%s)",
		       (uintmax_t)first, (uintmax_t)last, group,
		       (uintmax_t)range.first, (uintmax_t)range.last,
		       range.type);
	tree_add_u64(found, "reserved_first", range.first);
	tree_add_u64(found, "reserved_last", range.last);
}

static void tell_conflict(struct json_object *found, struct json_object *r)
{
	char *group = find_group(r);

	tree_foreach(tree_get(r, "regions"), id, region) {
		(void)id;
		if (group && fact(region, "pid") == fact(r, "pid") &&
		    fact(region, "start_ns") == fact(r, "start_ns"))
			tell_conflict_with(found, region, group);
	}
	if (system_is_left())
		cause_evidence(found, "which of both, and where, is not known: what group %s has reserved is not asked of this machine",
			       group ?: "(unknown)");
	else if (!tree_get(found, "reserved_first"))
		cause_evidence(found, "which of both, and where, is not known: no region that is mapped now meets what group %s has reserved",
			       group ?: "(unknown)");
	units_differ(r, is_narrower, found);
	tell_step(found, r);
	free(group);
}

/* ---- groups, holders, modes ---- */

static bool is_noiommu(struct json_object *r)
{
	return !strncmp(tree_word(r, "target"), "noiommu-", 8);
}

static void tell_noiommu(struct json_object *found, struct json_object *r)
{
	cause_evidence(found, "/dev/vfio/%s is a file of that mode",
		       tree_word(r, "target"));
	tell_step(found, r);
}

/* Some drivers have the group's DMA for the host. */
static bool is_not_viable(struct json_object *r)
{
	char *group = find_group(r);
	struct json_object *members = group ? holder_members(group) : NULL;
	bool any = false;

	tree_foreach(members, device, driver)
		any |= !group_is_idle(device, json_object_get_string(driver));
	json_object_put(members);
	free(group);
	return any;
}

static void tell_members(struct json_object *found, struct json_object *r)
{
	char *group = find_group(r);

	if (group)
		group_tell_members(found, group);
	free(group);
}

static void tell_holder(struct json_object *found, struct json_object *r)
{
	char *group = find_group(r);

	if (group)
		group_tell_holder(found, group);
	else
		cause_evidence(found, system_is_left() ?
			       "who has %s is not known: it is not asked of this machine" :
			       "who has it is not to be found: %s is not in /sys/class/vfio-dev",
			       tree_word(r, "target"));
	free(group);
}

/* iommufd says EPERM of both: a group that another has, and interrupts. */
static bool is_not_remapped(struct json_object *r)
{
	(void)r;
	return !strcmp(host_interrupt_remapping(), "off");
}

static void tell_interrupts(struct json_object *found, struct json_object *r)
{
	if (!system_is_left())
		cause_evidence(found, "interrupts are remapped now: %s (/proc/interrupts)",
			       host_interrupt_remapping());
	tell_step(found, r);
}

static bool has_type_identity(struct json_object *r)
{
	char *group = find_group(r), *type = NULL;
	bool is;

	if (group)
		type = system_line("/sys/kernel/iommu_groups/%s/type", group);
	is = type && !strcmp(type, "identity");
	free(type);
	free(group);
	return is;
}

static void tell_identity(struct json_object *found, struct json_object *r)
{
	char *group = find_group(r);

	if (!system_is_left())
		cause_evidence(found, "the type of group %s is %sidentity (/sys/kernel/iommu_groups/%s/type)",
			       group ?: "-", has_type_identity(r) ? "" : "not ",
			       group ?: "-");
	tell_step(found, r);
	free(group);
}

static void tell_no_table(struct json_object *found, struct json_object *r)
{
	cause_says(found, "iommufd has no IOAS and no page table of the number that was named");
	tell_step(found, r);
}

static void tell_backend(struct json_object *found, struct json_object *r)
{
	cause_says(found, "no VFIO backend serves the kind of IOMMU that was asked for");
	if (!system_is_left())
		cause_evidence(found, "vfio_iommu_type1 is %s now",
			       system_has("/sys/module/vfio_iommu_type1") ?
			       "there; a container of noiommu has another kind" :
			       "not loaded");
	tell_step(found, r);
}

/* ---- the rules ---- */

const struct rule refused_attach_rules[] = {
	{ "group_open device_open set_container device_bind", ANY, EPERM,
	  is_noiommu, CAUSE_NOIOMMU, tell_noiommu },
	{ "group_status", ANY, 0, NULL, CAUSE_GROUP_NOT_VIABLE, tell_members },
	/*
	 * Up to 6.5 the driver refuses what the firmware uses, then the core:
	 * as soon as somebody would own the group.
	 */
	{ ATTACHES, "attach", EPERM, has_direct, CAUSE_RMRR, tell_direct },
	{ ATTACHES, "attach", EINVAL, has_direct, CAUSE_RMRR, tell_direct },
	{ "set_container device_bind get_device", "check", EINVAL, has_direct,
	  CAUSE_RMRR, tell_direct },
	{ "set_container", "check", EPERM, NULL, CAUSE_GROUP_NOT_VIABLE,
	  tell_members },
	{ "group_open device_open", ANY, EBUSY, NULL, CAUSE_GROUP_BUSY,
	  tell_holder },
	{ "get_device device_bind", "check", EBUSY, is_not_viable,
	  CAUSE_GROUP_NOT_VIABLE, tell_members },
	{ "get_device device_bind", "check", EBUSY, NULL, CAUSE_DEVICE_BUSY,
	  tell_holder },
	{ ATTACHES, "attach", EBUSY, NULL, CAUSE_DEVICE_BUSY, tell_holder },
	{ ATTACHES, "group", EBUSY, NULL, CAUSE_VADDR_GIVEN_UP, tell_step },
	{ ATTACHES, "group", EPERM, NULL, CAUSE_NO_INTERRUPT_REMAPPING,
	  tell_step },
	{ "get_device device_bind", "check", EPERM, is_not_remapped,
	  CAUSE_NO_INTERRUPT_REMAPPING, tell_interrupts },
	{ "get_device device_bind", "check", EPERM, is_not_viable,
	  CAUSE_GROUP_NOT_VIABLE, tell_members },
	{ "get_device device_bind", "check", EPERM, NULL, CAUSE_DEVICE_BUSY,
	  tell_holder },
	{ ATTACHES, ANY, EADDRINUSE, NULL, CAUSE_IOVA_CONFLICT,
	  tell_conflict },
	{ "set_container", "group", EINVAL, NULL, CAUSE_IOVA_CONFLICT,
	  tell_conflict },
	/* VT-d of 6.1 tells the two by their errno, of 6.12 and later says EINVAL. */
	{ ATTACHES, "attach", EOPNOTSUPP, NULL, CAUSE_COHERENCY_MISMATCH,
	  tell_coherency },
	{ ATTACHES, "attach", EFAULT, NULL, CAUSE_WIDTH_MISMATCH,
	  tell_narrow },
	{ ATTACHES, "attach", EINVAL, has_fewer_bits, CAUSE_WIDTH_MISMATCH,
	  tell_narrow },
	{ ATTACHES, "attach", EINVAL, has_other_coherency,
	  CAUSE_COHERENCY_MISMATCH, tell_coherency },
	{ ATTACHES, "group", EOPNOTSUPP, NULL, CAUSE_IDENTITY_ONLY,
	  tell_identity },
	{ ATTACHES, "group", EIO, NULL, CAUSE_IDENTITY_ONLY, tell_identity },
	{ "device_attach", ANY, ENOENT, NULL, CAUSE_BAD_ARGUMENT,
	  tell_no_table },
	{ ATTACHES, "attach", ANY_ERRNO, NULL, CAUSE_ATTACH_REFUSED,
	  tell_step },
	{ ATTACHES, "group", ANY_ERRNO, NULL, CAUSE_ATTACH_REFUSED,
	  tell_step },
	{ "device_bind device_attach", "check", ENOTTY, NULL,
	  CAUSE_NOT_IN_KERNEL, tell_step },
	{ "device_bind device_attach", "check", EOPNOTSUPP, NULL,
	  CAUSE_NOT_IN_KERNEL, tell_step },
	{ "set_iommu", "check", ENODEV, NULL, CAUSE_NO_BACKEND, tell_backend },
	{ "get_device", "check", ENODEV, NULL, CAUSE_NOT_IN_GROUP, tell_step },
	{ "set_iommu get_device set_container", "check", EINVAL, NULL,
	  CAUSE_NO_CONTAINER, tell_step },
	{ "set_container", "check", EBADFD, NULL, CAUSE_NO_CONTAINER,
	  tell_step },
};

const size_t refused_nr_attach_rules = ARRAY_SIZE(refused_attach_rules);
