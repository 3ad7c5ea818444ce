#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: hugepath.sh [--kernel NAME] [PART...]
#
# The experimental backend in the lab:
#
#   tests     what it does by itself, and against stock type1
#   clients   qemu-io, qemu-img and QEMU, served by it without knowing
#   unsafe    on a machine that cannot remap interrupts

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

# lab NAME LAB-OPTION... -- COMMAND...
lab() {
	local name=$1
	shift

	tap_program "$name" "$LAB_DIR/lab.sh" --kernel "$KERNEL" \
		--payload "$out/$kver/iovascope.ko" \
		--payload "$out/$kver/iovascope_hugepath.ko" \
		--payload "$out/selftests/." \
		--payload "$check/hugepath_guest.sh" \
		--payload "$check/tap.sh" "$@"
}

tests() {
	tap_program tests "$check/guest.sh" --kernel "$KERNEL" hugepath_test \
		differ_test
}

clients() {
	lab clients --timeout 900 --device nvme:16M -- \
		./hugepath_guest.sh clients
}

unsafe() {
	lab unsafe --timeout 300 --device edu --append intremap=off -- \
		./hugepath_guest.sh unsafe
}

KERNEL=$(kernel_names | head -n 1)
if [[ ${1:-} == --kernel ]]; then
	(($# >= 2)) || usage_error "--kernel needs a name"
	KERNEL=$2
	shift 2
fi
out=$LAB_TREE/build
check=$LAB_TREE/selftests/check
(($#)) || set -- tests clients unsafe
for part; do
	[[ $part =~ ^(tests|clients|unsafe)$ ]] ||
		usage_error "no part '$part': tests, clients, unsafe"
done
build_for "$KERNEL" modules tools selftests
for part; do
	"$part"
done
tap_totals
