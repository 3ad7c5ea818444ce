# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # engine.sh sets what is read here
#
# `why` and `host`: every cause on a machine made for it. A scene is a copy of
# the recorded tree with the runs of 0000:3b:00.0 (process 4242, domain 3)
# made anew, and a system root with what /proc and /sys would say.

GIB=$((1 << 30))
MIB=$((1 << 20))

# scene NAME: nothing mapped yet, hardware and settings as they should be.
scene() {
	new_tree "$1"
	root=$tmp/$1.root
	[[ $counting ]] && return
	export IOVASCOPE_SYSROOT=$root
	echo "format 1" >"$tree/devices/0000:3b:00.0/runs"
	echo "format 1" >"$tree/inflight"
	rm -rf "$root"
	put /proc/cmdline "BOOT_IMAGE=/vmlinuz intel_iommu=on iommu=nopt"
	put /proc/self/limits "Max locked memory  unlimited  unlimited  bytes"
	put /proc/4242/smaps ""
	: >"$root/proc/4242/smaps"
	: >"$root/proc/4242/pagemap"
	: >"$root/proc/kpageflags"
	truncate -s 256M "$root/proc/kpageflags"
	put /sys/module/vfio_iommu_type1/parameters/disable_hugepages N
	put /sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages 64
	put /sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages 0
	put /sys/devices/system/node/node0/hugepages/hugepages-1048576kB/nr_hugepages 64
	put /sys/bus/pci/devices/0000:3b:00.0/resource \
		"0x0000000000000000 0x0000000000000000 0x0" \
		"0x0000004000000000 0x00000043ffffffff 0x14220c" \
		"0x00000000fe000000 0x00000000feffffff 0x40200"
}

# run_at IOVA BYTES PHYS 4K 2M 1G [WRITE [MMIO]]: a run and its leaves.
run_at() {
	[[ $counting ]] ||
		printf '0x%x last=0x%x phys=0x%x leaves_4k=%d leaves_2m=%d leaves_1g=%d best_4k=0 best_2m=0 best_1g=0 write=%d mmio=%d torn=0\n' \
			"$1" $(($1 + $2 - 1)) "$3" "$4" "$5" "$6" "${7:-1}" \
			"${8:-0}" >>"$tree/devices/0000:3b:00.0/runs"
}

# page PHYS KIND: what the page frame there is part of. Of tails, only those
# that tell the size of a page.
page() {
	local pfn=$(($1 >> 12)) tail

	case $2 in
	hugetlb_1g)
		word /proc/kpageflags $pfn 0x28000
		word /proc/kpageflags $((pfn + 512)) 0x30000
		;;
	hugetlb_2m) word /proc/kpageflags $pfn 0x28000 ;;
	thp | folio_64k)
		word /proc/kpageflags $pfn 0x408000
		for tail in 1 2 4 8 16 32 64 128 256; do
			[[ $2 == folio_64k && $tail -ge 16 ]] ||
				word /proc/kpageflags $((pfn + tail)) 0x410000
		done
		;;
	esac
}

# finds EXIT CAUSE BYTES [FILTER]: the first cause is this one, with so many
# bytes, and no byte has two causes or none.
finds() {
	json_exit "why: $2 (${tree##*/}${5:+ ${*:5}})" "$1" \
		".causes[0].cause == \"$2\" and .causes[0].bytes == $3
		 and (.fix_needed | if . then 1 else 0 end) == $1
		 and ([.causes[].bytes] | add) == .short_bytes
		 and (.causes[0].fix | length > 9) and (${4:-true})" \
		why pid:4242 --json "${@:5}"
}

scene fine
run_at 0x0 $GIB 0x1000000000 0 0 1
run_at $GIB $GIB 0x2000000000 0 0 1
check "why: nothing to fix" 0 \
	'^Nothing to fix: all 2\.0 GiB are in 1G leaves\.$' 'cause:|Not known' \
	why 4242
