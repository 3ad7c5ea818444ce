#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: keep.sh
#
# Keep the last run of bench.sh, which has to be of all parts and kernels: as
# selftests/bench/results/VERSION.{json,txt,svg}, and in README.md.

set -euo pipefail
shopt -s inherit_errexit
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"

if (($#)); then
	print_head_comment "$0"
	exit 2
fi
here=$(dirname "$0")
run=$LAB_TREE/build/bench/bench.json
[[ -s $run ]] || die "no $run: make bench"
! compgen -G "$LAB_TREE/build/bench/*.failed" >/dev/null ||
	die "a part of the last run failed"
version=$(jq -r .iovascope "$run")
for kernel in 6.1 6.12 7.3 lab; do
	case $kernel in
	lab) wanted='census costs far' ;;
	*) wanted='costs far node watch' ;;
	esac
	for part in $wanted; do
		jq -e --arg kernel "$kernel" --arg part "$part" 'any(.parts[];
			.kernel == $kernel and .part == $part)' "$run" \
			>/dev/null || die "$run has no $part of kernel $kernel"
	done
done

mkdir -p "$here/results"
jq . "$run" >"$here/results/$version.json"
"$here/tables.sh" "$run" >"$here/results/$version.txt"
"$here/plot.sh" "$run" >"$here/results/$version.svg"
"$here/readme.sh" "$run" | awk -v readme="$LAB_TREE/README.md" '
	{ block = block $0 "\n" }
	END {
		while ((getline line <readme) > 0) {
			if (line == "<!-- /bench -->")
				inside = 0
			if (!inside)
				print line
			if (line == "<!-- bench: keep.sh writes this -->") {
				inside = 1
				printf "%s", block
			}
		}
	}' >"$LAB_TREE/build/bench/README.md"
cat "$LAB_TREE/build/bench/README.md" >"$LAB_TREE/README.md"
say "kept as selftests/bench/results/$version, and README.md says so"
