#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: check.sh [STAGE...]
#
# All tests, or the stages named. Sets up what they need first. Each stage is
# a program that speaks TAP and ends with "# totals pass=P fail=F skip=S".
#
# A VM has one processor, so stages go down two lanes at the same time. The
# first lane is shown as it goes; what the second one says follows at its end.
#
#   static   whitespace to sparse: what can be told without running anything
#   host     unit tests of pure code
#   cli      the tool on recorded trees
#   lab      the lab's own verdict
#   guest    the tests inside the lab
#   machines without VT-d, with it off, in passthrough, with two processors
#   why      every cause that iovascope why knows, brought about in the lab
#   opinion  on the kernel that the lab builds: the census against the kernel's
#            own print of the same tables, iommufd, and why once more
#   package  what is installed, by make and by Debian packages; dkms in a root
#   kernels  the other kernels of the lab: dkms in a root of each, the guest's
#            tests, and a table of what passed where
#   hugepath the experimental backend: its tests, and clients served by it
#   bench    what iovascope bench must not touch, and what it leaves behind
#   mutants  faults put in on purpose, which the tests must find
#
# The last line is "N passed, N failed, N skipped". The exit status is 1 when
# a test failed, when a stage died, or when a stage passed fewer tests than it
# has to (the table below): a stage that does not run is not a good one.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
CHECK_DIR=$LAB_TREE/selftests/check

# lane, stage, the least number of passes, program
STAGES="
1 static   31 $CHECK_DIR/static.sh
1 host     20 $CHECK_DIR/host.sh
1 cli     226 $CHECK_DIR/cli.sh
1 lab      48 $LAB_DIR/lab_test.sh
1 guest     1 $CHECK_DIR/guest.sh
1 machines 25 $CHECK_DIR/machines.sh
1 why      41 $CHECK_DIR/why.sh
1 hugepath 60 $CHECK_DIR/hugepath.sh
1 bench     8 $CHECK_DIR/bench.sh
2 opinion  87 $CHECK_DIR/opinion.sh
2 package  50 $CHECK_DIR/package.sh
2 kernels 690 $CHECK_DIR/kernels.sh
1 mutants   1 $CHECK_DIR/mutants.sh
"

# total KEY LINE: one number of a line of totals.
total() {
	sed -n "s/.* $1=\([0-9]*\).*/\1/p" <<<"$2"
}

# count STAGE MIN STATUS LINE: note a stage's totals, and a failure for each
# thing that its totals do not own up to.
count() {
	local name=$1 min=$2 rc=$3 line=$4 pass=0 fail=0 skip=0 why=

	if [[ -z $line ]]; then
		why="ended with $rc and without totals"
	else
		pass=$(total pass "$line")
		fail=$(total fail "$line")
		skip=$(total skip "$line")
		if ((rc && fail == 0)); then
			why="ended with $rc though nothing failed"
		elif ((fail == 0 && pass < min)); then
			why="$pass passed, at least $min have to"
		fi
	fi
	[[ -z $why ]] || fail=$((fail + 1))
	echo "$pass $fail $skip" >>"$TMP/totals"
	[[ -z $why ]] || say "not ok: stage $name $why"
	say "$name: $pass passed, $fail failed, $skip skipped," \
		"$((SECONDS - STAGE_START)) s"
}

# run_stage NAME MIN PROGRAM: live output, and the totals from a copy.
run_stage() {
	local log=$TMP/$1 rc=0 line

	STAGE_START=$SECONDS
	say "stage $1"
	if [[ ! -x $3 ]]; then
		echo "not ok 1 $1: there is no ${3#"$LAB_TREE/"}"
		echo "# totals pass=0 fail=1 skip=0" >"$log"
		rc=1
	else
		"$3" </dev/null 2>&1 | tee "$log"
		rc=${PIPESTATUS[0]}
	fi
	line=$(tr -d '\r' <"$log" | grep -a -E \
		'^# totals pass=[0-9]+ fail=[0-9]+ skip=[0-9]+$' | tail -n 1)
	count "$1" "$2" "$rc" "$line"
}

# set_up STAGE...: what runs here needs packages and headers, the rest the lab.
set_up() {
	local name parts=(packages kselftest)

	for name; do
		case $name in
		host | cli) ;;
		static) parts+=(kernel) ;;
		*) parts=() && break ;;
		esac
	done
	"$LAB_DIR/setup.sh" "${parts[@]}"
}

known() {
	awk 'NF { print $2 }' <<<"$STAGES"
}

# lane N: the stages of a lane that are wanted, one after the other.
lane() {
	local n name min program

	while read -r -u 3 n name min program; do
		[[ $n != "$1" || " ${wanted[*]} " != *" $name "* ]] ||
			run_stage "$name" "$min" "$program"
	done 3< <(sed '/^$/d' <<<"$STAGES")
}

case ${1:-} in
-h | --help)
	print_head_comment "$0"
	exit 0
	;;
esac
wanted=("$@")
((${#wanted[@]})) || mapfile -t wanted < <(known)
for name in "${wanted[@]}"; do
	known | grep -q -x -F -- "$name" ||
		usage_error "no stage '$name': $(known | xargs)"
done

TMP=$(mktemp -d "${TMPDIR:-/tmp}/iovascope-check.XXXXXX")
trap 'rm -rf "$TMP"' EXIT
set_up "${wanted[@]}" || exit 1
: >"$TMP/totals"
lane 2 >"$TMP/lane" 2>&1 &
second=$!
lane 1
while [[ -d /proc/$second ]]; do
	say "the second lane: $(grep -a '^check.sh: ' "$TMP/lane" | tail -n 1)"
	sleep 30 >/dev/null 2>&1 &
	wait -n
done
cat "$TMP/lane"
echo
awk '{ pass += $1; fail += $2; skip += $3 } END {
	printf "%d passed, %d failed, %d skipped\n", pass, fail, skip
	exit fail || !pass }' "$TMP/totals"
