#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: deb.sh OUT
#
# Build the packages iovascope (the command) and iovascope-dkms (the module's
# source, for dkms) with Debian's own helpers. OUT gets the .deb files and what
# describes them; it is emptied first. The version is that of dkms.conf.

set -euo pipefail

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

die() {
	echo "deb.sh: $*" >&2
	exit 1
}

(($# == 1)) || die "usage: deb.sh OUT"
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$tree/dkms.conf")
[[ -n $version ]] || die "no PACKAGE_VERSION in dkms.conf"
for program in dpkg-buildpackage dh_dkms; do
	command -v $program >/dev/null ||
		die "no $program: apt install dpkg-dev debhelper dh-dkms"
done

rm -rf "$1"
source=$1/iovascope-$version
mkdir -p "$source"
cp -r "$tree"/{Kbuild,LICENSE,Makefile,README.md,dkms.conf,module,tools} \
	"$source/"
mv "$source/tools/packaging/debian" "$source/debian"

# The same tree makes the same packages, byte for byte.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$tree" log -1 \
	--format=%ct 2>/dev/null || date +%s)}
maintainer=$(sed -n 's/^Maintainer: //p' "$source/debian/control")
cat >"$source/debian/changelog" <<END
iovascope ($version) unstable; urgency=medium

  * Release $version.

 -- $maintainer  $(date -R -u -d "@$SOURCE_DATE_EPOCH")
END
cd "$source"
# The variables of the make that runs this are not for the packages.
unset MAKEFLAGS
dpkg-buildpackage --build=binary --no-sign
rm -rf "$source"
