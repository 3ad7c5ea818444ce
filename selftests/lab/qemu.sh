# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A QEMU newer than the machine's own, for what that cannot emulate: first-stage
# tables take QEMU 10. It is that of a newer Debian release, unpacked in the
# cache with every library that it needs, and started by that release's own
# dynamic linker: nothing is installed, nothing is mounted, no root is needed.

QEMU_RELEASE=trixie
QEMU_PACKAGES=(qemu-system-x86)

# Where the firmware is that a QEMU of Debian looks for.
QEMU_DATA=(usr/share/qemu usr/share/seabios usr/lib/ipxe/qemu)

# What nobody reads who only starts it.
QEMU_LEAVES_OUT=(usr/share/{doc,man,locale,bug,lintian})

# qemu_wrapper: a program to be called as qemu-system-x86_64 is.
qemu_wrapper() {
	cat <<-'END'
		#!/bin/sh
		# SPDX-License-Identifier: GPL-2.0-only
		root=$(dirname "$(readlink -f "$0")")/root
		lib=$root/usr/lib/x86_64-linux-gnu
		export QEMU_MODULE_DIR="$lib/qemu"
	END
	printf 'set --'
	# For the wrapper's own shell.
	# shellcheck disable=SC2016
	printf ' -L "$root/%s"' "${QEMU_DATA[@]}"
	printf ' "$@"\n'
	cat <<-'END'
		exec "$lib/ld-linux-x86-64.so.2" --library-path "$lib" \
		    "$root/usr/bin/qemu-system-x86_64" "$@"
	END
}

# build_qemu DIR PACKAGE...: ends with what it must be able to do.
build_qemu() {
	local dir=$1 root=$1/new/root qemu=$1/new/qemu-system-x86_64 deb
	shift

	suite_download "$QEMU_RELEASE" "$dir/deb" "$@"
	for deb in "$dir"/deb/*.deb; do
		unpack_deb "$deb" "$root"
	done
	rm -rf "${QEMU_LEAVES_OUT[@]/#/$root/}"
	qemu_wrapper >"$qemu"
	chmod 755 "$qemu"
	has_first_stage "$qemu"
}

# has_first_stage QEMU: can it emulate tables of the first stage?
has_first_stage() {
	"$1" -device intel-iommu,help 2>/dev/null | grep -q '^ *x-flts='
}

# qemu_for SCALABLE: what to start, the machine's own where that will do.
qemu_for() {
	if [[ $1 == first ]] && ! has_first_stage qemu-system-x86_64; then
		echo "$LAB_CACHE/qemu/qemu-system-x86_64"
	else
		echo qemu-system-x86_64
	fi
}

setup_qemu() {
	local key closure packages

	if has_first_stage qemu-system-x86_64; then
		say "QEMU: the machine's own has first-stage tables"
		return
	fi
	suite_index "$QEMU_RELEASE"
	closure=$(suite_closure "$QEMU_RELEASE" "${QEMU_PACKAGES[@]}")
	mapfile -t packages < <(cut -d' ' -f1 <<<"$closure")
	key=$( (
		echo "$closure"
		declare -p QEMU_DATA QEMU_LEAVES_OUT
		declare -f unpack_deb qemu_wrapper build_qemu has_first_stage
	) | key_of)
	cache_entry qemu "$key" \
		"QEMU of $QEMU_RELEASE, about 90 MB of packages" \
		build_qemu "${packages[@]}"
	say "QEMU: $("$LAB_CACHE/qemu/qemu-system-x86_64" --version | sed 1q)"
}
