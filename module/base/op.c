// SPDX-License-Identifier: GPL-2.0-only
/*
 * op.c - how operations, backends and backings are called
 *
 * Users meet these words in every file and in the keys of the counters, so
 * that each is written down once. No state, any context.
 */
#include "op.h"

static const char *const op_names[] = {
	[IVS_REGION_MAP] = "region_map",
	[IVS_REGION_UNMAP] = "region_unmap",
	[IVS_MAP] = "map",
	[IVS_UNMAP] = "unmap",
	[IVS_FLUSH] = "flush",
	[IVS_PIN] = "pin",
	[IVS_UNPIN] = "unpin",
	[IVS_TEARDOWN] = "teardown",
	[IVS_ATTACH] = "attach",
	[IVS_DETACH] = "detach",
	[IVS_NEW_TABLE] = "new_table",
	[IVS_OPEN] = "open",
};

const char *const ivs_backend_names[IVS_NR_BACKENDS] = {
	[IVS_BACKEND_NONE] = "none",
	[IVS_BACKEND_TYPE1] = "type1",
	[IVS_BACKEND_IOMMUFD] = "iommufd",
	[IVS_BACKEND_HUGEPATH] = "hugepath",
	[IVS_BACKEND_OTHER] = "other",
};

const char *const ivs_backing_names[IVS_NR_BACKINGS] = {
	[IVS_BASE] = "base",
	[IVS_THP] = "thp",
	[IVS_HUGETLB_2M] = "hugetlb_2m",
	[IVS_HUGETLB_1G] = "hugetlb_1g",
	[IVS_MMIO] = "mmio",
	[IVS_MIXED] = "mixed",
	[IVS_NONE] = "none",
};

/* ivs_op_name - the word for an op, also for those only seen in flight */
const char *ivs_op_name(enum ivs_op op)
{
	return op_names[op];
}
