#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: census.sh [--kernel NAME] [--gib N] [--repeat N] [--dumps N]
#
# How fast the census reads a page table of many 4K leaves, and how many times
# faster that is than the kernel's own domain_translation_struct. A table for
# people on stdout, everything in build/bench/census.json. Ends with 1 when the
# census is not as many times faster as it has to be.
#
#   --kernel NAME  a kernel of the lab (default: lab, which has that file)
#   --gib N        GiB mapped, 262144 leaves each (default: 1)
#   --repeat N     readings of census, pagemap and runs (default: 3)
#   --dumps N      readings of domain_translation_struct (default: 1)
#
# Time is the number of instructions (lab.sh --icount): it has no noise, so that
# few readings will do, and no caches.

set -euo pipefail
shopt -s inherit_errexit
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"

KERNEL=lab
GIB=1
REPEAT=3
DUMPS=1
# What the issue asks for.
FLOOR=100

while (($#)); do
	case $1 in
	-h | --help)
		print_head_comment "$0"
		exit 0
		;;
	--kernel | --gib | --repeat | --dumps)
		(($# >= 2)) || usage_error "$1 needs a value"
		[[ $1 == --kernel || $2 =~ ^[1-9][0-9]*$ ]] ||
			usage_error "$1 needs a number, not '$2'"
		;;&
	--kernel) KERNEL=$2 ;;
	--gib) GIB=$2 ;;
	--repeat) REPEAT=$2 ;;
	--dumps) DUMPS=$2 ;;
	*) usage_error "unknown argument '$1'" ;;
	esac
	shift 2
done

measure() {
	# Expanded in the guest.
	# shellcheck disable=SC2016
	"$LAB_DIR/lab.sh" --kernel "$KERNEL" --timeout 1800 --icount --device edu \
		--payload "$out/$kver/iovascope.ko" \
		--payload "$out/selftests/census_bench" -- bash -c '
			modprobe vfio-pci && insmod iovascope.ko || exit 1
			for what in contiguous scattered; do
				./census_bench $what "$@" || exit 1
			done' - "$GIB" "$REPEAT" "$DUMPS" >"$lines"
}

"$LAB_DIR/setup.sh" --kernel "$KERNEL" kernel root
build_for "$KERNEL" modules selftests
out=$LAB_TREE/build

lines=$(mktemp)
trap 'step_abort; rm -f "$lines"' EXIT
step "measuring on kernel $KERNEL, $GIB GiB" measure

mkdir -p "$out/bench"
tr -d '\r' <"$lines" | sed -n 's/^bench //p' |
	jq -s --argjson floor "$FLOOR" \
		'{time: "instructions", floor: $floor, results: .}' \
		>"$out/bench/census.json"
jq -r -f "$(dirname "${BASH_SOURCE[0]}")/census.jq" "$out/bench/census.json"
say "all figures: $out/bench/census.json"
# Kernels other than the lab's own do not print their page tables.
jq -e --arg kernel "$KERNEL" '.floor as $floor | (.results | length == 2) and
	all(.results[]; .census_ratio >= $floor or
		(.census_ratio == null and $kernel != "lab"))' \
	"$out/bench/census.json" >/dev/null ||
	die "the census is not $FLOOR times faster"
