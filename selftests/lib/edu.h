/* SPDX-License-Identifier: GPL-2.0-only */
/* edu.h - QEMU's edu device as a DMA engine */
#ifndef LIB_EDU_H
#define LIB_EDU_H

#include "vfio.h"

struct edu {
	volatile void *regs;
};

void edu_open(struct edu *edu, struct vfio_device *dev);
/* Before the device is closed, or it stays open. */
void edu_close(struct edu *edu);
/*
 * Copy 8 bytes from one IOVA to another by DMA. Which memory the bytes come
 * from and reach is the IOMMU's decision. 0, or -ETIMEDOUT.
 */
int edu_copy(struct edu *edu, __u64 from_iova, __u64 to_iova);

#endif /* LIB_EDU_H */
