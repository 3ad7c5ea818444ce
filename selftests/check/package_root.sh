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

# The modules that dkms is told to make.
mapfile -t modules < <(sed -n \
	's/^BUILT_MODULE_NAME\[[0-9]*\]="\(.*\)"/\1/p' /tree/dkms.conf)

# log COMMAND...: into the transcript, and nowhere else.
log() {
	printf '# %s\n' "$*"
	"$@" 2>&1
} >>"$transcript"

# does COMMAND...: succeeds, and its part of the transcript complains of nothing.
does() {
	local before said rc=0

	before=$(wc -l <"$transcript")
	log "$@" || rc=$?
	said=$(tail -n "+$((before + 1))" "$transcript")
	if ((rc)) || grep -q -i -E 'warning|error|fail' <<<"$said"; then
		echo "$said"
		return 1
	fi
}

# status_is LINE...: what dkms status says, in any order.
status_is() {
	diff <(dkms status | sort) <((($#)) && printf '%s\n' "$@" | sort)
}

# installed VERSION KERNEL: all modules are there, of that version, signed.
installed() {
	local module file

	((${#modules[@]})) || return
	for module in "${modules[@]}"; do
		file=$(modinfo -k "$2" -n "$module") || return
		[[ $file == */updates/dkms/$module.ko* ]] || return
		[[ $(modinfo -F version "$file") == "$1" ]] || return
		[[ $(modinfo -F vermagic "$file") == "$2 "* ]] || return
		[[ $(modinfo -F signer "$file") == DKMS* ]] || return
	done
}

# keep NAME: the modules of KVER, for the lab.
keep() {
	cp -r "/lib/modules/$kver/updates/dkms" "/out/$1"
}

make_log_is_clean() {
	local log

	for log in /var/lib/dkms/iovascope/*/*/x86_64/log/make.log; do
		# Debian's headers come without vmlinux, and kbuild says so.
		! grep -v 'Skipping BTF generation' "$log" |
			grep -i -E 'warning|error' || return
	done
}

tool_says() {
	[[ $(iovascope version) == "iovascope $1" ]]
}

# A kernel that has no KPROBES, or so its configuration says.
refuses_without_kprobes() {
	local headers=/lib/modules/9.9.9-none/build

	mkdir -p "$headers"
	grep -v '^CONFIG_KPROBES=' "/lib/modules/$kver/build/.config" \
		>"$headers/.config"
	log dkms build -k 9.9.9-none "iovascope/$old"
	(($? == 77)) || return
	tail -n 3 "$transcript" | grep -q BUILD_EXCLUSIVE || return
	rm -r /lib/modules/9.9.9-none
}

# Of both packages, and of make.
no_trace() {
	local found

	found=$(find / -xdev \( -path /debs -o -path /out -o -path /tree \) \
		-prune -o \( -iname '*iovascope*' \) -print)
	[[ -z $found ]] || {
		echo "$found"
		return 1
	}
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
tap "modules of $kver: there, of $old, signed" installed "$old" "$kver"
tap "nothing to complain of in dkms's make.log" make_log_is_clean
tap "the command runs" tool_says "$old"
tap "the man page is there" test -s /usr/share/man/man1/iovascope.1.gz
keep old

mv "$hidden" "/lib/modules/$other"
tap "headers of $other arrive: dkms builds for it" \
	does run-parts --arg="$other" /etc/kernel/header_postinst.d
tap "modules of $other: there, of $old, signed" installed "$old" "$other"
tap "a kernel without KPROBES is refused" refuses_without_kprobes
tap "$other goes: dkms takes its modules away" \
	does dkms uninstall -k "$other" "iovascope/$old"
mv "/lib/modules/$other" "$hidden"

tap "upgrade to $new" does dpkg -i /debs/new/iovascope_*.deb \
	/debs/new/iovascope-dkms_*.deb
tap "only $new is left" \
	status_is "iovascope/$new, $kver, x86_64: installed"
tap "modules of $kver: there, of $new, signed" installed "$new" "$kver"
tap "nothing is left of $old" test ! -e "/usr/src/iovascope-$old"
tap "the command is of $new" tool_says "$new"
keep new

tap "purge" does dpkg -P iovascope iovascope-dkms
tap "dkms knows nothing of it" status_is
tap "no file is left" no_trace

tap "make dkms-install" does by_make dkms-install
tap "make dkms-install once more" does by_make dkms-install
tap "make: modules of $kver: there, of $old, signed" installed "$old" "$kver"
tap "make dkms-remove" does by_make dkms-remove
tap "make: no file is left" no_trace
tap_totals
