#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: other_iommu.sh run DEVICE COMMAND [ARG...]
#
# Run COMMAND, which starts qemu-system-x86_64, with QEMU's device DEVICE as the
# machine's IOMMU: amd-iommu. It comes before all other devices, or they would
# not be behind it. COMMAND finds this script in PATH under QEMU's name.

set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/stand_in.sh"

as_qemu() {
	exec qemu-system-x86_64 -device "$OTHER_IOMMU" "$@"
}

run() {
	stand_in OTHER_IOMMU="$1" "${@:2}"
}

stand_in_main 1 "$@"
