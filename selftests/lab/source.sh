# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What is taken from a linux-source: the kselftest harness and checkpatch with
# its word lists. No other Debian package has them. One recent source serves
# every kernel of the lab: the harness of 6.1 runs a test's body after its
# set-up said SKIP.

SOURCE_SUITE=bookworm-backports
SOURCE_META=linux-source

SOURCE_FILES=(
	scripts/checkpatch.pl
	scripts/const_structs.checkpatch
	scripts/spelling.txt
	tools/testing/selftests/kselftest.h
	tools/testing/selftests/kselftest_harness.h
)
SOURCE_EXTRAS=(
	scripts/coccinelle
	tools/testing/selftests/kselftest
	tools/testing/selftests/lib.mk
)

# build_source DIR PACKAGE: a few files out of the tar inside the package,
# streamed, because unpacked it is 1.5 GB.
build_source() {
	local dir=$1 file

	suite_download "$SOURCE_SUITE" "$dir/deb" "$2"
	mkdir "$dir/out"
	dpkg-deb --fsys-tarfile "$dir"/deb/*.deb |
		tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
		xz -dc -T2 |
		tar -x -C "$dir/out" --strip-components=1 --wildcards \
			"${SOURCE_FILES[@]/#/linux-source-*/}" \
			"${SOURCE_EXTRAS[@]/#/linux-source-*/}"
	for file in "${SOURCE_FILES[@]}"; do
		[[ -s $dir/out/$file ]]
	done
	mv "$dir/out/tools/testing/selftests" "$dir/new/kselftest"
	mv "$dir/out/scripts" "$dir/new/scripts"
}

setup_kselftest() {
	local package version size key

	suite_index "$SOURCE_SUITE"
	package=$(suite_field "$SOURCE_SUITE" "$SOURCE_META" Depends |
		grep -o 'linux-source-[0-9.]*') ||
		die "no $SOURCE_META in the index of $SOURCE_SUITE"
	version=$(suite_field "$SOURCE_SUITE" "$package" Version)
	size=$(suite_field "$SOURCE_SUITE" "$package" Size)
	key=$( (
		echo "$package $version"
		declare -p SOURCE_FILES SOURCE_EXTRAS
		declare -f build_source
	) | key_of)
	cache_entry source "$key" \
		"$package $version, $((size / 1000000)) MB, for its kselftest" \
		build_source "$package"
	point kselftest source/kselftest
	point scripts source/scripts
	say "kselftest headers: $LAB_CACHE/kselftest"
	say "checkpatch: $LAB_CACHE/scripts/checkpatch.pl"
}
