# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A kernel of the lab built here, from Debian's source: rows of the table whose
# package is linux-source. lab.config says what is in it, and NAME.config what
# kernel NAME has in its place. Only what runs and what modules are built with is
# kept: source and objects, several GB, go as soon as it is built.
#
# Modules for it have to come from the compiler that it came from, which is
# this machine's; so it is made only where the machine is of the row's release.

COMPILE_PACKAGES=(bison dwarves flex libelf-dev)
COMPILE_MIB=9000

# lost_options WANTED GOT: lines of a config that did not come out as written.
# An option that does not exist (any more) is as good as one that is not set.
lost_options() {
	local line name

	grep -E '^(# )?CONFIG_' "$1" | while read -r line; do
		name=${line#\# }
		name=${name%%[= ]*}
		case $line in
		\#*) ! grep -q "^$name=" "$2" || echo "$line" ;;
		*) grep -q -x -F -- "$line" "$2" || echo "$line" ;;
		esac
	done
}

# wanted_config NAME: the path of what kernel NAME is to have. An option has one
# line there: of two, the one that did not count would be called lost.
wanted_config() {
	local own=$LAB_DIR/$1.config names path

	if [[ $1 == lab ]]; then
		echo "$own"
		return
	fi
	names=$(sed -nE 's/^(# )?(CONFIG_[A-Z0-9_]+)[= ].*/\2/p' "$own")
	path=$LAB_CACHE/$1.config
	{
		grep -v -E "^(# )?(${names//$'\n'/|})[= ]" "$LAB_DIR/lab.config"
		cat "$own"
	} >"$path"
	echo "$path"
}

# configure CONFIG: in the source tree. Everything off but what is asked for.
configure() {
	local lost

	make KCONFIG_ALLCONFIG="$1" allnoconfig
	lost=$(lost_options "$1" .config)
	[[ -z $lost ]] || {
		echo "$(basename "$1"): this source does not give"
		echo "$lost"
		return 1
	}
}

# install_built DIR KVER: what was built, in the shape that a Debian package
# has when it is unpacked, and what modules are built with.
install_built() {
	local root=$1/root

	mkdir -p "$root/boot"
	make INSTALL_MOD_PATH="$root" INSTALL_MOD_STRIP=1 modules_install
	rm -f "$root/lib/modules/$2"/{build,source}
	cp .config "$root/boot/config-$2"
	# shellcheck disable=SC2016
	make run-command KBUILD_RUN_COMMAND='$(srctree)/scripts/package/install-extmod-build '"$1/new/build"
	objcopy -S -R .comment vmlinux "$1/new/vmlinux"
}

# compile_kernel DIR SUITE PACKAGE RELEASE CONFIG
compile_kernel() {
	local dir=$1 kver

	suite_download "$2" "$dir/deb" "$3"
	suite_download "$4" "$dir/deb" busybox-static
	mkdir "$dir/src"
	dpkg-deb --fsys-tarfile "$dir"/deb/linux-source-*.deb |
		tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
		xz -dc -T2 | tar -x -C "$dir/src" --strip-components=1
	(
		cd "$dir/src" || exit
		# What the machine is called is no part of a kernel.
		export KBUILD_BUILD_USER=iovascope KBUILD_BUILD_HOST=lab
		configure "$5"
		nice -n 5 make -j"$(nproc)" vmlinux modules
		install_built "$dir" "$(make -s kernelrelease)"
	)
	kver=$(make -s -C "$dir/src" kernelrelease)
	rm -rf "$dir/src"
	pack_kernel "$dir" "$kver"
}

# setup_compiled: the kernel of a row that is built here.
setup_compiled() {
	local package version key config

	same_release "$ROW_RELEASE" || die "kernel $ROW_NAME is built with the machine's own" \
		"gcc, and only on Debian $ROW_RELEASE"
	suite_index "$ROW_SUITE"
	suite_index "$ROW_RELEASE"
	package=$(suite_field "$ROW_SUITE" "$ROW_IMAGE" Depends |
		grep -o 'linux-source-[0-9.]*') ||
		die "no $ROW_IMAGE in the index of $ROW_SUITE"
	version=$(suite_field "$ROW_SUITE" "$package" Version)
	install_missing "${COMPILE_PACKAGES[@]}"
	config=$(wanted_config "$ROW_NAME")
	key=$( (
		echo "$package $version"
		gcc --version
		cat "$config"
		declare -p INITRD_MODULES
		declare -f "${PACK_FUNCTIONS[@]}" lost_options configure \
			install_built compile_kernel
	) | key_of)
	[[ -d $LAB_CACHE/kernel-$ROW_NAME-$key ]] ||
		need_space "$LAB_CACHE" $COMPILE_MIB
	cache_entry "kernel-$ROW_NAME" "$key" \
		"building kernel $ROW_NAME from $package $version" \
		compile_kernel "$ROW_SUITE" "$package" "$ROW_RELEASE" "$config"
	say "kernel $ROW_NAME: $(lab_kver) in $LAB_CACHE/kernel-$ROW_NAME"
}
