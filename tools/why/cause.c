// SPDX-License-Identifier: GPL-2.0-only
/*
 * The causes: every identifier with what it means and what changes it, once.
 * A judge finds one, adds what it knows (bytes, addresses, evidence), and may
 * say it and its fix better than the table, where it has the numbers.
 *
 *	{ "cause": "fragmented", "fixable": 1, "says": "..", "evidence": [..],
 *	  "fix": "..", .. }
 */
#include <stdlib.h>

#include "base/tree.h"
#include "cause.h"
#include "finding.h"

static const struct {
	const char *id;
	bool fixable;
	const char *says;
	const char *fix;
} causes[NR_CAUSES] = {
	[CAUSE_NOT_VTD] = { "not-vtd", true,
		"this machine shows no Intel VT-d: no unit translates",
		"enable VT-d in the firmware's settings"
	},
	[CAUSE_IOMMU_OFF] = { "iommu-off", true,
		"VT-d is there, but translation is off",
		"boot with intel_iommu=on"
	},
	[CAUSE_IDENTITY] = { "identity", true,
		"the device passes through: it uses physical addresses, so there is no IO page table",
		"nothing if passthrough is meant; to translate, boot without iommu=pt (iommu=nopt), or give the device to vfio-pci"
	},
	[CAUSE_HW_NO_1G] = { "hw-no-1g", false,
		"the remapping hardware has no 1G leaves",
		"no setting changes it: ask for 2M (--want 2m), or use a machine whose `iovascope units` shows 1G"
	},
	[CAUSE_HW_NO_2M] = { "hw-no-2m", false,
		"the remapping hardware has no 2M leaves",
		"no setting changes it: use a machine whose `iovascope units` shows 2M"
	},
	[CAUSE_SP_OFF] = { "sp-off", true,
		"large leaves are switched off on the kernel's command line",
		"boot without sp_off in intel_iommu="
	},
	[CAUSE_DISABLE_HUGEPAGES] = { "disable-hugepages", true,
		"vfio_iommu_type1 is told to map each 4 KiB page by itself",
		"echo N > /sys/module/vfio_iommu_type1/parameters/disable_hugepages, and restart the client"
	},
	[CAUSE_LEAVES_CAPPED] = { "leaves-capped", true,
		"hugepath is told not to use larger leaves",
		"echo 1G > " HUGEPATH_LEAF ", and restart the client"
	},
	[CAUSE_IOMMUFD_NO_HUGE] = { "iommufd-no-huge", true,
		"iommufd writes 4K leaves only: IOMMU_OPTION_HUGE_PAGES is 0, or the client asks for VFIO_TYPE1_IOMMU (v1)",
		"let the client set IOMMU_OPTION_HUGE_PAGES to 1, or use VFIO_TYPE1v2_IOMMU"
	},
	[CAUSE_JOINED_LATE] = { "joined-late", true,
		"memory that is contiguous was mapped in pieces",
		"let the client map the whole range with one VFIO_IOMMU_MAP_DMA or IOMMU_IOAS_MAP (of QEMU, a vIOMMU, virtio-mem with a small block-size= and confidential guests map in pieces)"
	},
	[CAUSE_NOT_CONGRUENT] = { "not-congruent", true,
		"the IOVA does not have the same offset in a leaf as the memory",
		"choose the IOVA so that it and the physical address are equal modulo the leaf"
	},
	[CAUSE_FRAGMENTED] = { "fragmented", true,
		"the memory is in pieces that are smaller than a leaf",
		"back it with 1 GiB hugetlb pages"
	},
	[CAUSE_PERMISSION_SPLIT] = { "permission-split", true,
		"a part of the range is read-only: one leaf has one permission",
		"let the client map the whole range with one permission"
	},
	[CAUSE_HOLE] = { "hole", true,
		"a hole in the IOVAs cuts the range",
		"let the client map without the hole, or place it at the end of an aligned GiB"
	},
	[CAUSE_RUN_TOO_SHORT] = { "run-too-short", false,
		"what is mapped ends before a leaf is full",
		"nothing unless the client can map more: a leaf needs its whole size, aligned"
	},
	[CAUSE_BAR_TOO_SMALL] = { "bar-too-small", false,
		"the BAR is smaller than a leaf",
		"nothing: the device decides (a resizable BAR can be set in the firmware)"
	},
	[CAUSE_BAR_UNALIGNED] = { "bar-unaligned", true,
		"the IOVA does not have the same offset in a leaf as the BAR",
		"place the BAR at an IOVA (guest-physical address) that is aligned as the BAR is"
	},
	[CAUSE_STUCK_PIN] = { "stuck-pin", true,
		"a pin does not return",
		"look at what the task waits for: cat /proc/TID/stack"
	},
	[CAUSE_FIRST_TOUCH] = { "first-touch", true,
		"memory was touched for the first time inside the pin: allocated and zeroed page by page, by one thread",
		"touch it before, with many threads: QEMU -object memory-backend-file,prealloc=on,prealloc-threads=N"
	},
	[CAUSE_BAR_LOOKUP] = { "bar-lookup", true,
		"BARs were resolved one 4 KiB page at a time",
		"a kernel that maps BARs by large pages and steps by them (mainline 6.15: huge pfnmaps of vfio-pci, and type1 that uses them), with the BARs' virtual addresses aligned to 1 GiB (QEMU 9.2)"
	},
	[CAUSE_BAR_ADDRESS] = { "bar-address", true,
		"BARs were resolved 2 MiB at a time: their virtual address is not aligned as they are",
		"let the client mmap BARs at virtual addresses that are aligned to 1 GiB"
	},
	[CAUSE_BASE_PAGES] = { "base-pages", true,
		"memory is made of 4 KiB pages, each pinned and mapped by itself",
		"back it with 1 GiB hugetlb pages, or " COLLAPSE
	},
	[CAUSE_PIN_LOOKUP] = { "pin-lookup", false,
		"huge pages were pinned one 4 KiB step at a time",
		"no setting changes it: the kernel's VFIO backend steps so"
	},
	[CAUSE_DUPLICATE_PINS] = { "duplicate-pins", true,
		"the same memory was pinned more than once",
		"put the devices into one container (one IO address space)"
	},
	[CAUSE_TEARDOWN_WALK] = { "teardown-walk", false,
		"releasing walked the IO page table one 4 KiB step at a time",
		"no setting changes it: the kernel's VFIO backend steps so"
	},
	[CAUSE_MAP_ENTRIES] = { "map-entries", false,
		"entries were written into IO page tables",
		"fewer entries: larger leaves, where `iovascope why PID` finds a way"
	},
	[CAUSE_NO_1G_PAGES] = { "no-1g-pages", true,
		"there are no 1 GiB hugetlb pages",
		"boot with hugepagesz=1G hugepages=N, or echo N > /sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages"
	},
	[CAUSE_NO_BACKEND] = { "no-backend", true,
		"no VFIO backend is there: neither vfio_iommu_type1 nor iommufd",
		"modprobe vfio-pci vfio_iommu_type1"
	},
	[CAUSE_BLIND_PROBE] = { "blind-probe", true,
		"the module cannot see all: a probe is not attached",
		"load the module without skip=; if a symbol is missing (`iovascope probes`), use a module that knows this kernel"
	},
	[CAUSE_OVERCOME] = { "overcome", false,
		"the same call succeeded later",
		"nothing"
	},
	[CAUSE_HARMLESS] = { "harmless", false,
		"programs make this call to find out, and expect it to fail",
		"nothing"
	},
	[CAUSE_BAD_ARGUMENT] = { "bad-argument", true,
		"the call makes no sense as it is",
		"a mistake of the program: report it to who makes that"
	},
	[CAUSE_IOVA_TOO_WIDE] = { "iova-too-wide", true,
		"the IOVA needs more address bits than the IOMMU has",
		"let the VMM place it lower: fewer guest-physical address bits (QEMU -cpu ...,host-phys-bits-limit=N; cloud-hypervisor --cpus max_phys_bits=N), or a smaller 64-bit MMIO window (OVMF -fw_cfg opt/ovmf/X-PciMmio64Mb)"
	},
	[CAUSE_IOVA_RESERVED] = { "iova-reserved", true,
		"the range overlaps one that is reserved for the IOMMU group",
		"let the program leave out what VFIO's capability IOVA_RANGE, or IOMMU_IOAS_IOVA_RANGES, does not offer"
	},
	[CAUSE_IOVA_TAKEN] = { "iova-taken", true,
		"something is mapped there already",
		"unmap it first, with the very ranges that it was mapped by"
	},
	[CAUSE_UNMAP_SHORT] = { "unmap-short", true,
		"an unmap removed less than it was asked to, and reported success",
		"unmap by the ranges that were mapped, and look at the size that comes back; VFIO_TYPE1v2_IOMMU answers EINVAL instead"
	},
	[CAUSE_UNMAP_BISECTS] = { "unmap-bisects", true,
		"the range cuts a region that was mapped as one",
		"unmap by the ranges that were mapped"
	},
	[CAUSE_ENTRY_LIMIT] = { "entry-limit", true,
		"the container has as many regions as it may have",
		"map fewer and larger regions, or raise it: echo N > /sys/module/vfio_iommu_type1/parameters/dma_entry_limit, before the client starts"
	},
	[CAUSE_MEMLOCK] = { "memlock", true,
		"the process may not lock as much memory",
		"raise its limit: prlimit --memlock, LimitMEMLOCK= of its systemd unit, or ulimits of its container"
	},
	[CAUSE_MEMLOCK_USER] = { "memlock-user", true,
		"the user's processes may not lock as much memory together: iommufd charges the user, not the process",
		"raise the limit of the process to what all processes of that user lock together, or run them as users of their own"
	},
	[CAUSE_MEMORY_HOLE] = { "memory-hole", true,
		"the process has no memory at a part of the range",
		"a mistake of the program, or of another thread of it that unmapped the memory: report it to who makes that"
	},
	[CAUSE_MEMORY_NO_ACCESS] = { "memory-no-access", true,
		"a part of the memory is protected against reading (PROT_NONE)",
		"let the program make it accessible before it maps it for a device"
	},
	[CAUSE_MEMORY_READ_ONLY] = { "memory-read-only", true,
		"a part of the memory is read-only, and was to be written by the device",
		"map it for reading only, or make it writable"
	},
	[CAUSE_MEMORY_PAST_END] = { "memory-past-end", true,
		"the file that backs the memory ends before the memory does",
		"let the file be as long as what is mapped of it (it was truncated, or made too short)"
	},
	[CAUSE_MEMORY_SECRET] = { "memory-secret", true,
		"the memory is memfd_secret(2)'s, which nobody may pin",
		"use other memory for what devices access"
	},
	[CAUSE_MEMORY_FSDAX] = { "memory-fsdax", true,
		"the memory is a file on a DAX filesystem, which may not be pinned for long",
		"use device DAX (/dev/daxN.M), or memory that is no file"
	},
	[CAUSE_BAR_NOT_MEMORY] = { "bar-not-memory", true,
		"a BAR has no memory pages, and iommufd does not map it by address: no peer-to-peer to it",
		"a dma-buf of the BAR with IOMMU_IOAS_MAP_FILE (mainline 6.19, and a VMM that does so), or a VFIO container of type1; without peer-to-peer nothing is lost"
	},
	[CAUSE_BAR_OFF] = { "bar-off", true,
		"the BAR could not be read out of the process's memory map: its device has memory decoding off, or is in a reset",
		"let the program switch memory decoding on before it maps the BAR"
	},
	[CAUSE_POOL_EMPTY] = { "pool-empty", true,
		"the pool of huge pages ran empty",
		"enlarge the pool, on the node that the memory is bound to; and let the program reserve what it maps (without MAP_NORESERVE), so that it fails at once"
	},
	[CAUSE_NO_MEMORY] = { "no-memory", true,
		"the kernel found no memory for the call",
		"look at the limit of its cgroup (memory.max, memory.events) and at free memory"
	},
	[CAUSE_MAP_REFUSED] = { "map-refused", true,
		"the IOMMU driver refused to write the page table",
		"look into the kernel's log"
	},
	[CAUSE_GROUP_BUSY] = { "group-busy", true,
		"somebody has the group open: only one may",
		"end the process that has it"
	},
	[CAUSE_GROUP_NOT_VIABLE] = { "group-not-viable", true,
		"a device of the group is in use by a driver of the host",
		"bind every device of the group to vfio-pci (or to no driver), or put the device into a slot whose group it has for itself"
	},
	[CAUSE_NO_INTERRUPT_REMAPPING] = { "no-interrupt-remapping", true,
		"interrupts are not remapped here: a device could forge any",
		"boot without intremap=off, and enable VT-d's interrupt remapping in the firmware; vfio_iommu_type1.allow_unsafe_interrupts=1 if its guests are trusted"
	},
	[CAUSE_ATTACH_REFUSED] = { "attach-refused", true,
		"the IOMMU driver would not have the device in this domain",
		"look into the kernel's log"
	},
	[CAUSE_NO_CONTAINER] = { "no-container", true,
		"VFIO's steps were not taken in their order: a group goes into a container, that gets an IOMMU, and then devices and maps follow",
		"a mistake of the program, or the last device has left the container"
	},
	[CAUSE_NOT_IN_GROUP] = { "not-in-group", true,
		"the group has no such device bound to a VFIO driver",
		"bind the device to vfio-pci, and open the group that it is in"
	},
	[CAUSE_DEVICE_BUSY] = { "device-busy", true,
		"somebody has the device, or a driver of the host another one of its group",
		"end the process that has it"
	},
	[CAUSE_STALE] = { "stale", true,
		"a device reaches pages that the process no longer has there",
		"let the client unmap a region before it gives up its memory (munmap, MADV_DONTNEED, a balloon, a write to a private copy), and map it anew afterwards; now: map it anew"
	},
	[CAUSE_STALE_READ_ONLY] = { "stale-read-only", false,
		"a device can read, and not write, pages that are older than what the process has there",
		"nothing: before mainline 6.2 memory that nobody has touched, and that is mapped for reading only, is pinned as the page of zeroes (QEMU's ROMs below 1 MiB are such)"
	},
	[CAUSE_ORPHANED] = { "orphaned", true,
		"memory of a process that is gone is mapped for devices still",
		"let who has the container unmap it, or close the container; it stays pinned until then"
	},
	[CAUSE_MEMORY_DROPPED] = { "memory-dropped", false,
		"what was mapped has been dropped, with the last group that left a container, or with a container that was closed",
		"nothing where the program closed a container, and is about to map; where a group left and another joined: let the program map the memory anew, or keep a group in the container"
	},
	[CAUSE_NOT_KNOWN] = { "not-known", true,
		"what was in the way is not known",
		"look into the kernel's log of that moment (journalctl -k)"
	},
	[CAUSE_CGROUP_LIMIT] = { "cgroup-limit", true,
		"the cgroup of the process may have no more memory",
		"raise memory.max of the cgroup (MemoryMax= of its systemd unit, limits.memory of its container): it holds the guest's memory, page tables and all, however much may be locked"
	},
	[CAUSE_CANNOT_MOVE] = { "cannot-move", true,
		"pages that a pin has to move out of movable memory could not be moved",
		"pin memory while there is free memory outside of it: less of movablecore=, kernelcore=, movable_node or CMA, or hugetlb pages, and not while others hold the pages (direct IO)"
	},
	[CAUSE_POOL_DENIED] = { "pool-denied", true,
		"the pool has free huge pages, and the process may not have them: they are on nodes that its policy or cpuset leaves out, or its cgroup has a limit of them",
		"look at hugetlb.*.max of its cgroup, Mems_allowed_list of its status, and the pools of each node (iovascope host)"
	},
	[CAUSE_IOVA_SPACE] = { "iova-space", true,
		"no range of IOVAs that is free and allowed is as large",
		"map with an IOVA of the program's choice (IOMMU_IOAS_MAP_FIXED_IOVA), or unmap what is not needed; IOMMU_IOAS_IOVA_RANGES tells what may be had"
	},
	[CAUSE_IOVA_CONFLICT] = { "iova-conflict", true,
		"something is mapped already where the device that was to join cannot have it: in a range that is reserved for it, or beyond what its unit reaches",
		"let the device join before memory is mapped, or leave its ranges out (VFIO's capability IOVA_RANGE, IOMMU_IOAS_IOVA_RANGES); or give it a container of its own"
	},
	[CAUSE_NOT_IN_KERNEL] = { "not-in-kernel", true,
		"the kernel, or the backend, does not serve what was asked for",
		"a newer kernel or the backend that the program was made for; a program that asks first goes another way"
	},
	[CAUSE_FILE_NOT_MEMORY] = { "file-not-memory", true,
		"the file is none that this kernel's iommufd maps: it takes memfd, shmem and hugetlb files, and dma-bufs of vfio-pci from mainline 6.19 on",
		"let the program map the memory by its address (IOMMU_IOAS_MAP); a BAR needs such a kernel, or a VFIO container of type1"
	},
	[CAUSE_NOIOMMU] = { "noiommu", true,
		"the device is in VFIO's noiommu mode: no IOMMU translates, so nothing is mapped, and only who has CAP_SYS_RAWIO may open it",
		"switch the IOMMU on (intel_iommu=on, VT-d in the firmware) and enable_unsafe_noiommu_mode off; a VM cannot have such a device"
	},
	[CAUSE_IDENTITY_ONLY] = { "identity-only", true,
		"the IOMMU driver makes no domain that translates for the group",
		"look into the kernel's log; without iommu=pt it may have one, else the device cannot be passed through"
	},
	[CAUSE_COHERENCY_MISMATCH] = { "coherency-mismatch", true,
		"the unit of the device is of another coherency than the domain that it was to join was made for",
		"give the device a container, or an IO page table, of its own"
	},
	[CAUSE_WIDTH_MISMATCH] = { "width-mismatch", true,
		"the unit of the device has fewer address bits than the domain that it was to join uses",
		"give the device a container, or an IO page table, of its own, or let the VMM use fewer address bits"
	},
	[CAUSE_VADDR_GIVEN_UP] = { "vaddr-given-up", true,
		"the container's memory has no address at this time (VFIO_DMA_UNMAP_FLAG_VADDR): nothing can join it",
		"let the program give the addresses back first (VFIO_DMA_MAP_FLAG_VADDR)"
	},
	[CAUSE_NO_GROUP] = { "no-group", true,
		"the device is in no IOMMU group: no IOMMU translates for it",
		"enable VT-d in the firmware's settings, and boot with intel_iommu=on"
	},
	[CAUSE_NOT_BOUND] = { "not-bound", true,
		"the device is bound to no driver of VFIO's",
		"bind it: driverctl set-override BDF vfio-pci, or what starts the VM does it (libvirt: managed='yes')"
	},
	[CAUSE_PRIVATE_COPIES] = { "private-copies", true,
		"the file of the memory is mapped privately: what is used are copies, and the file's pages are extra",
		"let the VMM map it shared (MAP_SHARED; QEMU -object memory-backend-file or -memfd,share=on)"
	},
	[CAUSE_EMPTY_TABLES] = { "empty-tables", false,
		"IO page tables without an entry are kept",
		"nothing: they go when the range above them is unmapped as a whole, or with the domain"
	},
	[CAUSE_POOL_SHORT] = { "pool-short", true,
		"the pool has fewer huge pages than the process has still to touch",
		"enlarge the pool, on the nodes that the process may use"
	},
	[CAUSE_BAR_ABSENT] = { "bar-absent", false,
		"BARs are not mapped for the other devices, and nobody asked for it",
		"nothing if the devices need no peer-to-peer; a VMM maps BARs by a VFIO container of type1, or as dma-bufs by IOMMU_IOAS_MAP_FILE"
	},
	[CAUSE_DEVICE_RESET] = { "device-reset", false,
		"devices were reset",
		"nothing: vfio-pci resets a device when it is opened and when it is closed, and a VMM may as its guest is reset; how, /sys/bus/pci/devices/BDF/reset_method says"
	},
	[CAUSE_RMRR] = { "rmrr", true,
		"the firmware uses memory of the device by itself (RMRR): the kernel does not give such a device away",
		"switch off in the firmware's settings what uses it (shared memory features of the slot), or use another device"
	},
};

