// SPDX-License-Identifier: GPL-2.0-only
/*
 * `host --device`: may this device be passed through, and to this process? All
 * is read from /sys and /proc, so that it can be asked before anything is
 * installed. What keeps a device from being used at all is a cause that blocks;
 * what somebody should know is a note; what cannot be seen from here is missing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acs.h"
#include "base/alloc.h"
#include "base/fail.h"
#include "base/human.h"
#include "base/system.h"
#include "base/tree.h"
#include "cause.h"
#include "finding.h"
#include "group.h"
#include "holder.h"
#include "host_device.h"
#include "host_units.h"
#include "reserved.h"
#include "task.h"

#define SYS_DEVICE	"/sys/bus/pci/devices/%s"
#define NR_BARS		6
#define RESOURCE_MEM	0x200

/* What is asked about, and where what is found goes. */
struct subject {
	struct json_object *view;
	struct json_object *facts;
	struct findings findings;
	const char *bdf;
	const struct task *task;
	char *group;
};

static struct json_object *block(struct subject *subject, enum cause cause)
{
	struct json_object *found = cause_new(cause);

	tree_add_u64(found, "blocks", 1);
	findings_add(&subject->findings, found);
	return found;
}

static void note(struct subject *subject, const char *text)
{
	tree_append_word(tree_get(subject->view, "notes"), text);
}

/* ---- the driver, and the group ---- */

/* vfio-pci, and those made of it: mlx5_vfio_pci, nvgrace-gpu-vfio-pci. */
static bool is_vfio(const char *driver)
{
	return strstr(driver, "vfio");
}

static void judge_driver(struct subject *subject)
{
	char *driver = system_link(SYS_DEVICE "/driver", subject->bdf);
	struct json_object *found;

	tree_add_word(subject->facts, "driver", driver ?: "none");
	if (!driver || !is_vfio(driver)) {
		found = block(subject, CAUSE_NOT_BOUND);
		cause_evidence(found, "%s is bound to %s", subject->bdf,
			       driver ?: "no driver");
	}
	free(driver);
}

/* Why it is so large: evidence where that is in the way, else a note. */
static void tell_reasons(struct subject *subject, struct json_object *members,
			 struct json_object *found)
{
	struct json_object *reasons = acs_reasons(members);

	for (size_t i = 0; i < tree_length(reasons); i++) {
		const char *text = json_object_get_string(tree_at(reasons, i));
		char *line = alloc_print("isolation: %s", text);

		if (found)
			cause_evidence(found, "%s", text);
		else
			note(subject, line);
		free(line);
	}
	json_object_put(reasons);
}

static void judge_members(struct subject *subject)
{
	struct json_object *members = holder_members(subject->group);
	struct json_object *found = NULL;
	uint64_t others = 0;

	tree_foreach(members, device, word) {
		const char *driver = json_object_get_string(word);

		if (!strcmp(device, subject->bdf))
			continue;
		others += !group_is_bridge(device);
		if (group_is_idle(device, driver))
			continue;
		if (!found)
			found = block(subject, CAUSE_GROUP_NOT_VIABLE);
		cause_evidence(found, "group %s has %s, which is bound to %s",
			       subject->group, device, driver);
	}
	tree_add(subject->facts, "members", members);
	tree_add_u64(subject->facts, "alone", !others);
	if (!others)
		return;
	tell_reasons(subject, members, found);
	note(subject, "isolation: the devices of a group may reach each other without the IOMMU: they go to one VM together");
}

/* Groups are made of what bridges say, unless somebody says otherwise. */
static void judge_isolation(struct subject *subject)
{
	char *line = system_line("/proc/cmdline");

	if (line && strstr(line, "pcie_acs_override="))
		findings_miss(&subject->findings, "isolation: pcie_acs_override= makes groups that no hardware stands for");
	else
		note(subject, "isolation: groups are what the kernel concluded from the ACS of bridges and functions; what happens inside one device or behind a bridge without ACS the IOMMU does not see");
	free(line);
}

