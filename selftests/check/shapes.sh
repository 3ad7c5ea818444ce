#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: shapes.sh [--list | ROW...]
#
# Kernels for which "make check" has no time:
#
#   compile    the modules, for every flavour of every kernel that Debian has
#              today (debian_kernels)
#   boot       what asks most of a kernel, on the kernels of other shapes in the
#              lab's table
#   packages   those of the oldest release that is served, and RPM's
#   kselftest  the tests in a whole tree of the kernel, as Debian has it
#
# ROW is one of these, or a row as --list prints it. Takes hours, and can be
# stopped at any time: what has passed for this very tree is not run again
# (build/check-kernels). What a whole run said, in which all was good, is kept in
# bench/results/, beside the release.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/kept.sh"
. "$LAB_DIR/apt.sh"
. "$LAB_DIR/cache.sh"
. "$LAB_DIR/root.sh"
. "$LAB_DIR/kernel.sh"
. "$LAB_DIR/compile.sh"
. "$LAB_DIR/source.sh"

CHECK=$LAB_TREE/selftests/check
FLAVOURS=(amd64 cloud-amd64 rt-amd64)
OLDEST=5.10

export IOVASCOPE_DIFFER_EPOCHS=${IOVASCOPE_DIFFER_EPOCHS:-10}

# ---- the rows ----

rows() {
	compile_rows | cut -d' ' -f1
	awk '$5 == "shape" { print "boot-" $1 }' "$LAB_DIR/kernels"
	echo packages-deb
	echo packages-rpm
	echo kselftest
}

# compile_rows: "ROW VERSION SUITE META ROOT" of each.
compile_rows() {
	local version suite headers root flavour

	grep -v '^#' "$CHECK/debian_kernels" |
		while read -r version suite headers root; do
			for flavour in "${FLAVOURS[@]}"; do
				echo "compile-$version-$suite-${flavour%-amd64}" \
					"$version $suite $headers-$flavour $root"
			done
		done
}

# ---- compile ----

# kernel_of SUITE META: the kernel whose headers the meta package brings today.
kernel_of() {
	suite_field "$1" "$2" Depends |
		grep -o -m1 'linux-headers-[0-9][^ ,]*' |
		sed 's/^linux-headers-//'
}

