#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: bpftrace.sh
#
# Have bpftrace, of the release of the lab's first kernel, as an image that the
# guest can mount; print its path. Only the bench needs it, and it is as large
# as the guest's whole root, so it is no part of that.

set -euo pipefail
shopt -s inherit_errexit
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
# shellcheck source=../lab/apt.sh
. "$LAB_DIR/apt.sh"
# shellcheck source=../lab/cache.sh
. "$LAB_DIR/cache.sh"
# shellcheck source=../lab/root.sh
. "$LAB_DIR/root.sh"

# build_image DIR RELEASE
build_image() {
	bootstrap "$2" "$1/root" bash bpftrace coreutils
	mkdir -p "$1"/root/{dev,proc,run,sys,tmp}
	mksquashfs "$1/root" "$1/new/image" -comp xz -no-progress -quiet
	chmod a+r "$1/new/image"
}

kernel_row ''
cache_open
find_mirrors
suite_index "$ROW_RELEASE"
key=$( (
	suite_closure "$ROW_RELEASE" bash bpftrace coreutils
	declare -f bootstrap build_image
) | key_of)
[[ -d $LAB_CACHE/bpftrace-$key ]] || ((EUID == 0)) ||
	die "must be root to make an image of bpftrace"
cache_entry bpftrace "$key" "bpftrace of $ROW_RELEASE, about 120 MB of packages" \
	build_image "$ROW_RELEASE"
echo "$LAB_CACHE/bpftrace/image"
