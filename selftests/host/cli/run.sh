#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# IOVASCOPE=<binary> run.sh [FILE...]: test the command on recorded trees, with
# no module and no root. Files are *_test.sh of this directory, all by default.
# Ends with `# totals pass=P fail=F skip=S`; exits 1 if anything failed or
# nothing passed.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1

# shellcheck source=engine.sh
. ./engine.sh
# All files are read by this one shell: a test's own "put" would be that of the
# files behind it, too.
mapfile -t functions < <(compgen -A function)
readonly -f "${functions[@]}"

fatal() {
	echo "run.sh: $*" >&2
	exit 1
}

[[ ${IOVASCOPE-} ]] ||
	fatal "IOVASCOPE is not set: the path of the tool under test"
[[ -x $IOVASCOPE && $IOVASCOPE == /* ]] ||
	fatal "IOVASCOPE=$IOVASCOPE: not the absolute path of a program"
command -v jq >/dev/null || fatal "jq is missing: apt-get install jq"

# Messages and numbers are compared as the tool writes them in C.
export LC_ALL=C
# And rows are as long as they are; table_test.sh says what fits in fewer.
export COLUMNS=200
unset IOVASCOPE_DEBUGFS
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
recorded=$PWD/trees/two_vms
commands=()
if ((!${#})); then
	mapfile -t commands < <("$IOVASCOPE" --list-cmds &&
		printf '%s\n' why-start why-end diff-recordings)
	set -- *_test.sh
fi

run_files() {
	local file

	nr=0
	for file; do
		tree=$recorded
		# shellcheck source=/dev/null
		. "./$file"
	done
	mkdir -p "$tmp/kept"
	if have_validator "all JSON fits its schemas"; then
		verify "all JSON fits its schemas" validate "$tmp/kept" \
			"${commands[@]}"
	fi
}

echo "KTAP version 1"
counting=1
run_files "$@" >/dev/null
echo "1..$nr"
planned=$nr
counting=
run_files "$@"
((nr == planned)) || fatal "ran $nr checks, planned $planned"
echo "# totals pass=$pass fail=$fail skip=$skip"
((fail == 0 && pass > 0))