verify "why: the answer is the first line" line_is 1 '^Nothing to fix'
json "why: JSON" \
	'.question == "why" and .want == "1g" and .fix_needed == false
	 and .causes == [] and .missing == [] and .mapped_bytes == 2147483648
	 and .wanted_bytes == .mapped_bytes and .leaf_bytes["1g"] == 2147483648
	 and .target.kind == "pid" and .target.domains == ["3"]' why 4242 -j
json "why: a device" '.target.kind == "device" and .target.pid == 4242' \
	why 0000:3b:00.0 --json
json "why: a domain" '.target.kind == "domain" and .target.name == "3"' \
	why 3 --json
check "why: 2M is wanted" 0 'all 2\.0 GiB are in 2M leaves' '' \
	why 4242 --want 2m

scene empty
check "why: nothing is mapped" 0 \
	'^Nothing is mapped for 4242: no memory for 0000:3b:00\.0,0000:3c:00\.0 to reach\.$' \
	'cause' why 4242
# A last group that left took it with it.
edit processes 's/(pid=4242 .*region_unmap_bytes=)[0-9]*/\18589934592/'
json "why: what was mapped was dropped" '.causes[0].cause ==
	"memory-dropped" and .causes[0].dropped_bytes == 8589934592 and
	(.answer | test("memory-dropped\\): .* reach 0 B: 8.0 GiB"))' \
	why pid:4242 --json
check "why: or its container was closed, which is nothing wrong" 0 \
	'or with another container that it closed' 'Something' why pid:4242
# What a map that failed half-way had mapped is torn down by itself.
edit processes 's/(pid=4242 .*region_map_bytes=)[0-9]*/\18589934592/'
check "why: a map that failed half-way" 0 '^Nothing is mapped for 4242: ' \
	'dropped' why pid:4242
edit processes 's/(pid=4242 .*region_map_bytes=)[0-9]*/\185924511744/'
edit processes 's/(pid=4242 .*region_unmap_bytes=)[0-9]*/\117179869184/'
[[ $counting ]] || echo "4301.0 op=region_map pid=4242 comm=q age_ns=5000000000 iova=0x0 bytes=4096" >>"$tree/inflight"
check "why: something is being mapped" 0 \
	'^Not known: a region that is still being mapped .*5\.0 s' '' why 4242

scene no_1g
edit units 's/second_1g=1/second_1g=0/'
run_at 0x0 $GIB 0x1000000000 0 512 0
finds 0 hw-no-1g $GIB '.causes[0] | .unit == "dmar0" and
	.evidence[0] == "its capability register is 0xd2008c222f0606: bit 35 is 0"'
check "why: hw-no-1g: the sentence" 0 \
	'\(hw-no-1g\): remapping unit dmar0 has no 1G leaves in second-stage' \
	'' why 4242
check "why: hw-no-1g: 2M is what there is" 0 '^Nothing to fix: all 1\.0 GiB' \
	'' why 4242 --want 2m

# In first-stage tables another bit decides.
scene first_stage
edit census 's/^(0000:3b:00.0 .*)unit=dmar0 type=[a-z]+/\1unit=dmar1 type=first/'
edit units '/dmar1/ s/first_1g=1/first_1g=0/'
run_at 0x0 $GIB 0x1000000000 0 512 0
finds 0 hw-no-1g $GIB '.causes[0] | .unit == "dmar1" and
	(.says | test("first-stage")) and (.evidence[0] | test("bit 56 is 0"))'
edit units '/dmar1/ s/first_1g=0/first_1g=1/; s/second_1g=1/second_1g=0/'
finds 1 joined-late $GIB

# Another unit's lack counts where the kernel takes the least of all.
scene weak_unit
edit units '/dmar1/ s/second_1g=1/second_1g=0/'
edit census 's/ 1g_leaves=[0-9]+/ 1g_leaves=0/'
put /proc/kallsyms "0000000000000000 t domain_update_iommu_cap.isra.0"
run_at 0x0 $GIB 0x1000000000 0 512 0
finds 0 hw-no-1g $GIB '.causes[0].unit == "dmar1"'
put /proc/kallsyms "0000000000000000 t domain_update_iommu_capability"
finds 1 joined-late $GIB
put /proc/kallsyms "0000000000000000 t domain_update_iommu_superpage"
finds 0 hw-no-1g $GIB '.causes[0].unit == "dmar1"'
edit census 's/ 1g_leaves=0/ 1g_leaves=1/'
finds 1 joined-late $GIB

