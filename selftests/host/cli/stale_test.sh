# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # engine.sh sets what is read here
#
# `stale`: regions of a recorded tree, runs, and a /proc/PID/pagemap made for it.
# Process 4242 maps 64 KiB at IOVA 0x100000 from address 0x7f0000000000.

PHYS=$((0x20000000))
VA=$((0x7f0000000000))
started=$(grep -o "pid=4242 .*" "$recorded/processes" |
	sed "s/.* start_ns=\([0-9]*\).*/\1/")

# page NR [FRAME]: what is at the address; nothing without a frame.
page() {
	local value=0

	[[ -z ${2:-} ]] || value=$(((1 << 63) | $2))
	word /proc/4242/pagemap $((VA / 4096 + $1)) "$value"
}

# region IOVA VADDR BYTES [PID]: a line of the module's file.
region() {
	[[ $counting ]] ||
		printf '%d domain=3 pid=%d comm=vmm start_ns=%d mapped_ns=1 iova=0x%x bytes=%d vaddr=0x%x flags=0x3\n' \
			$((++id)) "${4:-4242}" "$started" "$1" "$3" "$2" \
			>>"$tree/regions"
}

scene() {
	local n

	new_tree "$1"
	root=$tmp/$1.root
	id=0
	[[ $counting ]] && return
	export IOVASCOPE_SYSROOT=$root
	rm -rf "$root"
	mkdir -p "$root/proc/4242"
	echo "4242 (a b) c) S$(printf ' 1%.0s' {1..18}) $((started / 10000000)) 1" \
		>"$root/proc/4242/stat"
	echo "format 1" | tee "$tree/regions" \
		>"$tree/devices/0000:3b:00.0/runs"
	sed -i 's/^filtered_calls .*/&\nlost_regions 0/' "$tree/counters"
	printf '0x100000 last=0x10ffff phys=0x%x leaves_4k=16 leaves_2m=0 leaves_1g=0 best_4k=16 best_2m=0 best_1g=0 write=1 mmio=0 torn=0\n' \
		$PHYS >>"$tree/devices/0000:3b:00.0/runs"
	region 0x100000 $VA 65536
	for n in {0..15}; do
		page "$n" $((PHYS / 4096 + n))
	done
}

# flags PHYS FLAGS: of a page frame.
flags() {
	[[ $counting ]] || truncate -s 4M "$root/proc/kpageflags"
	word /proc/kpageflags $(($1 / 4096)) "$2"
}
ANON=$((1 << 12))
MMAP=$((1 << 11))

scene fine
check "stale: nothing" 0 \
	'^Nothing is stale: all 64\.0 KiB are the memory that is there\.$' \
	'Not known|^stale' stale 4242
json "stale: nothing, in JSON" '.same_bytes == 65536 and .stale_bytes == 0 and
	.unknown_bytes == 0 and .causes == [] and .missing == [] and
	.fix_needed == false' stale pid:4242 --json
check "why: not a word of it" 0 '' 'stale' why 4242

scene other_page
page 4 77
page 5 78
check "stale: two pages" 1 \
	'^8\.0 KiB stale \(stale\): a device reaches 8\.0 KiB that vmm \(4242\) no longer has' \
	'Not known' stale 4242
json_exit "stale: where" 1 ".causes[0].iova == $((0x104000)) and
	.causes[0].vaddr == $((VA + 0x4000)) and .causes[0].bytes == 8192 and
	.same_bytes == 57344 and .stale[0].stale_bytes == 8192" \
	stale domain:3 --json
json_exit "stale: by the device" 1 '.stale_bytes == 8192' \
	stale 0000:3b:00.0 --json
check "why: begins with it" 1 '^8\.0 KiB stale \(stale\): ' '' why 4242
verify "why: in the first line" line_is 1 'stale'

scene only_read
[[ $counting ]] || sed -i 's/ flags=0x3/ flags=0x1/' "$tree/regions"
page 4 77
check "stale: what a device can only read" 0 \
	'^Nothing to fix: 4\.0 KiB that a device can only read are older' '' \
	stale 4242
json "stale: the same in JSON" '.stale_read_only_bytes == 4096 and
	.stale_bytes == 0 and .causes[0].cause == "stale-read-only" and
	.fix_needed == false' stale 4242 --json
check "why: not a word of that" 0 '' 'stale' why 4242

scene not_there
page 3
page 9
check "stale: what is not there is not known" 0 \
	'^Nothing is stale: 56\.0 KiB are .*; 8\.0 KiB could not be compared' '' \
	stale 4242

# Root of a container sees all frames as 0.
scene hidden
for n in {0..15}; do
	page "$n" 0
done
check "stale: frames that are hidden" 0 '^Nothing could be compared\.$' '' \
	stale 4242

