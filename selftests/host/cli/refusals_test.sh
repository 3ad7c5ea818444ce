# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # engine.sh sets what is read here
#
# `refusals`, and what `why`, `show` and `metrics` say of them: a line of the
# module's file for each cause, and a system root with what /proc and /sys say.
# Process 4242 is alive, 6161 is gone and mapped nothing.

GIB=$((1 << 30))
MIB=$((1 << 20))
# When 4242 began, and just now, by the recorded tree's clock.
started=$(grep -o "pid=4242 .*" "$recorded/processes" |
	sed "s/.* start_ns=\([0-9]*\).*/\1/")
now=$(sed -n 's/^now_ns //p' "$recorded/info")

scene() {
	new_tree "$1"
	[[ $counting ]] || echo "format 1" >"$tree/inflight"
	root=$tmp/$1.root
	id=0
	[[ $counting ]] && return
	export IOVASCOPE_SYSROOT=$root
	rm -rf "$root"
	echo "format 1" >"$tree/refusals"
	put /proc/cmdline "BOOT_IMAGE=/vmlinuz intel_iommu=on iommu=nopt"
	put /sys/bus/pci/devices/0000:3b:00.0/iommu_group/reserved_regions \
		"0x00000000000a0000 0x00000000000affff direct" \
		"0x00000000fee00000 0x00000000feefffff msi"
}

# put_stat: 4242 is alive.
put_stat() {
	local began=$((started / (1000000000 / $(getconf CLK_TCK))))

	put /proc/4242/stat \
		"4242 (vmm) S 1 1 1 0 0 0 0 0 0 0 0 0 0 0 20 0 1 0 $began 0"
}

