// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmar.c - the remapping units, as firmware and hardware describe them
 *
 * Model. The ACPI table DMAR lists the units (DRHD structures, VT-d spec 8.3);
 * the kernel numbers them in the same order (6.1 drivers/iommu/intel/dmar.c
 * dmar_parse_one_drhd(), alloc_iommu()). Each unit's registers say what it can
 * do and where its root table is. They are only ever read, and read anew each
 * time: translation may be switched on or off, and the root table replaced,
 * at any moment. Units that are hot-plugged later are not in the table and are
 * not seen.
 *
 * A machine without the table has no units, which is no error.
 *
 * Locking: none; the array does not change between init and exit.
 */
#include <linux/acpi.h>
#include <linux/bits.h>
#include <linux/io.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "../base/text.h"
#include "dmar.h"

/* Registers (spec 11.4). */
#define REG_CAP    0x08
#define REG_ECAP   0x10
#define REG_GSTS   0x1c
#define REG_RTADDR 0x20

#define GSTS_TES      BIT(31)
#define RTADDR_TTM    GENMASK_ULL(11, 10)
#define RTADDR_ROOT   GENMASK_ULL(63, 12)

#define CAP_CM        BIT_ULL(7)
#define CAP_SAGAW_3   BIT_ULL(9)
#define CAP_SAGAW_4   BIT_ULL(10)
#define CAP_SAGAW_5   BIT_ULL(11)
#define CAP_SLLPS_2M  BIT_ULL(34)
#define CAP_SLLPS_1G  BIT_ULL(35)
#define CAP_FL1GP     BIT_ULL(56)

#define ECAP_C        BIT_ULL(0)
#define ECAP_FLTS     BIT_ULL(47)

static struct ivs_unit *units;
static unsigned int nr_units;

/* The DRHD structure at or after @entry; NULL behind the last. */
static const struct acpi_dmar_hardware_unit *
drhd_from(const struct acpi_table_header *table,
	  const struct acpi_dmar_header *entry)
{
	const void *end = (const void *)table + table->length;

	while ((const void *)(entry + 1) <= end &&
	       entry->length >= sizeof(*entry) &&
	       (const void *)entry + entry->length <= end) {
		if (entry->type == ACPI_DMAR_TYPE_HARDWARE_UNIT &&
		    entry->length >= sizeof(struct acpi_dmar_hardware_unit))
			return (const void *)entry;
		entry = (const void *)entry + entry->length;
	}
	return NULL;
}

static const struct acpi_dmar_hardware_unit *
drhd_first(const struct acpi_table_header *table)
{
	return drhd_from(table, (const void *)table +
				sizeof(struct acpi_table_dmar));
}

static const struct acpi_dmar_hardware_unit *
drhd_next(const struct acpi_table_header *table,
	  const struct acpi_dmar_hardware_unit *drhd)
{
	return drhd_from(table, (const void *)drhd + drhd->header.length);
}

static int units_make(const struct acpi_table_header *table)
{
	const struct acpi_dmar_hardware_unit *drhd;
	unsigned int nr = 0;

	for (drhd = drhd_first(table); drhd; drhd = drhd_next(table, drhd))
		nr++;
	units = kcalloc(nr, sizeof(*units), GFP_KERNEL);
	if (!units)
		return -ENOMEM;
	for (drhd = drhd_first(table); drhd; drhd = drhd_next(table, drhd)) {
		units[nr_units] = (struct ivs_unit){
			.nr = nr_units,
			.segment = drhd->segment,
			.address = drhd->address,
			.regs = ioremap(drhd->address, SZ_4K),
		};
		nr_units++;
	}
	return 0;
}

/**
 * ivs_dmar_init - find the units
 *
 * Context: may sleep.
 * Return: 0, also when there are none, or -ENOMEM.
 */
int ivs_dmar_init(void)
{
	struct acpi_table_header *table;
	char signature[] = ACPI_SIG_DMAR;
	int ret;

	if (ACPI_FAILURE(acpi_get_table(signature, 0, &table)))
		return 0;
	ret = units_make(table);
	acpi_put_table(table);
	return ret;
}

