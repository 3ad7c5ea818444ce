/* SPDX-License-Identifier: GPL-2.0-only */
/* kernel.h - what a kernel does differently, as far as the tests can see it */
#ifndef LIB_KERNEL_H
#define LIB_KERNEL_H

/*
 * Pages that type1 maps and unmaps in each new domain, to see whether the
 * driver makes large leaves: 2, or 0 where it knows.
 */
unsigned int kernel_trial_pages(void);

/* What type1 answers to a range that goes around the end of the addresses. */
int kernel_wrap_errno(void);

#endif /* LIB_KERNEL_H */
