# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Headers of a kernel that does not exist: those of one that does, with another
# name or version, without some options of its configuration, or with other words
# in one of its files.

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

# headers_version DIR A.B.C: what the headers in DIR, a copy, say they are of.
headers_version() {
	local a b c file=$1/include/generated/uapi/linux/version.h

	IFS=. read -r a b c <<<"$2"
	sed -i "s/\(LINUX_VERSION_CODE\) .*/\1 $((a << 16 | b << 8 | c))/" "$file"
	grep -q " $((a << 16 | b << 8 | c))\$" "$file"
}

# headers_edited DIR FILE SCRIPT: with sed's SCRIPT in a FILE of the headers in
# DIR, a copy; it has to change something. Debian's are in two folders: what all
# kernels of a version share, DIR/Makefile names.
headers_edited() {
	local file=$1/$2 shared

	if [[ ! -e $file && ! -d $1/shared ]]; then
		shared=$(sed -n 's:^include \(.*\)/Makefile$:\1:p' "$1/Makefile")
		cp -as "$shared" "$1/shared" &&
			sed -i "s:^include .*:include $1/shared/Makefile:" \
				"$1/Makefile" || return
	fi
	[[ -e $file ]] || file=$1/shared/$2
	sed "$3" "$file" >"$1/edited" || return
	! cmp -s "$1/edited" "$file" && rm "$file" && mv "$1/edited" "$file"
}
