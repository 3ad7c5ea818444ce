/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dmar.h - the DMA-remapping units of the machine
 */
#ifndef IVS_DMAR_H
#define IVS_DMAR_H

#include <linux/io.h>
#include <linux/types.h>

struct seq_file;

/* How a unit reads its root table (spec 11.4.6, RTADDR.TTM). */
enum ivs_mode {
	IVS_MODE_LEGACY,
	IVS_MODE_SCALABLE,
	/* Reserved, or abort: no table is read. */
	IVS_MODE_OTHER,
};

/**
 * struct ivs_unit - one remapping unit
 * @nr: its number: dmar<nr> is the kernel's name for it, too
 * @segment: PCI segment it serves
 * @address: of its registers
 * @regs: mapped registers, NULL when that failed
 */
struct ivs_unit {
	unsigned int nr;
	u32 segment;
	u64 address;
	void __iomem *regs;
};

/**
 * struct ivs_unit_state - what the registers say now
 * @present: they answer; a unit that is gone reads as ones
 * @translating: DMA is being remapped
 * @mode: how the root table is laid out
 * @root: physical address of the root table
 */
struct ivs_unit_state {
	u64 cap;
	u64 ecap;
	u64 root;
	enum ivs_mode mode;
	bool present;
	bool translating;
};

int ivs_dmar_init(void);
void ivs_dmar_exit(void);
const struct ivs_unit *ivs_dmar_unit(unsigned int nr);
void ivs_dmar_read(const struct ivs_unit *unit, struct ivs_unit_state *state);
u64 ivs_dmar_pgsizes(u64 cap, bool first);
void ivs_dmar_show(struct seq_file *m);

#endif /* IVS_DMAR_H */
