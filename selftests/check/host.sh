#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: host.sh
#
# Build and run selftests/host: unit tests of pure code, in this process's
# kernel, without a module and without root.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
. "$LAB_TREE/selftests/check/tap.sh"

OUT=$LAB_TREE/build/host

# mutant NAME FILE EXPRESSION TEST: a fault in a copy of the pure files that no
# run in the lab finds for sure, because it takes a race, or a machine that
# nobody emulates; the made-up tables of a unit test change exactly when they
# should, and are what they should be. Succeeds when TEST fails.
mutant() {
	local dir=$OUT/mutant-$1

	rm -rf "$dir"
	mkdir -p "$dir"
	cp -r "$LAB_TREE/module" "$dir/"
	sed -i -E "$3" "$dir/module/$2"
	if cmp -s "$dir/module/$2" "$LAB_TREE/module/$2"; then
		echo "mutant $1 changes nothing in $2"
		return 1
	fi
	make -C "$LAB_TREE/selftests/host" O="$dir" MODULE="$dir/module" \
		KSELFTEST="$LAB_CACHE/kselftest" "$dir/$4" || return 1
	! timeout 120 "$dir/$4"
}

echo "TAP version 13"
tap "host tests build" make -C "$LAB_TREE/selftests/host" O="$OUT" \
	KSELFTEST="$LAB_CACHE/kselftest"
for source in "$LAB_TREE"/selftests/host/*_test.c; do
	name=$(basename "$source" .c)
	tap_program "$name" timeout 120 "$OUT/$name"
done
tap "mutant walk_looks_never_back caught by walk_test" \
	mutant walk_looks_never_back census/walk.c \
	's/broken = walk_broken_level\(walk, level\);/broken = 0;/' walk_test
tap "mutant context_one_half caught by context_test" \
	mutant context_one_half census/context.c \
	's/table = scalable && devfn >= 128/table = false/' context_test
tap "mutant run_short_takes_the_last caught by walk_test" \
	mutant run_short_takes_the_last census/run.c \
	's/cut_take\(cut, last - cut->from\)/cut_take(cut, cut->end - cut->from)/' \
	walk_test
tap "mutant extent_all_of_one_rank caught by extent_test" \
	mutant extent_all_of_one_rank flow/extent.c \
	's/return rank \^ \(rank >> 31\);/return 0;/' extent_test
tap "mutant backing_looks_at_all caught by backing_test" \
	mutant backing_looks_at_all flow/backing.c \
	's/if \(look->nr >= MAX_LOOKS\)/if (false)/' backing_test
tap "mutant bdf_of_its_own caught by context_test" \
	mutant bdf_of_its_own base/bdf.c \
	's/if \(is_vmd\(pdev->bus\)\)/if (false)/' context_test
tap "mutant symbol_part_is_whole caught by symbol_test" \
	mutant symbol_part_is_whole base/symbol.c \
	's/, "\.part\."//' symbol_test
tap_totals
