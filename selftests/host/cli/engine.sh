# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Checks of the command line, reported as KTAP.
#
# A test file is sourced twice: once with $counting set, when every check only
# counts itself for the plan, and once for real. The state that checks leave
# behind ($out, $err, $rc) is for the next lines of the same file.
#
# $tree is what the tool reads, $recorded the tree to begin with; $root is the
# machine that a test file lays out for itself, if it does; $tmp is a
# scratch directory that goes with the run.

nr=0
nr_json=0
pass=0
fail=0
skip=0
counting=
tmp=
tree=
recorded=
root=
out=
err=
rc=0

# report NAME PROBLEM: one line of KTAP; no problem is a pass.
report() {
	nr=$((nr + 1))
	if [[ -z $2 ]]; then
		pass=$((pass + 1))
		echo "ok $nr $1"
		return
	fi
	fail=$((fail + 1))
	echo "not ok $nr $1"
	echo "# $2"
	printf '%s\n' "${out:0:2000}" | sed 's/^/# stdout: /'
	printf '%s\n' "${err:0:2000}" | sed 's/^/# stderr: /'
}

# skip NAME REASON
skip() {
	nr=$((nr + 1))
	[[ $counting ]] && return
	skip=$((skip + 1))
	echo "ok $nr $1 # SKIP $2"
}

# run COMMAND...: $out, $err and $rc tell how it went.
run() {
	rc=0
	"$@" >"$tmp/out" 2>"$tmp/err" </dev/null || rc=$?
	out=$(tr -d '\0' <"$tmp/out")
	err=$(tr -d '\0' <"$tmp/err")
}

# tool ARG...: run the tool on $tree. What it says in JSON is kept for the
# validator, which is started once for all of it.
tool() {
	IOVASCOPE_DEBUGFS=$tree run "$IOVASCOPE" "$@"
	[[ $out != "{"* ]] || keep_json "$@"
}

keep_json() {
	local kept=$tmp/kept/$((++nr_json))

	mkdir -p "$tmp/kept"
	cp "$tmp/out" "$kept.json"
	printf '%s\n' "$@" >"$kept.args"
}

# only_count: is this the run that counts checks? Then this one is counted.
only_count() {
	[[ $counting ]] && nr=$((nr + 1))
}

# run_problem EXIT: what is wrong with how the last run ended, which had to end
# with this exit code? A failure has one line of the tool's own on stderr.
run_problem() {
	if ((rc != $1)); then
		echo "exit code $rc, not $1"
	elif ((rc == 0)) && [[ $err ]]; then
		echo "success with a message on stderr"
	elif ((rc != 0)) && [[ $err != "iovascope: "* ]]; then
		echo "failure without a message of the tool's own"
	elif ((rc != 0)) && [[ $(wc -l <"$tmp/err") != 1 ]]; then
		echo "failure with more than one line"
	fi
}

# match_problem MATCH MUST_NOT: extended regular expressions that one line of the
# last output must match, and none; an empty one says nothing.
match_problem() {
	if [[ $1 ]] && ! grep -qE -e "$1" "$tmp/out" "$tmp/err"; then
		echo "no line matches: $1"
	elif [[ $2 ]] && grep -qE -e "$2" "$tmp/out" "$tmp/err"; then
		echo "a line matches: $2"
	fi
}

# check NAME EXIT MATCH MUST_NOT ARG...: the exit code, and what the output must
# match and must not.
check() {
	local name=$1 want=$2 match=$3 must_not=$4 problem

	shift 4
	only_count && return
	tool "$@"
	problem=$(run_problem "$want")
	[[ $problem ]] || problem=$(match_problem "$match" "$must_not")
	report "$name" "$problem"
}

# json_exit NAME EXIT FILTER ARG...: the exit code, and what the tool prints
# satisfies the jq filter.
json_exit() {
	local name=$1 want=$2 filter=$3 problem

	shift 3
	only_count && return
	tool "$@"
	problem=$(run_problem "$want")
	if [[ -z $problem ]] &&
		! jq -e "$filter" <"$tmp/out" >/dev/null 2>"$tmp/err"; then
		problem="not so: $filter"
		err=$(<"$tmp/err")
	fi
	report "$name" "$problem"
}

# json NAME FILTER ARG...: the same of a success.
json() {
	json_exit "$1" 0 "${@:2}"
}

# verify NAME COMMAND...: the command succeeds.
verify() {
	local name=$1 problem=

	shift
	only_count && return
	err=
	out=$("$@" 2>&1) || problem="failed: $*"
	report "$name" "$problem"
}

# line_is NR PATTERN: does that line of the last output match?
line_is() {
	sed -n "$1 p" "$tmp/out" | grep -qE -e "$2"
}

# have NAME PROGRAM: can the check be made? If not, it is skipped.
have() {
	command -v "$2" >/dev/null && return
	skip "$1" "$2 is not installed"
	return 1
}

# have_validator NAME: Debian's python3-jsonschema, whatever else is called python3.
have_validator() {
	/usr/bin/python3 -c 'import jsonschema' 2>/dev/null && return
	skip "$1" "python3-jsonschema is not installed"
	return 1
}

# validate DIR [COMMAND...]: do the objects in DIR fit, and is there one of each
# of the commands that has a schema?
validate() {
	/usr/bin/python3 ./validate.py ../../../tools/schema "$@"
}

# new_tree NAME: a copy of the recorded tree to be changed; $tree names it.
new_tree() {
	tree=$tmp/$1
	rm -rf "$tree"
	cp -r "$recorded" "$tree"
}

# edit FILE SED...: change a file of the tree.
edit() {
	[[ $counting ]] || sed -i -E "${@:2}" "$tree/$1"
}

# put FILE TEXT...: a file of the machine that $root stands for.
put() {
	[[ $counting ]] && return
	mkdir -p "$root${1%/*}"
	printf '%s\n' "${@:2}" >"$root$1"
}

# word FILE INDEX VALUE: one u64 of such a file that is an array of them.
word() {
	local i bytes=

	for i in 0 8 16 24 32 40 48 56; do
		bytes+=$(printf '\\x%02x' $(($3 >> i & 255)))
	done
	# shellcheck disable=SC2059 # it is made of escapes
	[[ $counting ]] || printf "$bytes" |
		dd of="$root$1" bs=8 seek="$2" conv=notrunc status=none
}