# refusal PID CALL STEP ERRNO KEY=VALUE...: a line; what is not said is as in a
# map of 2 MiB by type1 that began at 1 GiB.
refusal() {
	local pid=$1 call=$2 step=$3 err=$4 pair
	local -A with=([start_ns]=$started [first_ns]=$now [last_ns]=$now
		[wall_ns]=1790000000000000000 [overcome_ns]=0 [repeats]=1
		[backend]=type1 [domain]=3 [aperture_last]=0xffffffffffff
		[device]=0000:3b:00.0 [iova]=$GIB [vaddr]=0x7f0000000000
		[bytes]=$((2 * MIB)) [done_bytes]=0 [flags]=0x3
		[limit_bytes]=$GIB [locked_bytes]=0 [pinned_bytes]=0
		[user_locked_bytes]=0 [ipc_lock]=0 [cgroup]=1 [memory]=anon
		[memory_vaddr]=0x7f0000100000 [memory_bytes]=$MIB
		[shared]=0 [hugetlb_bytes]=0 [faulted_bytes]=0)
	shift 4

	id=$((id + 1))
	[[ $counting ]] && return
	for pair; do
		with[${pair%%=*}]=${pair#*=}
	done
	{
		printf '%d pid=%d tid=%d comm=vmm call=%s step=%s errno=%d' \
			"$id" "$pid" "$pid" "$call" "$step" "$err"
		for pair in "${!with[@]}"; do
			[[ ${with[$pair]} == absent ]] ||
				printf ' %s=%s' "$pair" "${with[$pair]}"
		done
		echo
	} >>"$tree/refusals"
}

# cause NAME ID FILTER: the one refusal there is has this cause, and matters.
cause() {
	json_exit "$1" 1 ".fix_needed == true and (.causes | length) == 1 and
		(.causes[0] | .cause == \"$2\" and ($3))" refusals --json
}

# memory WORD ID: a pin that failed at such memory.
memory() {
	scene memory
	refusal 4242 map_dma pin 14 memory="$1"
	cause "$1: $2" "$2" \
		".memory_vaddr == $((0x7f0000100000)) or .cause == \"not-known\""
}

# ---- one cause each ----

scene older
[[ $counting ]] || rm "$tree/refusals"
json_exit "a module that remembers none" 1 '.refusals == []' \
	why pid:4242 --json

scene none
check "no refusal" 0 '^Nothing was refused\.$' '' refusals
json "no refusal, as JSON" '.causes == [] and .fix_needed == false' refusals --json

scene width
refusal 4242 map_dma check 22 iova=0x380000000000 bytes=$((32 * MIB)) \
	aperture_last=0x7fffffffff memory=pfnmap
cause "an IOVA beyond the unit" iova-too-wide \
	'.needs_bits == 46 and .has_bits == 39 and
	(.evidence | any(test("peer-to-peer")))'
check "and in words" 1 \
	'^1 refused, the last \(iova-too-wide\): map_dma of 32\.0 MiB at IOVA 0x380000000000 by vmm \(4242\): EINVAL: the IOVA needs 46 address bits, the IOMMU has 39\.$' \
	'' refusals

export TZ=UTC
check "and when that was" 1 '^  when:     2026-09-21 14:13:20 UTC$' '' refusals

scene reserved
refusal 4242 map_dma check 22 iova=0xfe000000 bytes=$((32 * MIB))
cause "the window of MSIs" iova-reserved \
	".reserved_first == $((0xfee00000)) and
	.reserved_last == $((0xfeefffff)) and
	.nearest_iova == $((0xfef00000))"

scene rmrr
refusal 4242 map_dma check 22 iova=0x90000 bytes=$((128 * 1024))
cause "an RMRR" iova-reserved "(.says | test(\"direct\")) and
	.nearest_iova == $((0x80000))"

scene taken
refusal 4242 map_dma check 17 overlap_iova=$GIB overlap_bytes=$((64 * MIB))
cause "EEXIST" iova-taken \
	'.evidence | any(test("0x40000000-0x43ffffff .* \\(64.0 MiB\\)"))'

scene taken_iommufd
refusal 4242 ioas_map check 98 backend=iommufd
cause "EADDRINUSE" iova-taken true

scene given_back
refusal 4242 map_dma check 12 flags=0x4 bytes=$GIB overlap_iova=$GIB \
	overlap_bytes=$GIB limit_bytes=$((64 * MIB))
cause "an address that is given back names what is mapped" memlock true
refusal_again() {
	scene given_back
	refusal 4242 map_dma check "$1" flags=0x4 bytes=$GIB overlap_iova=$GIB \
		overlap_bytes=$GIB
}
refusal_again 1
cause "and so it does where that is not allowed" not-known true

# Its choice is an answer: what the field held before is nothing.
scene chosen
refusal 4242 ioas_map check 12 backend=iommufd flags=0x6 overlap_iova=$GIB \
	overlap_bytes=$GIB limit_bytes=$MIB
cause "iommufd chooses: no range was asked for" memlock-user true
scene chosen_wide
refusal 4242 ioas_map check 12 backend=iommufd flags=0x6 \
	iova=0xffff888812345000 limit_bytes=$MIB
cause "iommufd chooses: nor one beyond the unit" memlock-user true

scene short
refusal 4242 unmap_dma check 0 flags=0x0 overlap_iova=$GIB \
	overlap_bytes=$((64 * MIB))
cause "an unmap that did nothing" unmap-short \
	'.says == "an unmap of 2.0 MiB removed 0 B, and reported success"'

scene bisects
refusal 4242 unmap_dma check 22 flags=0x0 overlap_iova=$GIB \
	overlap_bytes=$((64 * MIB))
cause "an unmap inside a region" unmap-bisects true

scene entries
refusal 4242 map_dma check 28
cause "ENOSPC" entry-limit true

scene memlock
refusal 4242 map_dma pin 12 limit_bytes=$((256 * MIB)) \
	locked_bytes=$((256 * MIB)) bytes=$((256 * 1024))
cause "the limit of the process" memlock \
	".over_bytes == 262144 and .limit_bytes == 256 * $MIB and
	(.says == \"the process may lock 256.0 MiB, and needs 256.0 KiB more\")"

scene memlock_iommufd
refusal 4242 ioas_map pin 12 backend=iommufd limit_bytes=$((256 * MIB)) \
	user_locked_bytes=$((256 * MIB))
cause "the limit of the user" memlock-user ".over_bytes == 2 * $MIB and
	(.fix | test(\"to 258.0 MiB at least\")) and
	(.evidence | any(test(\"which user that is, is not known\")))"
put /proc/4242/status "Name:	vmm" "Uid:	107	107	107	107"
put_stat
cause "and whose it is" memlock-user \
	'.uid == 107 and (.evidence | any(test("it is user 107")))'

scene memlock_compat
refusal 4242 map_dma pin 12 backend=iommufd locked_bytes=$GIB \
	user_locked_bytes=$((4 * GIB))
cause "iommufd in a container's place" memlock ".over_bytes == 2 * $MIB"

scene memlock_huge
refusal 4242 map_dma pin 12 bytes=$(((1 << 63) - 4096)) \
	locked_bytes=9223372036854784000
cause "more than any number" memlock '.over_bytes > 9223372036854775807'

scene memlock_bar
refusal 4242 map_dma map 12 memory=pfnmap bytes=$((64 * GIB))
cause "a BAR, which is charged to nobody" map-refused true

# Room enough, so it was something else.
scene no_memory
refusal 4242 map_dma pin 12 locked_bytes=0
cause "ENOMEM below the limit" no-memory true

scene privileged
refusal 4242 map_dma pin 12 limit_bytes=0 ipc_lock=1
cause "ENOMEM with CAP_IPC_LOCK" no-memory true

# ---- what there was not enough of ----

scene cgroup
refusal 4242 map_dma pin 12 memcg_max_bytes=$((256 * MIB)) \
	memcg_bytes=$((256 * MIB - 4096))
cause "a cgroup that is full" cgroup-limit \
	".memcg_max_bytes == 256 * $MIB and (.says | test(\"may be why\")) and
	(.evidence | any(test(\"limit of locked memory, 1.0 GiB, was not\")))"

scene cgroup_other
refusal 4242 set_container check 12 target=12 bytes=0 iova=0 \
	memcg_max_bytes=$((256 * MIB)) memcg_bytes=$((256 * MIB))
cause "a cgroup that is full, and no memory of it is asked for" no-memory \
	'.evidence | any(test("had 256.0 MiB of 256.0 MiB charged"))'

scene cgroup_room
refusal 4242 map_dma pin 12 memcg_max_bytes=$((256 * MIB)) \
	memcg_bytes=$((128 * MIB))
cause "a cgroup that has room" no-memory \
	'.evidence | any(test("had 128.0 MiB of 256.0 MiB charged"))'

scene cgroup_memlock
refusal 4242 map_dma pin 12 memcg_max_bytes=$((256 * MIB)) \
	memcg_bytes=$((256 * MIB)) limit_bytes=$MIB
cause "the limit of the process, in a full cgroup" memlock true

# The kernel's end of a process is a signal that interrupts; it matters.
scene oom
refusal 4242 map_dma pin 4 memcg_max_bytes=$((256 * MIB)) \
	memcg_bytes=$((256 * MIB)) oom_victim=1
cause "a cgroup that is full, and the OOM killer" cgroup-limit \
	'.says | test("ended the process")'

scene oom_host
refusal 4242 map_dma pin 4 oom_victim=1
cause "the OOM killer of the machine" no-memory '.says | test("OOM")'

zoneinfo() {
	put /proc/zoneinfo "Node 0, zone   Normal" "        spanned  1000" \
		"        present  1000" "  start_pfn:           4096" \
		"Node 0, zone  Movable" "        spanned  ${1:-1048576}" \
		"        present  ${1:-1048576}" "  start_pfn:           8192"
	put /proc/vmstat "pgmigrate_success 7" "pgmigrate_fail 12"
}

# page FRAME: what the process has at the address where the pin stopped.
page() {
	put_stat
	put /proc/4242/pagemap ""
	word /proc/4242/pagemap $((0x7f0000100000 / 4096)) $((1 << 63 | $1))
}

scene movable
refusal 4242 map_dma pin 12
zoneinfo
page 9000
cause "a page that stayed in movable memory" cannot-move \
	'.evidence | any(test("12 pages could not be moved"))'
scene movable_cgroup
refusal 4242 map_dma pin 12 memcg_max_bytes=$((256 * MIB)) \
	memcg_bytes=$((256 * MIB))
zoneinfo
page 9000
cause "and a cgroup that is full" cannot-move true
scene moved
refusal 4242 map_dma pin 12
zoneinfo
page 4100
cause "a page that is elsewhere" no-memory \
	'.evidence | any(test("not known: those that were to be pinned"))'
scene movable_gone
refusal 6161 map_dma pin 12
zoneinfo
cause "movable memory, and a process that is gone" no-memory \
	'.evidence | any(test("not known: the process is gone"))'
scene no_movable
refusal 6161 map_dma pin 12
zoneinfo 0
put /proc/meminfo "MemAvailable:    1024 kB" "CmaTotal:    0 kB"
cause "a machine without any" no-memory \
	'(.evidence | any(test("movable")) | not) and
	(.evidence | any(. == "now 1.0 MiB of the machine\u0027s memory are available"))'

memory hole memory-hole
memory no_access memory-no-access
memory read_only memory-read-only
memory past_end memory-past-end
memory secretmem memory-secret
memory fsdax memory-fsdax
memory pfnmap bar-off
memory anon not-known
memory unknown not-known

scene bar_iommufd
refusal 4242 ioas_map pin 14 backend=iommufd memory=pfnmap
cause "a BAR and iommufd" bar-not-memory \
	'.evidence | any(test("peer-to-peer"))'

scene pool
refusal 4242 map_dma pin 14 bytes=$((160 * MIB)) memory=hugetlb \
	hugetlb_bytes=$((128 * MIB)) faulted_bytes=$((128 * MIB)) \
	pool_page_bytes=$((2 * MIB)) pool_bytes=$((128 * MIB)) \
	pool_free_bytes=0 pool_reserved_bytes=0 node=0 node_free_bytes=0
cause "an empty pool" pool-empty \
	".missing_bytes == 32 * $MIB and (.fix | test(\"^16 more pages\")) and
	(.says | test(\"empty after 128.0 MiB of 160.0 MiB: 32.0 MiB short\"))"

scene pool_free
refusal 4242 map_dma pin 14 memory=hugetlb pool_page_bytes=$((2 * MIB)) \
	pool_free_bytes=$((64 * MIB))
cause "a pool that is not empty" pool-denied \
	'.evidence | any(test("hugetlb limits of a cgroup are not kept"))'

# Free, and promised to others who asked before.
scene pool_promised
refusal 4242 map_dma pin 14 memory=hugetlb bytes=$((8 * MIB)) \
	pool_page_bytes=$((2 * MIB)) pool_free_bytes=$((64 * MIB)) \
	pool_reserved_bytes=$((64 * MIB)) pool_bytes=$((64 * MIB))
cause "a pool that is promised to others" pool-empty \
	".missing_bytes == 8 * $MIB"

scene driver
refusal 4242 map_dma map 12 limit_bytes=absent
cause "the driver" map-refused true

# ---- what iommufd and its kernel do not take ----

# ioas NAME CALL STEP ERRNO CAUSE FILTER KEY=VALUE...
ioas() {
	scene ioas
	refusal 4242 "$2" "$3" "$4" backend=iommufd "${@:7}"
	cause "iommufd: $1" "$5" "$6"
}

ioas "not aligned" ioas_map check 22 bad-argument \
	'.says | test("multiples")' iova=0x1001 flags=0x7
ioas "an IOVA that nobody chose" ioas_map check 22 not-known true \
	iova=0xfe001 flags=0x6
ioas "neither read nor written" ioas_map check 22 bad-argument \
	'.says | test("neither")' flags=0x1
ioas "what wraps" ioas_map check 75 bad-argument '.says | test("2\\^64")' \
	iova=0xfffffffffffff000 flags=0x7
ioas "no room" ioas_map check 28 iova-space \
	'.evidence | any(test("2.0 MiB were asked for"))' flags=0x6
ioas "no such IOAS" ioas_map check 2 bad-argument '.says | test("no IOAS")' \
	flags=0x7
ioas "a copy of nothing" ioas_copy check 2 bad-argument \
	'.says | test("to be copied")' flags=0x7
ioas "a copy for writing" ioas_copy check 1 memory-read-only \
	'.says | test("copied for writing")' flags=0x7
ioas "a flag of another kernel" ioas_map check 95 not-in-kernel \
	'.evidence | any(test("flags 0x107"))' flags=0x107
ioas "a call of another kernel" ioas_copy check 25 not-in-kernel true
ioas "a structure of another kernel" ioas_map check 7 not-in-kernel true \
	flags=0x7
ioas "a file that is no memory" ioas_map_file pin 22 file-not-memory true \
	vaddr=absent memory=absent
ioas "a dma-buf, before 6.19" ioas_map_file check 9 file-not-memory true \
	vaddr=absent
ioas "a dma-buf of another" ioas_map_file check 95 file-not-memory true \
	vaddr=absent

scene hugepath_vaddr
refusal 4242 map_dma check 22 backend=hugepath flags=0x4
cause "hugepath: an address that changes" not-in-kernel \
	'.evidence | any(test("backend hugepath"))'
scene hugepath_entries
refusal 4242 map_dma check 28 backend=hugepath
put /sys/module/iovascope_hugepath/parameters/dma_entry_limit 16
cause "hugepath: too many regions" entry-limit \
	'(.fix | test("iovascope_hugepath/parameters")) and
	(.evidence | any(test("is 16 now")))'

scene later
refusal 4242 map_dma check 22 iova=0x7b800000
put /sys/bus/pci/devices/0000:3c:00.0/iommu_group/reserved_regions \
	"0x000000007b800000 0x000000007fffffff direct-relaxable"
cause "what a device reserved that joined later" iova-reserved \
	".reserved_first == $((0x7b800000)) and
	(.evidence | any(test(\"0000:3c:00.0 is another device\")))"
# Who keeps domains packed judges as who does not.
check "metrics say the same cause" 0 \
	'^iovascope_refusal_age_seconds\{cause="iova-reserved"\} ' '' metrics
check "show says the same cause" 0 '^Refused .* \(iova-reserved\): ' '' show
check "top says the same cause" 0 '^Refused .* \(iova-reserved\): ' '' \
	top --batch -n 1 -i 0.05

# ---- groups and devices ----

scene busy
refusal 4242 group_open check 16 target=12 bytes=0 iova=0
if [[ -z $counting ]]; then
	mkdir -p "$root/proc/77/fd"
	ln -s /dev/vfio/12 "$root/proc/77/fd/5"
	put /proc/77/comm qemu
fi
cause "EBUSY of a group" group-busy '.holder_pid == 77 and
	(.evidence | any(. == "qemu (77) has /dev/vfio/12 open now"))'

scene viable
refusal 4242 group_status check 0 target=12 bytes=0 iova=0
if [[ -z $counting ]]; then
	mkdir -p "$root"/sys/kernel/iommu_groups/12/devices/0000:00:1f.{0,2}
	ln -s ../../drivers/ahci \
		"$root/sys/kernel/iommu_groups/12/devices/0000:00:1f.2/driver"
fi
cause "a group that is not viable" group-not-viable \
	'.members == {"0000:00:1f.0": "none", "0000:00:1f.2": "ahci"}'

scene claim
refusal 4242 set_container check 1 target=12 bytes=0 iova=0
cause "a group that cannot be claimed" group-not-viable \
	'.evidence | any(test("none of the devices of group 12 is bound"))'

scene interrupts
refusal 4242 set_iommu group 1 bytes=0 iova=0
cause "no interrupt remapping" no-interrupt-remapping true

# to LINK TARGET: a link of the machine, to whatever.
to() {
	[[ $counting ]] && return
	mkdir -p "$root${1%/*}"
	ln -sfn "$2" "$root$1"
}

# unit NR CAP ECAP
unit() {
	put "/sys/class/iommu/dmar$1/intel-iommu/cap" "$2"
	put "/sys/class/iommu/dmar$1/intel-iommu/ecap" "$3"
}

# attach CALL STEP ERRNO KEY=VALUE...: of 0000:3d:00.0, which is group 12, vfio0,
# and behind dmar1; the other units are like its own.
attach() {
	scene attach
	refusal 4242 "$1" "$2" "$3" bytes=0 iova=0 vaddr=absent \
		device=absent domain=0 memory=absent "${@:4}"
	to /sys/bus/pci/devices/0000:3d:00.0/iommu_group \
		../../../../kernel/iommu_groups/12
	to /sys/bus/pci/devices/0000:3d:00.0/iommu ../../../../class/iommu/dmar1
	to /sys/class/vfio-dev/vfio0/device ../../../0000:3d:00.0
	to /sys/kernel/iommu_groups/12/devices/0000:3d:00.0/driver \
		../../drivers/vfio-pci
	put /sys/bus/pci/devices/0000:3d:00.0/vfio-dev/vfio0/dev 511:0
	put /sys/kernel/iommu_groups/12/type DMA
	put /sys/kernel/iommu_groups/12/reserved_regions \
		"0x00000000fee00000 0x00000000feefffff msi"
	unit 0 d2008c222f0606 f020df
	unit 1 d2008c222f0606 f020df
}

attach set_container attach 22 target=12
cause "a driver that does not attach" attach-refused true
attach set_iommu attach 1 group=12
cause "EPERM of an attach" attach-refused '.group == "12"'

rmrr() {
	put /sys/kernel/iommu_groups/12/reserved_regions \
		"0x000000007b800000 0x000000007fffffff direct"
	cause "$1" rmrr ".reserved_first == $((0x7b800000)) and
		(.evidence | any(test(\"0x7b800000-0x7fffffff as direct\")))"
}
attach set_iommu attach 1 group=12
rmrr "an RMRR, up to 6.5"
attach set_container check 22 target=12
rmrr "an RMRR, and a newer kernel"
attach device_bind check 22 target=vfio0
rmrr "an RMRR, and iommufd"

attach get_device check 22 target=0000:3d:00.0
rmrr "an RMRR, and iommufd in a container's place"

# What has another reason has it with such a range as well.
direct() {
	put /sys/kernel/iommu_groups/12/reserved_regions \
		"0x000000007b800000 0x000000007fffffff direct"
	cause "$1, and an RMRR" "$2" true
}
attach set_container group 22 target=12
direct "memory in the way" iova-conflict
attach set_iommu check 22 group=12
direct "a container that has an IOMMU" no-container
attach device_attach check 22 target=vfio0
direct "an argument" not-known

attach device_attach attach 95 target=vfio0
unit 1 d2008c222f0606 f0205f
cause "another coherency, 6.1" coherency-mismatch \
	'(.evidence | any(test("dmar1: 48 address bits.*cannot be forced"))) and
	(.evidence | any(test("another dmar0:.*can be forced")))'
attach device_attach attach 22 target=vfio0
unit 1 d2008c222f0606 f0205f
cause "another coherency" coherency-mismatch true
attach set_container attach 14 target=12
unit 1 d2008c22260206 f020df
cause "fewer address bits, 6.1" width-mismatch \
	'.evidence | any(test("dmar1: 39 address bits"))'
attach device_attach attach 22 target=vfio0
unit 1 d2008c22260206 f020df
cause "fewer address bits" width-mismatch \
	'.evidence | any(test("dmar0: 48 address bits"))'
attach device_attach attach 22 target=vfio0
unit 0 d2008c22260206 f020df
cause "more of them are nothing in the way" attach-refused true

attach set_iommu group 5 group=12
put /sys/kernel/iommu_groups/12/type identity
cause "no domain that translates" identity-only \
	'.evidence | any(test("group 12 is identity"))'
attach device_attach group 95 target=vfio0
cause "nor is it known why" identity-only \
	'.evidence | any(test("group 12 is not identity"))'
# The type is that of the default domain: on a host with iommu=pt, of every group.
attach set_container attach 19 target=12
put /sys/kernel/iommu_groups/12/type identity
cause "a driver that does not attach, and iommu=pt" attach-refused true
attach device_attach attach 22 target=vfio0
put /sys/kernel/iommu_groups/12/type identity
cause "nor to an IOAS" attach-refused true
attach device_attach check 12 target=vfio0 backend=iommufd \
	limit_bytes=$((64 * MIB)) user_locked_bytes=$((8 * MIB))
cause "an IOAS that is filled, and a limit" no-memory \
	'.limit_bytes == 67108864 and (.evidence | any(test(
	"may lock 64.0 MiB, and its user had 8.0 MiB locked")))'
attach set_iommu check 12 limit_bytes=$((64 * MIB))
cause "a call that pins nothing, and a limit" no-memory \
	'.limit_bytes == null and (.evidence | any(test("may lock")) | not)'
attach set_container group 16 target=12
cause "memory without an address" vaddr-given-up true

# region IOVA BYTES: what 4242 has mapped.
region() {
	[[ $counting ]] ||
		echo "0 pid=4242 comm=vmm start_ns=$started domain=3 iova=$1 bytes=$2 vaddr=0x7f0000000000 flags=3" \
			>>"$tree/regions"
}
attach device_attach group 98 target=vfio0
region 0xfe000000 $((32 * MIB))
cause "memory where it reserves" iova-conflict \
	".reserved_first == $((0xfee00000)) and (.evidence |
	any(test(\"0xfe000000-0xffffffff is mapped, and group 12 has 0xfee00000\")))"
attach set_container group 22 target=12
cause "memory of then" iova-conflict \
	'.evidence | any(test("where, is not known"))'

attach device_bind check 16 target=vfio0
cause "EBUSY of a device" device-busy \
	'.evidence | any(test("nobody has /dev/vfio/12 open any more"))'
attach device_bind check 16 target=vfio0
to /proc/77/fd/5 /dev/vfio/devices/vfio0
put /proc/77/comm chv
put /proc/77/cgroup "0::/system.slice/vm-web.service"
cause "EBUSY of a device, and its holder" device-busy '.holder_pid == 77 and
	(.evidence | any(. == "chv (77) has /dev/vfio/devices/vfio0 open now")) and
	(.evidence | any(. == "its unit: vm-web.service"))'
attach device_bind check 1 target=vfio0
put /proc/interrupts " 25:   7  PCI-MSI 458752-edge  nvme0q0"
cause "iommufd, and interrupts" no-interrupt-remapping true
attach device_bind check 1 target=vfio0
to /sys/kernel/iommu_groups/12/devices/0000:3d:00.1/driver \
	../../drivers/snd_hda_intel
cause "iommufd, and another function" group-not-viable \
	'.evidence | any(test("0000:3d:00.1, which is now bound to snd_hda_intel"))'
attach device_bind check 1 target=vfio0
cause "iommufd, and another owner" device-busy true
attach device_attach group 2 target=vfio0
cause "no such page table" bad-argument '.says | test("no IOAS and no page")'
attach device_attach check 95 target=vfio0
cause "a device call of another kernel" not-in-kernel true
attach set_iommu check 19
cause "no backend" no-backend '.evidence | any(test("is not loaded now"))'
attach get_device group 98 target=0000:3d:00.0
cause "iommufd in a container's place" iova-conflict true

attach group_open check 1 target=noiommu-0
cause "noiommu, and no right" noiommu true
attach map_dma check 25 backend=none iova=$GIB bytes=$MIB
cause "a map, and noiommu" noiommu true

scene order
refusal 4242 map_dma check 22 backend=none
cause "a map without a container" no-container true

scene member
refusal 4242 get_device check 19 target=0000:3b:00.1 bytes=0 iova=0
cause "a device of another group" not-in-group true

scene senseless
refusal 4242 map_dma check 22 iova=0x1001
cause "what is not aligned" bad-argument '.says | test("multiples of 4 KiB")'

scene empty
refusal 4242 map_dma check 22 bytes=0
cause "what is empty" bad-argument '.says == "the range is empty"'

scene unmap_all
refusal 4242 unmap_dma check 22 flags=0x2 bytes=0 iova=0 vaddr=absent \
	memory=absent
cause "an unmap of everything, before 5.12" not-in-kernel \
	'.evidence | any(test("flags 0x2"))'
scene unmap_all_vaddr
refusal 4242 unmap_dma check 22 flags=0x6 bytes=0 iova=0 backend=hugepath
cause "an unmap of everything, by hugepath" not-in-kernel true

scene unmap_all_range
refusal 4242 unmap_dma check 22 flags=0x2
cause "an unmap of everything, and a range" bad-argument \
	'.says | test("neither an IOVA nor a size")'

scene access
refusal 4242 map_dma check 22 flags=0x0
cause "neither to be read nor written" bad-argument '.says | test("neither")'

scene flags
refusal 4242 map_dma check 22 flags=0x13
cause "a flag that type1 does not know" not-in-kernel true

scene wrap
refusal 4242 map_dma check 75 iova=0xfffffffffffff000
cause "what wraps" bad-argument '.says | test("2\\^64")'

# ---- what is no incident ----

harmless() {
	json "$1" '.fix_needed == false and (.causes | length) == 1 and
		.causes[0].matters == false' refusals --json
}

scene overcome
refusal 4242 map_dma pin 12 limit_bytes=$MIB overcome_ns=1000
harmless "a call that succeeded later"

scene interrupted
refusal 4242 map_dma pin 4
harmless "a call that a signal ended"

scene nothing_there
refusal 4242 ioas_unmap check 2 backend=iommufd
harmless "an unmap of nothing"

scene top
refusal 4242 unmap_dma check 22 iova=0xffffffffffe00000 flags=0x0
harmless "the end of all addresses, as QEMU unmaps it"

check "show does not cry about it" 0 'mapped in' '^Refused' show

# ---- who asks about a process ----

scene ask
refusal 4242 map_dma check 17 overlap_iova=$GIB overlap_bytes=$((64 * MIB))
refusal 6161 map_dma check 22 iova=0xfe000000 bytes=$((32 * MIB)) \
	last_ns=$((now - 1)) repeats=3
refusal 6161 map_dma check 22 iova=0x1001 start_ns=1
json_exit "why a process" 1 '.answer | test("^Refused \\(iova-taken\\)")' \
	why 4242 --json
json_exit "why a process that is gone" 1 '(.refusals | length) == 1 and
	.refusals[0].cause == "iova-reserved" and .target.kind == "pid" and
	.mapped_bytes == 0' why 6161 --json
check "and in words" 1 \
	'^Refused \(iova-reserved\): map_dma of 32\.0 MiB at IOVA 0xfe000000 by vmm \(6161\): EINVAL, 3 times:' \
	'' why 6161
json_exit "why --start" 1 '.fix_needed == true and
	.refusals[0].cause == "iova-taken" and
	(.answer | test("^Refused"))' why --start 4242 --json
check "a process that nobody knows" 2 'nothing has a mapping' '' why 6162
json_exit "one process only" 1 '(.causes | length) == 1 and
	.causes[0].pid == 4242' refusals 4242 --json
json "a process that was refused nothing" '.causes == []' \
	refusals 4343 --json
check "the first line of show" 0 \
	'^Refused .* ago \(iova-taken\): map_dma of 2\.0 MiB at IOVA 0x40000000 by vmm \(4242\): EEXIST: ' \
	'' show
verify "is its first line" line_is 1 '^Refused'
json "and as JSON" '.incident | test("^Refused")' show --json

# ---- the exit code of a start that was refused something ----

# exits CODE ARG...: so ends the command.
exits() {
	check "${*:2} ends with $1" "$1" '' '' "${@:2}"
}

# never_0 PID ARG...: what judges this process says so, also of a recording.
never_0() {
	exits 1 why "pid:$1"
	exits 1 why --start "$1"
	exits 1 why --start "$1" --from "$tmp/refused.json"
	exits 1 refusals
	exits 1 refusals "$1"
	exits 1 refusals "$1" --from "$tmp/refused.json"
}

# record: the tree as it is now.
record() {
	[[ $counting ]] ||
		IOVASCOPE_DEBUGFS=$tree "$IOVASCOPE" snapshot >"$tmp/refused.json"
}

scene exit_code
edit_runs() {
	[[ $counting ]] && return
	echo "format 1" >"$tree/devices/0000:3b:00.0/runs"
}
edit_runs
record
for target in pid:4242 0000:3b:00.0 domain:3; do
	exits 0 why $target
done
exits 0 refusals
refusal 4242 map_dma check 17 overlap_iova=$GIB overlap_bytes=$((64 * MIB))
record
never_0 4242
for target in 0000:3b:00.0 0000:3c:00.0 3 domain:3; do
	json_exit "why $target: what its owner was refused" 1 \
		'(.answer | test("^Refused \\(iova-taken\\)")) and
		(.refusals | length) == 1' why $target --json
done
exits 1 why --start 4242 --json
if [[ -z $counting ]]; then
	put /proc/4242/comm vmm
	put /proc/4242/status "CapEff:	0"
fi
exits 1 host --pid 4242
# What counts and shows has no opinion: 0 as long as it could be read.
for command in show domains processes errors metrics snapshot; do
	exits 0 "$command"
done

# Refused before anything succeeded: no sums, and no domain.
scene exit_attach
refusal 6161 group_open check 16 target=12 bytes=0 iova=0 domain=absent
record
never_0 6161
json_exit "why --start: refused at once" 1 '.total_ns == 0 and
	(.answer | test("^Refused \\(group-busy\\)")) and
	.target.pid == 6161' why --start 6161 --json
check "why --start: nobody knows it" 2 'no such process' '' why --start 6162

# A file may be of any machine: nothing of this one is a fact about it.
scene elsewhere
refusal 4242 group_open check 16 target=12 bytes=0 iova=0
refusal 4242 map_dma pin 12
refusal 4242 ioas_map pin 12 backend=iommufd user_locked_bytes=$GIB
refusal 4242 group_status check 0 target=12 bytes=0 iova=0
refusal 4242 device_attach group 98 target=vfio0 group=12
record
unset IOVASCOPE_SYSROOT
for command in refusals "why --start"; do
	# shellcheck disable=SC2086 # of two words
	json_exit "$command: another machine's" 1 '[(.refusals // .causes)[] |
		.evidence[]] | (map(select(test("this machine"))) | length) == 4
		and (map(select(test("available|open any more|none of"))) == [])' \
		$command 4242 --input "$tmp/refused.json" --json
done
check "and that is said" 1 \
	'^Not known: what /proc and /sys tell: a file is not asked of this' '' \
	refusals --input "$tmp/refused.json"
check "and of a process, that it may be" 1 \
	'not known: the process is gone, or not of this machine' '' \
	refusals --input "$tmp/refused.json"

scene exit_overcome
edit_runs
refusal 4242 map_dma pin 12 limit_bytes=$MIB overcome_ns=1000
record
exits 0 why pid:4242
exits 0 refusals 4242
exits 0 refusals --from "$tmp/refused.json"

scene old
refusal 4242 map_dma check 17 last_ns=1
check "what is long ago is no incident" 0 'mapped in' '^Refused' show

# The clock is read before the refusals are.
scene younger
refusal 4242 map_dma check 17 last_ns=$((now + 5000))
check "what was refused since is an incident" 0 '^Refused .* ago \(iova-taken\)' \
	'' show

# One that matters is the last, whatever came later.
scene several
refusal 4242 map_dma check 17 last_ns=$((now - 2000))
refusal 4242 map_dma check 28 last_ns=$((now - 1000))
refusal 4242 map_dma pin 4
check "the last that matters" 0 '^Refused .* \(entry-limit\)' '' show

# busy_machine: many refusals that ask who has a group, and many processes.
busy_machine() {
	local i

	put /proc/77/comm qemu
	[[ $counting ]] && return
	mkdir -p "$root/proc/77/fd"
	for ((i = 0; i < 40; i++)); do
		ln -s "socket:[$i]" "$root/proc/77/fd/$i"
	done
	ln -s /dev/vfio/500 "$root/proc/77/fd/40"
	for ((i = 1000; i < 1200; i++)); do
		ln -s 77 "$root/proc/$i"
	done
	for ((i = 1; i <= 500; i++)); do
		echo "$i pid=$((9000 + i)) tid=1 comm=vmm start_ns=5 first_ns=$now last_ns=$now wall_ns=1 overcome_ns=0 repeats=1 call=group_open backend=none step=check errno=16 target=$i iova=0x0 vaddr=0x0 bytes=0 done_bytes=0 flags=0"
	done >>"$tree/refusals"
}

# quick EXIT ARG...: the tool ends so, within a second of CPU time.
quick() {
	local want=$1 rc=0

	shift
	(
		ulimit -t 1
		IOVASCOPE_DEBUGFS=$tree exec "$IOVASCOPE" "$@"
	) >"$tmp/out" 2>"$tmp/err" || rc=$?
	((rc == want))
}

scene many
busy_machine
verify "many refusals: show judges one" quick 0 show
verify "many refusals: top judges one" quick 0 top --batch -n 1 -i 0.05
verify "many refusals: metrics look for no evidence" quick 0 metrics
verify "many refusals: their processes are looked at once" quick 1 refusals --json
verify "and who has a group is found" jq -e '[.causes[].holder_pid] |
	map(select(.)) | length == 1' "$tmp/out"

scene sums
[[ $counting ]] || printf 'format 1\ncheck 0=1 22=3\npin 12=2\n' \
	>"$tree/refused"
check "metrics" 0 \
	'^iovascope_refusals_total\{errno="22",step="check"\} 3$' '' metrics
check "of each step" 0 \
	'^iovascope_refusals_total\{errno="12",step="pin"\} 2$' '' metrics
scene age
refusal 4242 map_dma check 17 last_ns=4811000000000
check "metrics: how long ago, by cause" 0 \
	'^iovascope_refusal_age_seconds\{cause="iova-taken"\} 1\.000000000$' '' \
	metrics

# ---- a module that does not know of them ----

new_tree older
unset TZ
[[ $counting ]] || rm "$tree/refusals" "$tree/refused"
unset IOVASCOPE_SYSROOT
check "an older module" 1 'refusals: not there: the module is of another' '' \
	refusals
check "of which show asks the rest" 0 'mapped in' '^Refused' show