/* What would make a group, and is not there. */
static void tell_no_iommu(struct json_object *found)
{
	if (system_has("/sys/class/iommu/dmar0"))
		cause_evidence(found, "/sys/class/iommu has dmar0, so VT-d is in use, and leaves this device out (igfx_off in intel_iommu=, or the firmware does not list it)");
	else if (system_cmdline_has("intel_iommu", "off") ||
		 system_cmdline_has("iommu", "off"))
		cause_evidence(found, "/proc/cmdline switches the IOMMU off");
	else if (system_has("/sys/firmware/acpi/tables/DMAR"))
		cause_evidence(found, "the firmware describes remapping units (ACPI table DMAR), and the kernel uses none: it wants intel_iommu=on");
	else
		cause_evidence(found, "the firmware describes no remapping unit (no ACPI table DMAR)");
}

/* VFIO makes a domain of its own: whose passes through may have that. */
static void tell_type(struct subject *subject)
{
	char *type = system_line("/sys/kernel/iommu_groups/%s/type",
				 subject->group);

	if (type)
		tree_add_word(subject->facts, "domain_type", type);
	if (type && !strcmp(type, "identity"))
		note(subject, "domain: drivers of the host have the device with physical addresses (iommu=pt, or a quirk that wants it so); VFIO makes a domain of its own, and whether the kernel allows that is to be seen only when it is tried");
	free(type);
}

static bool has_group(struct subject *subject)
{
	struct json_object *found;
	char *name;

	subject->group = group_of(subject->bdf);
	name = system_line("/sys/kernel/iommu_groups/%s/name",
			   subject->group ?: "-");
	if (subject->group && (!name || strcmp(name, "vfio-noiommu"))) {
		tree_add_word(subject->facts, "group", subject->group);
		tell_type(subject);
		free(name);
		return true;
	}
	found = block(subject, CAUSE_NO_GROUP);
	if (name)
		cause_evidence(found, "its group %s is one of VFIO's noiommu mode: the device reaches all memory",
			       subject->group);
	else
		cause_evidence(found, SYS_DEVICE "/iommu_group is not there",
			       subject->bdf);
	tell_no_iommu(found);
	free(name);
	return false;
}

/* ---- who has it ---- */

static void tell_holder(struct subject *subject, const char *file,
			const struct holder *holder)
{
	struct json_object *told = tree_new(), *found;

	tree_add_u64(told, "pid", holder->pid);
	tree_add_word(told, "comm", holder->comm);
	tree_add_word(told, "file", file);
	tree_add(subject->facts, "holder", told);
	if (subject->task && (subject->task->pid == holder->pid ||
			      holder_is(file, subject->task->pid)))
		return;
	found = block(subject, CAUSE_GROUP_BUSY);
	group_tell_process(found, file, holder);
}

static void judge_holder(struct subject *subject)
{
	char *file = group_device_file(subject->bdf);
	struct holder holder;

	if (holder_find(subject->group, &holder))
		tell_holder(subject, subject->group, &holder);
	else if (file && holder_find(file, &holder))
		tell_holder(subject, file, &holder);
	if (!task_sees_host())
		findings_miss(&subject->findings, "who has the device: only the processes of this container are to be seen here");
	else if (geteuid())
		findings_miss(&subject->findings, "who has the device: the files of others' processes are for root to see");
	if (is_vfio(tree_word(subject->facts, "driver")) &&
	    !system_has("/dev/vfio/%s", subject->group) &&
	    !(file && system_has("/dev/vfio/%s", file)))
		findings_miss(&subject->findings, "whether it can be opened from here: there is no /dev/vfio/%s (a container has to be given it)",
			      subject->group);
	free(file);
}

/* ---- the unit, and addresses ---- */

static unsigned int bits_of_cpu(void)
{
	FILE *info = system_open("/proc/cpuinfo");
	unsigned int bits = 0;
	char *line = NULL;
	size_t size = 0;

	while (info && !bits && getline(&line, &size, info) > 0)
		sscanf(line, "address sizes : %u bits", &bits);
	free(line);
	if (info)
		fclose(info);
	return bits;
}

