#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: machines.sh
#
# Boot machines that are not like the others: those that have little or nothing
# to show, where the module must load, say so, and work as far as it can; one
# with an IOMMU that is not VT-d; one whose page tables have three levels; one
# with a device behind a bridge; one with two processors, for the races; and one
# in which somebody else's code oopses, whose log is only looked at afterwards.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

build_for "" modules accident tools selftests
out=$LAB_TREE/build

# machine NAME COMMAND OPTION...: boot it, by $RUN if that is set, and run a
# command of ours there.
RUN=()
machine() {
	local name=$1 command=$2
	shift 2

	tap_program "$name" "${RUN[@]}" "$LAB_DIR/lab.sh" --timeout 400 "$@" \
		--device edu --device nvme \
		--payload "$out/$kver/iovascope.ko" \
		--payload "$out/tools/iovascope" \
		--payload "$out/selftests/." \
		--payload "$LAB_TREE/selftests/check/machine_guest.sh" \
		--payload "$LAB_TREE/selftests/check/tap.sh" \
		-- bash -c "$command"
}

# weak NAME MODE OPTION...: what the tool says there, and what the census does.
weak() {
	local name=$1 mode=$2
	shift 2

	machine "$name" "./machine_guest.sh $name &&
		IOVASCOPE_LAB=1 IOVASCOPE_MODE=$mode ./modes_test" "$@"
}

weak none novtd --no-vtd
weak off off --iommu off
weak passthrough pt --iommu pt
RUN=("$LAB_TREE/selftests/check/other_iommu.sh" run amd-iommu)
machine "another IOMMU" "./machine_guest.sh other" --no-vtd
RUN=()
machine "three levels" "IOVASCOPE_LEVELS=3 ./run_tests.sh census_test" \
	--levels 3 --device edu --device testdev:16G
machine "a bridge" "./run_tests.sh alias_test" --device edu:bridged
machine "two processors" "./run_tests.sh churn_test race_test" --cpus 2
machine "accidents" "dmesg -n 1 && IOVASCOPE_LAB=1 ./accident_test && dmesg -n 7 &&
	echo 'lab: marker' >/dev/kmsg" --device edu \
	--payload "$out/$kver/accident/ivs_accident.ko"
tap_totals
