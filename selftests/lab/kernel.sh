# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# One kernel of the lab, as Debian built it (compile.sh has those built here):
# the kernel unpacked, its modules, and an initrd that reaches the guest's root.

# What the initramfs needs to reach the root. The order is modprobe's, so that
# a driver that is built in, or renamed, in another kernel does no harm.
INITRD_MODULES=(virtio_pci virtio_blk squashfs overlay)

# initrd_modules ROOT KVER: paths below ROOT, in the order of loading.
initrd_modules() {
	local module

	for module in "${INITRD_MODULES[@]}"; do
		modprobe -d "$1" -S "$2" --show-depends "$module" || return
	done | sed -n "s:^insmod $1/*\([^ ]*\).*:\1:p" | awk '!seen[$0]++'
}

# build_initrd ROOT KVER BUSYBOX OUT: busybox and the modules, nothing that
# changes from run to run: init itself comes with the payload (lab.sh).
# Not compressed: an emulated CPU unpacks slower than it reads.
build_initrd() {
	local root=$1 kver=$2 busybox=$3 out=$4 dir=$4.d path n=0

	mkdir -p "$dir"/{bin,modules,dev,proc,sys,newroot}
	cp "$busybox" "$dir/bin/busybox"
	ln -s busybox "$dir/bin/sh"
	initrd_modules "$root" "$kver" | while read -r path; do
		n=$((n + 1))
		# An emulated CPU shall not unpack what this one can.
		case $path in
		*.xz) xz -dc "$root/$path" ;;
		*.zst) zstd -dcq "$root/$path" ;;
		*) cat "$root/$path" ;;
		esac >"$(printf '%s/modules/%02d-%s' "$dir" "$n" \
			"$(basename "$path" | sed 's/\.\(xz\|zst\)$//')")"
	done
	(cd "$dir" && find . | sort | cpio -o -H newc --quiet -R 0:0) >"$out"
	rm -rf "$dir"
}

# le FILE OFFSET BYTES: a little-endian number.
le() {
	od -A n -t "u$3" -j "$2" -N "$3" --endian=little "$1" | tr -d ' '
}

# unpack_kernel VMLINUZ OUT: the ELF inside a bzImage, where the boot
# protocol's header says it is; its last four bytes are its unpacked size.
unpack_kernel() {
	local start length magic unpack

	start=$((($(le "$1" 0x1f1 1) + 1) * 512 + $(le "$1" 0x248 4)))
	length=$(($(le "$1" 0x24c 4) - 4))
	magic=$(od -A n -t x1 -j "$start" -N 4 "$1" | tr -d ' ')
	case $magic in
	fd377a58) unpack=xz ;;
	28b52ffd) unpack=zstd ;;
	02214c18) unpack=lz4 ;;
	1f8b08*) unpack=gzip ;;
	*)
		echo "$1: packed in a way unknown to this script ($magic)"
		return 1
		;;
	esac
	dd if="$1" bs=1M iflag=skip_bytes,count_bytes skip="$start" \
		count="$length" status=none | "$unpack" -dc >"$2"
	[[ $(head -c 4 "$2") == $'\x7fELF' ]]
}

# unpack_deb PACKAGE.deb ROOT: where a folder of the package is a symbolic link
# in the root (/lib, usually), follow it.
unpack_deb() {
	mkdir -p "$2"
	dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink -C "$2"
}

# pack_kernel DIR KVER: from DIR/root, a kernel unpacked, to what the lab boots.
pack_kernel() {
	local dir=$1 root=$1/root kver=$2 busybox

	dpkg-deb -x "$dir"/deb/busybox-static_*.deb "$dir/busybox"
	busybox=$(find "$dir/busybox" -name busybox -type f -perm -1)
	depmod -b "$root" "$kver"
	build_initrd "$root" "$kver" "$busybox" "$dir/new/initrd"
	mksquashfs "$root/lib/modules" "$dir/new/modules.squashfs" \
		-comp lz4 -no-progress -quiet -all-root
	cp "$root/boot/config-$kver" "$dir/new/config"
	echo "$kver" >"$dir/new/kver"
}

# beside_modules ROOT KVER: where kernels from 7.x on have what older ones have
# in /boot.
beside_modules() {
	local from=$1/lib/modules/$2 name

	[[ -e $from/vmlinuz ]] || return 0
	mkdir -p "$1/boot"
	for name in vmlinuz config; do
		mv "$from/$name" "$1/boot/$name-$2"
	done
}

# build_kernel DIR SUITE KVER PACKAGE...
build_kernel() {
	local dir=$1 root=$1/root suite=$2 kver=$3 deb
	shift 3

	suite_download "$suite" "$dir/deb" "$@" busybox-static
	mkdir -p "$root/usr/lib"
	ln -s usr/lib "$root/lib"
	for deb in "$dir"/deb/linux-*.deb; do
		unpack_deb "$deb" "$root"
	done
	beside_modules "$root" "$kver"
	pack_kernel "$dir" "$kver"
	unpack_kernel "$root/boot/vmlinuz-$kver" "$dir/new/vmlinux"
}

# What goes into the key of every kernel.
PACK_FUNCTIONS=(initrd_modules build_initrd pack_kernel)

# The package that the row's meta package stands for today.
kernel_package() {
	suite_field "$ROW_SUITE" "$ROW_IMAGE" Depends |
		grep -o -m1 'linux-image-[0-9][^ ,]*'
}

# kernel_parts PACKAGE: it, and the packages that it has been split into.
kernel_parts() {
	echo "$1"
	suite_field "$ROW_SUITE" "$1" Depends |
		grep -o -E 'linux-(base|binary|modules)-[0-9][^ ,]*'
}

# The lab's kernel, and the headers to build for it: from the machine's own
# apt if it has them, as any user does.
setup_kernel() {
	local package parts kver version key

	if from_source; then
		setup_compiled
		return
	fi
	suite_index "$ROW_SUITE"
	package=$(kernel_package) ||
		die "no kernel behind $ROW_IMAGE in the index of $ROW_SUITE"
	mapfile -t parts < <(kernel_parts "$package")
	kver=${package#linux-image-}
	version=$(suite_field "$ROW_SUITE" "$package" Version)
	key=$( (
		echo "$package $version"
		declare -p INITRD_MODULES
		declare -f "${PACK_FUNCTIONS[@]}" le unpack_deb unpack_kernel \
			beside_modules build_kernel
	) | key_of)
	cache_entry "kernel-$ROW_NAME" "$key" \
		"$package $version, about 100 MB" \
		build_kernel "$ROW_SUITE" "$kver" "${parts[@]}"
	say "kernel $ROW_NAME: $kver in $LAB_CACHE/kernel-$ROW_NAME"
	! builds_here || install_missing "linux-headers-$kver"
}
