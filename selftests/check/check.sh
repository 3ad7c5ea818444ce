#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: check.sh [STAGE...]
#
# All tests, or the stages named. Sets up what they need first. Each stage is
# a program that speaks TAP and ends with "# totals pass=P fail=F skip=S".
#
# A VM has one processor, so there are two lanes: one takes stages from the top
# of the list below and is shown as it goes, the other takes them from the
# bottom, and what it says follows at its end. They meet where both are done.
#
#   static   whitespace to sparse: what can be told without running anything
#   host     unit tests of pure code
#   cli      the tool on recorded trees
#   lab      the lab's own verdict
#   guest    the tests inside the lab
#   machines without VT-d, with it off, in passthrough, with two processors
#   why      every cause that iovascope why knows, brought about in the lab
#   refuse   every cause that iovascope refusals knows, brought about in the lab
#   opinion  on the kernel that the lab builds: the census against the kernel's
#            own print of the same tables, iommufd, and why once more
#   package  what is installed, by make and by Debian packages; dkms in a root
#   lesser   kernels that lack something, in their configuration or at run time
#   hugepath the experimental backend: its tests, and clients served by it
#   bench    what iovascope bench must not touch, and what it leaves behind
#   mutants  faults put in on purpose, which the tests must find
#   kernels  the other kernels of the lab, a stage each (kernels-6.12): dkms in
#            a root of its release, and the guest's tests
#
# At the end there is a table of what passed on which kernel. The last line is
# "N passed, N failed, N skipped". The exit status is 1 when a test failed, when
# a stage died, or when a stage passed fewer tests than it has to (the table
# below): a stage that does not run is not a good one.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
CHECK_DIR=$LAB_TREE/selftests/check

# stage, the least number of passes, program
STAGES="
static         32 $CHECK_DIR/static.sh
host          176 $CHECK_DIR/host.sh
cli           630 $CHECK_DIR/cli.sh
lab            52 $LAB_DIR/lab_test.sh
guest         160 $CHECK_DIR/guest.sh
machines       70 $CHECK_DIR/machines.sh
why            55 $CHECK_DIR/why.sh
refuse         28 $CHECK_DIR/refuse.sh
hugepath       74 $CHECK_DIR/hugepath.sh
mutants       119 $CHECK_DIR/mutants.sh
package        50 $CHECK_DIR/package.sh
bench          13 $CHECK_DIR/bench.sh
lesser         33 $CHECK_DIR/lesser.sh
kernels-5.10  200 $CHECK_DIR/kernels.sh 5.10
kernels-6.12  200 $CHECK_DIR/kernels.sh 6.12
kernels-7.2   200 $CHECK_DIR/kernels.sh 7.2
kernels-7.3   230 $CHECK_DIR/kernels.sh 7.3
kernels-lab   200 $CHECK_DIR/kernels.sh lab
opinion       149 $CHECK_DIR/opinion.sh
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

# run_stage NAME MIN PROGRAM [ARG...]: live output, and the totals from a copy.
run_stage() {
	local name=$1 min=$2 log=$TMP/log-$1 rc=0 line
	shift 2

	STAGE_START=$SECONDS
	say "stage $name"
	if [[ ! -x $1 ]]; then
		echo "not ok 1 $name: there is no ${1#"$LAB_TREE/"}"
		echo "# totals pass=0 fail=1 skip=0" >"$log"
		rc=1
	else
		"$@" </dev/null 2>&1 | tee "$log"
		rc=${PIPESTATUS[0]}
	fi
	line=$(tr -d '\r' <"$log" | grep -a -E \
		'^# totals pass=[0-9]+ fail=[0-9]+ skip=[0-9]+$' | tail -n 1)
	count "$name" "$min" "$rc" "$line"
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
	awk 'NF { print $1 }' <<<"$STAGES"
}

# is_wanted NAME: by its name, or by the part of it that it shares with others.
is_wanted() {
	((${#WANTED[@]} == 0)) ||
		[[ " ${WANTED[*]} " == *" $1 "* || " ${WANTED[*]} " == *" ${1%%-*} "* ]]
}

# take first|last: the row of the stage at that end of the queue, off it.
take() {
	local line=1

	[[ $1 == first ]] || line=\$
	(
		flock 9
		sed -n "${line}p" "$TMP/queue"
		sed -i "${line}d" "$TMP/queue"
	) 9>"$TMP/lock"
}

# lane first|last: stages from that end of the queue, until there are none.
lane() {
	local row

	while row=$(take "$1") && [[ -n $row ]]; do
		# shellcheck disable=SC2086 # a row is words
		run_stage $row
	done
}

case ${1:-} in
-h | --help)
	print_head_comment "$0"
	exit 0
	;;
esac
WANTED=("$@")
for name in "${WANTED[@]}"; do
	known | sed 'p; s/-.*//' | grep -q -x -F -- "$name" ||
		usage_error "no stage '$name': $(known | xargs)"
done

TMP=$(mktemp -d "${TMPDIR:-/tmp}/iovascope-check.XXXXXX")
trap 'rm -rf "$TMP"' EXIT
while read -r name row; do
	[[ -z $name ]] || ! is_wanted "$name" || echo "$name $row"
done <<<"$STAGES" >"$TMP/queue"
mapfile -t stages < <(cut -d' ' -f1 "$TMP/queue")
set_up "${stages[@]}" || exit 1
: >"$TMP/totals"
if ((${#stages[@]} > 1)); then
	lane last >"$TMP/lane" 2>&1 &
	second=$!
fi
lane first
while [[ -n ${second:-} && -d /proc/$second ]]; do
	say "the second lane: $(tail -n 1 "$TMP/lane")"
	sleep 30 >/dev/null 2>&1 &
	wait -n
done
[[ -z ${second:-} ]] || cat "$TMP/lane"
"$CHECK_DIR/table.sh" "$TMP"/log-*
echo
awk '{ pass += $1; fail += $2; skip += $3 } END {
	printf "%d passed, %d failed, %d skipped\n", pass, fail, skip
	exit fail || !pass }' "$TMP/totals"
