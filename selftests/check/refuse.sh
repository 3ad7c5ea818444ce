#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: refuse.sh [--kernel NAME] [MACHINE...]
#
# Boot machines on which VFIO refuses what it can be made to refuse, and let
# refuse_guest.sh ask why: an able one, one whose IOMMU has 39 address bits, one
# whose interrupts are not remapped, and one whose IOMMU is off. With a kernel that
# has it, iommufd, when it is named.
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
	tap_program "$name" "$LAB_DIR/lab.sh" --kernel "$KERNEL" --timeout 600 \
		--device edu "$@" \
		--payload "${IOVASCOPE_KO:-$out/$kver/iovascope.ko}" \
		--payload "$out/tools/iovascope" \
		--payload "$out/selftests/refusal_test" \
		--payload "$out/selftests/iommufd_test" \
		--payload "$out/selftests/vfio_client" \
		--payload "$check/refuse_guest.sh" --payload "$check/tap.sh" \
		-- ./refuse_guest.sh "$name"
}

WANTED=$*
[[ " $WANTED " != *" iommufd "* ]] || boot iommufd --device testdev:16G
boot able --append secretmem.enable=1
boot narrow --levels 3 --device testdev:256M
boot no_remapping --append intremap=off
boot off --iommu off
tap_totals
