#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: shapes_root.sh compile KVER
#        shapes_root.sh packages KVER VERSION
#
# In a root of a Debian release, as root: compile the modules for the kernel KVER,
# whose headers are in /debs; or build the packages, install them, let dkms build
# for KVER, and purge them.

set -uo pipefail
# shellcheck source=selftests/check/tap.sh
. /tree/selftests/check/tap.sh

what=$1
kver=$2
transcript=/out/transcript
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
# shellcheck source=selftests/check/dkms.sh
. /tree/selftests/check/dkms.sh

unpack() {
	local deb

	for deb in /debs/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" |
			tar -x --keep-directory-symlink -C / || return
	done
}

# Warnings of a kernel's own headers are not ours to cure.
compiles() {
	local said rc=0

	mkdir /compile && cp -r /tree/{Kbuild,dkms.conf,module} /compile/ ||
		return
	said=$(make -j"$(nproc)" -C "/lib/modules/$kver/build" M=/compile W=1 \
		modules 2>&1) || rc=$?
	if ((rc)) || grep -E '^(/compile/)?module/.*(warning|error):|is not built' \
		<<<"$said"; then
		echo "$said"
		return 1
	fi
}

is_for() {
	[[ $(modinfo -F vermagic "/compile/$1.ko") == "$kver "* ]]
}

says_version() {
	[[ $(iovascope version | head -n 1) == "iovascope $1" ]]
}

mkdir -p /out
: >"$transcript"
case $what in
compile)
	tap "$kver: headers" unpack
	tap "$kver: compiles" compiles
	tap "$kver: the instrument" is_for iovascope
	tap "$kver: hugepath" is_for iovascope_hugepath
	;;
packages)
	tap "the packages are built" /tree/tools/packaging/deb.sh /debs/built
	tap "dpkg installs them" does dpkg -i /debs/built/iovascope_*.deb \
		/debs/built/iovascope-dkms_*.deb
	tap "the command runs" says_version "$3"
	tap "dkms autoinstall" does dkms autoinstall -k "$kver"
	tap "modules of $kver: there" installed "$3" "$kver"
	tap "purge" does dpkg -P iovascope iovascope-dkms
	tap "no file is left" no_trace
	;;
esac
tap_totals
