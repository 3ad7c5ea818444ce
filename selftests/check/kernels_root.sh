#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: kernels_root.sh KVER VERSION
#
# In a root of the kernel's own release, as root: all that a user does with
# dkms for the kernel KVER and this tree's VERSION, and for a second kernel. The
# modules that dkms made of this and of the next version are left in /out/old and
# /out/new, unpacked, and what it said in /out/transcript.

set -uo pipefail
# shellcheck source=selftests/check/tap.sh
. /tree/selftests/check/tap.sh

kver=$1
old=$2
new=$old.1
second=$kver-second
none=9.9.9-none
transcript=/out/transcript
export LC_ALL=C.UTF-8
# shellcheck source=selftests/check/dkms.sh
. /tree/selftests/check/dkms.sh
# shellcheck source=selftests/check/headers.sh
. /tree/selftests/check/headers.sh

# A folder of a version in /usr/src, as packages put it there.
source_of() {
	local dir=/usr/src/iovascope-$1

	mkdir "$dir"
	cp -r /tree/Kbuild /tree/dkms.conf /tree/module "$dir"/
	sed -i "s/^PACKAGE_VERSION=.*/PACKAGE_VERSION=\"$1\"/" "$dir/dkms.conf"
}

# second_kernel: another one has come, of which there are headers only.
second_kernel() {
	mkdir "/lib/modules/$second" &&
		headers_named "/lib/modules/$kver/build" \
			"/lib/modules/$second/build" "$second"
}

# refuses OPTION: a kernel whose configuration is without it is not built for,
# and dkms says why; or, where it knows no such rule, Kbuild does.
refuses() {
	local rc=0 log=/var/lib/dkms/iovascope/$old/build/make.log

	mkdir "/lib/modules/$none"
	headers_without "/lib/modules/$kver/build" "/lib/modules/$none/build" \
		"$1" || return
	log dkms build -k "$none" "iovascope/$old" || rc=$?
	rm -r "/lib/modules/$none"
	((rc)) || return
	tail -n 4 "$transcript" | grep BUILD_EXCLUSIVE ||
		grep "iovascope needs a kernel with CONFIG_$1" "$log"
}

# For the lab, whose init does not know how modules are packed.
keep_unpacked() {
	keep "$1"
	find "/out/$1" -name '*.xz' -exec xz -d {} +
}

: >"$transcript"
dkms=$(dkms --version)
tap "a folder in /usr/src" source_of "$old"
tap "dkms add" does dkms add "iovascope/$old"
tap "dkms autoinstall, as for a kernel that has just come" \
	does dkms autoinstall -k "$kver"
tap "nothing to complain of in make.log" make_log_is_clean
tap "dkms status" status_is "iovascope/$old, $kver, x86_64: installed"
tap "modules: there, of $old" installed "$old" "$kver"
keep_unpacked old

tap "headers of a second kernel come" second_kernel
tap "dkms autoinstall for it" does dkms autoinstall -k "$second"
tap "dkms status of both" status_is \
	"iovascope/$old, $kver, x86_64: installed" \
	"iovascope/$old, $second, x86_64: installed"
tap "modules of the second kernel: there, of $old" installed "$old" "$second"
tap "without KPROBES it refuses" refuses KPROBES

tap "a folder of $new in /usr/src" source_of "$new"
tap "dkms add of $new" does dkms add "iovascope/$new"
tap "dkms build of $new" does dkms build -k "$kver" "iovascope/$new"
tap "dkms install of $new" does dkms install -k "$kver" "iovascope/$new"
tap "modules: there, of $new" installed "$new" "$kver"
keep_unpacked new
tap "dkms remove of $old" does dkms remove "iovascope/$old" --all
tap "only $new is left" status_is "iovascope/$new, $kver, x86_64: installed"
tap "dkms remove of $new" does dkms remove "iovascope/$new" --all
tap "dkms knows nothing of it" status_is
rm -r "/usr/src/iovascope-$old" "/usr/src/iovascope-$new"
tap "no file is left" no_trace
echo "# by $dkms"
tap_totals
