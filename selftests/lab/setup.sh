#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: setup.sh [--kernel NAME] [PART...]
#
# Set up what iovascope's tests and its lab need, on Debian. Parts, all of
# them by default, in this order:
#
#   packages   the machine's own packages (apt; only what is missing)
#   kselftest  kselftest.h, kselftest_harness.h, checkpatch.pl and friends,
#              taken from one recent linux-source
#   kernel     the lab's kernel, its modules, and its headers to build with
#   root       the userspace of the guest
#   buildroot  a root to build in, when this machine is of another release
#
# and, only when named:
#
#   packaging    what builds and checks the Debian packages
#   rpm          what builds and checks the RPM packages
#   packageroot  a root with dkms, to install them in
#   qemu         a QEMU that can emulate first-stage tables, if the machine's
#                own cannot
#   prometheus   Prometheus and node_exporter, which the command prints for
#   validator    what holds the command's JSON against its schemas
#   plotting     what draws the plots of the bench
#   kvm          try KVM once; the lab uses it from then on if it boots. "make
#                check" asks for this, too
#
# setup.sh --kver prints the version of the lab's kernel, and sets up nothing.
#
# Everything lives in one folder, ${IOVASCOPE_CACHE:-~/.cache/iovascope}; what
# is there is used again. Needs root only for what is missing.
#
# IOVASCOPE_MIRROR, IOVASCOPE_SECURITY_MIRROR: where packages come from, when
# it is not where the machine's own apt gets them.

set -euo pipefail
shopt -s inherit_errexit
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$LAB_DIR/apt.sh"
. "$LAB_DIR/cache.sh"
. "$LAB_DIR/source.sh"
. "$LAB_DIR/kernel.sh"
. "$LAB_DIR/compile.sh"
. "$LAB_DIR/root.sh"
. "$LAB_DIR/qemu.sh"
. "$LAB_DIR/prometheus.sh"
. "$LAB_DIR/machine.sh"

# Building and checking (first block), the lab (second).
HOST_PACKAGES=(
	bc binutils ca-certificates clang coccinelle codespell curl
	debian-archive-keyring file gcc git jq kmod libc6-dev libjson-c-dev
	libncurses-dev libpci-dev libsmartcols-dev libtraceevent-dev
	libtracefs-dev make mandoc perl pkg-config rsync shellcheck shfmt
	sparse systemd tmux xz-utils zsh zstd
	cpio mmdebstrap qemu-system-x86 squashfs-tools util-linux
)

# Only where packages are built.
PACKAGING_PACKAGES=(debhelper dh-dkms dpkg-dev lintian)

PLOTTING_PACKAGES=(gnuplot-nox)

RPM_PACKAGES=(rpm rpm2cpio rpmlint)

VALIDATOR_PACKAGES=(python3-jsonschema)

NEED_APT_MIB=1500

need_root() {
	((EUID == 0)) || die "must be root to $1"
}

missing_packages() {
	local package

	for package; do
		[[ $(dpkg-query -W -f '${db:Status-Status}' "$package" \
			2>/dev/null) == installed ]] || echo "$package"
	done
}

apt_install() {
	export DEBIAN_FRONTEND=noninteractive

	twice apt-get -q -o Acquire::Retries=3 -o APT::Update::Error-Mode=any \
		update
	twice apt-get -q -y -o Dpkg::Use-Pty=0 --no-install-recommends \
		install "$@"
}

# install_missing PACKAGE...
install_missing() {
	local missing

	mapfile -t missing < <(missing_packages "$@")
	((${#missing[@]})) || return 0
	need_root "install packages: ${missing[*]}"
	need_space /var/cache/apt $NEED_APT_MIB
	say "not installed: ${missing[*]}"
	step "apt-get install of ${#missing[@]} packages" \
		apt_install "${missing[@]}"
}

setup_packages() {
	install_missing "${HOST_PACKAGES[@]}"
}

setup_packaging() {
	install_missing "${PACKAGING_PACKAGES[@]}"
}

setup_rpm() {
	install_missing "${RPM_PACKAGES[@]}"
}

setup_validator() {
	install_missing "${VALIDATOR_PACKAGES[@]}"
}

setup_plotting() {
	install_missing "${PLOTTING_PACKAGES[@]}"
}

lab_kver() {
	cat "$LAB_CACHE/kernel-$ROW_NAME/kver"
}

# Believe KVM only when this very machine has booted with it. An answer holds
# until something that it depends on changes.
setup_kvm() {
	local logs=$LAB_CACHE/kvm-logs

	if [[ ! -w /dev/kvm ]]; then
		say "KVM: there is no /dev/kvm to write to; the lab uses TCG"
		return
	fi
	if ! kvm_answered boots && ! kvm_answered fails; then
		say "KVM: does it boot here? ..."
		rm -f "$LAB_CACHE"/kvm-{boots,fails}
		if IOVASCOPE_ACCEL=kvm IOVASCOPE_LOGS=$logs "$LAB_DIR/lab.sh" \
			--kernel "$ROW_NAME" --timeout 30 -- true 2>/dev/null; then
			kvm_key >"$LAB_CACHE/kvm-boots"
		else
			kvm_key >"$LAB_CACHE/kvm-fails"
		fi
	fi
	if kvm_answered boots; then
		say "KVM: boots here; the lab uses it"
	else
		say "KVM: does not boot here (see $logs; remove" \
			"$LAB_CACHE/kvm-fails to try again); the lab uses TCG"
	fi
}

parse_options() {
	while (($#)); do
		case $1 in
		--kver) ACTION=kver ;;
		--kernel)
			(($# >= 2)) || usage_error "--kernel needs a name"
			KERNEL=$2
			shift
			;;
		-h | --help)
			print_head_comment "$0"
			exit 0
			;;
		packages | kselftest | kernel | root | buildroot | packaging | \
			rpm | packageroot | qemu | prometheus | validator | plotting | kvm)
			PARTS+=("$1")
			;;
		*) usage_error "unknown argument '$1'" ;;
		esac
		shift
	done
}

ACTION=setup
KERNEL=
PARTS=()
parse_options "$@"
kernel_row "$KERNEL" || usage_error "no kernel '$KERNEL' in the table"
if [[ $ACTION == kver ]]; then
	lab_kver 2>/dev/null || die "kernel $ROW_NAME is not set up"
	exit 0
fi
((${#PARTS[@]})) || PARTS=(packages kselftest kernel root buildroot)
command -v apt-get >/dev/null ||
	die "this machine has no apt-get; set-up knows Debian only"

cache_open
find_mirrors
for part in "${PARTS[@]}"; do
	"setup_$part"
done
