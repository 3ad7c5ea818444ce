#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: check.sh [STAGE...]
#
# All tests, or the stages named. Sets up what they need first. Each stage is
# a program that speaks TAP and ends with "# totals pass=P fail=F skip=S"; the
# table "stages" has them all.
#
#   runner   what is said here of this script
#   static   whitespace to sparse: what can be told without running anything
#   host     unit tests of pure code
#   cli      the tool on recorded trees
#   fleet    from the tool to the dashboard, by node_exporter and Prometheus
#   lab      the lab's own verdict
#   guest    the tests inside the lab
#   busy     those of what has to be exact, while the host's own devices work
#   machines without VT-d, with it off, in passthrough, with two processors;
#            and one that lives on after somebody else's oops
#   why      every cause that iovascope why knows, brought about in the lab
#   refuse   every cause that iovascope refusals knows, brought about in the lab
#   opinion  on the kernel that the lab builds: the census against the kernel's
#            own print of the same tables, iommufd, and why once more
#   kselftest  the tests as a directory of kselftests: here, where all skip, in a
#            kernel's tree, and on a host with devices to spare
#   package  what is installed, by make and by Debian packages; dkms in a root
#   lesser   kernels that lack something, in their configuration or at run time
#   hugepath the experimental backend: its tests, and clients served by it
#   bench    what iovascope bench must not touch, and what it leaves behind
#   mutants  faults put in on purpose, which the tests must find
#   kernels  the other kernels of the lab, a stage each (kernels-6.12): dkms in
#            a root of its release, and the guest's tests
#
# Two lanes work at once and are shown as they go, each line behind the name of
# its stage. At the end: what failed, what passed on which kernel, how long each
# stage took, and the last line, "N passed, N failed, N skipped". The logs of
# the stages and the file "times" are kept in build/check.
#
# The exit status is 1 when a test failed, when a stage died, took too long or
# passed fewer tests than it has to, and when one that was queued did not report.
#
# IOVASCOPE_STAGES, IOVASCOPE_RESULTS: a table and a folder in place of these.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
CHECK_DIR=$LAB_TREE/selftests/check
STAGES=${IOVASCOPE_STAGES:-$CHECK_DIR/stages}
RESULTS=${IOVASCOPE_RESULTS:-$LAB_TREE/build/check}
OTHER_KERNELS=$(other_kernels) || exit 1

# rows: the table without its comments, where the row kernels-NAME stands for
# one of each kernel but the first.
rows() {
	local row name passes seconds

	grep -v -e '^#' -e '^$' "$STAGES" | while read -r row; do
		if [[ $row != kernels-NAME\ * ]]; then
			echo "$row"
			continue
		fi
		while read -r name passes seconds; do
			sed "s/NAME/$name/g; s/PASSES/$passes/
				s/SECONDS/$seconds/" <<<"$row"
		done <<<"$OTHER_KERNELS"
	done
}

# total KEY LINE: one number of a line of totals.
total() {
	sed -n "s/.* $1=\([0-9]*\).*/\1/p" <<<"$2"
}

# ---- one stage ----

