// SPDX-License-Identifier: GPL-2.0-only
/*
 * symbol.c - what a compiler has made of a function, by the name that it left
 *
 * Model. A static function belongs to its compiler, which may change what is
 * passed to it and who calls it, and then adds to its name:
 *
 *   .llvm.N       nothing but the name, which has to be unique where files are
 *                 optimized together (ThinLTO)
 *   .cold         what is hardly ever reached, and jumped to: no function
 *   .isra.N       arguments are gone, or passed by value
 *   .constprop.N  a copy for the callers that pass a certain value
 *   .part.N       the rest of a function whose beginning is in its callers
 *
 * Suffixes add up. A probe reads arguments where the source says that they are, so
 * that of these only the first can be probed. And with one of the last three a
 * function that is still there under its own name no longer sees every call.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/types.h>

#include "symbol.h"

static bool all_digits(const char *word)
{
	return *word && strspn(word, "0123456789") == strlen(word);
}

/**
 * ivs_symbol_of - what is a symbol of a function?
 * @symbol: a symbol, as the kernel or a module has it
 * @function: the name in the source
 *
 * Return: see enum ivs_symbol.
 */
enum ivs_symbol ivs_symbol_of(const char *symbol, const char *function)
{
	static const char *const cuts[] = { ".isra.", ".constprop.", ".part." };
	static const char llvm[] = ".llvm.";
	size_t len = strlen(function);
	const char *rest = symbol + len;
	unsigned int i;

	if (strncmp(symbol, function, len) || (*rest && *rest != '.'))
		return IVS_SYMBOL_OTHER;
	if (!*rest)
		return IVS_SYMBOL_SAME;
	for (i = 0; i < ARRAY_SIZE(cuts); i++)
		if (strstr(rest, cuts[i]))
			return IVS_SYMBOL_CUT;
	if (!strncmp(rest, llvm, strlen(llvm)) &&
	    all_digits(rest + strlen(llvm)))
		return IVS_SYMBOL_RENAMED;
	return IVS_SYMBOL_OTHER;
}
