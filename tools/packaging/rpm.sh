#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: rpm.sh OUT
#
# Build the packages iovascope (the command) and dkms-iovascope (the module's
# source, for dkms) by rpmbuild. OUT gets the .rpm files, the source and the spec
# file; it is emptied first. The version is that of dkms.conf.

set -euo pipefail

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

die() {
	echo "rpm.sh: $*" >&2
	exit 1
}

(($# == 1)) || die "usage: rpm.sh OUT"
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$tree/dkms.conf")
[[ -n $version ]] || die "no PACKAGE_VERSION in dkms.conf"
command -v rpmbuild >/dev/null ||
	die "no rpmbuild: dnf install rpm-build, or apt install rpm"

rm -rf "$1"
mkdir -p "$1"
out=$(cd "$1" && pwd)
source=$out/iovascope-$version
mkdir "$source"
cp -r "$tree"/{Kbuild,LICENSE,Makefile,README.md,dkms.conf,module,tools} \
	"$source/"

export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$tree" log -1 \
	--format=%ct 2>/dev/null || date +%s)}
tar -C "$out" -czf "$source.tar.gz" --sort=name --owner=0 --group=0 \
	--mtime="@$SOURCE_DATE_EPOCH" "iovascope-$version"
maintainer=$(sed -n 's/^Maintainer: //p' \
	"$tree/tools/packaging/debian/control")
day=$(LC_ALL=C date -u -d "@$SOURCE_DATE_EPOCH" '+%a %b %d %Y')
sed "s/@VERSION@/$version/g; s/@DATE@/$day/; s/@MAINTAINER@/$maintainer/" \
	"$tree/tools/packaging/iovascope.spec.in" >"$out/iovascope.spec"
# Where rpm is a guest it does not know what is installed.
known=()
rpm -q rpm >/dev/null 2>&1 || known=(--nodeps)
# The variables of the make that runs this are not for the packages.
unset MAKEFLAGS
rpmbuild -bb "${known[@]}" --define "_topdir $out/rpmbuild" \
	--define "_sourcedir $out" --define "_rpmdir $out" \
	--define '_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' \
	--define 'use_source_date_epoch_as_buildtime 1' \
	--define "packager $maintainer" \
	--define '_buildhost localhost' "$out/iovascope.spec"
rm -rf "$source" "$out/rpmbuild"
