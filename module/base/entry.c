// SPDX-License-Identifier: GPL-2.0-only
/*
 * entry.c - be called when a function is entered, without a kprobe
 *
 * Model. A kprobe at the entry of a function is served by ftrace, too, but by a
 * handler that all kprobes of the machine share: it saves every register, looks
 * the probe up, and refuses a hit that comes in an interrupt while another
 * probe's handler runs. An ftrace_ops of our own has a trampoline of its own,
 * which saves what arguments are passed in, and refuses nothing.
 *
 * That needs a kernel whose ftrace hands over arguments without all registers
 * (DYNAMIC_FTRACE_WITH_ARGS). On others there is no hook, and callers fall back
 * to a kprobe.
 *
 * Recursion. What @hit calls must not call the function it hooks; the ops asks
 * for no protection, for that costs more than all the rest.
 *
 * Locking: ftrace's. Lifetime: unhooking waits for hits that run.
 */
#include <linux/errno.h>
#include <linux/string.h>

#include "../compat.h"
#include "entry.h"

#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS

static void notrace entry_call(unsigned long ip, unsigned long parent_ip,
			       struct ftrace_ops *ops,
			       struct ftrace_regs *fregs)
{
	struct ivs_entry *entry = container_of(ops, struct ivs_entry, ops);

	entry->hit(entry, ivs_compat_entry_regs(fregs));
}

/* An empty filter means every function: only for an ops that is not in use. */
static void entry_forget(struct ivs_entry *entry)
{
	ftrace_set_filter(&entry->ops, NULL, 0, 1);
}

/**
 * ivs_entry_hook - call @hit at each entry of a function from now on
 * @entry: with @hit set
 * @function: address of the instruction that ftrace patches there
 *
 * Context: may sleep.
 * Return: 0, -EOPNOTSUPP on a kernel that cannot, or -errno.
 */
int ivs_entry_hook(struct ivs_entry *entry, unsigned long function)
{
	int ret;

	memset(&entry->ops, 0, sizeof(entry->ops));
	entry->ops.func = entry_call;
	ret = ftrace_set_filter_ip(&entry->ops, function, 0, 0);
	if (ret)
		return ret;
	ret = register_ftrace_function(&entry->ops);
	if (ret)
		entry_forget(entry);
	return ret;
}

/* ivs_entry_unhook - and no more; no @hit runs after it; may sleep */
void ivs_entry_unhook(struct ivs_entry *entry)
{
	unregister_ftrace_function(&entry->ops);
	entry_forget(entry);
}

#else

int ivs_entry_hook(struct ivs_entry *entry, unsigned long function)
{
	return -EOPNOTSUPP;
}

void ivs_entry_unhook(struct ivs_entry *entry)
{
}

#endif
