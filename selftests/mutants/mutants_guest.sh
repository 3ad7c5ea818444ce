#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Inside the lab: load each mutant and see its test fail.
#
#   mutants_guest.sh    in a directory with the test programs, the modules,
#                       NAME.ko of each mutant, and plan: a line
#                       "NAME|MODULE|PROGRAM [ARGUMENT...]" for each, where
#                       MODULE is the one that the mutant stands for
#
# A mutant counts as caught when the program ran to its end and said itself
# that a test failed. A crash, a hang or a module that does not load proves
# nothing about the test, and neither does a test that fails on the unchanged
# module, which is tried first.
#
# A mutant called despite_* is the other way round: in it something fails now and
# then that the code must cope with, and the test must pass.
#
# The last line is "# totals pass=P fail=F skip=S".

set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=../guest_lib.sh
. /lab/guest_lib.sh

export IOVASCOPE_LAB=1
# What a mutant of hugepath does wrong shows soon.
export IOVASCOPE_DIFFER_EPOCHS=12
limit=300
log=/run/mutant.log
pass=0 fail=0 number=0

unload() {
	if [ -d "/sys/module/$1" ]; then
		rmmod "$1"
	fi
}

# try NAME MODULE PROGRAM...: run it with NAME.ko in place of a module; its exit
# code.
try() {
	export IOVASCOPE_KO=$PWD/iovascope.ko
	export IOVASCOPE_HUGEPATH_KO=$PWD/iovascope_hugepath.ko
	case $2 in
	iovascope) IOVASCOPE_KO=$PWD/$1.ko ;;
	iovascope_hugepath) IOVASCOPE_HUGEPATH_KO=$PWD/$1.ko ;;
	esac
	shift 2
	if ! unload iovascope_hugepath || ! unload iovascope; then
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
		try iovascope iovascope $choice
		rc=$?
		if [ $rc = 0 ] && [ "$(harness_total $log pass)" != 0 ]; then
			good "control $choice"
		else
			bad "control $choice: fails on the unchanged module ($rc)"
		fi
	done < <(cut -d'|' -f3 plan | sort -u)
}

despite() {
	export IOVASCOPE_FAULTS=1
	if try "$@" && [ "$(harness_total $log pass)" != 0 ]; then
		good "$1: ${*:3}"
	else
		bad "$1: ${*:3} fails"
	fi
	unset IOVASCOPE_FAULTS
}

mutant() {
	local name=$1 rc failed

	try "$@"
	rc=$?
	failed=$(harness_total $log fail)
	if [ $rc = 1 ] && [ "${failed:-0}" != 0 ]; then
		good "mutant $name caught by ${*:3}"
	elif [ $rc = 0 ]; then
		bad "mutant $name SURVIVED ${*:3}"
	else
		bad "mutant $name: exit code $rc is no verdict"
	fi
}

mutants() {
	local name module choice

	while IFS='|' read -r name module choice; do
		number=$((number + 1))
		# shellcheck disable=SC2086
		case $name in
		despite_*) despite "$name" "$module" $choice ;;
		*) mutant "$name" "$module" $choice ;;
		esac
	done <plan
}

/lab/huge_pages.sh 128 || exit
modprobe vfio-pci
controls
mutants
echo "# totals pass=$pass fail=$fail skip=0"
[ $fail = 0 ] && [ $pass != 0 ]