# get_headers SUITE KVER DIR
get_headers() {
	local packages

	ROW_SUITE=$1
	mapfile -t packages < <(header_packages "linux-headers-$2")
	((${#packages[@]})) && suite_download "$1" "$3" "${packages[@]}"
}

# compile KVER SUITE ROOT
compile() {
	local shared=$WORK/$1 rc=0

	mkdir -p "$shared/debs"
	{ get_headers "$2" "$1" "$shared/debs" &&
		in_overlay "$LAB_CACHE/buildroot-$3" "$shared" \
			/tree/selftests/check/shapes_root.sh compile "$1"; } ||
		rc=$?
	rm -rf "$shared"
	return "$rc"
}

# compile_row ROW: of a kernel that has moved on the new one is compiled for, and
# the row says so.
compile_row() {
	local version suite meta root kver

	read -r _ version suite meta root < <(compile_rows | grep "^$1 ")
	suite_index "$suite"
	kver=$(kernel_of "$suite" "$meta") || {
		tap_skip "$1" "no $meta in the index of $suite"
		return
	}
	[[ $kver == "$version".* || $kver == "$version"[+-]* ]] ||
		echo "# $1: moved away from its name: $kver"
	"$LAB_DIR/setup.sh" --kernel "$root" kernel buildroot || {
		tap_fail "$1: set-up" </dev/null
		return
	}
	kept "$1-$kver" compile "$kver" "$suite" "$root"
}

# ---- boot ----

boot() {
	local programs

	read -ra programs <<<"$("$CHECK/kernels.sh" --essential)"
	"$LAB_DIR/setup.sh" --kernel "$1" kernel root buildroot &&
		"$CHECK/guest.sh" --kernel "$1" --slow "${programs[@]}"
}

# ---- packages ----

packages_deb() {
	"$LAB_DIR/setup.sh" --kernel "$OLDEST" kernel packageroot || return
	mkdir -p "$WORK/deb/debs"
	in_overlay "$LAB_CACHE/packageroot-$OLDEST" "$WORK/deb" \
		/tree/selftests/check/shapes_root.sh packages \
		"$("$LAB_DIR/setup.sh" --kernel "$OLDEST" --kver)" \
		"$(iovascope_version)"
}

# The command out of the package, and no more: this machine has another way to
# install.
rpm_runs() {
	mkdir "$WORK/root" &&
		rpm2cpio "$WORK"/rpm/iovascope-*.x86_64.rpm |
		(cd "$WORK/root" && cpio -idm --quiet) &&
		"$WORK/root/usr/bin/iovascope" version |
		grep -x "iovascope $(iovascope_version)"
}

# What dkms gets is the same as from the Debian package.
rpm_has_source() {
	diff <(rpm -qlp "$WORK"/rpm/dkms-iovascope-*.rpm |
		sed -n "s:^/usr/src/iovascope-$(iovascope_version)/::p" | sort) \
		<(cd "$LAB_TREE" && find Kbuild dkms.conf module | sort)
}

packages_rpm() {
	TAP_PASS=0 TAP_FAIL=0 TAP_SKIP=0
	"$LAB_DIR/setup.sh" rpm || return
	tap "the packages are built" \
		"$LAB_TREE/tools/packaging/rpm.sh" "$WORK/rpm"
	tap "rpmlint has nothing to say" rpm_is_clean
	tap "dkms gets its source" rpm_has_source
	tap "the command runs" rpm_runs
	tap_totals
}

rpm_is_clean() {
	rpmlint -c "$LAB_TREE/tools/packaging/rpmlint.toml" "$WORK"/rpm/*.rpm \
		"$WORK/rpm/iovascope.spec" | tee "$WORK/rpmlint"
	grep -q ' 0 errors, 0 warnings' "$WORK/rpmlint"
}

# ---- kselftest ----

kselftest() {
	local package

	suite_index "$SOURCE_SUITE"
	package=$(suite_field "$SOURCE_SUITE" "$SOURCE_META" Depends |
		grep -o 'linux-source-[0-9.]*') &&
		suite_download "$SOURCE_SUITE" "$WORK/source" "$package" &&
		mkdir "$WORK/linux" || return
	dpkg-deb --fsys-tarfile "$WORK"/source/*.deb |
		tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
		xz -dc -T2 | tar -x -C "$WORK/linux" --strip-components=1
	"$CHECK/kselftest.sh" "$WORK/linux"
}

# ---- all ----

row() {
	case $1 in
	compile-*) compile_row "$1" ;;
	boot-*) kept "$1" boot "${1#boot-}" ;;
	packages-deb) kept "$1" packages_deb ;;
	packages-rpm) kept "$1" packages_rpm ;;
	kselftest) kept "$1" kselftest ;;
	esac
}

run() {
	local name

	echo "TAP version 13"
	for name; do
		row "$name"
	done
	"$CHECK/table.sh" "$KEPT"/*.log
	tap_totals
}

mapfile -t all < <(rows)
case ${1:-} in
-h | --help)
	print_head_comment "$0"
	exit 0
	;;
--list)
	printf '%s\n' "${all[@]}"
	exit 0
	;;
esac
wanted=()
(($#)) || wanted=("${all[@]}")
for name; do
	mapfile -t found < <(printf '%s\n' "${all[@]}" |
		grep -E -x -- "${name//./\\.}(-.*)?")
	((${#found[@]})) || usage_error "no row '$name': see --list"
	wanted+=("${found[@]}")
done
"$LAB_DIR/setup.sh" || exit 1
find_mirrors
WORK=$(mktemp -d "${TMPDIR:-/tmp}/iovascope-shapes.XXXXXX")
trap 'step_abort; rm -rf "$WORK"' EXIT
kept_in check-kernels
run "${wanted[@]}" | tee "$KEPT/summary"
rc=${PIPESTATUS[0]}
((rc)) || (($#)) || cp "$KEPT/summary" \
	"$LAB_TREE/selftests/bench/results/$(iovascope_version)-kernels.txt"
exit "$rc"
