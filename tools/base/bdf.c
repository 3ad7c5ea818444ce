// SPDX-License-Identifier: GPL-2.0-only
/*
 * The names of PCI devices. lspci leaves the domain 0000 out, and others write
 * hexadecimal digits in capitals: all of these are the same device.
 */
#include <ctype.h>
#include <regex.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "bdf.h"

#define HEX	"[0-9a-fA-F]"
#define DEVICE	HEX "{2}:" HEX "{2}\\.[0-7](\\.[0-9]+)?$"

static bool is_like(const char *word, const char *pattern)
{
	regex_t regex;
	bool found;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB))
		alloc_fail();
	found = !regexec(&regex, word, 0, NULL, 0);
	regfree(&regex);
	return found;
}

char *bdf_of(const char *word)
{
	char *full;

	if (is_like(word, "^" HEX "{4,8}:" DEVICE))
		full = alloc_copy(word);
	else if (is_like(word, "^" DEVICE))
		full = alloc_print("0000:%s", word);
	else
		return NULL;
	for (char *c = full; *c; c++)
		*c = tolower((unsigned char)*c);
	return full;
}
