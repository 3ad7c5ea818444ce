#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: build.sh [--kernel NAME] [MAKE-ARGUMENT...]
#
# Run make for a kernel of the lab: modules with what their kernel was built
# with, everything else with what the guest's userspace was built with. That is
# this machine's gcc where it is of that release, else a root of that release
# (setup.sh buildroot).

set -euo pipefail
shopt -s inherit_errexit
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$LAB_DIR/root.sh"

# in_root ROOT COMMAND...: the tree and the harness appear in a root of which
# nothing else is changed; the mounts end with the process.
in_root() {
	local root=$1
	shift

	((EUID == 0)) || die "must be root to build in $root"
	mkdir -p "$root/build/tree" "$root/build/kselftest"
	# shellcheck disable=SC2016
	unshare --mount sh -euc '
		root=$1 tree=$2 kselftest=$3
		shift 3
		mount --bind "$tree" "$root/build/tree"
		mount --bind "$kselftest" "$root/build/kselftest"
		mount --rbind /dev "$root/dev"
		mount -t proc proc "$root/proc"
		exec chroot "$root" "$@"
	' sh "$root" "$LAB_TREE" "$LAB_CACHE/kselftest/" "$@"
}

KERNEL=
if [[ ${1:-} == --kernel ]]; then
	(($# >= 2)) || usage_error "--kernel needs a name"
	KERNEL=$2
	shift 2
elif [[ ${1:-} == --help || ${1:-} == -h ]]; then
	print_head_comment "$0"
	exit 0
fi
# build TARGET...: for the row.
build() {
	local kver root own=$LAB_CACHE/kernel-$ROW_NAME/build

	kver=$("$LAB_DIR/setup.sh" --kernel "$ROW_NAME" --kver) || exit 1
	set -- "${VARIABLES[@]}" "$@"
	if builds_here; then
		# A kernel that was built here has no headers but its own.
		[[ ! -d $own ]] || set -- KDIR="$own" "$@"
		make -C "$LAB_TREE" KVER="$kver" "$@"
		return
	fi
	root=$LAB_CACHE/buildroot-$ROW_NAME
	[[ -d $root ]] || die "no build root: run" \
		"$LAB_DIR/setup.sh --kernel $ROW_NAME buildroot"
	in_root "$(readlink -f "$root")" make -C /build/tree KVER="$kver" \
		KSELFTEST=/build/kselftest "$@"
}

VARIABLES=()
MODULES=()
PROGRAMS=()
(($#)) || set -- all
for arg; do
	case $arg in
	*=*) VARIABLES+=("$arg") ;;
	all)
		MODULES+=(modules)
		PROGRAMS+=(tools selftests)
		;;
	modules* | accident) MODULES+=("$arg") ;;
	*) PROGRAMS+=("$arg") ;;
	esac
done
kernel_row "$KERNEL" || usage_error "no kernel '$KERNEL' in the table"
# Two lanes of make check may want the same objects.
exec 8<"$LAB_TREE"
flock 8
((${#MODULES[@]} == 0)) || build "${MODULES[@]}"
kernel_row ""
((${#PROGRAMS[@]} == 0)) || build "${PROGRAMS[@]}"
