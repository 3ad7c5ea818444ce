// SPDX-License-Identifier: GPL-2.0-only
/*
 * symbol_test.c - names that compilers leave, and what may be probed of them
 *
 * The names are such as gcc 8 to 14 and clang 17 to 19 give.
 */
#include "kselftest_harness.h"

#include "base/symbol.h"

static const char function[] = "vfio_pin_pages_remote";

#define SYMBOL(suffix) ivs_symbol_of("vfio_pin_pages_remote" suffix, function)

TEST(the_function)
{
	EXPECT_EQ(IVS_SYMBOL_SAME, SYMBOL(""));
}

TEST(renamed_by_thin_lto)
{
	EXPECT_EQ(IVS_SYMBOL_RENAMED, SYMBOL(".llvm.7"));
	EXPECT_EQ(IVS_SYMBOL_RENAMED, SYMBOL(".llvm.17263945283746592837"));
}

TEST(arguments_are_others)
{
	EXPECT_EQ(IVS_SYMBOL_CUT, SYMBOL(".isra.0"));
	EXPECT_EQ(IVS_SYMBOL_CUT, SYMBOL(".isra.17"));
	EXPECT_EQ(IVS_SYMBOL_CUT, SYMBOL(".constprop.0"));
	EXPECT_EQ(IVS_SYMBOL_CUT, SYMBOL(".isra.0.constprop.1"));
}

TEST(a_part)
{
	EXPECT_EQ(IVS_SYMBOL_CUT, SYMBOL(".part.0"));
	EXPECT_EQ(IVS_SYMBOL_CUT, SYMBOL(".part.0.isra.0"));
	EXPECT_EQ(IVS_SYMBOL_CUT, SYMBOL(".part.0.cold"));
	EXPECT_EQ(IVS_SYMBOL_CUT, SYMBOL(".llvm.12.part.0"));
}

TEST(no_function)
{
	EXPECT_EQ(IVS_SYMBOL_OTHER, SYMBOL(".cold"));
	EXPECT_EQ(IVS_SYMBOL_OTHER, SYMBOL(".cold.3"));
	EXPECT_EQ(IVS_SYMBOL_OTHER, SYMBOL(".llvm."));
	EXPECT_EQ(IVS_SYMBOL_OTHER, SYMBOL(".llvm.12.cold"));
	EXPECT_EQ(IVS_SYMBOL_OTHER, SYMBOL(".__key.2"));
}

TEST(another_function)
{
	EXPECT_EQ(IVS_SYMBOL_OTHER, SYMBOL("_external"));
	EXPECT_EQ(IVS_SYMBOL_OTHER, SYMBOL("_external.isra.0"));
	EXPECT_EQ(IVS_SYMBOL_OTHER,
		  ivs_symbol_of("vfio_pin_pages", function));
	EXPECT_EQ(IVS_SYMBOL_OTHER, ivs_symbol_of("", function));
	EXPECT_EQ(IVS_SYMBOL_OTHER,
		  ivs_symbol_of("pin_pages_remote.isra.0", function));
}

TEST_HARNESS_MAIN
