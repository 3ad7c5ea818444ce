# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Headers of a kernel that nobody has built: as those of one that there is, but
# for options that it is without.

# headers_without HEADERS DIR OPTION...: make DIR; OPTION is a regular
# expression for the name of one, without CONFIG_.
headers_without() {
	local from options link
	from=$(readlink -f "$1")
	options=$(printf '|%s' "${@:3}")

	cp -a "$from" "$2" || return
	find "$2" -maxdepth 1 -type l -printf '%f\n' | while read -r link; do
		ln -sfn "$(readlink -f "$from/$link")" "$2/$link"
	done
	sed -i -E "/^(#define )?CONFIG_(${options#|})(_MODULE)?[= ]/d" \
		"$2/.config" "$2/include/config/auto.conf" \
		"$2/include/generated/autoconf.h"
}
