#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Do the tests notice? Break the module on purpose, one mistake at a time, and
# see the suite turn red.
#
#   mutate.sh [NAME...]    these mutants of the table, or all
#   mutate.sh --list
#
# Every mutant is a substitution on a copy of module/. One that changes nothing
# is an error: the code has moved on and the mutant must follow. All modules are
# built here, then one VM loads one after the other (mutants_guest.sh).
#
#   KDIR       headers to build for (those of the lab's kernel)
#   TESTS      directory of the test programs (build/selftests)
#
# Exit code: 0 all caught, 1 not, 2 usage.

set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
lab=$top/selftests/lab
table=$here/table

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "mutate.sh: $*"
	exit 1
}

# "name|file|expression|tests", comments gone
rows() {
	grep -v -e '^#' -e '^$' "$table" | sed 's/ | /\t/g'
}

kdir() {
	if [ -n "${KDIR:-}" ]; then
		echo "$KDIR"
	else
		echo "/lib/modules/$("$lab/setup.sh" --kver)/build"
	fi
}

# build NAME MODULE: build in $work/tree, keep $work/payload/NAME.ko
build() {
	local log=$work/$1.log

	if ! make -C "$kernel" M="$work/tree" O= modules >"$log" 2>&1; then
		tail -n 20 "$log" >&2
		die "$1 does not build"
	fi
	cp "$work/tree/$2.ko" "$work/payload/$1.ko"
}

# Which module a file of module/ is of.
module_of() {
	case $1 in
	hugepath/*) echo iovascope_hugepath ;;
	*) echo iovascope ;;
	esac
}

# Put the mistake in, build, take it out again.
mutate() {
	local name=$1 file=$2 expression=$3 tests=$4 module
	local target=$work/tree/module/$file

	[ -f "$target" ] || die "$name: there is no module/$file"
	sed -E -i "$expression" "$target"
	if cmp -s "$target" "$top/module/$file"; then
		die "$name changes nothing in module/$file; mend the table"
	fi
	module=$(module_of "$file")
	# Whatever the clock of the files says, this is to be compiled again.
	rm -f "${target%.[ch]}.o"
	build "$name" "$module"
	! cmp -s "$work/payload/$name.ko" "$work/payload/$module.ko" ||
		die "$name: the module is the same as without it"
	# A new time, so that make sees the change back as well.
	cp "$top/module/$file" "$target"
	printf '%s|%s|%s\n' "$name" "$module" "$tests" >>"$work/payload/plan"
}

chosen() {
	local name=$1 wanted
	shift

	[ $# = 0 ] && return 0
	for wanted; do
		[ "$wanted" = "$name" ] && return 0
	done
	return 1
}

build_all() {
	local name file expression tests nr=0

	build iovascope iovascope
	build iovascope_hugepath iovascope_hugepath
	while IFS=$'\t' read -r name file expression tests; do
		chosen "$name" "$@" || continue
		nr=$((nr + 1))
		say "  MUTANT	$name"
		mutate "$name" "$file" "$expression" "$tests"
	done < <(rows)
	[ $nr != 0 ] || die "no such mutant: $*"
	[ $# = 0 ] || [ $# = $nr ] || die "not all of these exist: $*"
}

run() {
	local nr

	nr=$(wc -l <"$work/payload/plan")
	"$lab/lab.sh" --payload "$work/payload/." \
		--device edu --device edu --device edu --device edu \
		--device testdev:16G --device nvme --device e1000e \
		--timeout $((300 + 60 * nr)) --min-pass $((nr + 1)) \
		-- ./mutants_guest.sh
}

if [ "${1:-}" = --list ]; then
	rows | cut -f1
	exit 0
fi
case "${1:-}" in
-*)
	say "usage: mutate.sh [--list | NAME...]"
	exit 2
	;;
esac

tests_dir=${TESTS:-$top/build/selftests}
[ -x "$tests_dir/leaf_test" ] ||
	die "no test programs in $tests_dir; run make selftests"
kernel=$(kdir)
[ -f "$kernel/Makefile" ] || die "no kernel headers in $kernel"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/tree" "$work/payload"
cp -r "$top/Kbuild" "$top/dkms.conf" "$top/module" "$work/tree/"
cp "$tests_dir"/*_test "$work/payload/"
cp "$here/mutants_guest.sh" "$work/payload/mutants_guest.sh"

build_all "$@"
run
