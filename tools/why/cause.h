/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_CAUSE_H
#define IOVASCOPE_CAUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

struct json_object;

#define HUGEPATH_MODULE "iovascope_hugepath"
#define HUGEPATH_LEAF "/sys/module/" HUGEPATH_MODULE "/parameters/leaf"

/* What makes 2M leaves of memory that is made of base pages, short of hugetlb. */
#define COLLAPSE \
	"let it become transparent huge pages before it is mapped (MADV_HUGEPAGE before the first touch, or MADV_COLLAPSE of mainline 6.1): what is pinned is not collapsed any more"

/* Identifiers are a contract: listed under CAUSES in iovascope.1 and tested. */
enum cause {
	CAUSE_NOT_VTD,
	CAUSE_IOMMU_OFF,
	CAUSE_IDENTITY,
	CAUSE_HW_NO_1G,
	CAUSE_HW_NO_2M,
	CAUSE_SP_OFF,
	CAUSE_DISABLE_HUGEPAGES,
	CAUSE_LEAVES_CAPPED,
	CAUSE_IOMMUFD_NO_HUGE,
	CAUSE_JOINED_LATE,
	CAUSE_NOT_CONGRUENT,
	CAUSE_FRAGMENTED,
	CAUSE_PERMISSION_SPLIT,
	CAUSE_HOLE,
	CAUSE_RUN_TOO_SHORT,
	CAUSE_BAR_TOO_SMALL,
	CAUSE_BAR_UNALIGNED,
	CAUSE_STUCK_PIN,
	CAUSE_FIRST_TOUCH,
	CAUSE_BAR_LOOKUP,
	CAUSE_BAR_ADDRESS,
	CAUSE_BASE_PAGES,
	CAUSE_PIN_LOOKUP,
	CAUSE_DUPLICATE_PINS,
	CAUSE_TEARDOWN_WALK,
	CAUSE_MAP_ENTRIES,
	CAUSE_NO_1G_PAGES,
	CAUSE_NO_BACKEND,
	CAUSE_BLIND_PROBE,
	CAUSE_OVERCOME,
	CAUSE_HARMLESS,
	CAUSE_BAD_ARGUMENT,
	CAUSE_IOVA_TOO_WIDE,
	CAUSE_IOVA_RESERVED,
	CAUSE_IOVA_TAKEN,
	CAUSE_UNMAP_SHORT,
	CAUSE_UNMAP_BISECTS,
	CAUSE_ENTRY_LIMIT,
	CAUSE_MEMLOCK,
	CAUSE_MEMLOCK_USER,
	CAUSE_MEMORY_HOLE,
	CAUSE_MEMORY_NO_ACCESS,
	CAUSE_MEMORY_READ_ONLY,
	CAUSE_MEMORY_PAST_END,
	CAUSE_MEMORY_SECRET,
	CAUSE_MEMORY_FSDAX,
	CAUSE_BAR_NOT_MEMORY,
	CAUSE_BAR_OFF,
	CAUSE_POOL_EMPTY,
	CAUSE_NO_MEMORY,
	CAUSE_MAP_REFUSED,
	CAUSE_GROUP_BUSY,
	CAUSE_GROUP_NOT_VIABLE,
	CAUSE_NO_INTERRUPT_REMAPPING,
	CAUSE_ATTACH_REFUSED,
	CAUSE_NO_CONTAINER,
	CAUSE_NOT_IN_GROUP,
	CAUSE_DEVICE_BUSY,
	CAUSE_STALE,
	CAUSE_STALE_READ_ONLY,
	CAUSE_ORPHANED,
	CAUSE_MEMORY_DROPPED,
	CAUSE_NOT_KNOWN,
	CAUSE_CGROUP_LIMIT,
	CAUSE_CANNOT_MOVE,
	CAUSE_POOL_DENIED,
	CAUSE_IOVA_SPACE,
	CAUSE_IOVA_CONFLICT,
	CAUSE_NOT_IN_KERNEL,
	CAUSE_FILE_NOT_MEMORY,
	CAUSE_NOIOMMU,
	CAUSE_IDENTITY_ONLY,
	CAUSE_COHERENCY_MISMATCH,
	CAUSE_WIDTH_MISMATCH,
	CAUSE_VADDR_GIVEN_UP,
	CAUSE_NO_GROUP,
	CAUSE_NOT_BOUND,
	CAUSE_RMRR,
	CAUSE_PRIVATE_COPIES,
	CAUSE_EMPTY_TABLES,
	CAUSE_POOL_SHORT,
	CAUSE_BAR_ABSENT,
	CAUSE_DEVICE_RESET,
	NR_CAUSES
};

const char *cause_id(enum cause cause);
bool cause_fixable(enum cause cause);
struct json_object *cause_new(enum cause cause);

/* Are @ns a hundredth of @total, and so worth a cause? */
bool cause_is_worth(uint64_t ns, uint64_t total);
/* Of @ns out of @total; NULL when it is no hundredth of them. */
struct json_object *cause_of_time(enum cause cause, uint64_t ns,
				  uint64_t total);

void cause_unfixable(struct json_object *found);
__printf(2, 3)
void cause_says(struct json_object *found, const char *fmt, ...);
__printf(2, 3)
void cause_evidence(struct json_object *found, const char *fmt, ...);
__printf(2, 3)
void cause_fix(struct json_object *found, const char *fmt, ...);

/* How many of the list can be fixed. */
uint64_t causes_to_fix(struct json_object *causes);

#endif
