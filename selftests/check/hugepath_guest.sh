#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: hugepath_guest.sh clients|unsafe
#
# In the lab: programs that know nothing of hugepath, served by it (clients);
# and a machine that cannot remap interrupts (unsafe).
#
# That hugepath serves and not type1 is seen in its reference count, while the
# program runs.

set -uo pipefail
. ./tap.sh
# shellcheck source=../guest_lib.sh
. /lab/guest_lib.sh

params=/sys/module/iovascope_hugepath/parameters
type1=/sys/module/vfio_iommu_type1/parameters
# Seconds that a program may take.
LIMIT=20

takeover() {
	echo "$1" >$params/takeover
}

serves() {
	(($(</sys/module/iovascope_hugepath/refcnt)))
}

# through BACKEND COMMAND...: run it, and see who serves it while it runs. One
# that hangs is a failure, whoever serves it.
through() {
	local backend=$1 seen=type1 rc=0 pid
	shift

	[[ $backend == type1 ]] || takeover 1
	timeout "$LIMIT" "$@" >/run/said 2>&1 &
	pid=$!
	while [[ -d /proc/$pid ]]; do
		! serves || seen=hugepath
		sleep 0.02
	done
	wait $pid || rc=$?
	takeover 0
	cat /run/said
	if [[ $seen != "$backend" ]]; then
		echo "served by $seen, not by $backend"
		return 3
	fi
	((rc == 0)) || echo "$1 ended with $rc"
	return $rc
}

# ---- qemu-io and qemu-img on nvme:// ----

# The emulated drive raises a vector only if some queue was made while MSI-X was
# on, and the client in qemu-io makes the admin queue before that: unless its
# first commands complete before it looks, it waits for interrupts that were
# dropped. The kernel's driver turns MSI-X on first. What it leaves lets the next
# client have its interrupts, and no more than that one.
wake_vector() {
	local tries=500

	give_to nvme "$NVME"
	until grep -q -s live "/sys/bus/pci/devices/$NVME/nvme/"nvme*/state; do
		((tries--)) || return
		sleep 0.02
	done
	give_to_vfio "$NVME"
}

# on_drive BACKEND COMMAND...: a client of the drive.
on_drive() {
	wake_vector && through "$@"
}

io() {
	local backend=$1
	shift

	on_drive "$backend" qemu-io -f raw "$@" "nvme://$NVME/1" &&
		! grep -q -i -e 'error' -e 'failed' -e 'No such' /run/said
}

# written_and_read WRITER READER PATTERN
written_and_read() {
	io "$1" -c "write -P $3 0 2M" -c "write -P $3 6295552 512" \
		-c 'flush' -c 'sleep 500' &&
		io "$2" -c "read -P $3 0 2M" -c "read -P $3 6295552 512" \
			-c 'sleep 500' &&
		! grep -q 'Pattern verification failed' /run/said
}

# image WRITER READER: a whole image in and out again.
image() {
	head -c 4M /dev/urandom >/run/image
	on_drive "$1" qemu-img convert -n -f raw -O raw \
		/run/image "nvme://$NVME/1" &&
		on_drive "$2" qemu-img dd -f raw -O raw bs=1M count=4 \
			"if=nvme://$NVME/1" of=/run/copy &&
		cmp /run/image /run/copy
}

# ---- QEMU, its guest and the guest's driver ----

# isa-debug-exit cannot say 0.
machine() {
	LIMIT=200 through hugepath qemu-system-x86_64 -machine q35 -nodefaults \
		-display none -serial stdio \
		-device isa-debug-exit,iobase=0x501,iosize=1 "$@"
	(($? == 1))
}

# guest_runs QEMU-OPTION...: the drive's first sector is a guest that writes
# itself into the second, by the firmware's NVMe driver. Whether it did is
# looked up through stock type1.
guest_runs() {
	io type1 -c 'write -z 0 64k' -c "write -s $PWD/boot.bin 0 512" &&
		machine -device "vfio-pci,host=$NVME,bootindex=0" "$@" &&
		grep -q 'guest: written' /run/said &&
		on_drive type1 qemu-img dd -f raw -O raw bs=512 count=2 \
			"if=nvme://$NVME/1" of=/run/sectors &&
		cmp -n 512 boot.bin /run/sectors &&
		cmp -n 512 -i 0:512 boot.bin /run/sectors
}

clients() {
	NVME=$(device 0x1b36:0x0010)
	modprobe nvme
	tap "qemu-io: written through hugepath, read through type1" \
		written_and_read hugepath type1 0x5a
	tap "qemu-io: written through type1, read through hugepath" \
		written_and_read type1 hugepath 0xc3
	tap "qemu-img: an image through hugepath and back through type1" \
		image hugepath type1
	tap "qemu-img: an image through type1 and back through hugepath" \
		image type1 hugepath
	tap "QEMU on ordinary memory: its guest does DMA" guest_runs -m 256M
	/lab/huge_pages.sh 256 || exit
	tap "QEMU on 2 MiB hugetlb: its guest does DMA" \
		guest_runs -m 256M -mem-path /dev/hugepages2M
	tap "QEMU on 1 GiB hugetlb: its guest does DMA" \
		guest_runs -m 1G -mem-path /dev/hugepages1G
}

# ---- a machine without interrupt remapping ----

refused() {
	! "${SMALL_CLIENT[@]}" >/run/said 2>&1 &&
		grep -q 'Operation not permitted' /run/said
}

unsafe() {
	tap "type1 refuses" refused
	takeover 1
	tap "hugepath refuses" refused
	echo 1 >$type1/allow_unsafe_interrupts
	tap "type1 works when told to, whatever hugepath says" \
		"${SMALL_CLIENT[@]}"
	echo 0 >$type1/allow_unsafe_interrupts
	echo 1 >$params/allow_unsafe_interrupts
	tap "hugepath works when told to" "${SMALL_CLIENT[@]}"
	echo 0 >$params/allow_unsafe_interrupts
	tap "and refuses again" refused
	takeover 0
}

modprobe vfio-pci
tap "$1: iovascope_hugepath loads" insmod ./iovascope_hugepath.ko
"$1"
tap "$1: and unloads" rmmod iovascope_hugepath
tap_totals
