#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: hugepath.sh [--kernel NAME] [PART...]
#
# The experimental backend in the lab; the first three parts, or these:
#
#   tests     what it does by itself, and against stock type1
#   clients   qemu-io, qemu-img and QEMU, served by it without knowing
#   unsafe    on a machine that cannot remap interrupts
#   kernels   on other kernels, of which each has a type1 of its own: the tests,
#             with fewer random calls, and the clients on the newest
#
# IOVASCOPE_DIFFER_EPOCHS and its kin are the tests' (differ_test.c).

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

# kernel, parts
KERNELS="
5.10 tests
6.12 tests
7.3  tests clients
"
SOME_EPOCHS=10

# settings: what the guest is to know of our environment.
settings() {
	env | grep '^IOVASCOPE_DIFFER_'
}

# lab NAME LAB-OPTION... -- COMMAND...
lab() {
	local name=$1
	shift

	tap_program "$KERNEL: $name" "$LAB_DIR/lab.sh" --kernel "$KERNEL" \
		--payload "$out/$kver/iovascope.ko" \
		--payload "$out/$kver/iovascope_hugepath.ko" \
		--payload "$out/selftests/." \
		--payload "$check/hugepath_guest.sh" \
		--payload "$check/tap.sh" "$@"
}

tests() {
	local settings

	mapfile -t settings < <(settings)
	lab tests --timeout 2400 --device edu --device edu --device edu \
		--device edu --device testdev:16G -- env "${settings[@]}" \
		./guest.sh hugepath_test differ_test
}

clients() {
	lab clients --timeout 900 --device nvme:16M -- \
		./hugepath_guest.sh clients
}

unsafe() {
	lab unsafe --timeout 300 --device edu --append intremap=off -- \
		./hugepath_guest.sh unsafe
}

# on KERNEL PART...
on() {
	local KERNEL=$1 kver part
	shift

	if ! "$LAB_DIR/setup.sh" --kernel "$KERNEL"; then
		tap_fail "$KERNEL: set-up" </dev/null
		return
	fi
	kver=$("$LAB_DIR/setup.sh" --kernel "$KERNEL" --kver) || exit 1
	step "building for $kver" "$LAB_DIR/build.sh" --kernel "$KERNEL" \
		modules tools selftests || exit 1
	for part; do
		"$part"
	done
}

kernels() {
	local name parts

	export IOVASCOPE_DIFFER_EPOCHS=${IOVASCOPE_DIFFER_EPOCHS:-$SOME_EPOCHS}
	while read -r -u 3 name parts; do
		# shellcheck disable=SC2086 # words
		on "$name" $parts
	done 3< <(sed '/^$/d' <<<"$KERNELS")
}

kernel=$(kernel_names | head -n 1)
if [[ ${1:-} == --kernel ]]; then
	(($# >= 2)) || usage_error "--kernel needs a name"
	kernel=$2
	shift 2
fi
out=$LAB_TREE/build
check=$LAB_TREE/selftests/check
(($#)) || set -- tests clients unsafe
here=()
for part; do
	case $part in
	tests | clients | unsafe) here+=("$part") ;;
	kernels) ;;
	*) usage_error "no part '$part': tests, clients, unsafe, kernels" ;;
	esac
done
((${#here[@]} == 0)) || on "$kernel" "${here[@]}"
[[ " $* " != *" kernels "* ]] || kernels
tap_totals
