#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: modes.sh
#
# Machines that are not like the others, each booted for one program: without
# translation, without VT-d, and with two processors.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
. "$LAB_TREE/selftests/check/tap.sh"

kver=$("$LAB_DIR/setup.sh" --kver)
out=$LAB_TREE/build

# boot NAME OPTION... -- COMMAND...: a lab, and what its guest says.
boot() {
	local name=$1 options=()
	shift

	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	tap "$name" "$LAB_DIR/lab.sh" --timeout 300 "${options[@]}" \
		--device edu --device nvme \
		--payload "$out/$kver/iovascope.ko" \
		--payload "$out/selftests/." "$@"
}

echo "TAP version 13"
tap "modules and tests build" "$LAB_DIR/build.sh" modules selftests
boot "passthrough" --iommu pt -- env IOVASCOPE_MODE=pt ./modes_test
boot "translation off" --iommu off -- env IOVASCOPE_MODE=off ./modes_test
boot "no VT-d" --no-vtd -- env IOVASCOPE_MODE=novtd ./modes_test
boot "two processors" --cpus 2 -- ./guest.sh churn_test
tap_totals
