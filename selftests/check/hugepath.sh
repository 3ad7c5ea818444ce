#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: hugepath.sh [PART...]
#
# The experimental backend in the lab:
#
#   tests     what it does by itself, and against stock type1
#   clients   qemu-io, qemu-img and QEMU, served by it without knowing
#   unsafe    on a machine that cannot remap interrupts

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

kver=$("$LAB_DIR/setup.sh" --kver) || exit 1
out=$LAB_TREE/build
check=$LAB_TREE/selftests/check
step "building for $kver" "$LAB_DIR/build.sh" modules tools selftests ||
	exit 1

# part NAME LAB-OPTION... -- COMMAND...
part() {
	local name=$1
	shift

	[[ -z $WANTED || " $WANTED " == *" $name "* ]] || return 0
	tap_program "$name" "$LAB_DIR/lab.sh" \
		--payload "$out/$kver/iovascope.ko" \
		--payload "$out/$kver/iovascope_hugepath.ko" \
		--payload "$out/selftests/." \
		--payload "$check/hugepath_guest.sh" \
		--payload "$check/tap.sh" "$@"
}

WANTED=$*
[[ -n $WANTED && " $WANTED " != *" tests "* ]] ||
	tap_program tests "$check/guest.sh" hugepath_test differ_test
part clients --timeout 900 --device nvme:16M -- ./hugepath_guest.sh clients
part unsafe --timeout 300 --device edu --append intremap=off \
	-- ./hugepath_guest.sh unsafe
tap_totals
