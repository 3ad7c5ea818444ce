#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: debug.sh [PROGRAM...]
#
# The tests of the guest on a kernel with the instruments that kernel people trust
# (lab/debug.config): KASAN, lockdep, kmemleak, page tables and IOMMU mappings
# held against what is freed, and the tracers of latency. Each program has a
# machine of its own; a report of any instrument fails it, as everywhere.
#
# Takes hours where there is no KVM, and can be stopped at any time: what has
# passed for this very tree is not run again (build/check-debug). Without
# PROGRAM, all that there are.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/kept.sh"

KERNEL=debug
CHECK=$LAB_TREE/selftests/check

export IOVASCOPE_DIFFER_EPOCHS=${IOVASCOPE_DIFFER_EPOCHS:-3}

programs() {
	"$LAB_TREE/selftests/run_tests.sh" --list |
		awk '$4 ~ /^(guest|hugepath|lab|debug)$/ { print $1 }'
}

# Counted instructions in place of time, so that the tracers have no noise.
latency() {
	local out=$LAB_TREE/build

	build_for "$KERNEL" modules tools selftests
	"$LAB_DIR/lab.sh" --kernel "$KERNEL" --icount --timeout 7200 \
		--min-pass 2 --device edu --device edu \
		--payload "$out/$kver/iovascope.ko" \
		--payload "$out/$kver/iovascope_hugepath.ko" \
		--payload "$out/tools/iovascope" \
		--payload "$out/selftests/." \
		-- ./run_tests.sh --slow latency_test
}

program() {
	if [[ $1 == latency_test ]]; then
		latency
	else
		"$CHECK/guest.sh" --kernel "$KERNEL" --slow "$1"
	fi
}

case ${1:-} in
-h | --help)
	print_head_comment "$0"
	exit 0
	;;
esac
mapfile -t known < <(programs)
(($#)) || set -- "${known[@]}"
for name; do
	[[ " ${known[*]} " == *" $name "* ]] ||
		usage_error "no program '$name': ${known[*]}"
done
"$LAB_DIR/setup.sh" && "$LAB_DIR/setup.sh" --kernel "$KERNEL" kernel || exit 1
kept_in check-debug
echo "TAP version 13"
for name; do
	kept "$name" program "$name"
done
tap_totals
