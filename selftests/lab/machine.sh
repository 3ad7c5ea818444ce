# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The machine: what QEMU's command line is made of. Reads lab.sh's options,
# leaves the command in QEMU.

# in_mib SIZE: 512M, 16G, 1T in MiB.
in_mib() {
	case $1 in
	*[0-9]M) echo "${1%M}" ;;
	*[0-9]G) echo $((${1%G} * 1024)) ;;
	*[0-9]T) echo $((${1%T} * 1024 * 1024)) ;;
	esac
}

check_device() {
	[[ $1 =~ ^(edu(:bridged)?|e1000e|nvme(:([0-9]+[MGT]|null))?|testdev:[0-9]+[MGT])$ ]] ||
		usage_error "unknown device '$1'"
}

# What has to stay the same for an answer about KVM to stay true.
kvm_key() {
	uname -r
	grep -m1 'model name' /proc/cpuinfo
	qemu-system-x86_64 --version
}

# kvm_answered boots|fails: is that what this machine did when it was asked?
kvm_answered() {
	[[ -e $LAB_CACHE/kvm-$1 ]] && cmp -s <(kvm_key) "$LAB_CACHE/kvm-$1"
}

# use_kvm: does the user, or a probe that really booted (setup.sh kvm), say so?
use_kvm() {
	case ${IOVASCOPE_ACCEL:-auto} in
	kvm) return 0 ;;
	tcg) return 1 ;;
	auto) [[ -w /dev/kvm ]] && kvm_answered boots ;;
	*) die "IOVASCOPE_ACCEL is tcg, kvm or auto" ;;
	esac
}

# vtd: the IOMMU.
vtd() {
	echo -n "intel-iommu,intremap=on,aw-bits=$((12 + 9 * LEVELS))"
	[[ -z $SCALABLE ]] || echo -n ",x-scalable-mode=on"
	[[ $SCALABLE != first ]] || echo -n ",x-flts=on"
}

# machine_core: processor, memory, chipset, IOMMU.
machine_core() {
	local board=q35 accel=tcg

	if ((!ICOUNT)) && use_kvm; then
		accel=kvm
		# The IOMMU can only remap interrupts that QEMU delivers.
		board+=,kernel-irqchip=split
	elif ((CPUS > 1)); then
		# Multi-threaded TCG was seen to die in text patching.
		accel+=,thread=single
	fi
	QEMU=("$(qemu_for "$SCALABLE")" -nodefaults -no-user-config -display none
	-no-reboot -machine "$board" -accel "$accel" -cpu "$CPU"
	-smp "$CPUS" -m "$MEMORY")
	# Time that nobody waits for passes at once.
	! ((ICOUNT)) || QEMU+=(-icount "shift=0,sleep=off")
	# Before all other devices, or they would not be behind it.
	! ((VTD)) || QEMU+=(-device "$(vtd)")
}

machine_kernel() {
	local args="console=ttyS0 panic_on_warn=1 oops=panic panic=-1"

	args+=" hugepagesz=1G hugepages=$HUGEPAGES log_buf_len=4M"
	# Emulation on a busy host is slow enough to look stuck.
	args+=" rcupdate.rcu_cpu_stall_timeout=60 watchdog_thresh=30"
	# Time that passes at once passes while the host reads a disk, too.
	! ((ICOUNT)) || args+=" sysctl.kernel.hung_task_timeout_secs=0"
	# Or dead: the timer's interrupts are waited for 40 ms, then it panics.
	args+=" no_timer_check"
	case $IOMMU in
	on) args+=" intel_iommu=on iommu=nopt" ;;
	pt) args+=" intel_iommu=on iommu=pt" ;;
	off) args+=" intel_iommu=off" ;;
	esac
	[[ -z $SCALABLE ]] || args+=" intel_iommu=sm_on"
	QEMU+=(-kernel "$KERNEL_DIR/vmlinux" -initrd "$RUN/initrd"
		-append "$args$APPEND")
}

# machine_disks: the root and the modules, in this order: /dev/vda, /dev/vdb.
machine_disks() {
	local image n=0

	for image in "$ROOT_DIR/root.squashfs" "$KERNEL_DIR/modules.squashfs"; do
		QEMU+=(-drive
			"if=none,id=disk$n,file=$image,format=raw,readonly=on"
			-device "virtio-blk-pci,drive=disk$n,addr=0x$((n + 2))")
		n=$((n + 1))
	done
}

# machine_ports: console, result, the command's terminal. The third has an
# interrupt of its own; by tradition it would share the console's.
machine_ports() {
	QEMU+=(-chardev "file,id=console,path=$RUN/console"
		-device "isa-serial,chardev=console"
		-chardev "file,id=result,path=$RUN/result"
		-device "isa-serial,chardev=result"
		-device "isa-serial,chardev=out,iobase=0x3e8,irq=5")
}

# add_device N WHAT: device number N. Each sits in a slot of its own on the
# root bus, and therefore in an IOMMU group of its own.
add_device() {
	local slot at size
	slot=$(printf '0x%x' $(($1 + 4)))
	at=bus=pcie.0,addr=$slot

	case $2 in
	edu) QEMU+=(-device "edu,dma_mask=0xffffffffffffffff,$at") ;;
	edu:bridged)
		# Not in its slot 0, whose address is that of all behind it.
		QEMU+=(-device "pcie-pci-bridge,id=bridge$1,$at"
			-device "edu,dma_mask=0xffffffffffffffff,bus=bridge$1,addr=1")
		;;
	e1000e)
		QEMU+=(-netdev "user,id=net$1,restrict=on"
			-device "e1000e,netdev=net$1,romfile=,$at")
		;;
	nvme:null)
		# Later than anybody who waits for it needs to fall asleep, or
		# it would be left to chance whether he does.
		QEMU+=(-drive "if=none,id=nvme$1,driver=null-co,size=1G,read-zeroes=on,latency-ns=300000"
			-device "nvme,serial=lab$1,drive=nvme$1,$at")
		;;
	nvme*)
		size=1G
		[[ $2 == nvme ]] || size=${2#nvme:}
		truncate -s "$size" "$RUN/nvme$1"
		QEMU+=(-drive "if=none,id=nvme$1,file=$RUN/nvme$1,format=raw"
			-device "nvme,serial=lab$1,drive=nvme$1,$at")
		;;
	testdev:*) QEMU+=(-device "pci-testdev,membar=${2#testdev:},$at") ;;
	esac
}

# machine_devices: the devices asked for, and a 64-bit window for their BARs.
# Firmware sorts BARs by size, so little is lost to alignment; being generous
# here would leave the 40 address bits of an emulated CPU too early.
machine_devices() {
	local device n=0 window=65536

	# The root bus has 32 slots; the lab and the chipset need five.
	((${#DEVICES[@]} <= 26)) || usage_error "more than 26 devices"
	for device in "${DEVICES[@]}"; do
		add_device "$n" "$device"
		[[ $device != testdev:* ]] ||
			window=$((window + $(in_mib "${device#testdev:}")))
		n=$((n + 1))
	done
	QEMU+=(-global "q35-pcihost.pci-hole64-size=${window}M")
}

machine() {
	machine_core
	machine_kernel
	machine_disks
	machine_ports
	machine_devices
}
