#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: build.sh [--kernel NAME] [MAKE-ARGUMENT...]
#
# Run make for a kernel of the lab: with this machine's gcc where it is of the
# release that the kernel and the guest are of, else in a root of that
# release (setup.sh buildroot), so that what is built runs there.

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
kernel_row "$KERNEL" || usage_error "no kernel '$KERNEL' in the table"
kver=$("$LAB_DIR/setup.sh" --kernel "$ROW_NAME" --kver) || exit 1
if same_release; then
	# A kernel that was built here has no headers but its own.
	headers=$LAB_CACHE/kernel-$ROW_NAME/build
	[[ ! -d $headers ]] || set -- KDIR="$headers" "$@"
	exec make -C "$LAB_TREE" KVER="$kver" "$@"
fi
root=$LAB_CACHE/buildroot-$ROW_NAME
[[ -d $root ]] || die "no build root: run $LAB_DIR/setup.sh buildroot"
in_root "$(readlink -f "$root")" make -C /build/tree KVER="$kver" \
	KSELFTEST=/build/kselftest "$@"
