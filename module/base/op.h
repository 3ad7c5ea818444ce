/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * op.h - the words that the whole module shares
 *
 * Operations, who makes them, and what memory is made of; and the address of a
 * device. Nothing but types and their names, so that everybody may include it.
 */
#ifndef IVS_OP_H
#define IVS_OP_H

#include <linux/types.h>

/* The calls that are timed. Those that release or take pages come last. */
enum ivs_op {
	IVS_REGION_MAP,
	IVS_REGION_UNMAP,
	IVS_MAP,
	IVS_UNMAP,
	IVS_FLUSH,
	IVS_PIN,
	IVS_UNPIN,
	IVS_TEARDOWN,
	IVS_NR_OPS,
	/*
	 * In flight only. A device is attached to the memory of a container or
	 * of an IOAS, or it or the memory is taken away; a new page table is
	 * filled before there is a device; a group or a device is opened.
	 */
	IVS_ATTACH = IVS_NR_OPS,
	IVS_DETACH,
	IVS_NEW_TABLE,
	IVS_OPEN,
};

#define IVS_FIRST_BACKED IVS_PIN

/* Who serves the VFIO container that a domain belongs to. */
enum ivs_backend {
	IVS_BACKEND_NONE,
	IVS_BACKEND_TYPE1,
	IVS_BACKEND_IOMMUFD,
	IVS_BACKEND_HUGEPATH,
	IVS_BACKEND_OTHER,
	IVS_NR_BACKENDS,
};

/* What a physical range is made of. */
enum ivs_backing {
	IVS_BASE,
	IVS_THP,
	IVS_HUGETLB_2M,
	IVS_HUGETLB_1G,
	IVS_MMIO,
	/* One call that covered more than one of the above. */
	IVS_MIXED,
	/* Nothing was covered: the call failed or found nothing. */
	IVS_NONE,
	IVS_NR_BACKINGS,
};

/**
 * struct ivs_bdf - the address of a device; does not change while it is there
 * @segment: PCI segment
 * @rid: bus, device, function, as in a request
 */
struct ivs_bdf {
	u32 segment;
	u16 rid;
};

extern const char *const ivs_backend_names[IVS_NR_BACKENDS];
extern const char *const ivs_backing_names[IVS_NR_BACKINGS];

const char *ivs_op_name(enum ivs_op op);

#endif /* IVS_OP_H */
