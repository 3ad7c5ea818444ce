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

BUILD_PACKAGES=(
	bc gcc kmod libc6-dev libjson-c-dev libncurses-dev libtracefs-dev make
	pkg-config
)

# Nobody reads these in a guest.
ROOT_LEAVES_OUT=(
	/usr/share/doc/ /usr/share/man/ /usr/share/info/ /usr/share/locale/
	/usr/share/iso-codes/ /usr/share/xml/iso-codes/
)

# bootstrap RELEASE DIR PACKAGE...
bootstrap() {
	local release=$1 dir=$2 sources out=()
	shift 2

	mapfile -t sources < <(suite_sources "$release")
	mapfile -t out < <(printf -- '--dpkgopt=path-exclude=%s*\n' \
		"${ROOT_LEAVES_OUT[@]}")
	mmdebstrap --variant=essential --include="$*" \
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
	local key

	suite_index "$ROW_RELEASE"
	key=$( (
		suite_closure "$ROW_RELEASE" "${GUEST_PACKAGES[@]}"
		declare -p ROOT_LEAVES_OUT
		declare -f bootstrap build_root
	) | key_of)
	[[ -d $LAB_CACHE/root-$ROW_RELEASE-$key ]] ||
		need_root "make the guest's root"
	cache_entry "root-$ROW_RELEASE" "$key" \
		"guest root of $ROW_RELEASE, about 130 MB of packages" \
		build_root "$ROW_RELEASE"
	say "guest root: $LAB_CACHE/root-$ROW_RELEASE/root.squashfs"
}

# build_buildroot DIR RELEASE PACKAGE...
build_buildroot() {
	rmdir "$1/new"
	bootstrap "$2" "$1/new" "${@:3}"
	mkdir "$1/new/build"
}

# same_release: does this machine run the release of the row? Saying
# IOVASCOPE_BUILDROOT=1 makes it behave as if it did not.
same_release() {
	local id

	id=$(. /etc/os-release && echo "${ID:-}-${VERSION_CODENAME:-}")
	[[ $id == "debian-$ROW_RELEASE" && -z ${IOVASCOPE_BUILDROOT:-} ]]
}

# Another release has another gcc and another libc: build.sh builds in here.
setup_buildroot() {
	local key packages

	! same_release || return 0
	suite_index "$ROW_SUITE"
	packages=("${BUILD_PACKAGES[@]}" "linux-headers-$(lab_kver)")
	key=$( (
		suite_closure "$ROW_SUITE" "${packages[@]}"
		declare -f bootstrap build_buildroot
	) | key_of)
	[[ -d $LAB_CACHE/buildroot-$ROW_NAME-$key ]] ||
		need_root "make a root to build in"
	cache_entry "buildroot-$ROW_NAME" "$key" \
		"build root of $ROW_RELEASE, about 100 MB of packages" \
		build_buildroot "$ROW_RELEASE" "${packages[@]}"
	say "build root: $LAB_CACHE/buildroot-$ROW_NAME"
}

# dkms with what a user's machine has: openssl, because dkms signs with it; and
# the headers of two kernels, the second to be built for later.
setup_packageroot() {
	local key kver packages

	kver=$(lab_kver)
	suite_index "$ROW_SUITE"
	packages=(
		dkms libjson-c5 openssl
		"linux-headers-$kver" "linux-headers-${kver/-amd/-cloud-amd}"
	)
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
