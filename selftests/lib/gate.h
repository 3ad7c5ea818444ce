/* SPDX-License-Identifier: GPL-2.0-only */
/* gate.h - a file whose pages arrive only when the test lets them */
#ifndef LIB_GATE_H
#define LIB_GATE_H

#include <linux/types.h>

#define GATE_SIZE (1 << 16)

struct gate {
	char path[64];
	int fd;
	__u64 unique;	/* the READ that waits */
	__u32 size;	/* and what it asked for */
};

/* Mount the file; the process that calls this is the one that serves it. */
void gate_open(struct gate *gate);
/* Serve until somebody waits for a page. */
void gate_wait_reader(struct gate *gate);
/* Let the page come. */
void gate_release(struct gate *gate);
/* Serve whatever comes, pages included, until the other process ends. */
void gate_serve(struct gate *gate, int msec);
void gate_close(struct gate *gate);

#endif /* LIB_GATE_H */
