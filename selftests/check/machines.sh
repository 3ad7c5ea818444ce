#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: machines.sh
#
# Boot machines that have little or nothing to show, and let machine_guest.sh
# see that the module loads there, says so, and works as far as it can.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

kver=$("$LAB_DIR/setup.sh" --kver) || exit 1
out=$LAB_TREE/build
step "building for $kver" "$LAB_DIR/build.sh" modules tools selftests ||
	exit 1

# machine NAME OPTION...: boot it and test there.
machine() {
	local name=$1
	shift

	tap_program "$name" "$LAB_DIR/lab.sh" --timeout 120 "$@" \
		--device edu --hugepages 1 --memory 2048 \
		--payload "$out/$kver/iovascope.ko" \
		--payload "$out/tools/iovascope" \
		--payload "$out/selftests/vfio_client" \
		--payload "$LAB_TREE/selftests/check/machine_guest.sh" \
		--payload "$LAB_TREE/selftests/check/tap.sh" \
		-- ./machine_guest.sh "$name"
}

machine none --no-vtd
machine off --iommu off
machine passthrough --iommu pt
tap_totals