scene no_2m
edit units 's/second_1g=1/second_1g=0/; s/second_2m=1/second_2m=0/'
run_at 0x0 $GIB 0x1000000000 262144 0 0
finds 0 hw-no-2m $GIB '.want == "2m" and
	(.causes[0].evidence[0] | test("bit 34 is 0"))' --want 2m

scene sp_off
put /proc/cmdline "intel_iommu=on,sp_off"
run_at 0x0 $GIB 0x1000000000 262144 0 0
finds 1 sp-off $GIB '.causes[0].used == "4k"'
check "why: sp-off: the fix" 1 'fix: +boot without sp_off' '' why 4242
put /sys/module/vfio_iommu_type1/parameters/disable_hugepages Y
check "why: sp-off: and what comes next" 1 'evidence: disable_hugepages .*next' \
	'^disable' why 4242
run_at $GIB $GIB 0x2000000000 0 0 1
finds 1 joined-late $GIB 'true' # a 1G leaf: nothing is off

scene one_by_one
put /sys/module/vfio_iommu_type1/parameters/disable_hugepages Y
run_at 0x0 $GIB 0x1000000000 262144 0 0
finds 1 disable-hugepages $GIB '.causes[0].possible == "1g"'

scene capped
edit domains 's/^(3 .*)backend=type1/\1backend=hugepath/'
put /sys/module/iovascope_hugepath/parameters/leaf 2M
run_at 0x0 $GIB 0x1000000000 0 512 0
finds 1 leaves-capped $GIB '.causes[0] | .possible == "1g" and .used == "2m"'
json_exit "host: leaves-capped" 1 '.causes[0].cause == "leaves-capped"' \
	host --json
put /sys/module/iovascope_hugepath/parameters/leaf 1G
finds 1 joined-late $GIB

scene iommufd
edit domains 's/^(3 .*)backend=type1/\1backend=other/'
run_at 0x0 $GIB 0x1000000000 262144 0 0
finds 1 joined-late $GIB
[[ $counting ]] || {
	mkdir -p "$root/proc/4242/fd"
	ln -s /dev/iommu "$root/proc/4242/fd/7"
}
finds 1 iommufd-no-huge $GIB

scene pieces
run_at 0x0 $GIB 0x1000000000 0 512 0
finds 1 joined-late $GIB '.causes[0].possible == "1g" and .causes[0].used == "2m"'
check "why: joined-late: evidence" 1 \
	'6230 calls mapped 80\.0 GiB: 13\.2 MiB a call' '' why 4242

scene shifted
run_at 0x200000 $GIB 0x1000000000 0 512 0
page 0x1000000000 hugetlb_1g
finds 1 not-congruent $GIB \
	'.causes[0] | .shift_bytes == 1071644672 and .iova_would_do == 1073741824
	 and .page_bytes == 1073741824 and .backing == "hugetlb_1g"'
check "why: not-congruent: which IOVA would do" 1 \
	'fix: +map it at IOVA 0x40000000 ' '' why 4242
scene split_vm # 1.5 GiB of a VM below 4 GiB, and the second half of the page
run_at $((4 * GIB)) $((GIB / 2)) 0x1020000000 0 256 0
run_at $((9 * GIB / 2)) $GIB 0x1080000000 0 512 0
page 0x1000000000 hugetlb_1g
word /proc/kpageflags $((0x1020000000 >> 12)) 0x30000
page 0x1080000000 hugetlb_1g
finds 1 not-congruent $((3 * GIB / 2)) '.causes[0] |
	.shift_bytes == 536870912 and (.fix | test("max-ram-below-4g"))'
scene shifted_2m
run_at 0x1000 $((4 * MIB)) 0x1000000000 1024 0 0
page 0x1000000000 hugetlb_2m
finds 1 not-congruent $((4 * MIB)) '.causes[0].page_bytes == 2097152'

