#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: bench.sh
#
# "iovascope bench" on a host: what it must not touch, and that it leaves
# nothing behind. What it measures is no test; that is "make bench".

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

# part NAME KERNEL DEVICE...: of bench_guest.sh.
part() {
	local name=$1 kernel=$2 device devices=()

	for device in "${@:3}"; do
		devices+=(--device "$device")
	done
	build_for "$kernel" modules tools
	tap_program "$name" "$LAB_DIR/lab.sh" --kernel "$kernel" \
		--timeout 600 --memory 2048 --hugepages 0 "${devices[@]}" \
		--payload "$LAB_TREE/build/$kver/iovascope_hugepath.ko" \
		--payload "$LAB_TREE/build/tools/iovascope" \
		--payload "$LAB_TREE/selftests/bench/bench_guest.sh" \
		--payload "$LAB_TREE/selftests/check/tap.sh" \
		-- ./bench_guest.sh "$name"
}

part manners 6.1 nvme testdev:256M
part groupless lab testdev:256M
tap_totals
