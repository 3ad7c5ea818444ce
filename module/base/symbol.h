/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * symbol.h - what a compiler has made of a function, by the name that it left
 */
#ifndef IVS_SYMBOL_H
#define IVS_SYMBOL_H

/**
 * enum ivs_symbol - what a symbol is of a function, the more telling the later
 * @IVS_SYMBOL_OTHER: nothing of it, or nothing that is called
 * @IVS_SYMBOL_RENAMED: the function, under another name
 * @IVS_SYMBOL_SAME: the function
 * @IVS_SYMBOL_CUT: a part of it, or a copy with other arguments: whoever sees
 *	the function does not see all calls
 */
enum ivs_symbol {
	IVS_SYMBOL_OTHER,
	IVS_SYMBOL_RENAMED,
	IVS_SYMBOL_SAME,
	IVS_SYMBOL_CUT,
};

enum ivs_symbol ivs_symbol_of(const char *symbol, const char *function);

#endif /* IVS_SYMBOL_H */