/* ivs_dmar_exit - forget the units; nobody reads them any more */
void ivs_dmar_exit(void)
{
	while (nr_units)
		if (units[--nr_units].regs)
			iounmap(units[nr_units].regs);
	kfree(units);
	units = NULL;
}

/* ivs_dmar_unit - a unit by number; NULL behind the last */
const struct ivs_unit *ivs_dmar_unit(unsigned int nr)
{
	return nr < nr_units ? &units[nr] : NULL;
}

static enum ivs_mode rtaddr_mode(u64 rtaddr)
{
	switch ((rtaddr & RTADDR_TTM) >> 10) {
	case 0:
		return IVS_MODE_LEGACY;
	case 1:
		return IVS_MODE_SCALABLE;
	default:
		return IVS_MODE_OTHER;
	}
}

/**
 * ivs_dmar_read - read a unit's registers
 * @unit: which
 * @state: what they say; all zero when nothing answers
 *
 * Context: any.
 */
void ivs_dmar_read(const struct ivs_unit *unit, struct ivs_unit_state *state)
{
	u64 rtaddr;

	memset(state, 0, sizeof(*state));
	if (!unit->regs)
		return;
	state->cap = readq(unit->regs + REG_CAP);
	if (state->cap == U64_MAX)
		return;
	state->present = true;
	state->ecap = readq(unit->regs + REG_ECAP);
	rtaddr = readq(unit->regs + REG_RTADDR);
	state->root = rtaddr & RTADDR_ROOT;
	state->mode = rtaddr_mode(rtaddr);
	state->translating = readl(unit->regs + REG_GSTS) & GSTS_TES;
}

/**
 * ivs_dmar_pgsizes - leaf sizes a unit can use
 * @cap: its capability register
 * @first: in first-stage tables; 2M is part of that format (spec 3.6)
 *
 * Return: a bit for each size in bytes.
 */
u64 ivs_dmar_pgsizes(u64 cap, bool first)
{
	u64 sizes = SZ_4K;

	if (first || (cap & CAP_SLLPS_2M))
		sizes |= SZ_2M;
	if (cap & (first ? CAP_FL1GP : CAP_SLLPS_1G))
		sizes |= SZ_1G;
	return sizes;
}

static void unit_show_levels(struct seq_file *m, u64 cap)
{
	static const u64 sagaw[] = { CAP_SAGAW_3, CAP_SAGAW_4, CAP_SAGAW_5 };
	const char *comma = "";
	unsigned int i;

	seq_puts(m, " levels=");
	for (i = 0; i < ARRAY_SIZE(sagaw); i++) {
		if (!(cap & sagaw[i]))
			continue;
		seq_printf(m, "%s%u", comma, i + 3);
		comma = ",";
	}
}

static void unit_show(struct seq_file *m, const struct ivs_unit *unit)
{
	static const char *const modes[] = {
		[IVS_MODE_LEGACY] = "legacy",
		[IVS_MODE_SCALABLE] = "scalable",
		[IVS_MODE_OTHER] = "other",
	};
	struct ivs_unit_state state;
	bool first;

	ivs_dmar_read(unit, &state);
	first = state.ecap & ECAP_FLTS;
	seq_printf(m, "dmar%u segment=%u address=0x%llx present=%d cap=0x%llx ecap=0x%llx",
		   unit->nr, unit->segment, unit->address, state.present,
		   state.cap, state.ecap);
	seq_printf(m, " translation=%d mode=%s", state.translating,
		   modes[state.mode]);
	unit_show_levels(m, state.cap);
	seq_printf(m, " second_2m=%d second_1g=%d first_2m=%d first_1g=%d",
		   !!(state.cap & CAP_SLLPS_2M), !!(state.cap & CAP_SLLPS_1G),
		   first, first && (state.cap & CAP_FL1GP));
	seq_printf(m, " coherent=%d caching_mode=%d\n",
		   !!(state.ecap & ECAP_C), !!(state.cap & CAP_CM));
}

/* ivs_dmar_show - one line a unit */
void ivs_dmar_show(struct seq_file *m)
{
	unsigned int nr;

	for (nr = 0; nr < nr_units; nr++)
		unit_show(m, &units[nr]);
}
