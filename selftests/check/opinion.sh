#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: opinion.sh
#
# What only the lab's own kernel can: it prints its IO page tables itself, a
# second opinion on every leaf of the census (opinion_test.c); and it has
# iommufd (iommufd_test.c, and what why says of it). And what why says on a kernel
# that takes large steps, and asks each remapping unit for itself. Builds that
# kernel if it is not in the cache.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

"$LAB_DIR/setup.sh" --kernel lab kernel root || exit 1
kver=$("$LAB_DIR/setup.sh" --kernel lab --kver) || exit 1
out=$LAB_TREE/build
check=$LAB_TREE/selftests/check
step "building for $kver" \
	"$LAB_DIR/build.sh" --kernel lab modules tools selftests || exit 1

# boot NAME PROGRAM ARGUMENT OPTION...: the machine, and one program in it.
boot() {
	local name=$1 program=$2 argument=$3
	shift 3

	tap_program "$name" "$LAB_DIR/lab.sh" --kernel lab --timeout 900 "$@" \
		--payload "$out/$kver/iovascope.ko" \
		--payload "$out/tools/iovascope" \
		--payload "$out/selftests/." \
		--payload "$check/opinion_guest.sh" \
		--payload "$check/why_guest.sh" --payload "$check/tap.sh" \
		-- "./$program" "$argument"
}

devices=(--device edu --device edu --device testdev:16G)
many=(--device edu --device edu)
for _ in {1..7}; do
	many+=(--device testdev:2G)
done
many+=(--device testdev:256M --device e1000e)

boot "second opinion" opinion_guest.sh opinion_test "${devices[@]}"
boot "second opinion, scalable mode" opinion_guest.sh opinion_test \
	"${devices[@]}" --scalable second
boot "iommufd" opinion_guest.sh iommufd_test "${devices[@]}"
boot "why, with iommufd" why_guest.sh iommufd "${devices[@]}"
boot "why" why_guest.sh mappings "${many[@]}" --memory 8192 --hugepages 4
boot "why, by large steps" why_guest.sh large_steps --icount --device edu \
	--device testdev:128G --memory 4096 --hugepages 1
# The lab's own kernel takes no ACPI table from an initrd; this one is as new.
tap_program "why, with two units" "$check/why.sh" --kernel 7.2 unit_each
tap_totals
