/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOVASCOPE_COMPILER_H
#define IOVASCOPE_COMPILER_H

/* The kernel's words for what the compiler can be told. */
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define BIT(nr)			(1ull << (nr))
#define __noreturn		__attribute__((noreturn))
#define __printf(fmt, first)	__attribute__((format(printf, fmt, first)))

#endif
