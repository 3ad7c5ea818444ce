/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mm.h - page frames of a machine that is made up: as large as one likes, for
 * no struct page of it is ever there. A test says what they are and counts who
 * looks at them.
 */
#ifndef HOST_LINUX_MM_H
#define HOST_LINUX_MM_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/kernel.h>
#include <linux/types.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE 0x1000UL

struct page {
	char nothing[64];
};

static inline struct page *pfn_to_page(unsigned long pfn)
{
	return (struct page *)(uintptr_t)(pfn * sizeof(struct page));
}

static inline unsigned long page_to_pfn(const struct page *page)
{
	return (uintptr_t)page / sizeof(struct page);
}

struct page *compound_head(struct page *page);
unsigned int compound_order(struct page *head);
bool PageCompound(struct page *page);
bool PageHuge(struct page *page);

/* Of compat.h and frame.h, which ask a kernel and are left out (Makefile). */
bool ivs_compat_odd_is_tail(const struct page *page);
bool ivs_frame_is_mmio(unsigned long pfn);

#endif
