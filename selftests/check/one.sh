#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: one.sh TEST [CASE]
#
# One program of the tests, in less than a minute, and of that only one test if
# need be: "make check TEST=region_test CASE=read_only". TEST is
#
#   in the lab   a name that selftests/run_tests.sh --list knows, but for those
#                of the stages machines and opinion, each of which needs another
#                VM; KERNEL names a kernel of the lab other than the default
#   here         a unit test of selftests/host, or a *_test of the command in
#                selftests/host/cli, of which there are no cases
#
# CASE is the name of a TEST_F, in all of its variants; or FIXTURE.VARIANT.TEST.
# Sets up the lab only where there is none.

set -euo pipefail
shopt -s inherit_errexit
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"

# lab_is_there KERNEL: what a VM takes. A stage may have set up only a part of it.
lab_is_there() {
	"$LAB_DIR/setup.sh" --kernel "$1" --kver >/dev/null 2>&1 &&
		[[ -e $LAB_CACHE/root-$(guest_release)/root.squashfs ]]
}

# in_lab STAGE: as the stage runs it that the program belongs to.
in_lab() {
	local kernel=${KERNEL:-} busy=()

	case $1 in
	machines | opinion) usage_error "$TEST needs a VM of its own:" \
		"make check STAGE=$1" ;;
	lab) kernel=${kernel:-lab} ;;
	busy) busy=(--busy) ;;
	esac
	[[ -z $kernel ]] || kernel_row "$kernel" ||
		usage_error "no kernel '$kernel': $(kernel_names | xargs)"
	lab_is_there "$kernel" || "$LAB_DIR/setup.sh" --kernel "$kernel"
	IOVASCOPE_CASE=$CASE exec "$LAB_TREE/selftests/check/guest.sh" \
		--kernel "$kernel" "${busy[@]}" "$TEST"
}

# prepare_host: the harness is the last of what the host's tests are built from.
prepare_host() {
	[[ -z ${KERNEL:-} ]] ||
		usage_error "$TEST runs here, on no kernel of the lab"
	[[ -e $LAB_CACHE/kselftest/kselftest_harness.h ]] ||
		"$LAB_DIR/setup.sh" packages kselftest
}

# on_host: the harness is content when no test has the name.
on_host() {
	local out=$LAB_TREE/build/host filter=()

	prepare_host
	case $CASE in
	'') ;;
	*.*) filter=(-r "$CASE") ;;
	*) filter=(-t "$CASE") ;;
	esac
	make -s -C "$LAB_TREE/selftests/host" O="$out" \
		KSELFTEST="$LAB_CACHE/kselftest" "$out/$TEST"
	"$out/$TEST" "${filter[@]}" | tee "$out/$TEST.log"
	grep -q '^# Totals: pass:[1-9]' "$out/$TEST.log" ||
		die "$TEST has no test '$CASE'"
}

on_command() {
	[[ -z $CASE ]] || usage_error "$TEST has no cases"
	prepare_host
	make -s -C "$LAB_TREE" tools
	IOVASCOPE=$LAB_TREE/build/tools/iovascope PATH+=:$LAB_CACHE/prometheus \
		exec "$LAB_TREE/selftests/host/cli/run.sh" "$TEST.sh"
}

case ${1:-} in
'') usage_error "which test?" ;;
-h | --help)
	print_head_comment "$0"
	exit 0
	;;
esac
TEST=$1
CASE=${2:-}
stage=$("$LAB_TREE/selftests/run_tests.sh" --list |
	awk -v test="$TEST" '$1 == test { print $4 }')
if [[ -n $stage ]]; then
	in_lab "$stage"
elif [[ $TEST != *_test || $TEST == */* ]]; then
	usage_error "no test '$TEST'"
elif [[ -e $LAB_TREE/selftests/host/$TEST.c ]]; then
	on_host
elif [[ -e $LAB_TREE/selftests/host/cli/$TEST.sh ]]; then
	on_command
else
	usage_error "no test '$TEST'"
fi
