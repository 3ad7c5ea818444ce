/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * find.h - the symbol that a function is probed by
 */
#ifndef IVS_FIND_H
#define IVS_FIND_H

#include <linux/types.h>

#include "../base/symbol.h"

struct module;

struct module *ivs_find_module(const char *name);
void ivs_find_release(struct module *mod);
bool ivs_find_exists(const char *symbol);
enum ivs_symbol ivs_find_in_module(const struct module *mod,
				   const char *function, char *name,
				   size_t size);
enum ivs_symbol ivs_find_in_kernel(const char *function, char *name,
				   size_t size);

#endif /* IVS_FIND_H */
