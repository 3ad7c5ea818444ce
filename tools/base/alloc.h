/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_ALLOC_H
#define IOVASCOPE_ALLOC_H

#include <stdarg.h>
#include <stddef.h>

#include "compiler.h"

/*
 * None of these returns NULL: without memory the program ends. What they
 * return is to be freed with free().
 */
__noreturn void alloc_fail(void);
void *alloc_zeroed(size_t nr, size_t size);
void *alloc_more(void *old, size_t nr, size_t size);
char *alloc_copy(const char *text);
__printf(1, 2) char *alloc_print(const char *fmt, ...);
__printf(1, 0) char *alloc_vprint(const char *fmt, va_list args);

#endif
