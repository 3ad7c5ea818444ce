#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: one.sh TEST [CASE]
#
# One program of the tests, in less than a minute, and of that only one test if
# need be: "make check TEST=region_test CASE=read_only". TEST is
#
#   in the lab   a name that selftests/run_tests.sh --list knows; KERNEL names a
#                kernel of the lab other than the default
#   here         a unit test of selftests/host, or a *_test of the command in
#                selftests/host/cli, of which there are no cases
#
# CASE is the name of a TEST_F, in all of its variants; or FIXTURE.VARIANT.TEST.
# Sets up the lab only where there is none.

set -euo pipefail
shopt -s inherit_errexit
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"

in_lab() {
	local kernel=${KERNEL:-}

	[[ -z $kernel ]] || kernel_row "$kernel" ||
		usage_error "no kernel '$kernel': $(kernel_names | xargs)"
	"$LAB_DIR/setup.sh" --kernel "$kernel" --kver >/dev/null 2>&1 ||
		"$LAB_DIR/setup.sh" --kernel "$kernel"
	IOVASCOPE_CASE=$CASE exec "$LAB_TREE/selftests/check/guest.sh" \
		--kernel "$kernel" "$TEST"
}

on_host() {
	local out=$LAB_TREE/build/host filter=()

	case $CASE in
	'') ;;
	*.*) filter=(-r "$CASE") ;;
	*) filter=(-t "$CASE") ;;
	esac
	make -s -C "$LAB_TREE/selftests/host" O="$out" \
		KSELFTEST="$LAB_CACHE/kselftest" "$out/$TEST"
	"$out/$TEST" "${filter[@]}"
}

on_command() {
	[[ -z $CASE ]] || usage_error "$TEST has no cases"
	make -s -C "$LAB_TREE" tools
	IOVASCOPE=$LAB_TREE/build/tools/iovascope PATH+=:$LAB_CACHE/promtool \
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
if "$LAB_TREE/selftests/run_tests.sh" --list | grep -q "^$TEST "; then
	in_lab
elif [[ -e $LAB_TREE/selftests/host/$TEST.c ]]; then
	on_host
	exit
elif [[ -e $LAB_TREE/selftests/host/cli/$TEST.sh ]]; then
	on_command
fi
usage_error "no test '$TEST'"
