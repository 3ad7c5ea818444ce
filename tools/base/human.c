// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers for people: one decimal in a unit that suits their size. Only text
 * is scaled; JSON and Prometheus have every digit.
 */
#include <stdio.h>
#include <string.h>

#include "human.h"
#include "tree.h"

struct step {
	const char *name;
	double size;
	int from;
};

/* The last step that is reached; steps[0] is the unit itself, unscaled. */
static struct human scale(uint64_t val, const struct step *steps)
{
	const struct step *step = steps;
	struct human out;

	while (step[1].name && val >= step[1].size * step[1].from)
		step++;
	if (step == steps)
		snprintf(out.s, sizeof(out.s), "%ju %s", (uintmax_t)val,
			 step->name);
	else
		snprintf(out.s, sizeof(out.s), "%.1f %s", val / step->size,
			 step->name);
	return out;
}

struct human human_bytes(uint64_t bytes)
{
	static const struct step steps[] = {
		{ "B", 1, 1 },
		{ "KiB", 0x1p10, 1 },
		{ "MiB", 0x1p20, 1 },
		{ "GiB", 0x1p30, 1 },
		{ "TiB", 0x1p40, 1 },
		{ "PiB", 0x1p50, 1 },
		{ NULL, 0, 0 }
	};

	return scale(bytes, steps);
}

struct human human_ns(uint64_t ns)
{
	static const struct step steps[] = {
		{ "ns", 1, 1 },
		{ "us", 1e3, 1 },
		{ "ms", 1e6, 1 },
		{ "s", 1e9, 1 },
		/* 90 s and 65 min say more than 1.5 min and 1.1 h. */
		{ "min", 60e9, 2 },
		{ "h", 3600e9, 2 },
		{ NULL, 0, 0 }
	};

	return scale(ns, steps);
}

/* A unit as the schema names it; bare counts carry none. */
struct human human_unit(uint64_t val, const char *unit)
{
	struct human out;

	if (!strcmp(unit, "bytes"))
		return human_bytes(val);
	if (!strcmp(unit, "ns"))
		return human_ns(val);
	snprintf(out.s, sizeof(out.s), "%ju", (uintmax_t)val);
	return out;
}

/* A quotient, or "-" where there is nothing to divide by. */
struct human human_ratio(uint64_t part, uint64_t whole, const char *suffix)
{
	double ratio = whole ? (double)part / whole : 0;
	struct human out = { "-" };

	if (whole)
		snprintf(out.s, sizeof(out.s), "%.*f%s",
			 ratio < 10 ? 2 : ratio < 100 ? 1 : 0, ratio, suffix);
	return out;
}

/* The record's value, or "-" when the module does not have the key. */
struct human human_key(struct json_object *record, const char *key,
		       const char *unit)
{
	uint64_t val;

	if (!tree_u64(record, key, &val))
		return (struct human){ "-" };
	return human_unit(val, unit);
}

const char *human_s(uint64_t nr)
{
	return nr == 1 ? "" : "s";
}

struct human human_percent(uint64_t part, uint64_t whole)
{
	struct human out = { "-" };

	if (whole)
		snprintf(out.s, sizeof(out.s), "%.1f %%", 100.0 * part / whole);
	return out;
}
