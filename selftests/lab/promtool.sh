# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# promtool, which says whether Prometheus will take what the command prints. It
# is one file of the package of the whole server, which nobody wants started by
# a test: so it is unpacked in the cache, and nothing is installed.

PROMTOOL_RELEASE=bookworm

# build_promtool DIR
build_promtool() {
	suite_download "$PROMTOOL_RELEASE" "$1/deb" prometheus
	unpack_deb "$1"/deb/*.deb "$1/root"
	mv "$1/root/usr/bin/promtool" "$1/new/"
	"$1/new/promtool" --version
}

setup_promtool() {
	local key

	if command -v promtool >/dev/null; then
		say "promtool: the machine's own"
		return
	fi
	suite_index "$PROMTOOL_RELEASE"
	key=$( (
		suite_field "$PROMTOOL_RELEASE" prometheus Version
		declare -f unpack_deb build_promtool
	) | key_of)
	cache_entry promtool "$key" "promtool of $PROMTOOL_RELEASE, 19 MB" \
		build_promtool
	say "promtool: $LAB_CACHE/promtool"
}
