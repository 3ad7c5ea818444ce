# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # engine.sh sets what is read here
#
# `host` without the module, and of one device and one process: a machine made
# of /proc and /sys as they would be, where each thing that can be in the way is
# put there by itself, and taken away again.

GIB=$((1 << 30))
BDF=0000:3b:00.0
VM=4242

# to LINK TARGET: a link of the machine, to whatever.
to() {
	[[ $counting ]] && return
	mkdir -p "$root${1%/*}"
	ln -sfn "$2" "$root$1"
}

gone() {
	[[ $counting ]] || rm -r "$root${1:?}"
}

# put_member BDF DRIVER CLASS: a device of group 12.
put_member() {
	put "/sys/bus/pci/devices/$1/class" "$3"
	put "/sys/kernel/iommu_groups/12/devices/$1/class" "$3"
	[[ $2 == none ]] && return
	to "/sys/bus/pci/devices/$1/driver" "../../drivers/$2"
	to "/sys/kernel/iommu_groups/12/devices/$1/driver" "../../drivers/$2"
}

put_caps() {
	put /sys/class/iommu/dmar0/intel-iommu/cap "$1"
	put /sys/class/iommu/dmar0/intel-iommu/ecap "$2"
}

put_status() {
	put /proc/$VM/status "Name:	qemu" "VmLck:	$1 kB" "VmPin:	0 kB" \
		"VmPTE:	64 kB" "CapEff:	$2" "Mems_allowed_list:	0-1"
}

# machine NAME: all as it should be, and no module. The unit has 48 bits; the
# device is bound, and 4242 has 2 GiB of memory and a limit of 4.
machine() {
	root=$tmp/host.$1.root
	tree=
	[[ $counting ]] && return
	export IOVASCOPE_SYSROOT=$root
	rm -rf "$root"
	put /proc/mounts "proc /proc proc rw 0 0"
	put /proc/cmdline "BOOT_IMAGE=/vmlinuz intel_iommu=on iommu=pt"
	put /proc/self/limits "Max locked memory  8388608  8388608  bytes"
	put /proc/cpuinfo "address sizes	: 46 bits physical, 48 bits virtual"
	put /proc/interrupts "            CPU0" \
		"  9:   0  IR-IO-APIC    9-fasteoi   acpi" \
		" 24:   0  DMAR-MSI    0-edge      dmar0" \
		" 25:   7  IR-PCI-MSI 458752-edge  nvme0q0"
	put_caps d2008c222f0606 f020df
	put /sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts N
	put /sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages 64
	put /sys/bus/pci/devices/$BDF/resource \
		"0x0000004000000000 0x00000043ffffffff 0x14220c" \
		"0x000000000000e000 0x000000000000e0ff 0x40101"
	put /sys/bus/pci/devices/$BDF/reset_method "flr bus"
	put /sys/bus/pci/devices/$BDF/numa_node 1
	put_member $BDF vfio-pci 0x030200
	put_member 0000:3a:00.0 pcieport 0x060400
	put /sys/kernel/iommu_groups/12/reserved_regions \
		"0x0000000000000000 0x0000000000ffffff direct-relaxable" \
		"0x00000000fee00000 0x00000000feefffff msi"
	to /sys/bus/pci/devices/$BDF/iommu_group \
		../../../../kernel/iommu_groups/12
	to /sys/bus/pci/devices/$BDF/iommu ../../../../class/iommu/dmar0
	put /dev/vfio/12 ""
	put /proc/$VM/comm qemu
	put_status 1048576 0000000000000000
	put /proc/$VM/limits \
		"Max locked memory  $((4 * GIB))  $((4 * GIB))  bytes"
	put /proc/$VM/maps \
		"7f0000000000-7f0080000000 rw-s 00000000 00:01 7 /memfd:ram (deleted)" \
		"7f1000000000-7f1004000000 ---p 00000000 00:00 0 " \
		"7f2000000000-7f2400000000 rw-s 00000000 00:0f 9 anon_inode:[vfio-device]" \
		"7ffc00000000-7ffc00800000 rw-p 00000000 00:00 0 [stack]"
}

