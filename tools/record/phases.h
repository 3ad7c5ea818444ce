/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_PHASES_H
#define IOVASCOPE_PHASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recording;

/*
 * What a process can be in, of which it is in one at any time: the innermost of
 * its calls, or what its threads do.
 */
enum phase {
	PHASE_OPEN,
	PHASE_ENABLE,
	PHASE_ATTACH,
	PHASE_RESET,
	PHASE_BUS_RESET,
	PHASE_FLR,
	PHASE_POWER,
	PHASE_CLOSE,
	PHASE_PIN,
	PHASE_LOOKUP,
	PHASE_MAP,
	PHASE_MAP_REST,
	PHASE_WALK,
	PHASE_UNMAP,
	PHASE_UNPIN,
	PHASE_UNMAP_REST,
	PHASE_ON_CPU,
	PHASE_CPU_WAIT,
	PHASE_BLOCKED,
	PHASE_ASLEEP,
	PHASE_ENDING,
	PHASE_BEFORE,
	PHASE_LOST,
	PHASE_NOT_KNOWN,
	NR_PHASES
};

/* As the module's events number what memory is made of. */
enum {
	BACKING_BASE,
	BACKING_THP,
	BACKING_HUGETLB_2M,
	BACKING_HUGETLB_1G,
	BACKING_MMIO,
};

/* A call that began and ended; @region is that it is part of, or SIZE_MAX. */
struct span {
	uint64_t began_ns;
	uint64_t ended_ns;
	uint64_t bytes;
	uint32_t tid;
	uint16_t of;
	uint8_t phase;
	size_t region;
};

struct spans {
	struct span *list;
	size_t nr;
	size_t room;
};

/* In so many parts of the whole time. */
#define NR_STEPS 24

/*
 * What one phase took, of one device or one backing where it has such. Waiting
 * is what its thread was not on a CPU of that, where that is known.
 */
struct cell {
	enum phase phase;
	unsigned int of;
	uint64_t ns;
	uint64_t waiting_ns;
	uint64_t calls;
	uint64_t bytes;
	uint64_t steps[NR_STEPS];
};

/* A request, and what of it was spent in which part. */
struct region {
	bool map;
	/* Torn down without being asked for: the process ended. */
	bool unasked;
	int ret;
	uint64_t iova;
	uint64_t vaddr;
	uint64_t bytes;
	uint64_t began_ns;
	uint64_t ns;
	uint64_t pin_ns;
	uint64_t map_ns;
	uint64_t pins;
	uint64_t maps;
	unsigned int backing;
};

struct phases {
	uint32_t pid;
	/* Of the process; when it was looked at first; its end, or so far. */
	uint64_t started_ns;
	uint64_t began_ns;
	uint64_t ended_ns;
	/* Calls that had ended then are not counted. */
	uint64_t counts_since;
	bool exec_seen;
	bool exit_seen;
	struct cell *cells;
	size_t nr_cells;
	struct region *regions;
	size_t nr_regions;
	char (*devices)[16];
	size_t nr_devices;
	/* By their beginning. */
	struct spans spans;
	/* Its tasks, ascending. */
	uint32_t *tids;
	size_t nr_tids;
	uint64_t refusals;
};

/* As they are called in JSON; @backing is numbered as in the events. */
const char *phase_name(enum phase phase);
const char *phase_backing(unsigned int backing);
bool phase_has_backing(enum phase phase);

/* Of this process, or 0: of that which was recorded, or has most in VFIO. */
void phases_find(struct phases *phases, const struct recording *recording,
		 uint32_t pid);

/* The same, of what was from @since on only. */
void phases_since(struct phases *phases, const struct recording *recording,
		  uint32_t pid, uint64_t since);

bool phases_has_task(const struct phases *phases, uint32_t tid);
void phases_free(struct phases *phases);

#endif