for kind in base thp hugetlb_2m; do
	scene "pages_$kind"
	for i in {0..7}; do
		phys=$((0x1000000000 + i * 0x10200000))
		leaves=(0 64 0)
		if [[ $kind == base ]]; then
			phys=$((phys + 0x1000))
			leaves=(32768 0 0)
		fi
		run_at $((i * 128 * MIB)) $((128 * MIB)) $phys "${leaves[@]}"
		page $phys $kind
	done
	finds 1 fragmented $GIB ".causes[0].backing == \"$kind\"
		and .causes[0].runs == 8 and .causes[0].possible == \"1g\""
done
check "why: fragmented: the answer" 1 \
	'^1\.0 GiB of 1\.0 GiB are not in 1G leaves \(fragmented\): .*2\.0 MiB pages' \
	'' why 4242
check "why: fragmented: 2M is what was wanted" 0 '^Nothing to fix: all' '' \
	why 4242 --want 2m
[[ $counting ]] || rm "$root/proc/kpageflags"
check "why: fragmented: by what, nobody knows" 1 \
	'^Not known: backing: /proc/kpageflags' '' why 4242

# Larger than a base page, but no 2 MiB: not shifted by less than that.
scene folios
run_at 0x0 $((0x1f0000)) 0x1000010000 496 0 0
run_at 0x1f0000 $((0x210000)) 0x1000820000 528 0 0
page 0x1000010000 folio_64k
page 0x1000820000 folio_64k
finds 1 fragmented $((4 * MIB)) '.causes[0] |
	.page_bytes == 65536 and .backing == "thp" and .possible == "2m"
	and (.says | test("64.0 KiB pages"))' --want 2m

scene permission
run_at 0x0 $((512 * MIB)) 0x1000000000 0 256 0 1
run_at $((512 * MIB)) $((512 * MIB)) 0x1020000000 0 256 0 0
page 0x1000000000 hugetlb_1g
word /proc/kpageflags $((0x1020000000 >> 12)) 0x30000
finds 1 permission-split $GIB '.causes[0].read_only_iova == 536870912'

scene vga
run_at 0x0 $((0xa0000)) 0x1000000000 160 0 0
run_at $((0x100000)) $((2 * GIB - MIB)) 0x1000100000 256 511 1
page 0x1000000000 hugetlb_1g
word /proc/kpageflags $((0x1000100000 >> 12)) 0x30000
finds 0 hole $((0xa0000 + GIB - MIB)) \
	'.causes[0].hole_iova == 655360 and .causes[0].hole_bytes == 393216'
check "why: hole of a PC: nothing to fix" 0 \
	'^Nothing to fix: 1\.0 GiB of 2\.0 GiB are in 1G leaves; the rest cannot be \(hole\)' \
	'' why 4242

scene hole
run_at $((8 * GIB)) $((256 * MIB)) 0x1000000000 0 128 0
run_at $((8 * GIB + 512 * MIB)) $((512 * MIB)) 0x1020000000 0 256 0
page 0x1000000000 hugetlb_1g
word /proc/kpageflags $((0x1020000000 >> 12)) 0x30000
finds 1 hole $((768 * MIB)) '.causes[0].hole_bytes == 268435456'

scene pci_window
run_at 0x80000000 $((256 * MIB)) 0x1000000000 0 128 0
run_at 0xa0000000 $((512 * MIB)) 0x1020000000 0 256 0
page 0x1000000000 hugetlb_1g
word /proc/kpageflags $((0x1020000000 >> 12)) 0x30000
finds 0 hole $((768 * MIB)) '.causes[0].hole_iova == 2415919104'
scene early_hole # around VGA, but more than a PC leaves out
run_at 0x0 $((MIB / 2)) 0x1000000000 128 0 0
run_at $((2 * MIB)) $((GIB - 2 * MIB)) 0x1000200000 0 511 0
page 0x1000000000 hugetlb_1g
word /proc/kpageflags $((0x1000200000 >> 12)) 0x30000
finds 1 hole $((GIB - 3 * MIB / 2)) '.causes[0].hole_bytes == 1572864'

