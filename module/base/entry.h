/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * entry.h - be called when a function is entered, without a kprobe
 */
#ifndef IVS_ENTRY_H
#define IVS_ENTRY_H

#include <linux/ptrace.h>
#include <linux/types.h>

/**
 * struct ivs_entry - a hook at the entry of one function
 * @hit: called there with the registers that hold arguments, and the stack
 *	pointer; with preemption off, and an interrupt may come in between and
 *	call it again
 */
struct ivs_entry {
	void (*hit)(struct ivs_entry *entry, struct pt_regs *regs);
};

int ivs_entry_hook(struct ivs_entry *entry, unsigned long function);
void ivs_entry_unhook(struct ivs_entry *entry);

#endif /* IVS_ENTRY_H */
