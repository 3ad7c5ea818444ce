/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * probe.h - arm what the table of probes says
 */
#ifndef IVS_PROBE_H
#define IVS_PROBE_H

#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/types.h>

#include "../base/entry.h"
#include "../base/quality.h"

struct seq_file;

#define IVS_PROBE_SYMBOLS 2
/* Room for a symbol, with what compilers add to it. */
#define IVS_PROBE_NAME 64

enum ivs_probe_state {
	/* What it would count is not asked for (dma_api), or cannot be here. */
	IVS_PROBE_UNUSED,
	/* By the parameter skip. */
	IVS_PROBE_OFF,
	IVS_PROBE_WAITING,
	IVS_PROBE_ATTACHED,
	IVS_PROBE_MISSING,
	IVS_PROBE_FAILED,
	/* Attached, and not heard: only ever shown. */
	IVS_PROBE_SILENT,
};

/**
 * struct ivs_probe - one function that is probed, and how
 * @name: what users call it
 * @module: the module of the backend that the function is of; NULL for the IOMMU
 *	core, which serves all of them
 * @builtin: the kernel has that module inside
 * @symbols: its names, newest kernel first
 * @feeds: bit set of enum ivs_op and enum ivs_feed
 * @required: loading fails without it
 * @dma_api: armed only to count domains of the DMA API
 * @vtd: of VT-d's driver, and unused where another one translates
 * @rare: a few of its calls at once are many
 * @prefilter: true for a call that @entry would let go; or NULL. It is asked
 *	before a call costs anything, and must be quick
 * @entry: handler; returns 0 to see the return too, 1 to let the call go
 * @ret: handler; NULL when only the entry matters
 */
struct ivs_probe {
	const char *name;
	const char *module;
	bool builtin;
	const char *symbols[IVS_PROBE_SYMBOLS];
	unsigned long feeds;
	bool required;
	bool dma_api;
	bool vtd;
	bool rare;
	bool (*prefilter)(struct pt_regs *regs);
	kretprobe_handler_t entry;
	kretprobe_handler_t ret;
	/* private: */
	enum ivs_probe_state state;
	char spec[MODULE_NAME_LEN + IVS_PROBE_NAME];
	char cut[IVS_PROBE_NAME];
	int error;
	struct ivs_missed missed;
	enum ivs_channel channel;
	struct ivs_entry front;
	kprobe_pre_handler_t take_instance;
	struct kretprobe rp;
};

int ivs_probes_init(struct ivs_probe *table, unsigned int nr, size_t data_size,
		    const char *skip);
int ivs_probes_check_required(void);
void ivs_probes_exit(void);
void ivs_probes_show(struct seq_file *m);

#endif /* IVS_PROBE_H */