scene short
run_at $((8 * GIB)) $((256 * MIB)) 0x1000000000 0 128 0
page 0x1000000000 hugetlb_1g
finds 0 run-too-short $((256 * MIB))

scene small_bar
run_at $((8 * GIB)) $((16 * MIB)) 0xfe000000 0 8 0 1 1
finds 0 bar-too-small $((16 * MIB)) '.causes[0] | .bar == 2
	and .bar_bytes == 16777216 and .device == "0000:3b:00.0"'

scene shifted_bar
run_at $((8 * GIB + 2 * MIB)) $((16 * GIB)) 0x4000000000 0 8192 0 1 1
finds 1 bar-unaligned $((16 * GIB)) '.causes[0] | .bar == 1
	and .shift_bytes == 1071644672'

scene msix
run_at $((8 * GIB)) $((32 * MIB)) 0x4000000000 0 16 0 1 1
run_at $((8 * GIB + 34 * MIB)) $((16 * GIB - 34 * MIB)) 0x4002200000 \
	0 495 15 1 1
finds 1 hole $((GIB - 2 * MIB)) '.causes[0].hole_bytes == 2097152'
check "why: hole in a BAR: the fix" 1 'fix: .*x-msix-relocation' '' why 4242
[[ $counting ]] || rm -r "$root/sys/bus"
check "why: a BAR of nobody" 1 '^Not known: BAR: no device ' '' why 4242

scene torn
run_at 0x0 $GIB 0x1000000000 0 0 1
edit devices/0000:3b:00.0/runs 's/torn=0/torn=1/'
check "why: torn" 0 '^Not known: 0x0 to 0x3fffffff kept changing' '' why 4242

# The CPU's side beside the IOMMU's.
scene mappings
run_at 0x0 $GIB 0x1000000000 0 0 1
[[ $counting ]] || printf '%s\n' \
	'40000000-80000000 rw-s 00000000 00:0f 123 /dev/hugepages/vm' \
	'Size: 1048576 kB' 'KernelPageSize: 1048576 kB' 'Rss: 0 kB' \
	'Shared_Hugetlb: 1048576 kB' >"$root/proc/4242/smaps"
word /proc/4242/pagemap $((0x40000000 >> 12)) \
	$(((1 << 63) | (0x1000000000 >> 12)))
json "why: a mapping beside its leaves" \
	'.vmas == [{start: 1073741824, last: 2147483647, name: "/dev/hugepages/vm",
	  bytes: 1073741824, page_bytes: 1073741824, hugetlb_bytes: 1073741824,
	  thp_bytes: 0, iommu_4k_bytes: 0, iommu_2m_bytes: 0,
	  iommu_1g_bytes: 1073741824}]' why 4242 --json
# More base pages than are read at once, and the last one of them.
scene base_mapping
run_at 0x0 $((3 * MIB)) 0x1000000000 768 0 0
page 0x1000000000 base
[[ $counting ]] || printf '%s\n' '40000000-40300000 rw-p 00000000 00:00 0' \
	'KernelPageSize: 4 kB' 'Rss: 12 kB' >"$root/proc/4242/smaps"
for i in 0 511 767; do
	word /proc/4242/pagemap $(((0x40000000 >> 12) + i)) \
		$(((1 << 63) | (0x1000000000 >> 12) + i))
done
json_exit "why: base pages beside their leaves" 1 \
	'.vmas | length == 1 and .[0].iommu_4k_bytes == 12288' why 4242 --json
[[ $counting ]] || rm -r "$root/proc/4242"
check "why: a process that has gone" 1 \
	'^Not known: the process. mappings: /proc/4242/smaps: No such file' '' \
	why 4242

scene gone_device
[[ $counting ]] || rm -r "$tree/devices/0000:3b:00.0"
json "why: a device that is gone" '.missing | any(. ==
	"the table of 0000:3b:00.0: it is gone")' why pid:4242 --json
json "why --all: one of them" '(.targets | length) > 1 and
	any(.targets[].missing[]; . == "the table of 0000:3b:00.0: it is gone")' \
	why --all --json