# able NAME FILTER ARG...: it is, nothing blocks, and this holds.
able() {
	json "$1" ".able == true and .fix_needed == false and
		(.answer | test(\"^Able\")) and
		([.causes[] | select(.blocks == true)] == []) and ($2)" \
		host "${@:3}" --json
}

# not_able NAME CAUSE FILTER ARG...: it is not, and this alone is why.
not_able() {
	json_exit "$1" 1 ".able == false and .fix_needed == true and
		([.causes[] | select(.blocks == true) | .cause] == [\"$2\"]) and
		.causes[0].cause == \"$2\" and
		(.answer | test(\"^Not able \\\\($2\\\\)\")) and
		(.causes[0].fix | length > 9) and ($3)" host "${@:4}" --json
}

# ---- the machine, without the module ----

machine bare
check "host: without the module" 0 '^Able: ' 'cause:' host
json "host: the units of /sys" '.units.dmar0.second_leaves == ["4k","2m","1g"]
	and .units.dmar0.address_bits == 48 and .units.dmar0.mode == "legacy"
	and (.missing | any(test("it is not loaded"))) and .able == true' \
	host --json
check "host: what only the module has" 0 '^Probes: not known$' '' host
put_caps d20084222f0606 f020df
json "host: leaves of /sys" '.causes[0].cause == "hw-no-1g" and .able == false' \
	host --json
put_caps d2008c222f0606 80000f020df
json "host: a mode that /sys does not tell" \
	'.missing | any(test("mode of dmar0"))' host --json
gone /sys/class/iommu/dmar0
put /sys/firmware/acpi/tables/DMAR ""
json_exit "host: VT-d is there and not used" 1 \
	'.causes[0].cause == "iommu-off"' host --json
gone /sys/firmware/acpi/tables/DMAR
json_exit "host: no VT-d" 1 '.causes[0].cause == "not-vtd"' host --json
gone /sys/class
gone /sys/firmware
json_exit "host: a container that hides /sys" 1 '.able == false and
	.causes[0].cause == "not-known" and
	(.answer | test("not to be seen from here"))' host --json
machine loaded
put /sys/module/iovascope/refcnt 0
json "host: loaded, and not to be read" \
	'.missing | any(test("cannot be read"))' host --json
check "host: a directory that is named has to be there" 3 'load the module' \
	'' host --debugfs "$tmp/host.nothing"

# ---- a device ----

machine device
able "host: a device" '.device == {device: "0000:3b:00.0",
	driver: "vfio-pci", group: "12", alone: true,
	members: {"0000:3a:00.0": "pcieport", "0000:3b:00.0": "vfio-pci"},
	unit: "dmar0", address_bits: 48, needed_bits: 34, cpu_bits: 46,
	bar_bytes: 17179869184, interrupt_remapping: "on", node: 1,
	resets: ["flr", "bus"],
	reserved: [{first: 0, last: 16777215, type: "direct-relaxable"},
		{first: 4276092928, last: 4277141503, type: "msi"}]} and
	(.process == null) and (.notes | any(test("ACS"))) and
	(.notes | any(test("^(reset|width|interrupts|NUMA)")) | not)' \
	--device $BDF
check "host: a device in words" 0 '^Able: 0000:3b:00\.0\.$' 'cause:' \
	host --device 3b:00.0
verify "host: its group in words" line_is '1,$' '^0000:3a:00\.0 +pcieport$'
check "host: no such device" 2 'no such PCI device' '' host --device 3c:00.0
check "host: what is no device" 2 "host takes one device: 'x'" '' \
	host --device x
check "host: two devices" 2 'host takes one device' '' \
	host --device 3b:00.0,3c:00.0
put /sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages 0
check "host: small leaves do not keep a device" 0 \
	'^Able: 0000:3b:00\.0; not all of it by 1G leaves \(no-1g-pages\)' '' \
	host --device $BDF
put /sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages 64

gone /sys/bus/pci/devices/$BDF/driver
not_able "host: no driver" not-bound \
	'.causes[0].evidence == ["0000:3b:00.0 is bound to no driver"]' \
	--device $BDF
to /sys/bus/pci/devices/$BDF/driver ../../drivers/nvme
not_able "host: a driver of the host" not-bound '.device.driver == "nvme"' \
	--device $BDF
to /sys/bus/pci/devices/$BDF/driver ../../drivers/mlx5_vfio_pci
able "host: a driver made of vfio-pci" '.device.driver == "mlx5_vfio_pci"' \
	--device $BDF

machine members
put_member 0000:3b:00.1 snd_hda_intel 0x040300
not_able "host: a member in use" group-not-viable \
	'.causes[0].evidence[0] == "group 12 has 0000:3b:00.1, which is bound to snd_hda_intel"
	and (.causes[0].evidence[1] | test("not to be seen: the configuration space"))
	and .device.alone == false' --device $BDF
put_member 0000:3b:00.1 vfio-pci 0x040300
able "host: a member that VFIO has" '.device.alone == false and
	(.notes | any(test("reach each other")))' --device $BDF
put /proc/cmdline "intel_iommu=on pcie_acs_override=downstream"
able "host: groups that are made up" \
	'.missing | any(test("pcie_acs_override"))' --device $BDF

# bytes FILE OFFSET BYTE...: bytes of it, in hexadecimal.
bytes() {
	local raw

	[[ $counting ]] && return
	raw=$(printf '\\x%s' "${@:3}")
	# shellcheck disable=SC2059 # it is made of escapes
	printf "$raw" | dd of="$root$1" bs=1 seek=$(($2)) conv=notrunc \
		status=none
}

# config BDF SIZE CLASS HEADER KIND: the configuration space of a function, as
# much of it as can be read.
config() {
	local file=/sys/bus/pci/devices/$1/config

	[[ $counting ]] && return
	head -c "$2" /dev/zero >"$root$file"
	bytes "$file" 0x06 10
	bytes "$file" 0x0b "$3"
	bytes "$file" 0x0e "$4"
	bytes "$file" 0x34 40
	bytes "$file" 0x40 10 00 "$5"
}

# acs BDF CAN ON: it has the capability, behind another one.
acs() {
	bytes "/sys/bus/pci/devices/$1/config" 0x100 01 00 01 14
	bytes "/sys/bus/pci/devices/$1/config" 0x140 0d 00 01 00 "$2" 00 "$3" 00
}

machine acs
put_member 0000:3b:00.1 snd_hda_intel 0x040300
config 0000:3a:00.0 4096 06 01 40
config 0000:3b:00.0 4096 03 80 00
config 0000:3b:00.1 4096 04 80 00
acs 0000:3a:00.0 1d 1d
not_able "host: functions without ACS" group-not-viable \
	'.causes[0].evidence[1:] == ["0000:3b:00.0 and the other functions of that device have no ACS (Access Control Services): they may reach each other"]' \
	--device $BDF
acs 0000:3b:00.0 00 00
acs 0000:3a:00.0 1d 10
not_able "host: a root port with ACS off" group-not-viable \
	'.causes[0].evidence[1:] == ["0000:3a:00.0, a root port, has parts of ACS (Access Control Services) off (0xd of 0x1d): what is below it is one group with it"]' \
	--device $BDF
config 0000:3a:00.0 4096 06 01 60
not_able "host: a switch without ACS" group-not-viable \
	'.causes[0].evidence[1] | test("downstream port of a switch, has no ACS")' \
	--device $BDF
config 0000:3a:00.0 4096 06 01 70
not_able "host: a bridge to PCI" group-not-viable \
	'.causes[0].evidence[1] | test("conventional PCI")' --device $BDF
config 0000:3a:00.0 256 06 01 40
bytes /sys/bus/pci/devices/0000:3a:00.0/config 0x06 00
bytes /sys/bus/pci/devices/0000:3a:00.0/config 0x0a 04
not_able "host: a bridge of conventional PCI" group-not-viable \
	'.causes[0].evidence[1] | test("0000:3a:00.0 is a bridge of conventional PCI: what is behind")' \
	--device $BDF
config 0000:3a:00.0 64 06 01 40
not_able "host: what only root may read" group-not-viable \
	'.causes[0].evidence[1] | test("space of 0000:3a:00.0 is for root")' \
	--device $BDF
acs_pair() {
	config 0000:3a:00.0 4096 06 01 40
	acs 0000:3a:00.0 1d 1d
}
acs_pair
not_able "host: a group without a reason" group-not-viable \
	'.causes[0].evidence[1] | test("neither a bridge nor functions")' \
	--device $BDF
put_member 0000:3b:00.1 vfio-pci 0x040300
config 0000:3b:00.0 4096 03 80 00
able "host: a large group that is nobody's" \
	'.notes | any(test("^isolation: 0000:3b:00.0 and the other functions"))' \
	--device $BDF

machine group
gone /sys/bus/pci/devices/$BDF/iommu_group
not_able "host: no group" no-group \
	'.causes[0].evidence[1] | test("has dmar0, so VT-d is in use")' \
	--device $BDF
gone /sys/bus/pci/devices/$BDF/driver
json_exit "host: no group comes before no driver" 1 \
	'[.causes[] | select(.blocks == true).cause] ==
	["no-group", "not-bound"]' host --device $BDF --json
to /sys/bus/pci/devices/$BDF/driver ../../drivers/vfio-pci
# iommu_off NAME FILTER: the one device, and no unit in use.
iommu_off() {
	json_exit "$1" 1 ".able == false and .causes[0].cause == \"no-group\" and
		(.causes | any(.cause == \"$2\")) and
		(.causes[0].evidence[1] | test(\"$3\"))" \
		host --device $BDF --json
}
gone /sys/class
put /sys/firmware/acpi/tables/DMAR ""
iommu_off "host: no group, as VT-d is not used" iommu-off "kernel uses none"
put /proc/cmdline "intel_iommu=off"
iommu_off "host: no group, as VT-d is switched off" iommu-off "switches .* off"
put /proc/cmdline "quiet"
gone /sys/firmware/acpi/tables/DMAR
iommu_off "host: no group, as there is no VT-d" not-vtd "no remapping unit"
machine noiommu
put /sys/kernel/iommu_groups/12/name vfio-noiommu
not_able "host: noiommu" no-group '.causes[0].evidence[0] | test("noiommu")' \
	--device $BDF

machine identity
put /sys/kernel/iommu_groups/12/type identity
able "host: the host's drivers pass through" \
	'.device.domain_type == "identity" and (.notes | any(test("^domain: ")))' \
	--device $BDF

machine holder
put /proc/77/comm qemu-other
to /proc/77/fd/5 /dev/vfio/12
not_able "host: somebody has it" group-busy '.causes[0].holder_pid == 77 and
	.device.holder == {pid: 77, comm: "qemu-other", file: "12"}' \
	--device $BDF
not_able "host: somebody else has it" group-busy 'true' --device $BDF \
	--pid $VM
gone /proc/77
to /proc/$VM/fd/5 /dev/vfio/12
able "host: the process itself has it" '.device.holder.pid == 4242' \
	--device $BDF --pid $VM
gone /proc/$VM/fd
put /sys/bus/pci/devices/$BDF/vfio-dev/vfio3/dev 511:3
to /proc/77/fd/5 /dev/vfio/devices/vfio3
put /proc/77/comm chv
not_able "host: somebody has its own file" group-busy \
	'.device.holder.file == "devices/vfio3"' --device $BDF

machine reserved
put /sys/kernel/iommu_groups/12/reserved_regions \
	"0x000000007b800000 0x000000007fffffff direct" \
	"0x00000000fee00000 0x00000000feefffff msi"
not_able "host: an RMRR" rmrr '.causes[0].evidence ==
	["reserved_regions of group 12 has 0x7b800000-0x7fffffff as direct"]' \
	--device $BDF

machine width
put_caps d2008c22260206 f020df
able "host: fewer bits than the CPU" '.device.address_bits == 39 and
	(.notes | any(test("^width: .*host-phys-bits")))' --device $BDF
put /sys/bus/pci/devices/$BDF/resource \
	"0x0000010000000000 0x0000017fffffffff 0x14220c"
able "host: just wide enough" '.device.needed_bits == 39' --device $BDF
not_able "host: not wide enough with the memory" iova-too-wide \
	'.device.needed_bits == 40 and .device.address_bits == 39' \
	--device $BDF --pid $VM
put_caps d2008c222f0206 f020df
able "host: the levels are fewer than the bits" \
	'.device.address_bits == 39' --device $BDF
gone /sys/class/iommu/dmar0/intel-iommu/cap
able "host: a width that nobody tells" \
	'.missing | any(test("how many address bits"))' --device $BDF

machine interrupts
put /proc/interrupts " 25:   7  PCI-MSI 458752-edge  nvme0q0"
not_able "host: interrupts are not remapped" no-interrupt-remapping \
	'.device.interrupt_remapping == "off"' --device $BDF
put /sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts Y
able "host: and that is allowed" '.notes | any(test("^interrupts: "))' \
	--device $BDF
put /proc/interrupts ""
able "host: interrupts that are hidden" \
	'.missing | any(test("whether interrupts are remapped"))' --device $BDF

machine resets
gone /sys/bus/pci/devices/$BDF/reset_method
able "host: no reset" '.device.resets == [] and
	(.notes | any(test("^reset: ")))' --device $BDF
put /sys/bus/pci/devices/$BDF/reset ""
able "host: an older kernel" '(.notes | any(test("^reset: ")) | not) and
	(.missing | any(test("reset_method")))' --device $BDF

machine backend
gone /sys/module/vfio_iommu_type1
not_able "host: no backend for a device" no-backend true --device $BDF

machine container
to /proc/self/ns/pid 'pid:[4026532567]'
gone /dev/vfio/12
able "host: what a container hides" '(.missing |
	any(test("only the processes of this container"))) and
	(.missing | any(test("no /dev/vfio/12")))' --device $BDF
check "host: a process of another container" 2 'no such process in this container' \
	'' host --pid 9

# ---- a process ----

machine process
able "host: a process" '.process == {pid: 4242, comm: "qemu",
	memory_bytes: 2147483648, locked_bytes: 1073741824, pinned_bytes: 0,
	ipc_lock: false, limit_bytes: 4294967296, nodes_allowed: "0-1"} and
	.memlock_of == "qemu (4242)" and .memlock_bytes == 4294967296 and
	.device == null' --pid $VM
check "host: a process in words" 0 \
	'^Locked: 1\.0 GiB of 4\.0 GiB, .* CAP_IPC_LOCK: no$' 'of who asks' \
	host --pid $VM
check "host: the shell's limit is another" 0 \
	'^Limit of locked memory, of who asks: 8\.0 MiB, at most 8\.0 MiB$' '' host
able "host: both" '.device.node == 1 and
	(.notes | any(test("^NUMA: ")) | not)' --device $BDF --pid $VM
put /proc/$VM/limits "Max locked memory  $GIB  $GIB  bytes"
not_able "host: the limit of the process" memlock \
	".causes[0].over_bytes == $GIB and .process.limit_bytes == $GIB" \
	--pid $VM
put_status 1048576 000001ffffffffff
able "host: CAP_IPC_LOCK" '.process.ipc_lock == true' --pid $VM
put_status 1048576 0000000000000000
put /proc/$VM/limits "Max locked memory  unlimited  unlimited  bytes"
able "host: no limit" '.process.limit_bytes == "unlimited"' --pid $VM
put /proc/$VM/status "Name:	qemu" "Mems_allowed_list:	0,2-3"
able "host: memory on another node" '.notes | any(test("^NUMA: "))' \
	--device $BDF --pid $VM
check "host: no such process" 2 '9: no such process$' '' host --pid 9

# With the module what was refused says more than what is allowed.
machine module
new_tree host_module
[[ $counting ]] || sed -i 's/state=missing/state=attached/' "$tree/probes"
able "host: nothing was refused" '.refusals == [] and .missing == []' \
	--pid $VM
started=$(grep -o "pid=4242 .*" "$recorded/processes" |
	sed "s/.* start_ns=\([0-9]*\).*/\1/")
[[ $counting ]] || echo "1 pid=4242 tid=4242 comm=qemu call=map_dma step=check errno=17 start_ns=$started first_ns=1 last_ns=2 wall_ns=1 overcome_ns=0 repeats=1 backend=type1 iova=4096 vaddr=4096 bytes=4096 flags=3 overlap_iova=4096 overlap_bytes=4096 domain=3" >>"$tree/refusals"
json_exit "host: a process that was refused" 1 '.able == false and
	(.answer | test("^Refused \\(iova-taken\\)"))' host --pid $VM --json

unset IOVASCOPE_SYSROOT
tree=$recorded
