# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Roots of Debian releases: the guest's userspace, and a root to build in for
# machines that are not of the release.

# The guest: the clients that are measured, and what tests look with.
GUEST_PACKAGES=(
	bash coreutils diffutils findutils gawk grep jq kmod less libjson-c5
	libncursesw6 libtracefs1 mount pciutils procps qemu-system-x86
	qemu-utils sed strace trace-cmd util-linux
)

# To build modules with, by hand and as users do; and programs, where those
# are built.
BUILD_PACKAGES=(bc dkms gcc kmod libc6-dev make)
PROGRAM_PACKAGES=(
	libjson-c-dev libncurses-dev libpci-dev libsmartcols-dev
	libtraceevent-dev libtracefs-dev pkg-config
)

# Nobody reads these in a guest.
ROOT_LEAVES_OUT=(
	/usr/share/doc/ /usr/share/man/ /usr/share/info/ /usr/share/locale/
	/usr/share/iso-codes/ /usr/share/xml/iso-codes/
)

# in_overlay ROOT SHARED COMMAND...: run it in a root that forgets what it does
# there, except in the folder /out, which is SHARED/out. The tree is /tree, and
# what else is in SHARED is there too.
in_overlay() {
	mkdir -p "$2/out" "$2/.rw"
	# shellcheck disable=SC2016
	unshare --mount sh -euc '
		lower=$1 shared=$2 tree=$3 rw=$2/.rw
		shift 3
		mount -t tmpfs tmpfs "$rw"
		mkdir "$rw/upper" "$rw/work" "$rw/root"
		mount -t overlay -o "lowerdir=$lower" -o \
			"upperdir=$rw/upper,workdir=$rw/work" root "$rw/root"
		cd "$rw/root"
		for dir in "$shared"/*; do
			mkdir -p "${dir##*/}"
			mount --bind "$dir" "${dir##*/}"
		done
		mkdir -p tree
		mount --bind -o ro "$tree" tree
		mount --rbind /dev dev
		mount -t proc proc proc
		exec chroot . "$@"
	' sh "$(readlink -f "$1")" "$2" "$LAB_TREE" "${@:3}"
}

# bootstrap RELEASE DIR PACKAGE...
bootstrap() {
	local release=$1 dir=$2 sources out=() valid
	shift 2

	# Its apt is as strict about the age of an index as the machine's own.
	valid=$(apt-config dump --format '%v' Acquire::Check-Valid-Until)
	mapfile -t sources < <(suite_sources "$release")
	mapfile -t out < <(printf -- '--dpkgopt=path-exclude=%s*\n' \
		"${ROOT_LEAVES_OUT[@]}")
	mmdebstrap --variant=essential --include="$*" \
		--aptopt="Acquire::Check-Valid-Until \"${valid:-true}\"" \
		--dpkgopt=force-unsafe-io "${out[@]}" \
		"$release" "$dir" "${sources[@]}"
	rm -rf "${dir:?}"/var/{cache,lib/apt,log}/* "${dir:?}"/dev/*
}

# build_root DIR RELEASE
build_root() {
	bootstrap "$2" "$1/root" "${GUEST_PACKAGES[@]}"
	mkdir -p "$1"/root/{lab,payload,lib/modules}
	mksquashfs "$1/root" "$1/new/root.squashfs" \
		-comp lz4 -no-progress -quiet
	chmod a+r "$1/new/root.squashfs"
}

setup_root() {
	local key release

	release=$(guest_release)
	suite_index "$release"
	key=$( (
		suite_closure "$release" "${GUEST_PACKAGES[@]}"
		declare -p ROOT_LEAVES_OUT
		declare -f bootstrap build_root
	) | key_of)
	[[ -d $LAB_CACHE/root-$release-$key ]] ||
		need_root "make the guest's root"
	cache_entry "root-$release" "$key" \
		"guest root of $release, about 130 MB of packages" \
		build_root "$release"
	say "guest root: $LAB_CACHE/root-$release/root.squashfs"
}

# same_release RELEASE: does this machine run it? Saying IOVASCOPE_BUILDROOT=1
# makes it behave as if it did not.
same_release() {
	local id

	id=$(. /etc/os-release && echo "${ID:-}-${VERSION_CODENAME:-}")
	[[ $id == "debian-$1" && -z ${IOVASCOPE_BUILDROOT:-} ]]
}

# builds_here: are modules for the row's kernel built with the machine's own
# gcc and headers? Another release has another gcc and another libc, and
# backports are not what every machine has in its sources.
builds_here() {
	same_release "$ROW_RELEASE" &&
		{ [[ $ROW_SUITE == "$ROW_RELEASE" ]] || from_source; }
}

# header_packages PACKAGE: the packages that the kernel's headers consist of.
header_packages() {
	suite_closure "$ROW_SUITE" "$1" |
		grep -o -E '^linux-(headers|kbuild|compiler)-[^ ]+'
}

# header_needs PACKAGE...: what they need besides each other. Not the kernel,
# which some of them depend on: it would bring an initramfs with it.
header_needs() {
	local package

	for package; do
		suite_field "$ROW_SUITE" "$package" Depends
	done | tr ',' '\n' | sed 's/^ *//; s/ .*//; /^linux-/d' | sort -u
}