# session_signal SIGNAL SESSION: to every process of a stage, whatever groups
# they have made.
session_signal() {
	local stat line state session pids=()

	for stat in /proc/[0-9]*/stat; do
		{ read -r line <"$stat"; } 2>/dev/null || continue
		# Behind the name: state, parent, group, session.
		read -r state _ _ session _ <<<"${line##*) }"
		[[ $session != "$2" || $state == Z ]] ||
			pids+=("${stat//[^0-9]/}")
	done
	((${#pids[@]})) && kill "-$1" "${pids[@]}" 2>/dev/null
}

# session_end SESSION: politely, so that scripts can clean up, and then not.
session_end() {
	local tries

	session_signal TERM "$1" || return 0
	for ((tries = 0; tries < 50; tries++)); do
		sleep 0.2
		session_signal 0 "$1" || return 0
	done
	session_signal KILL "$1" || true
}

# show NAME PID LOG: what the stage says, until it ends. It writes to a file and
# not to a pipe: a pipe ends only with the last process that has inherited it.
show() {
	local prefix=

	((ALONE)) || prefix="$1 | "
	{
		tail -n +1 -s 0.5 -f --pid="$2" "$3" &
		echo "$!" >"$TMP/tail-$1"
		wait
	} | sed -u "s/^/$prefix/"
}

# stage_problem MIN STATUS LATE LINE: what its totals do not own up to. LATE is
# when it was killed, or 0.
stage_problem() {
	local min=$1 rc=$2 late=$3 line=$4

	if ((late)); then
		echo "was killed after $late s"
	elif [[ -z $line ]]; then
		echo "ended with $rc and without totals"
	elif (($(total fail "$line"))); then
		:
	elif ((rc)); then
		echo "ended with $rc though nothing failed"
	elif (($(total pass "$line") < min)); then
		echo "passed $(total pass "$line"), at least $min have to"
	fi
}

# report NAME SECONDS PROBLEM LINE: the one record of a stage, written at once.
report() {
	local name=$1 spent=$2 problem=$3 line=$4 pass fail skip

	pass=$(total pass "$line")
	fail=$(total fail "$line")
	skip=$(total skip "$line")
	[[ -z $problem ]] || fail=$((${fail:-0} + 1))
	[[ -z $problem ]] ||
		echo "not ok: stage $name $problem" | tee -a "$RESULTS/$name.log"
	echo "$name ${pass:-0} ${fail:-0} ${skip:-0} $spent" >>"$TMP/reports"
	say "$name: ${pass:-0} passed, ${fail:-0} failed, ${skip:-0} skipped," \
		"$spent s"
}

# run_stage NAME MIN LIMIT SETUP PROGRAM [ARG...]
run_stage() {
	local name=$1 min=$2 limit=$3 log=$RESULTS/$1.log
	local start=$SECONDS late=0 rc=0 pid viewer line
	shift 4

	say "stage $name"
	[[ $1 == /* ]] || set -- "./$1" "${@:2}"
	(cd "$CHECK_DIR" && exec setsid "$@") </dev/null >"$log" 2>&1 &
	pid=$!
	echo "$pid" >"$TMP/session-$name"
	show "$name" "$pid" "$log" &
	viewer=$!
	while kill -0 "$pid" 2>/dev/null && ((!late)); do
		sleep 0.5
		late=$((SECONDS - start >= limit))
	done
	# What outlives its stage, too.
	session_end "$pid"
	wait "$pid" || rc=$?
	wait "$viewer"
	rm "$TMP/session-$name" "$TMP/tail-$name"
	line=$(tr -d '\r' <"$log" | grep -a -E \
		'^# totals pass=[0-9]+ fail=[0-9]+ skip=[0-9]+$' | tail -n 1)
	report "$name" "$((SECONDS - start))" \
		"$(stage_problem "$min" "$rc" "$((late * limit))" "$line")" \
		"$line"
}

# ---- the lanes ----

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

	echo "$BASHPID" >"$TMP/lane-$1"
	while row=$(take "$1") && [[ -n $row ]]; do
		# shellcheck disable=SC2086 # a row is words
		run_stage $row
	done
	rm "$TMP/lane-$1"
}

# run_lanes: and be sure of every stage: one whose lane has died is stopped, and
# has failed.
run_lanes() {
	local pids=() name

	lane first &
	pids+=($!)
	if ((!ALONE)); then
		lane last &
		pids+=($!)
	fi
	wait "${pids[@]}"
	# Of a lane that has died: its PID may be somebody else's by now.
	rm -f "$TMP"/lane-*
	stop_stages
	for name in "${QUEUED[@]}"; do
		grep -q "^$name " "$TMP/reports" ||
			report "$name" 0 "was queued and did not report" ""
	done
}

# stop_stages: those that are still there, and who shows them.
stop_stages() {
	local file

	for file in "$TMP"/session-*; do
		[[ ! -e $file ]] || session_end "$(<"$file")"
	done
	for file in "$TMP"/tail-*; do
		[[ ! -e $file ]] || kill "$(<"$file")" 2>/dev/null || true
	done
}

# ---- before and after ----

# set_up: what the stages of the queue need; and ask KVM, where there is a lab.
# setup.sh takes its parts in the order in which they are named, and they need
# each other in this one.
set_up() {
	local needs part parts=()

	needs=" $(awk '{ gsub(",", " ", $4); print $4 }' "$TMP/queue" | xargs) "
	if [[ $needs == *" all "* ]]; then
		"$LAB_DIR/setup.sh" && "$LAB_DIR/setup.sh" kvm
		return
	fi
	for part in packages kselftest kernel root buildroot $needs; do
		[[ $needs != *" $part "* || " - ${parts[*]} " == *" $part "* ]] ||
			parts+=("$part")
	done
	((${#parts[@]} == 0)) || "$LAB_DIR/setup.sh" "${parts[@]}"
}

known() {
	rows | awk '{ print $1 }'
}

# is_wanted NAME: by its name, or by the part of it that it shares with others.
is_wanted() {
	((${#WANTED[@]} == 0)) ||
		[[ " ${WANTED[*]} " == *" $1 "* || " ${WANTED[*]} " == *" ${1%%-*} "* ]]
}

# failures: once more, where the reader of a long log looks.
failures() {
	local name fail

	while read -r name _ fail _; do
		((fail)) || continue
		grep -a -E '^(# +)?not ok' "$RESULTS/$name.log" |
			head -n 40 | sed "s/^/# $name: /"
	done <"$TMP/reports"
}

# times: the longest first. Two lanes: the sum is more than what one waits for.
times() {
	echo "# seconds  of at most  stage"
	sort -k5,5nr "$TMP/reports" | while read -r name _ _ _ spent; do
		printf '# %7d  %10d  %s\n' "$spent" \
			"$(rows | awk -v name="$name" '$1 == name { print $3 }')" \
			"$name"
	done
	awk -v wall="$SECONDS" '{ sum += $5 } END {
		printf "# %7d  all stages; %d s from beginning to end\n",
			sum, wall }' "$TMP/reports"
}

clean_up() {
	local file

	trap - EXIT
	for file in "$TMP"/lane-*; do
		[[ ! -e $file ]] || kill "$(<"$file")" 2>/dev/null || true
	done
	stop_stages
	rm -rf "$TMP"
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
trap clean_up EXIT
while read -r name row; do
	! is_wanted "$name" || echo "$name $row"
done < <(rows) >"$TMP/queue"
mapfile -t QUEUED < <(cut -d' ' -f1 "$TMP/queue")
ALONE=$((${#QUEUED[@]} == 1))
set_up || exit 1
LOGS=("${QUEUED[@]/#/$RESULTS/}")
LOGS=("${LOGS[@]/%/.log}")
mkdir -p "$RESULTS"
rm -f "${LOGS[@]}" "$RESULTS/times"
: | tee "${LOGS[@]}" >"$TMP/reports"
run_lanes
failures
"$CHECK_DIR/table.sh" "${LOGS[@]}"
times | tee "$RESULTS/times"
echo
awk '{ pass += $2; fail += $3; skip += $4 } END {
	printf "%d passed, %d failed, %d skipped\n", pass, fail, skip
	exit fail || !pass }' "$TMP/reports"
