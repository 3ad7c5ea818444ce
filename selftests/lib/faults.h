/* SPDX-License-Identifier: GPL-2.0-only */
/* faults.h - what VT-d refused a device, as the kernel's log tells it */
#ifndef LIB_FAULTS_H
#define LIB_FAULTS_H

#include <linux/types.h>

/* From now on; a descriptor for faults_wait(). */
int faults_open(void);
/* Before a fault that is waited for: sleep until its line is printed for sure. */
void faults_make_room(void);
/* Wait for a fault of this device in the page at iova: its number of lines. */
unsigned int faults_wait(int fd, const char *bdf, __u64 iova);
void faults_close(int fd);

#endif /* LIB_FAULTS_H */
