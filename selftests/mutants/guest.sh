#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Inside the lab: load each mutant and see its test fail.
#
#   guest.sh    in a directory with the test programs, iovascope.ko, NAME.ko of
#               each mutant, and plan: "NAME|PROGRAM [ARGUMENT...]" a line
#
# A mutant counts as caught when the program ran to its end and said itself
# that a test failed. A crash, a hang or a module that does not load proves
# nothing about the test, and neither does a test that fails on the unchanged
# module, which is tried first.
#
# The last line is "# totals pass=P fail=F skip=S".

set -u
cd "$(dirname "$0")" || exit 1

export IOVASCOPE_LAB=1
limit=120
log=/run/mutant.log
pass=0 fail=0 number=0

total() {
	sed -n "s/^# Totals:.* $1:\([0-9]*\).*/\1/p" $log | tail -n 1
}

# Run a program on a module; its exit code.
try() {
	local ko=$1
	shift
	export IOVASCOPE_KO=$PWD/$ko
	if [ -d /sys/module/iovascope ] && ! rmmod iovascope; then
		return 125
	fi
	insmod "$IOVASCOPE_KO" || return 125
	timeout -k 5 $limit "./$1" "${@:2}" >$log 2>&1
}

bad() {
	fail=$((fail + 1))
	echo "not ok $number $*"
	sed 's/^/# /' $log | tail -n 25
}

good() {
	pass=$((pass + 1))
	echo "ok $number $*"
}

# The tests must be green on the real module.
controls() {
	local choice rc

	while read -r choice; do
		number=$((number + 1))
		# shellcheck disable=SC2086 # the plan's words are words
		try iovascope.ko $choice
		rc=$?
		if [ $rc = 0 ] && [ "$(total pass)" != 0 ]; then
			good "control $choice"
		else
			bad "control $choice: fails on the unchanged module ($rc)"
		fi
	done < <(cut -d'|' -f2 plan | sort -u)
}

mutants() {
	local name choice rc failed

	while IFS='|' read -r name choice; do
		number=$((number + 1))
		# shellcheck disable=SC2086
		try "$name.ko" $choice
		rc=$?
		failed=$(total fail)
		if [ $rc = 1 ] && [ "${failed:-0}" != 0 ]; then
			good "mutant $name caught by $choice"
		elif [ $rc = 0 ]; then
			bad "mutant $name SURVIVED $choice"
		else
			bad "mutant $name: exit code $rc is no verdict"
		fi
	done <plan
}

echo 128 >/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
modprobe vfio-pci
controls
mutants
echo "# totals pass=$pass fail=$fail skip=0"
[ $fail = 0 ] && [ $pass != 0 ]