# build_buildroot DIR RELEASE SUITE HEADERS PACKAGE...: HEADERS are in one word.
build_buildroot() {
	local dir=$1 root=$1/new headers=$4 deb

	rmdir "$root"
	bootstrap "$2" "$root" "${@:5}"
	# shellcheck disable=SC2086
	suite_download "$3" "$dir/deb" $headers
	for deb in "$dir"/deb/*.deb; do
		unpack_deb "$deb" "$root"
	done
	mkdir "$root/build"
}

# build.sh builds in here.
setup_buildroot() {
	local key packages headers

	! builds_here || return 0
	suite_index "$ROW_SUITE"
	mapfile -t headers < <(header_packages "linux-headers-$(lab_kver)")
	((${#headers[@]})) || die "no headers for $ROW_NAME in $ROW_SUITE"
	mapfile -t packages < <(header_needs "${headers[@]}")
	packages+=("${BUILD_PACKAGES[@]}")
	[[ $ROW_RELEASE != "$(guest_release)" ]] ||
		packages+=("${PROGRAM_PACKAGES[@]}")
	key=$( (
		suite_closure "$ROW_SUITE" "${packages[@]}" "${headers[0]}"
		declare -f bootstrap build_buildroot unpack_deb
	) | key_of)
	[[ -d $LAB_CACHE/buildroot-$ROW_NAME-$key ]] ||
		need_root "make a root to build in"
	cache_entry "buildroot-$ROW_NAME" "$key" \
		"build root of $ROW_RELEASE, about 100 MB of packages" \
		build_buildroot "$ROW_RELEASE" "$ROW_SUITE" "${headers[*]}" \
		"${packages[@]}"
	say "build root: $LAB_CACHE/buildroot-$ROW_NAME"
}

# dkms with what a user's machine has: openssl, because dkms signs with it; and
# the headers of two kernels, the second to be built for later.
setup_packageroot() {
	local key kver packages

	kver=$(lab_kver)
	suite_index "$ROW_SUITE"
	packages=(
		dkms libjson-c5 libncursesw6 libpci3 libtracefs1 openssl
		"linux-headers-$kver" "linux-headers-${kver/-amd/-cloud-amd}"
	)
	# Packages of this machine are for its own release, and later ones.
	same_release "$ROW_RELEASE" ||
		packages+=(build-essential debhelper "${PROGRAM_PACKAGES[@]}")
	key=$( (
		suite_closure "$ROW_SUITE" "${packages[@]}"
		declare -f bootstrap build_packageroot
	) | key_of)
	[[ -d $LAB_CACHE/packageroot-$ROW_NAME-$key ]] ||
		need_root "make a root to install packages in"
	cache_entry "packageroot-$ROW_NAME" "$key" \
		"root of $ROW_RELEASE with dkms, about 110 MB of packages" \
		build_packageroot "$ROW_RELEASE" "${packages[@]}"
	say "root with dkms: $LAB_CACHE/packageroot-$ROW_NAME"
}

# Our packages shall arrive whole, what nobody reads in a guest included.
build_packageroot() {
	rmdir "$1/new"
	bootstrap "$2" "$1/new" "${@:3}"
	rm "$1/new/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
}