scene unmapped_since
[[ $counting ]] || sed -i 2d "$tree/devices/0000:3b:00.0/runs"
page 4 77
check "stale: what is no longer mapped is not" 0 \
	'^Nothing could be compared\.$' '' stale 4242

scene partly_unmapped
[[ $counting ]] || sed -i 's/^0x100000 /0x104000 /; s/phys=0x20000000 leaves_4k=16/phys=0x20004000 leaves_4k=12/' \
	"$tree/devices/0000:3b:00.0/runs"
page 0 77
json "stale: only what is mapped" '.same_bytes == 49152 and
	.stale_bytes == 0' stale 4242 --json

scene reused
[[ $counting ]] || sed -i 's/ [0-9]* 1$/ 5 1/' "$root/proc/4242/stat"
page 4 77
check "stale: another process of that number" 0 \
	'^Not known: the region of 64\.0 KiB at IOVA 0x100000: vmm \(4242\), who mapped it, is gone' \
	'no longer has' stale 4242

json "why: memory of one who is gone, and may be another's" '
	any(.causes[]; .cause == "orphaned" and .fixable == false and
	(.evidence | any(test("whether a living process has it is not known")))) and
	(.answer | test("Something is wrong") | not)' why 0000:3b:00.0 --json
flags $PHYS $((ANON | MMAP))
json "why: and that another one has" \
	'any(.causes[]; .cause == "orphaned" and .fixable == false)' \
	why 0000:3b:00.0 --json
flags $PHYS $ANON
json_exit "why: memory of one who is gone" 1 'any(.causes[];
	.cause == "orphaned" and .orphan_bytes == 65536 and
	.orphan_regions == 1 and .pid == 4242 and .domain == 3 and
	(.evidence[0] | test("0000:3b:00.0.* reach them"))) and
	(.answer | test("^Something is wrong \\(orphaned\\): 64.0 KiB of the memory of vmm \\(4242\\), who is gone"))' \
	why 0000:3b:00.0 --json

scene handed_on
region 0x200000 $VA 4096 77
region 0x300000 $VA 8192 77
json "why: of two, one is gone" '[.causes[] |
	select(.cause == "orphaned") | [.pid, .orphan_bytes]] == [[77, 12288]] and
	([.causes[] | select(.cause == "orphaned") | .evidence[1]] ==
		["the domain is used by qemu-system-x86 (4242) now"])' why 3 --json
edit domains 's/^(3 .*backend=)type1/\1iommufd/'
json "why: iommufd hands on unseen" \
	'[.causes[] | select(.cause == "orphaned")] == []' why 3 --json

scene bad_name
region 0x100000 $VA 4096 77
flags $PHYS $ANON
edit regions 's/pid=77 comm=vmm/pid=77 comm=\\033[31mX\\012evil/'
json_exit "why: a name that commands the terminal" 1 '([.. | strings |
	select(test("evil"))] | length) > 1 and
	([.answer, .causes[].says] | map(select(test("\\?\\[31mX\\?evil"))) |
	length) == 2' why 3 --json
check "and in words" 1 '\?\[31mX\?evil \(77\)' $'\033|^evil' why 3
edit domains 's/^(3 .*comm=)[^ ]*/\1\\033[31mY\\012evil/'
check "of whom is asked about" 1 '\?\[31mY\?evil' $'\033|^evil' why 3

scene orphan_unmapped
[[ $counting ]] || sed -i 's/ [0-9]* 1$/ 5 1/' "$root/proc/4242/stat"
[[ $counting ]] || sed -i 2d "$tree/devices/0000:3b:00.0/runs"
check "why: what is unmapped is nobody's loss" 0 '' 'orphaned' why 3

scene no_address
[[ $counting ]] || sed -i 's/ vaddr=0x[0-9a-f]*//' "$tree/regions"
check "stale: a file has no address" 0 '^Nothing could be compared\.$' '' \
	stale 4242

scene other_domain
[[ $counting ]] || sed -i 's/domain=3/domain=999/' "$tree/regions"
page 4 77
check "stale: of another domain" 0 '^Nothing could be compared\.$' '' stale 4242

scene full
[[ $counting ]] || sed -i 's/^lost_regions 0/lost_regions 12/' "$tree/counters"
check "stale: a list that was full" 0 '^Not known: 12 regions' '' stale 4242

scene older_module
[[ $counting ]] || rm "$tree/regions"
check "stale: an older module" 1 'regions: not there' '' stale 4242
check "why: an older module" 0 '' 'regions' why 4242
check "stale: of whom" 2 'stale needs one PID' '' stale
check "stale: one at a time" 2 'stale needs one PID' '' stale 1 2
unset IOVASCOPE_SYSROOT