static uint64_t bytes_of_bars(const char *bdf)
{
	FILE *file = system_open(SYS_DEVICE "/resource", bdf);
	uintmax_t start, last, flags;
	uint64_t bytes = 0;

	for (int nr = 0; file && nr < NR_BARS; nr++) {
		if (fscanf(file, "%jx %jx %jx", &start, &last, &flags) != 3)
			break;
		if (flags & RESOURCE_MEM && last > start)
			bytes += last - start + 1;
	}
	if (file)
		fclose(file);
	return bytes;
}

static unsigned int bits_for(uint64_t bytes)
{
	return bytes > 1 ? 64 - __builtin_clzll(bytes - 1) : 0;
}

static void judge_width(struct subject *subject, unsigned int bits)
{
	uint64_t bars = bytes_of_bars(subject->bdf);
	uint64_t memory = subject->task ? subject->task->memory_bytes : 0;
	unsigned int cpu = bits_of_cpu(), needed = bits_for(bars + memory);
	struct json_object *found;

	tree_add_u64(subject->facts, "address_bits", bits);
	tree_add_u64(subject->facts, "needed_bits", needed);
	tree_add_u64(subject->facts, "bar_bytes", bars);
	if (cpu)
		tree_add_u64(subject->facts, "cpu_bits", cpu);
	if (needed > bits) {
		found = block(subject, CAUSE_IOVA_TOO_WIDE);
		cause_says(found, "memory and BARs need %u address bits, the unit has %u",
			   needed, bits);
		cause_evidence(found, "%s of memory and %s of BARs",
			       human_bytes(memory).s, human_bytes(bars).s);
	} else if (cpu > bits) {
		note(subject, "width: the CPU has more address bits than the unit: a VMM that gives them all to its guest (host-phys-bits) may place BARs where the unit does not reach");
	}
}

static void judge_unit(struct subject *subject)
{
	char *cap = system_line(SYS_DEVICE "/iommu/intel-iommu/cap",
				subject->bdf);
	char *unit = system_link(SYS_DEVICE "/iommu", subject->bdf);
	uintmax_t val;

	if (unit)
		tree_add_word(subject->facts, "unit", unit);
	if (cap && sscanf(cap, "%jx", &val) == 1)
		judge_width(subject, unit_address_bits(val));
	else
		findings_miss(&subject->findings, "how many address bits its unit has: " SYS_DEVICE "/iommu/intel-iommu/cap is not there",
			      subject->bdf);
	free(unit);
	free(cap);
}

/* A device that the firmware uses, unless the kernel knows how to end that. */
static void judge_reserved(struct subject *subject)
{
	struct json_object *list = reserved_list(subject->bdf), *found = NULL;

	for (size_t i = 0; i < tree_length(list); i++) {
		struct json_object *range = tree_at(list, i);

		if (!tree_is(range, "type", "direct"))
			continue;
		found = found ?: block(subject, CAUSE_RMRR);
		cause_evidence(found, "reserved_regions of group %s has 0x%jx-0x%jx as direct",
			       subject->group,
			       (uintmax_t)tree_u64_or_0(range, "first"),
			       (uintmax_t)tree_u64_or_0(range, "last"));
	}
	tree_add(subject->facts, "reserved", list);
}

/* ---- interrupts, and resets ---- */

/* Chips of remapped interrupts are called so: IR-PCI-MSI, IR-IO-APIC. */
const char *host_interrupt_remapping(void)
{
	FILE *file = system_open("/proc/interrupts");
	const char *told = "unknown";
	char *line = NULL;
	size_t size = 0;

	while (file && strcmp(told, "on") && getline(&line, &size, file) > 0) {
		if (strstr(line, " IR-"))
			told = "on";
		else if (strstr(line, " PCI-MSI") || strstr(line, " IO-APIC"))
			told = "off";
	}
	free(line);
	if (file)
		fclose(file);
	return told;
}

