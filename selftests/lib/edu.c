// SPDX-License-Identifier: GPL-2.0-only
/*
 * The edu device of QEMU: a 4 KiB buffer and one DMA engine.
 *
 * Its registers above 0x80 want 64-bit accesses, which only a mapped BAR can
 * do. The buffer is not readable by the CPU: a value goes in by DMA from one
 * IOVA (bounce) and out by DMA to another, so the value that arrives really
 * passed through the translation twice.
 *
 * The device clamps addresses to its dma_mask property and moves data 100 ms
 * after it was told to.
 */
#include <sys/mman.h>
#include <time.h>

#include "edu.h"
#include "must.h"

#define EDU_BAR_SIZE	(1ULL << 20)
#define EDU_DMA_SRC	0x80
#define EDU_DMA_DST	0x88
#define EDU_DMA_COUNT	0x90
#define EDU_DMA_CMD	0x98
#define EDU_BUFFER	0x40000

#define EDU_CMD_RUN	1
#define EDU_CMD_TO_RAM	2

static volatile __u64 *reg(struct edu *edu, unsigned int offset)
{
	return (volatile __u64 *)((volatile char *)edu->regs + offset);
}

void edu_open(struct edu *edu, struct vfio_device *dev)
{
	must_have(pci_is(dev->bdf, "edu"), "%s has no DMA engine that is known",
		  dev->bdf);
	vfio_bus_master(dev);
	edu->regs = vfio_bar_mmap(dev, 0, 0, EDU_BAR_SIZE, 4096, 0);
}

void edu_close(struct edu *edu)
{
	munmap((void *)edu->regs, EDU_BAR_SIZE);
}

static int edu_dma(struct edu *edu, __u64 src, __u64 dst, __u64 cmd)
{
	const struct timespec step = { .tv_nsec = 10000000 };
	int tries = 1000;

	*reg(edu, EDU_DMA_SRC) = src;
	*reg(edu, EDU_DMA_DST) = dst;
	*reg(edu, EDU_DMA_COUNT) = 8;
	*reg(edu, EDU_DMA_CMD) = cmd | EDU_CMD_RUN;
	while (*reg(edu, EDU_DMA_CMD) & EDU_CMD_RUN) {
		if (!tries--)
			return -ETIMEDOUT;
		nanosleep(&step, NULL);
	}
	return 0;
}

int edu_copy(struct edu *edu, __u64 from_iova, __u64 to_iova)
{
	int ret = edu_dma(edu, from_iova, EDU_BUFFER, 0);

	if (ret)
		return ret;
	return edu_dma(edu, EDU_BUFFER, to_iova, EDU_CMD_TO_RAM);
}
