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
#
# And page tables of the first stage, which take a QEMU of their own: the second
# opinion on them; and on Debian's stock kernel of that version the tests of the
# census, which have to come out as they do for the second stage.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/strict.sh"

"$LAB_DIR/setup.sh" --kernel lab kernel root qemu || exit 1
out=$LAB_TREE/build
check=$LAB_TREE/selftests/check

# build KERNEL: what boots from now on.
build() {
	kernel=$1
	build_for "$kernel" modules tools selftests
}

# boot NAME PROGRAM ARGUMENT OPTION...: the machine, and one program in it.
boot() {
	local name=$1 program=$2 argument=$3
	shift 3

	tap_program "$name" "$LAB_DIR/lab.sh" --kernel "$kernel" --timeout 900 "$@" \
		--payload "$out/$kver/iovascope.ko" \
		--payload "$out/tools/iovascope" \
		--payload "$out/selftests/." \
		--payload "$check/opinion_guest.sh" \
		--payload "$check/refuse_guest.sh" \
		--payload "$check/why_guest.sh" --payload "$check/why" \
		--payload "$check/tap.sh" \
		-- "./$program" "$argument"
}

build lab
# What stage static sees of the module is without iommufd.
newest=(KVER="$kver" KDIR="$LAB_CACHE/kernel-lab/build")
tap "module builds with W=1 and -Werror" \
	build_strict lab-w1 "${newest[@]}" W=1 KCFLAGS=-Werror
tap "module is clean under sparse" build_strict lab-sparse "${newest[@]}" C=2

devices=(--device edu --device edu --device testdev:16G)
many=(--device edu --device edu)
for _ in {1..7}; do
	many+=(--device testdev:2G)
done
many+=(--device testdev:256M --device e1000e)

boot "second opinion" opinion_guest.sh opinion_test "${devices[@]}"
for stage in second first; do
	boot "second opinion, scalable mode, $stage stage" opinion_guest.sh \
		opinion_test "${devices[@]}" --scalable "$stage"
done
tap_program "iommufd" "$check/guest.sh" --kernel lab iommufd_test
boot "refusals, with iommufd" refuse_guest.sh iommufd --device edu \
	--device testdev:16G
boot "why, with iommufd" why_guest.sh iommufd "${devices[@]}"
boot "why" why_guest.sh mappings "${many[@]}" --memory 8192 --hugepages 4
boot "why, by large steps" why_guest.sh large_steps --icount --device edu \
	--device testdev:128G --memory 4096 --hugepages 1

"$LAB_DIR/setup.sh" --kernel 7.3 kernel buildroot || exit 1
build 7.3
boot "census, first stage, stock kernel" opinion_guest.sh first \
	"${devices[@]}" --device nvme --scalable first
# The lab's own kernel takes no ACPI table from an initrd; this one is as new.
tap "why, with two units" "$check/why.sh" --kernel 7.3 unit_each
tap_totals
