// SPDX-License-Identifier: GPL-2.0-only
/*
 * find.c - the symbol that a function is probed by
 *
 * Model. What compilers make of a function's name is in ../base/symbol.c. All the
 * symbols of a module can be read, from the module itself: while it is loaded by
 * whoever hears of that, later through its entry in /sys/module, the one way to
 * a module that modules have. Nobody may list those of the kernel, which can
 * only be asked for one by one; so there a function is called cut if one of the
 * names exists that gcc gives first, and one that ThinLTO has renamed is not found
 * unless the kernel leaves out such suffixes itself (up to 6.10).
 *
 * Locking: none. A module that ivs_find_module() gave stays until it is released;
 * its symbols are replaced when it has been started, hence RCU.
 */
#include <linux/elf.h>
#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "find.h"

/**
 * ivs_find_module - a module that is loaded, by its name
 * @name: as in /sys/module
 *
 * Context: may sleep.
 * Return: the module, to be released soon; or NULL, also for one in the kernel.
 */
struct module *ivs_find_module(const char *name)
{
	struct kobject *kobj = kset_find_obj(THIS_MODULE->mkobj.kobj.kset,
					     name);
	struct module *mod;

	if (!kobj)
		return NULL;
	mod = container_of(kobj, struct module_kobject, kobj)->mod;
	if (!mod)
		kobject_put(kobj);
	return mod;
}

/* ivs_find_release - it may go from now on; NULL is none */
void ivs_find_release(struct module *mod)
{
	if (mod)
		kobject_put(&mod->mkobj.kobj);
}

/* ivs_find_exists - could it be probed? Nothing is armed; may sleep */
bool ivs_find_exists(const char *symbol)
{
	struct kprobe kp = {
		.symbol_name = symbol,
		.flags = KPROBE_FLAG_DISABLED,
	};

	if (register_kprobe(&kp))
		return false;
	unregister_kprobe(&kp);
	return true;
}

/**
 * ivs_find_in_module - what a module has of a function
 * @mod: the module
 * @function: the name in the source
 * @name: out: the symbol, where it is one of the function
 * @size: of @name
 *
 * Return: what that symbol is; IVS_SYMBOL_CUT if any one is.
 */
enum ivs_symbol ivs_find_in_module(const struct module *mod,
				   const char *function, char *name,
				   size_t size)
{
	enum ivs_symbol found = IVS_SYMBOL_OTHER, this;
	const struct mod_kallsyms *all;
	const char *symbol;
	unsigned int i;

	preempt_disable();
	all = rcu_dereference_sched(mod->kallsyms);
	for (i = 0; i < all->num_symtab; i++) {
		symbol = all->strtab + all->symtab[i].st_name;
		this = ivs_symbol_of(symbol, function);
		if (this <= found || all->symtab[i].st_shndx == SHN_UNDEF)
			continue;
		found = this;
		strscpy(name, symbol, size);
	}
	preempt_enable();
	return found;
}

/**
 * ivs_find_in_kernel - what the kernel has of a function, as far as one can ask
 * @function: the name in the source
 * @name: out: a symbol that says it is cut
 * @size: of @name
 *
 * Context: may sleep.
 * Return: IVS_SYMBOL_CUT or IVS_SYMBOL_SAME, which may be missing all the same.
 */
enum ivs_symbol ivs_find_in_kernel(const char *function, char *name,
				   size_t size)
{
	static const char *const cuts[] = { "isra", "constprop", "part" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cuts); i++) {
		snprintf(name, size, "%s.%s.0", function, cuts[i]);
		if (ivs_find_exists(name))
			return IVS_SYMBOL_CUT;
	}
	return IVS_SYMBOL_SAME;
}