static void judge_interrupts(struct subject *subject)
{
	char *unsafe = system_line("/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts");
	const char *told = host_interrupt_remapping();

	tree_add_word(subject->facts, "interrupt_remapping", told);
	if (!strcmp(told, "unknown"))
		findings_miss(&subject->findings, "whether interrupts are remapped: /proc/interrupts names none (a container may hide it)");
	else if (!strcmp(told, "off") && unsafe && *unsafe == 'Y')
		note(subject, "interrupts: they are not remapped, and vfio_iommu_type1 is told to allow that: a guest can forge any");
	else if (!strcmp(told, "off"))
		cause_evidence(block(subject, CAUSE_NO_INTERRUPT_REMAPPING),
			       "/proc/interrupts has PCI-MSI or IO-APIC, and none with IR- in front");
	free(unsafe);
}

static void tell_resets(struct subject *subject)
{
	char *line = system_line(SYS_DEVICE "/reset_method", subject->bdf);
	struct json_object *list = tree_new_list();
	char *rest = line, *word;

	while ((word = strsep(&rest, " ")))
		if (*word)
			tree_append_word(list, word);
	if (!line && system_has(SYS_DEVICE "/reset", subject->bdf))
		findings_miss(&subject->findings, "by which method it is reset: this kernel has no reset_method in /sys");
	else if (!tree_length(list))
		note(subject, "reset: the kernel knows no way to reset it: what a VM leaves in it, the next one finds");
	tree_add(subject->facts, "resets", list);
	free(line);
}

static void tell_node(struct subject *subject)
{
	char *line = system_line(SYS_DEVICE "/numa_node", subject->bdf);
	int node = line ? atoi(line) : -1;

	free(line);
	if (node < 0)
		return;
	tree_add_u64(subject->facts, "node", node);
	if (subject->task && !task_may_use(subject->task, node))
		note(subject, "NUMA: the process may not have memory on the node of the device (Mems_allowed_list of its status): every access crosses");
}

void host_judge_device(struct json_object *view, const char *bdf,
		       const struct task *task)
{
	struct subject subject = {
		.view = view, .facts = tree_new(), .bdf = bdf, .task = task,
		.findings = findings_of(view),
	};
	bool grouped;

	if (!system_has(SYS_DEVICE, bdf))
		fail(EXIT_USAGE, "%s: no such PCI device in /sys/bus/pci/devices",
		     bdf);
	tree_add_word(subject.facts, "device", bdf);
	tree_add(view, "device", subject.facts);
	/* Without a group no driver of VFIO's takes the device. */
	grouped = has_group(&subject);
	judge_driver(&subject);
	if (grouped) {
		judge_members(&subject);
		judge_isolation(&subject);
		judge_holder(&subject);
		judge_unit(&subject);
		judge_reserved(&subject);
	}
	judge_interrupts(&subject);
	tell_resets(&subject);
	tell_node(&subject);
	free(subject.group);
}

/* ---- the process ---- */

void host_judge_process(struct json_object *view, const struct task *task)
{
	struct findings findings = findings_of(view);
	uint64_t over = task_over_limit(task, 1);
	struct json_object *found;

	tree_add(view, "process", task_told(task));
	if (!task->has_limit)
		findings_miss(&findings, "the limit of locked memory: /proc/%ju/limits does not tell",
			      (uintmax_t)task->pid);
	if (!over)
		return;
	found = cause_new(CAUSE_MEMLOCK);
	tree_add_u64(found, "blocks", 1);
	tree_add_u64(found, "over_bytes", over);
	cause_says(found, "the process may lock %s, and has %s of memory: %s too much",
		   human_bytes(task->limit_bytes).s,
		   human_bytes(task->memory_bytes).s, human_bytes(over).s);
	cause_evidence(found, "\"Max locked memory\" in /proc/%ju/limits, no CAP_IPC_LOCK in CapEff of its status, and its mappings of 64 MiB and more",
		       (uintmax_t)task->pid);
	cause_fix(found, "raise its limit to %s at least (prlimit --memlock, LimitMEMLOCK= of its systemd unit, ulimits of its container), and as much again for each further container",
		  human_bytes(task->memory_bytes).s);
	findings_add(&findings, found);
}