if [[ -z $counting ]]; then
	mkdir "$tree/devices/0000:3b:00.0"
	printf 'format 1\n0x0 last=0x1\n' >"$tree/devices/0000:3b:00.0/runs"
fi
check "why: what is broken is not what is gone" 1 'runs: broken' '' \
	why pid:4242

scene machine
json_exit "why: identity" 1 '.causes[0].cause == "identity"' \
	why 0000:00:1f.6 --json
check "why: no table" 0 '^Nothing is mapped for 0000:00:02\.0\.$' '' \
	why 0000:00:02.0
check "why: no such device" 2 'no such device' '' why 0000:77:00.0
check "why: no such process" 2 'nothing has a mapping' '' why 77
check "why: no such word" 2 'neither a PID nor a device' '' why qemu
check "why: of nothing" 2 'why needs a PID, .* or --all' '' why
check "why: of two" 2 "neither a PID nor a device nor a domain: 'x'" '' why 3 x
check "why: want what" 2 "1g or 2m, not '4k'" '' why 3 --want 4k
check "why: --from without --start" 2 'with --start only' '' why 3 --from x
edit domains 's/^3 /4242 /'
check "why: a process and a domain" 2 'say pid:4242 or domain:4242' '' why 4242
check "why: the domain" 0 '' '' why domain:4242
edit units 's/translation=1/translation=0/'
json_exit "why: iommu-off" 1 '.causes[0].cause == "iommu-off"
	and (.causes[0].evidence | length == 1)' why pid:4242 --json
put /proc/cmdline "quiet"
check "why: iommu-off: never switched on" 1 \
	'evidence: /proc/cmdline has no intel_iommu=on' '' why pid:4242
put /proc/cmdline "intel_iommu=off"
check "why: iommu-off: switched off" 1 \
	'evidence: /proc/cmdline has off in intel_iommu=' '' why pid:4242
json_exit "host: iommu-off" 1 '.causes[0].cause == "iommu-off"' host --json
[[ $counting ]] || for file in units census domains; do
	echo "format 1" >"$tree/$file"
done
json_exit "why: not-vtd" 1 '.causes[0].cause == "not-vtd"' why 4242 --json
json_exit "host: not-vtd" 1 '.causes[0].cause == "not-vtd" and .able == false' \
	host --json

# Where another IOMMU serves, no setting makes a VT-d of it.
put_dir() {
	[[ $counting ]] || mkdir -p "$root$1"
}
put_dir /sys/class/iommu/dmar7
json_exit "host: not-vtd, with a left-over name" 1 \
	'.causes[0].cause == "not-vtd"' host --json
put_dir /sys/class/iommu/ivhd0
put /sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages 0
json_exit "why: another IOMMU" 0 '.causes[0] | .cause == "not-vtd" and
	.fixable == false and (.says | test("ivhd0"))' why 4242 --json
check "host: another IOMMU" 0 \
	'^Nothing to fix, but not able .not-vtd.: this machine.s IOMMU is no Intel VT-d: ivhd0\.$' \
	'no-1g-pages' host

scene host
edit probes 's/state=missing/state=attached/'
put /sys/kernel/security/lockdown "none [integrity] confidentiality"
put /proc/self/limits "Max locked memory  8388608  unlimited  bytes"
check "host: able" 0 '^Able: ' 'cause:|Not known' host
verify "host: lockdown is told" line_is '1,$' '^Lockdown: integrity$'
verify "host: the limit of locked memory is told" line_is '1,$' \
	'^Limit of locked memory, of who asks: 8\.0 MiB, at most unlimited$'
json "host: JSON" '.question == "host" and .able == true and .causes == []
	and .cmdline == ["intel_iommu=on", "iommu=nopt"]
	and .hugetlb["1g"] == {total: 64, free: 0, nodes: {"0": {total: 64}}}
	and .memlock_bytes == 8388608 and .memlock_hard_bytes == "unlimited"
	and .lockdown == "integrity"
	and .units.dmar0.stage == "second" and .backends.vfio_iommu_type1 == 1
	and .parameters.vfio_iommu_type1.disable_hugepages == "N"
	and .units.dmar0.second_leaves == ["4k", "2m", "1g"]
	and .units.dmar0.address_bits == 48 and .units.dmar0.first_leaves == []' \
	host --json

