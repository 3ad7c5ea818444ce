#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: package_root.sh KVER OTHER OLD NEW
#
# In a root of its own, as root: install the packages of version OLD from
# /debs/old, let dkms build for the kernel KVER and later for OTHER, upgrade to
# version NEW from /debs/new, purge; then the same by make from /tree. The
# modules that dkms made are left in /out, and what it said in /out/transcript.

set -uo pipefail
# shellcheck source=selftests/check/tap.sh
. /tree/selftests/check/tap.sh

kver=$1
other=$2
old=$3
new=$4
transcript=/out/transcript
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

# shellcheck source=selftests/check/dkms.sh
. /tree/selftests/check/dkms.sh
# shellcheck source=selftests/check/headers.sh
. /tree/selftests/check/headers.sh

# signed VERSION KERNEL: installed, and signed by dkms.
signed() {
	local module

	installed "$@" || return
	for module in "${modules[@]}"; do
		[[ $(modinfo -k "$2" -F signer "$module") == DKMS* ]] || return
	done
}

tool_says() {
	[[ $(iovascope version | head -n 1) == "iovascope $1" ]]
}

timer_is_off() {
	[[ -s /lib/systemd/system/iovascope-metrics.timer ]] &&
		! find /etc/systemd -name 'iovascope*' | grep .
}

# A kernel that has no KPROBES, or so its configuration says.
refuses_without_kprobes() {
	local none=9.9.9-none

	mkdir "/lib/modules/$none"
	headers_without "/lib/modules/$kver/build" "/lib/modules/$none/build" \
		KPROBES || return
	log dkms build -k "$none" "iovascope/$old"
	(($? == 77)) || return
	tail -n 3 "$transcript" | grep -q BUILD_EXCLUSIVE || return
	rm -r "/lib/modules/$none"
}

# serves_alone KERNEL: with the instrument, and not with hugepath.
serves_alone() {
	local modules=(iovascope)

	does dkms install -k "$1" "iovascope/$old" &&
		installed "$old" "$1" &&
		(($(find "/lib/modules/$1/updates" -name '*.ko*' | wc -l) == 1)) &&
		does dkms remove -k "$1" "iovascope/$old" || return
	rm -r "/lib/modules/$1"
}

# A kernel for which hugepath does not compile.
serves_without_hugepath() {
	local none=9.9.9-none

	mkdir "/lib/modules/$none"
	headers_named "/lib/modules/$kver/build" "/lib/modules/$none/build" \
		"$none" &&
		headers_edited "/lib/modules/$none/build" include/linux/iommu.h \
			's/iommu_detach_group(/iommu_detach_groups(/' &&
		serves_alone "$none"
}

# A kernel without VFIO has no containers that hugepath could drive.
serves_without_vfio() {
	local none=9.9.9-none

	mkdir "/lib/modules/$none"
	headers_without "/lib/modules/$kver/build" "/lib/modules/$none/build" \
		'VFIO[A-Z0-9_]*' &&
		headers_named "/lib/modules/$none/build" \
			"/lib/modules/$none/renamed" "$none" || return
	rm -r "/lib/modules/$none/build"
	mv "/lib/modules/$none/renamed" "/lib/modules/$none/build"
	serves_alone "$none"
}

by_make() {
	make -C /tree KVER="$kver" O=/tmp/o "$@"
}

mkdir -p /out
: >"$transcript"
hidden=/other-kernel
mv "/lib/modules/$other" "$hidden"

tap "dpkg installs both" does dpkg -i /debs/old/iovascope_*.deb \
	/debs/old/iovascope-dkms_*.deb
tap "dkms has built and installed $old for $kver" \
	status_is "iovascope/$old, $kver, x86_64: installed"
tap "modules of $kver: there, of $old, signed" signed "$old" "$kver"
tap "nothing to complain of in dkms's make.log" make_log_is_clean
tap "the command runs" tool_says "$old"
tap "the man page is there" test -s /usr/share/man/man1/iovascope.1.gz
tap "the timer is there, and off" timer_is_off
keep old

mv "$hidden" "/lib/modules/$other"
tap "headers of $other arrive: dkms builds for it" \
	does run-parts --arg="$other" /etc/kernel/header_postinst.d
tap "modules of $other: there, of $old, signed" signed "$old" "$other"
tap "a kernel without KPROBES is refused" refuses_without_kprobes
tap "a kernel without VFIO gets the instrument" serves_without_vfio
tap "one that hugepath does not compile for, too" serves_without_hugepath
tap "$other goes: dkms takes its modules away" \
	does dkms uninstall -k "$other" "iovascope/$old"
mv "/lib/modules/$other" "$hidden"

tap "upgrade to $new" does dpkg -i /debs/new/iovascope_*.deb \
	/debs/new/iovascope-dkms_*.deb
tap "only $new is left" \
	status_is "iovascope/$new, $kver, x86_64: installed"
tap "modules of $kver: there, of $new, signed" signed "$new" "$kver"
tap "nothing is left of $old" test ! -e "/usr/src/iovascope-$old"
tap "the command is of $new" tool_says "$new"
keep new

tap "purge" does dpkg -P iovascope iovascope-dkms
tap "dkms knows nothing of it" status_is
tap "no file is left" no_trace

tap "make dkms-install" does by_make dkms-install
tap "make dkms-install once more" does by_make dkms-install
tap "make: modules of $kver: there, of $old, signed" signed "$old" "$kver"
tap "make dkms-remove" does by_make dkms-remove
tap "make: no file is left" no_trace
tap_totals
