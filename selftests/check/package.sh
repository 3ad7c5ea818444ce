#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: package.sh
#
# What "make install" installs, to the file; the Debian packages, built, judged
# by lintian, installed in a root of their own where dkms builds the modules,
# upgraded and purged; and in the lab the modules that dkms made.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lab/root.sh"
cd "$LAB_TREE" || exit 1

"$LAB_DIR/setup.sh" packaging packageroot || exit 1
kver=$("$LAB_DIR/setup.sh" --kver) || exit 1
kernel_row "" || exit 1
root=$(readlink -f "$LAB_CACHE/packageroot-$ROW_NAME")
other=${kver/-amd/-cloud-amd}
old=$(iovascope_version)
new=$old.1
work=$(mktemp -d "${TMPDIR:-/tmp}/iovascope-package.XXXXXX")
trap 'step_abort; rm -rf "$work"' EXIT

COMMAND="usr/bin/iovascope
usr/share/bash-completion/completions/iovascope
usr/share/zsh/vendor-completions/_iovascope
usr/share/iovascope/fleet/dashboard.json
usr/share/iovascope/fleet/rules.yml
$(cd tools && printf 'usr/share/iovascope/%s\n' schema/*.json)
$(printf 'usr/share/man/man1/%s\n' tools/*.1 | sed 's:tools/::')"
UNITS="lib/systemd/system/iovascope-metrics.service
lib/systemd/system/iovascope-metrics.timer"

# What dkms needs, below the folder of a version.
dkms_files() {
	printf '%s\n' Kbuild dkms.conf
	find module -type f
}

# files_are DIR FILE...: no other files are in DIR.
files_are() {
	local dir=$1
	shift

	diff <(cd "$dir" && find . -type f -printf '%P\n' | sort) \
		<((($#)) && printf '%s\n' "$@" | sort)
}

make_tree() {
	make O="$work/o" KVER="$kver" DESTDIR="$work/dest" prefix=/usr "$@"
}

# package_is DEB FILE...: no other files are in the package, all are root's.
package_is() {
	local deb=$1 list
	shift

	list=$(dpkg-deb -c "$deb" | grep -v '^d')
	! grep -v ' root/root ' <<<"$list" || return
	diff <(awk '{ print $6 }' <<<"$list" | sort) \
		<(printf './%s\n' "$@" | sort)
}

# A tree like this one with the next version.
build_next() {
	mkdir "$work/next"
	cp -r Kbuild LICENSE Makefile README.md dkms.conf module tools \
		"$work/next/" &&
		sed -i "s/^PACKAGE_VERSION=.*/PACKAGE_VERSION=\"$new\"/" \
			"$work/next/dkms.conf" &&
		"$work/next/tools/packaging/deb.sh" "$work/root/debs/new"
}

judge() {
	silent lintian --allow-root --display-info --pedantic \
		--fail-on pedantic,info,warning,error "$work"/root/debs/old/*.changes
}

same_again() {
	tools/packaging/deb.sh "$work/root/debs/again" &&
		for deb in "$work"/root/debs/old/*.deb; do
			cmp "$deb" "$work/root/debs/again/${deb##*/}" || return
		done
}

# machine NAME MODE OPTION...: what dkms made, on a machine of the lab.
machine() {
	local name=$1 mode=$2
	shift 2

	tap_program "$name" "$LAB_DIR/lab.sh" --timeout 400 --device edu "$@" \
		--payload "$work/root/out/old" --payload "$work/root/out/new" \
		--payload "$work/o/tools/iovascope" \
		--payload "$LAB_TREE/selftests/check/package_guest.sh" \
		--payload "$LAB_TREE/selftests/check/tap.sh" \
		-- ./package_guest.sh "$mode" "$old" "$new"
}

echo "TAP version 13"
mapfile -t command_files <<<"$COMMAND"
mapfile -t units <<<"$UNITS"
mapfile -t source_files < <(dkms_files | sed "s:^:usr/src/iovascope-$old/:")
tap "make install" make_tree install
tap "make install: these files and no others" \
	files_are "$work/dest" "${command_files[@]}" "${units[@]/#/usr/}"
tap "make uninstall" make_tree uninstall
tap "make uninstall leaves nothing" files_are "$work/dest"
tap "make dkms-install" make_tree dkms-install
tap "make dkms-install: these files and no others" \
	files_are "$work/dest" "${source_files[@]}"
tap "make dkms-remove" make_tree dkms-remove
tap "make dkms-remove leaves nothing" files_are "$work/dest"

mkdir -p "$work/root/debs"
tap "the packages are built" tools/packaging/deb.sh "$work/root/debs/old"
tap "lintian has nothing to say" judge
tap "built again they are the same" same_again
tap "iovascope: these files and no others" \
	package_is "$work/root/debs/old/iovascope_${old}_amd64.deb" \
	"${command_files[@]/%.1/.1.gz}" "${units[@]}" \
	usr/share/doc/iovascope/{README.md.gz,changelog.gz,copyright}
tap "iovascope-dkms: these files and no others" \
	package_is "$work/root/debs/old/iovascope-dkms_${old}_all.deb" \
	"${source_files[@]}" \
	usr/share/doc/iovascope-dkms/{changelog.gz,copyright}
tap "the packages of the next version are built" build_next

tap_program "dkms" in_overlay "$root" "$work/root" \
	/tree/selftests/check/package_root.sh "$kver" "$other" "$old" "$new"
sed 's/^/# dkms: /' "$work/root/out/transcript"
machine "upgrade while loaded" upgrade
machine "signatures enforced" enforced --append module.sig_enforce=1
machine "lockdown" lockdown --append lockdown=integrity
tap_totals
