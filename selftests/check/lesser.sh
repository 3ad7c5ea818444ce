#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: lesser.sh
#
# Kernels that lack something: they are refused in one clear line, or served as
# far as they can be, and never by half. What a configuration lacks is taken out
# of the headers to build with; what a kernel lacks when a module is loaded, out
# of the module's table of probes, by giving a function a name that no kernel
# has (lesser_guest.sh).
#
# And kernels that nobody has here: interfaces under the version number of
# others, as distributions have them, ones that hugepath cannot be built for, and
# ones that are newer than any that was read.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/headers.sh"

kernel_row "" || exit 1
build_for "" tools selftests
out=$LAB_TREE/build
work=$(mktemp -d "${TMPDIR:-/tmp}/iovascope-lesser.XXXXXX")
trap 'step_abort; rm -rf "$work"' EXIT

# source_in DIR: what dkms has of the tree.
source_in() {
	rm -rf "$1"
	mkdir "$1" && cp -r "$LAB_TREE"/{Kbuild,dkms.conf,module} "$1/"
}

# build_without OPTION...: leaves what was built in $work/source.
build_without() {
	rm -rf "$work/headers"
	headers_without "/lib/modules/$kver/build" "$work/headers" "$@" &&
		source_in "$work/source" &&
		make -j"$(nproc)" -C "$work/headers" M="$work/source" W=1 \
			KCFLAGS=-Werror modules
}

# edited EDIT...: headers in $work/headers with some edits, each VERSION=A.B.C or
# FILE=SCRIPT.
edited() {
	local edit

	rm -rf "$work/headers"
	headers_copy "/lib/modules/$kver/build" "$work/headers" || return
	for edit; do
		case $edit in
		VERSION=*) headers_version "$work/headers" "${edit#*=}" ;;
		*) headers_edited "$work/headers" "${edit%%=*}" "${edit#*=}" ;;
		esac || return
	done
}

# compiles OBJECT EDIT...: this file of hugepath, and what it is not told here
# decides nothing.
compiles() {
	edited "${@:2}" && source_in "$work/source" &&
		make -C "$work/headers" M="$work/source" W=1 KCFLAGS=-Werror \
			"module/hugepath/$1.o"
}

# alone WHY EDIT...: no hugepath, for which there is one line, and no error.
alone() {
	local said

	edited "${@:2}" && source_in "$work/source" || return
	said=$(make -j"$(nproc)" -C "$work/headers" M="$work/source" W=1 \
		KCFLAGS=-Werror modules 2>&1) || {
		echo "$said"
		return 1
	}
	diff <(grep hugepath <<<"$said") \
		<(echo "iovascope_hugepath is not built: $1") &&
		has_built iovascope &&
		cp "$work/source/iovascope.ko" "$work/payload/alone.ko"
}

# unread: modules that believe in a kernel of a later day.
unread() {
	edited VERSION=99.0.0 && source_in "$work/source" &&
		make -j"$(nproc)" -C "$work/headers" M="$work/source" modules &&
		cp "$work/source/iovascope.ko" "$work/payload/unread.ko" &&
		cp "$work/source/iovascope_hugepath.ko" \
			"$work/payload/unread_hugepath.ko"
}

# has_built MODULE...: these and no others.
has_built() {
	diff <(cd "$work/source" && printf '%s\n' *.ko) \
		<(printf '%s.ko\n' "$@")
}

# refuses NAME OPTION...: one line of error, which says what is missing.
refuses() {
	local said name=$1
	shift

	said=$(build_without "$@" 2>&1) && return 1
	echo "$said"
	[[ $(grep -c -E "\*\*\* iovascope needs a kernel with CONFIG_$name\." \
		<<<"$said") == 1 ]] && ! grep -q 'error:' <<<"$said"
}

# builds OPTION -- MODULE...
builds() {
	build_without "$1" && has_built "${@:3}"
}

# nameless NAME FUNCTION...: a module that looks for functions that are not there.
nameless() {
	local name=$1 table=$work/names/module/flow/rows.c function
	shift

	cp "$LAB_TREE/module/flow/rows.c" "$table"
	for function; do
		grep -q "\"$function\"" "$table" || return
		sed -i "s/\"$function\"/\"${function}_gone\"/" "$table"
	done
	make -j"$(nproc)" -C "/lib/modules/$kver/build" M="$work/names" \
		modules &&
		cp "$work/names/iovascope.ko" "$work/payload/$name.ko"
}

