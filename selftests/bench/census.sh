#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: census.sh [--kernel NAME] [--gib N] [--repeat N] [--dumps N]
#
# How fast the census reads a page table of many 4K leaves, and how many times
# faster that is than the kernel's own domain_translation_struct. A table for
# people on stdout, everything in build/bench/census.json.
#
#   --kernel NAME  a kernel of the lab (default: lab, which has that file)
#   --gib N        GiB mapped, 262144 leaves each (default: 4)
#   --repeat N     readings of census, pagemap and runs (default: 9)
#   --dumps N      readings of domain_translation_struct (default: 3)
#
# On an emulated processor the times are emulated: only ratios mean something.

set -euo pipefail
shopt -s inherit_errexit
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
# shellcheck source=../lab/machine.sh
. "$LAB_DIR/machine.sh"

KERNEL=lab
GIB=4
REPEAT=9
DUMPS=3
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
	"$LAB_DIR/lab.sh" --kernel "$KERNEL" --timeout 1800 --device edu \
		--payload "$out/$kver/iovascope.ko" \
		--payload "$out/selftests/census_bench" -- bash -c '
			modprobe vfio-pci && insmod iovascope.ko || exit 1
			for what in contiguous scattered; do
				./census_bench $what "$@" || exit 1
			done' - "$GIB" "$REPEAT" "$DUMPS" >"$log"
}

"$LAB_DIR/setup.sh" --kernel "$KERNEL" kernel root
kver=$("$LAB_DIR/setup.sh" --kernel "$KERNEL" --kver)
out=$LAB_TREE/build
step "building for $kver" \
	"$LAB_DIR/build.sh" --kernel "$KERNEL" modules selftests
emulated=true
! use_kvm || emulated=false

log=$(mktemp)
trap 'step_abort; rm -f "$log"' EXIT
step "measuring on kernel $KERNEL, $GIB GiB" measure

mkdir -p "$out/bench"
tr -d '\r' <"$log" | sed -n 's/^bench //p' |
	jq -s --argjson emulated "$emulated" --argjson floor "$FLOOR" \
		'{emulated: $emulated, floor: $floor, results: .}' \
		>"$out/bench/census.json"
jq -r -f "$(dirname "${BASH_SOURCE[0]}")/census.jq" "$out/bench/census.json"
say "all figures: $out/bench/census.json"
