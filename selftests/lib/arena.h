/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * arena.h - one stretch of virtual memory made of everything
 *
 * Whatever a client can hand to VFIO, side by side without a gap, so that a
 * region which crosses from one piece into the next is a mixture.
 */
#ifndef LIB_ARENA_H
#define LIB_ARENA_H

#include <linux/types.h>

#include "vfio.h"

enum piece_kind {
	PIECE_HOLE,		/* no mapping at all */
	PIECE_NONE,		/* PROT_NONE */
	PIECE_WRITEONLY,	/* touched, then PROT_WRITE */
	PIECE_EXECONLY,		/* touched, then PROT_EXEC */
	PIECE_POISONED,		/* some pages are poisoned (MADV_HWPOISON) */
	PIECE_IO,		/* a driver's pages, VM_IO and touched */
	PIECE_READONLY,		/* touched, then PROT_READ */
	PIECE_ZERO,		/* PROT_READ and never touched */
	PIECE_UNTOUCHED,
	PIECE_FILE_PRIVATE,	/* of a file that is on a disk */
	PIECE_FILE_READONLY,	/* shared, PROT_READ */
	PIECE_SCATTERED,	/* shared; hardly two neighbours in a row */
	PIECE_BASE,
	PIECE_THP,
	PIECE_BAR,
	PIECE_MEMFD,
	PIECE_2M_PRIVATE,
	PIECE_2M_SHARED,
	PIECE_1G_SHARED,
	PIECE_1G_PRIVATE,	/* a forked child has a hole there */
	NR_PIECES,
};

extern const char *const piece_names[NR_PIECES];

struct arena {
	struct piece {
		char *va;
		__u64 size;
		/* It is what it should be: not all kernels have all kinds. */
		int there;
	} piece[NR_PIECES];
	/* The device that the BAR is of, in a container of its own. */
	struct vfio bar;
};

/* At the same address in every run. */
void arena_open(struct arena *arena);
/* New memory for a piece; the old one stays where it is pinned. */
void arena_renew(struct arena *arena, enum piece_kind kind);
void arena_close(struct arena *arena);

#endif /* LIB_ARENA_H */