# names_of_compilers: the kernel's own type1, with names such as compilers leave.
names_of_compilers() {
	local type1=kernel/drivers/vfio/vfio_iommu_type1.ko

	unsquashfs -q -n -d "$work/modules" \
		"$LAB_CACHE/kernel-$ROW_NAME/modules.squashfs" \
		"$kver/$type1" &&
		objcopy --redefine-sym vfio_pin_pages_remote=vfio_pin_pages_remote.llvm.17263945283746592837 \
			--redefine-sym vfio_unpin_pages_remote=vfio_unpin_pages_remote.isra.0 \
			--add-symbol vfio_unmap_unpin.part.0=.text:0,local,function \
			"$work/modules/$kver/$type1" "$work/payload/left_type1.ko"
}

# inside: a module that takes type1 for a part of the kernel.
inside() {
	sed 's/IS_BUILTIN(CONFIG_VFIO_IOMMU_TYPE1)/true/' \
		"$LAB_TREE/module/flow/rows.c" >"$work/names/module/flow/rows.c"
	make -j"$(nproc)" -C "/lib/modules/$kver/build" M="$work/names" \
		modules &&
		cp "$work/names/iovascope.ko" "$work/payload/inside.ko"
}

echo "TAP version 13"
tap "without KPROBES it refuses" refuses KPROBES 'K(RET)?PROBES[A-Z_]*'
tap "without IOMMU_API it refuses" refuses IOMMU_API IOMMU_API
tap "without DEBUG_FS it refuses" refuses DEBUG_FS DEBUG_FS
tap "without INTEL_IOMMU it builds" builds 'INTEL_IOMMU[A-Z_]*' -- \
	iovascope iovascope_hugepath
tap "without VFIO it builds, but for hugepath" builds 'VFIO[A-Z0-9_]*' -- \
	iovascope
tap "without huge pages it builds" \
	builds '(HUGETLB|TRANSPARENT_HUGE)[A-Z_]*' -- \
	iovascope iovascope_hugepath

mkdir "$work/payload"
IOMMU_H=include/linux/iommu.h
WITH_GFP='/int iommu_map(struct/,/;/ s/int prot)/int prot, gfp_t gfp)/'
tap "follow_pte() of a VMA, as in 6.10" compiles backing \
	'include/linux/mm.h=s/follow_pte(struct mm_struct \*mm/follow_pte(struct vm_area_struct *vma/'
tap "iommu_map() with gfp under 5.14's number" compiles domain \
	VERSION=5.14.0 "$IOMMU_H=$WITH_GFP"
tap "iommu_map() with gfp under its own kernel's number" compiles domain \
	"$IOMMU_H=$WITH_GFP"
tap "iommu_map() without gfp under 6.5's number" compiles domain VERSION=6.5.0
tap "a symbol that modules do not get: the instrument, and why" \
	alone "iommu_detach_group is not exported" \
	'Module.symvers=/\tiommu_detach_group\t/d'
tap "hugepath does not compile: the instrument, and why" \
	alone "implicit declaration of function iommu_detach_group" \
	"$IOMMU_H=s/iommu_detach_group(/iommu_detach_groups(/"
tap "for a kernel that nobody has read" unread

source_in "$work/names"
tap "a module without iommu_map" nameless no_map iommu_map
tap "a module without iommu_domain_free" nameless no_free iommu_domain_free
tap "a module without a pin" nameless no_pin vfio_pin_pages_remote
tap "a module without the first name of attach" \
	nameless other_attach __iommu_attach_device
tap "a module without attach" nameless no_attach \
	__iommu_attach_device intel_iommu_attach_device
tap "a module with type1 in the kernel" inside
tap "the whole module" nameless whole
tap "type1 as compilers may leave it" names_of_compilers
tap_program "modules" "$LAB_DIR/lab.sh" --timeout 300 --device edu \
	--payload "$work/payload/." --payload "$out/tools/iovascope" \
	--payload "$out/selftests/vfio_client" \
	--payload "$LAB_TREE/selftests/check/lesser_guest.sh" \
	--payload "$LAB_TREE/selftests/check/tap.sh" -- ./lesser_guest.sh
tap_totals
