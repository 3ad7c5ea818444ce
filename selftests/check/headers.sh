# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Headers of a kernel that does not exist: those of one that does, with another
# name or without some options of its configuration.

# headers_copy HEADERS DIR: make DIR. Relative links would lead elsewhere from
# there, and from 7.x on Debian's headers contain their own path.
headers_copy() {
	local from link
	from=$(readlink -f "$1")

	cp -a "$from" "$2" || return
	find "$2" -maxdepth 1 -type l -printf '%f\n' | while read -r link; do
		ln -sfn "$(readlink -f "$from/$link")" "$2/$link"
	done
	sed -i "s:^KBUILD_OUTPUT=.*:KBUILD_OUTPUT=$2:" "$2/Makefile"
}

# headers_without HEADERS DIR OPTION...: OPTION is a regular expression for the
# name of one, without CONFIG_.
headers_without() {
	local options
	options=$(printf '|%s' "${@:3}")

	headers_copy "$1" "$2" &&
		sed -i -E "/^(#define )?CONFIG_(${options#|})(_MODULE)?[= ]/d" \
			"$2/.config" "$2/include/config/auto.conf" \
			"$2/include/generated/autoconf.h"
}

# headers_named HEADERS DIR KVER
headers_named() {
	headers_copy "$1" "$2" &&
		echo "$3" >"$2/include/config/kernel.release" &&
		echo "#define UTS_RELEASE \"$3\"" \
			>"$2/include/generated/utsrelease.h"
}