const char *cause_id(enum cause cause)
{
	return causes[cause].id;
}

bool cause_fixable(enum cause cause)
{
	return causes[cause].fixable;
}

struct json_object *cause_new(enum cause cause)
{
	struct json_object *found = tree_new();

	tree_add_word(found, "cause", causes[cause].id);
	tree_add_u64(found, "fixable", causes[cause].fixable);
	tree_add_word(found, "says", causes[cause].says);
	tree_add(found, "evidence", tree_new_list());
	tree_add_word(found, "fix", causes[cause].fix);
	return found;
}

bool cause_is_worth(uint64_t ns, uint64_t total)
{
	return ns && ns >= total / 100;
}

struct json_object *cause_of_time(enum cause cause, uint64_t ns, uint64_t total)
{
	uint64_t percent = total ? ns / (total / 100 + 1) : 0;
	struct json_object *found;

	if (!cause_is_worth(ns, total))
		return NULL;
	found = cause_new(cause);
	tree_add_u64(found, "ns", ns);
	tree_add_u64(found, "percent", percent > 100 ? 100 : percent);
	return found;
}

void cause_unfixable(struct json_object *found)
{
	tree_add_u64(found, "fixable", 0);
}

static struct json_object *sentence_new(const char *fmt, va_list args)
{
	char *text = finding_text(fmt, args);
	struct json_object *word = json_object_new_string(text);

	free(text);
	return word;
}

void cause_says(struct json_object *found, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	tree_add(found, "says", sentence_new(fmt, args));
	va_end(args);
}

void cause_fix(struct json_object *found, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	tree_add(found, "fix", sentence_new(fmt, args));
	va_end(args);
}

void cause_evidence(struct json_object *found, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	tree_append(tree_get(found, "evidence"), sentence_new(fmt, args));
	va_end(args);
}

uint64_t causes_to_fix(struct json_object *found)
{
	uint64_t nr = 0;

	for (size_t i = 0; i < tree_length(found); i++)
		nr += tree_u64_or_0(tree_at(found, i), "fixable");
	return nr;
}
