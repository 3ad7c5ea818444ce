#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: why.sh [--kernel NAME] [MACHINE...]
#
# Boot machines on which the causes that `iovascope why` tells apart can be
# brought about, and let why_guest.sh do that: one that is able, and one for
# each thing that the kernel's command line or the hardware decides.
#
# IOVASCOPE_KO: a module to use in place of the one that is built here.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

KERNEL=
if [[ ${1:-} == --kernel ]]; then
	(($# >= 2)) || usage_error "--kernel needs a name"
	KERNEL=$2
	shift 2
	"$LAB_DIR/setup.sh" --kernel "$KERNEL" kernel root buildroot || exit 1
fi
build_for "$KERNEL" modules tools selftests
out=$LAB_TREE/build
check=$LAB_TREE/selftests/check

# boot NAME OPTION...: the machine, and the tests in it.
boot() {
	local name=$1
	shift

	[[ -z $WANTED || " $WANTED " == *" $name "* ]] || return 0
	tap_program "$name" "${RUN[@]}" "$LAB_DIR/lab.sh" \
		--kernel "$KERNEL" --timeout 600 "$@" \
		--payload "${IOVASCOPE_KO:-$out/$kver/iovascope.ko}" \
		--payload "$out/$kver/iovascope_hugepath.ko" \
		--payload "$out/tools/iovascope" \
		--payload "$out/selftests/vfio_client" \
		--payload "$out/selftests/why_client" \
		--payload "$check/why_guest.sh" --payload "$check/why" \
		--payload "$check/tap.sh" \
		-- ./why_guest.sh "$name"
}

# weak BITS NAME OPTION...: hardware without some bits of its capabilities.
weak() {
	local RUN=("$check/weak_vtd.sh" run "$1")

	boot "${@:2}"
}

# two_units NAME OPTION...: another unit, without 1 GiB leaves, for the second
# device.
two_units() {
	local RUN=("$check/two_units.sh" run 0x800000000 5)

	boot "$@"
}

# amd NAME OPTION...: AMD's IOMMU in the place of VT-d.
amd() {
	local RUN=("$check/other_iommu.sh" run amd-iommu)

	boot "$@" --no-vtd
}

WANTED=$*
RUN=()
small=(--device edu --memory 2048)
bars=()
for _ in {1..7}; do
	bars+=(--device testdev:2G)
done

many=(--device edu --device edu "${bars[@]}" --device testdev:256M
	--device e1000e --memory 8192 --hugepages 4)
pair=(--device edu --device edu --memory 5120 --hugepages 1)
# For other kernels, when they are named: what is alike on all, and what is not.
[[ " $WANTED " != *" mappings "* ]] || boot mappings "${many[@]}"
[[ " $WANTED " != *" unit_each "* ]] || two_units unit_each "${pair[@]}"
boot able "${many[@]}"
boot sp_off --device edu --memory 5120 --hugepages 1 \
	--append intel_iommu=sp_off
weak 0x800000000 no_1g --device edu --memory 5120 --hugepages 1
weak 0xc00000000 no_2m "${small[@]}" --hugepages 0
two_units two_units "${pair[@]}"
boot off "${small[@]}" --hugepages 0 --iommu off
amd amd "${small[@]}" --hugepages 0
boot none "${small[@]}" --hugepages 0 --no-vtd
tap_totals