# host_finds CAUSE [FIX]: the first cause, and whether it can be fixed (1).
host_finds() {
	json_exit "host: $1" "${2:-1}" ".causes[0].cause == \"$1\" and
		.able == false and (.fix_needed | if . then 1 else 0 end) == ${2:-1}" host --json
}

edit probes 's/^(map .*)state=attached/\1state=failed/'
host_finds blind-probe
scene host_skip
edit probes 's/state=missing/state=attached/; s/^(pin .*)state=attached/\1state=off/'
json_exit "host: every probe that is off" 1 \
	'[.causes[] | select(.cause == "blind-probe") | .probe] == ["pin"]' \
	host --json
edit probes 's/^(vfio_attach .*)state=attached/\1state=off/'
json "why: a probe that is off" \
	'.missing == ["backend: the probe vfio_attach is off"]' \
	why 0000:3b:00.0 --json
scene host_sp_off
put /proc/cmdline "intel_iommu=on,sp_off"
host_finds sp-off
scene host_disable
put /sys/module/vfio_iommu_type1/parameters/disable_hugepages Y
host_finds disable-hugepages
scene host_no_pages
put /sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages 0
host_finds no-1g-pages
scene host_no_backend
[[ $counting ]] || rm -r "$root/sys/module"
host_finds no-backend
scene host_no_1g
edit units '/dmar0/ s/second_1g=1/second_1g=0/'
host_finds hw-no-1g 0
edit units '/dmar0/ s/second_2m=1/second_2m=0/'
host_finds hw-no-2m 0
# In the stage that VFIO gets: both are there, and the kernel decides.
scene host_stage
edit probes 's/state=missing/state=attached/'
edit units '/dmar1/ { s/first_1g=1/first_1g=0/; s/ecap=0x/ecap=0x480000/ }'
json "host: the second stage by choice" \
	'.units.dmar1.stage == "second" and .units.dmar1.scalable == 1
	 and .units.dmar1.first_leaves == ["4k", "2m"] and .able == true' host --json
put /proc/kallsyms "0 t intel_iommu_domain_alloc_first_stage"
host_finds hw-no-1g 0
json "host: the first stage by choice" '.units.dmar1.stage == "first"
	and .units.dmar0.stage == "second"
	and (.causes | length == 1) and (.causes[0] | .unit == "dmar1"
	and (.says | test("first-stage"))
	and (.evidence == ["its capability register is 0xd2008c222f0606: bit 56 is 0"]))' \
	host --json
edit units '/dmar1/ s/ecap=0x480000/ecap=0x80000/'
put /proc/kallsyms "0 t other"
host_finds hw-no-1g 0
unset IOVASCOPE_SYSROOT

# Forty thousand parts that lack the same fact: what they take grows with how
# many they are, not with the square of it.
scene many
export IOVASCOPE_SYSROOT=$root
[[ $counting ]] || awk 'BEGIN {
	for (i = 0; i < 40000; i++)
		printf "0x%x last=0x%x phys=0x%x leaves_4k=1 leaves_2m=0 leaves_1g=0 best_4k=1 best_2m=0 best_1g=0 write=%d mmio=1 torn=0\n",
			i * 4096, i * 4096 + 4095, 2147483648 + i * 12288, i % 2
}' >>"$tree/devices/0000:3b:00.0/runs"
why_is_quick() {
	(
		ulimit -t 5
		IOVASCOPE_DEBUGFS=$tree "$IOVASCOPE" why 0000:3b:00.0 --json
	) | jq -e -s '.[0] | .short_bytes == 163840000 and
		([.causes[].bytes] | add) == .short_bytes and
		(.missing | map(select(test("BAR: no device"))) ==
			["BAR: no device in /sys/bus/pci/devices has physical address 0x80000000, nor those of other runs"])'
}
verify "why: 40000 parts without a BAR in five seconds" why_is_quick
unset IOVASCOPE_SYSROOT
