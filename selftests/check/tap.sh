# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# TAP for the scripts of "make check": one line a test, and at the end one line
# of totals in the form that every stage ends with,
# "# totals pass=P fail=F skip=S".

TAP_PASS=0
TAP_FAIL=0
TAP_SKIP=0

tap_number() {
	echo $((TAP_PASS + TAP_FAIL + TAP_SKIP))
}

tap_pass() {
	TAP_PASS=$((TAP_PASS + 1))
	echo "ok $(tap_number) $*"
}

# tap_fail NAME: with the evidence on stdin.
tap_fail() {
	TAP_FAIL=$((TAP_FAIL + 1))
	echo "not ok $(tap_number) $*"
	head -n 60 | sed 's/^/# /'
}

# tap_skip NAME REASON
tap_skip() {
	TAP_SKIP=$((TAP_SKIP + 1))
	echo "ok $(tap_number) $1 # SKIP $2"
}

# tap NAME COMMAND...: passes when the command succeeds; what the command says
# is shown when it does not.
tap() {
	local name=$1 said
	shift

	if said=$("$@" 2>&1 </dev/null); then
		tap_pass "$name"
	else
		tap_fail "$name" <<<"$said"
	fi
}

# silent COMMAND...: for a checker that speaks only of faults, whatever its
# exit status: success is silence.
silent() {
	local said

	said=$("$@" 2>&1) && [[ -z $said ]] && return 0
	echo "${said:-no output, but it failed: $*}"
	return 1
}

# Of what a program said, what is told of a good one: the kernel and the
# programs that ran on it (selftests/run_tests.sh), and what did not run and why.
TAP_TOLD='^# (kernel |Totals:|totals )|^ok [0-9]+ ([a-z_]+_test #|.*# *SKIP)'

# tap_alive NAME LOG: until the caller ends, say now and then how many tests of
# LOG are done.
tap_alive() {
	while sleep 20 >/dev/null 2>&1 && [[ -d /proc/$$ ]]; do
		echo "# $1: $(grep -c -E '^(not )?ok [0-9]+' "$2") tests so far"
	done
}

# tap_program NAME COMMAND...: a program that speaks TAP itself. Its tests are
# counted as ours; a program that dies, fails without saying where, or tests
# nothing at all is one failed test more.
tap_program() {
	local name=$1 log rc=0 pass fail skip alive
	shift

	log=$(mktemp)
	tap_alive "$name" "$log" </dev/null &
	alive=$!
	"$@" >"$log" 2>&1 </dev/null || rc=$?
	kill "$alive"
	wait "$alive" 2>/dev/null
	skip=$(grep -c -E '^ok [0-9]+.*# *SKIP' "$log")
	pass=$(($(grep -c -E '^ok [0-9]+' "$log") - skip))
	fail=$(grep -c -E '^not ok [0-9]+' "$log")
	TAP_PASS=$((TAP_PASS + pass))
	TAP_SKIP=$((TAP_SKIP + skip))
	TAP_FAIL=$((TAP_FAIL + fail))
	echo "# $name: $pass passed, $fail failed, $skip skipped"
	if ((fail || rc || pass + skip == 0)); then
		((fail)) || tap_fail "$name (exit status $rc)" </dev/null
		sed 's/^/#   /' "$log"
	else
		grep -a -E "$TAP_TOLD" "$log" | sed 's/^/#   /'
	fi
	rm -f "$log"
}

# The last line of a stage; succeeds when nothing failed.
tap_totals() {
	echo "1..$(tap_number)"
	echo "# totals pass=$TAP_PASS fail=$TAP_FAIL skip=$TAP_SKIP"
	((TAP_FAIL == 0))
}
