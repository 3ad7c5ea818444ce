// SPDX-License-Identifier: GPL-2.0-only
/*
 * What phases are called, in JSON and in what is made for other programs. These
 * names stay; text has words for people (text_timeline.c).
 */
#include "base/compiler.h"
#include "phases.h"

static const char *const names[NR_PHASES] = {
	[PHASE_OPEN] = "open",
	[PHASE_ENABLE] = "enable",
	[PHASE_ATTACH] = "attach",
	[PHASE_RESET] = "reset",
	[PHASE_BUS_RESET] = "bus-reset",
	[PHASE_FLR] = "flr",
	[PHASE_POWER] = "power",
	[PHASE_CLOSE] = "close",
	[PHASE_PIN] = "pin",
	[PHASE_LOOKUP] = "lookup",
	[PHASE_MAP] = "map",
	[PHASE_MAP_REST] = "rest",
	[PHASE_WALK] = "walk",
	[PHASE_UNMAP] = "unmap",
	[PHASE_UNPIN] = "unpin",
	[PHASE_UNMAP_REST] = "rest",
	[PHASE_ON_CPU] = "on-cpu",
	[PHASE_CPU_WAIT] = "waiting-for-cpu",
	[PHASE_BLOCKED] = "blocked",
	[PHASE_ASLEEP] = "asleep",
	[PHASE_ENDING] = "ending",
	[PHASE_BEFORE] = "before-recording",
	[PHASE_LOST] = "lost",
	[PHASE_NOT_KNOWN] = "not-known",
};

/* As the module's events number them. */
static const char *const backings[] = {
	"base", "thp", "hugetlb_2m", "hugetlb_1g", "mmio", "mixed", "none",
};

const char *phase_name(enum phase phase)
{
	return names[phase];
}

const char *phase_backing(unsigned int backing)
{
	return backing < ARRAY_SIZE(backings) ? backings[backing] : "none";
}

/* A lookup is always of a BAR. */
bool phase_has_backing(enum phase phase)
{
	return phase == PHASE_PIN || phase == PHASE_UNPIN;
}
