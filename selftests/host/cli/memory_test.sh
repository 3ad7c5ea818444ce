# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # engine.sh sets what is read here
#
# `memory`: the bill of process 4242 (domain 3, 64 GiB of 1G pages in one table)
# by the recorded tree, and by a system root with what its /proc would say.

GIB=$((1 << 30))
MIB=$((1 << 20))
TWO_M=$((2 * MIB))

# put_area START END PERMS NAME PAGE_KB KEY_KB...: a mapping, in maps and smaps.
put_area() {
	local pair

	[[ $counting ]] && return
	printf '%s-%s %s 00000000 00:0f 7      %s\n' "$1" "$2" "$3" "$4" |
		tee -a "$root/proc/4242/maps" >>"$root/proc/4242/smaps"
	{
		echo "KernelPageSize:     $5 kB"
		for pair in "${@:6}"; do
			echo "${pair%=*}:     ${pair#*=} kB"
		done
	} >>"$root/proc/4242/smaps"
}

# put_pool KB FREE RESERVED OVERCOMMIT NODE0 NODE1
put_pool() {
	local dir=hugepages/hugepages-$1kB

	put /sys/kernel/mm/"$dir"/free_hugepages "$2"
	put /sys/kernel/mm/"$dir"/resv_hugepages "$3"
	put /sys/kernel/mm/"$dir"/nr_overcommit_hugepages "$4"
	put /sys/kernel/mm/"$dir"/surplus_hugepages 0
	put /sys/devices/system/node/node0/"$dir"/free_hugepages "$5"
	put /sys/devices/system/node/node1/"$dir"/free_hugepages "$6"
}

put_status() {
	put /proc/4242/status "VmLck:	$1 kB" "VmPin:	$2 kB" \
		"VmPTE:	132 kB" "CapEff:	$3" "Mems_allowed_list:	0"
}

# scene NAME: 64 GiB of shared hugetlb, all there, no limit in the way.
scene() {
	new_tree "memory_$1"
	root=$tmp/memory_$1.root
	[[ $counting ]] && return
	export IOVASCOPE_SYSROOT=$root
	rm -rf "$root"
	put /proc/mounts "proc /proc proc rw 0 0"
	put /proc/4242/comm qemu
	put /proc/meminfo "MemTotal: 99 kB" "SecPageTables:   2048 kB"
	put_status 67108864 0 0
	put /proc/4242/limits "Max locked memory  unlimited  unlimited  bytes"
	: >"$root/proc/4242/maps"
	: >"$root/proc/4242/smaps"
	put_pool 1048576 8 0 0 4 4
	put_pool 2048 100 10 0 60 40
	[[ ${2-} ]] || put_area 7f0000000000 7f1000000000 rw-s /dev/hugepages/ram \
		1048576 Rss=0 Anonymous=0 Shared_Hugetlb=67108864
}

# bill NAME FILTER: nothing to fix, and this holds.
bill() {
	json "memory: $1" "(.question == \"memory\") and .fix_needed == false and
		($2)" memory 4242 --json
}

# owes NAME CAUSE FILTER: this, and nothing else, is to be fixed.
owes() {
	json_exit "memory: $1" 1 ".fix_needed == true and
		([.causes[].cause] == [\"$2\"]) and (.causes[0].fix | length > 9) and
		(.answer | test(\"; to fix \\\\($2\\\\): \")) and ($3)" \
		memory 4242 --json
}

scene clean
bill "all is as it should be" ".memory_bytes == 64 * $GIB and
	.resident_bytes == 64 * $GIB and .copied_bytes == 0 and
	.pinned_by == \"module\" and .pinned_bytes == 68744642560 and
	.distinct_bytes == 64 * $GIB and .causes == [] and .missing == [] and
	.io_table_bytes == 61440 and .io_empty_bytes == 0 and
	.cpu_table_bytes == 132 * 1024 and .host_sec_table_bytes == $TWO_M and
	.tables == {\"1\": {device: \"0000:3b:00.0\", domain: \"3\",
		mapped_bytes: 68744642560, full_bytes: 61440, empty_bytes: 0}}"
# 64 GiB and 24 MiB of BARs: 32780 tables of 2 MiB, 65 of 1 GiB, one of 512, a root.
bill "what it would be" ".would_be == {
	\"4k\": {io_table_bytes: (4096 * (32780 + 65 + 1 + 1)),
		cpu_table_bytes: (4096 * (32768 + 64 + 1 + 1)),
		kvm_table_bytes: (4096 * (32768 + 64 + 1 + 1))},
	\"2m\": {io_table_bytes: (4096 * (65 + 1 + 1)),
		cpu_table_bytes: (4096 * (64 + 1 + 1)),
		kvm_table_bytes: (4096 * (64 + 1 + 1))},
	\"1g\": {io_table_bytes: 8192, cpu_table_bytes: 8192,
		kvm_table_bytes: 8192}}"
check "memory: in words" 0 \
	'^64\.0 GiB of memory: 64\.0 GiB pinned, IO page tables of 60\.0 KiB, the CPU.s of 132\.0 KiB\.$' \
	'cause:|Not known' memory 4242
verify "memory: what is the host's is said to be" line_is '1,$' \
	'^SecPageTables, of the whole host: .* 2\.0 MiB$'
verify "memory: pools in words" line_is '1,$' \
	'^1\.0 GiB +64\.0 GiB +64\.0 GiB +0 B +4\.0 GiB +0: 4\.0 GiB$'
verify "memory: what is now, in words" line_is '1,$' \
	'^what is now +64\.0 GiB +60\.0 KiB +132\.0 KiB +-$'
verify "memory: what would be, in words" line_is '1,$' \
	'^2m +64\.0 GiB +268\.0 KiB +264\.0 KiB +264\.0 KiB$'

# The same of all VMs, for Prometheus.
check "metrics --memory: what is there" 0 \
	'^iovascope_vm_resident_bytes\{pid="4242"\} 68719476736$' \
	'vm_(twice|io_)|vm_.*pid="5151"' metrics --memory
check "metrics --memory: what is pinned" 0 \
	'^iovascope_vm_pinned_bytes\{pid="4242"\} 68744642560$' '' metrics -M
check "metrics --memory --check: what is pinned again" 0 \
	'^iovascope_vm_twice_bytes\{pid="4242"\} 25165824$' '' \
	metrics --memory --check
check "metrics --memory --check: IO page tables" 0 \
	'^iovascope_vm_io_table_bytes\{pid="4242"\} 61440$' '' \
	metrics --memory --check
check "metrics: not unless it is asked for" 0 '^iovascope_up 1$' 'iovascope_vm_' \
	metrics --check
[[ $counting ]] || mv "$root/proc/4242" "$root/proc/ended"
check "metrics --memory: a VM that has ended meanwhile" 0 '^iovascope_up 1$' \
	'iovascope_vm_.*\{' metrics --memory
[[ $counting ]] || mv "$root/proc/ended" "$root/proc/4242"
check "memory: no process" 2 'memory needs one PID' '' memory
check "memory: no number" 2 'memory needs one PID' '' memory qemu
check "memory: two processes" 2 'memory needs one PID' '' memory 4242 5151
check "memory: no such process" 2 '9: no such process' '' memory 9

# ---- pinned twice ----

scene twice
edit processes '/pid=4242/ s/ pin_bytes=[0-9]+/ pin_bytes=154618822656/'
owes "pinned for each of two containers" duplicate-pins \
	".twice_bytes == 64 * $GIB and .causes[0].twice_bytes == .twice_bytes"
edit domains 's/devices=0000:3b:00.0,0000:3c:00.0/devices=0000:3b:00.0/'
edit domains 's/^5 (.*)devices=0000:5e:00.0 pid=5151/4 \1devices=0000:3c:00.0 pid=4242/'
edit domains 's/exact=0 inexact=older,missed/exact=1 inexact=/'
edit census 's/^(0000:3c.* )table=1 /\1table=7 /'
[[ $counting ]] || cp -r "$tree/devices/0000:3b:00.0" "$tree/devices/0000:3c:00.0"
json_exit "memory: what one container would be" 1 \
	".would_be.one_container == {pinned_bytes: (64 * $GIB), io_table_bytes: 61440}
	and .io_table_bytes == 122880 and (.tables | keys == [\"1\", \"7\"])" \
	memory 4242 --json
check "metrics --memory: of domains that have no series, too" 0 \
	'^iovascope_vm_io_table_bytes\{pid="4242"\} 122880$' '' \
	metrics --memory --check --limit 1
check "an option of metrics is none of domains" 2 'does not take --memory' '' \
	domains --memory

# ---- private copies ----

scene shared no
put_area 7f0000000000 7f0040000000 rw-s "/memfd:ram (deleted)" 4 Rss=1048576 \
	Anonymous=0
bill "a shared memfd" ".copied_bytes == 0 and .memory_bytes == $GIB"
scene private no
put_area 7f0000000000 7f0040000000 rw-p "/memfd:ram (deleted)" 4 Rss=1048576 \
	Anonymous=524288
owes "a private memfd" private-copies ".copied_bytes == 512 * $MIB and
	(.causes[0].evidence == [\"512.0 MiB of /memfd:ram (deleted) at 0x7f0000000000 are copies: MAP_PRIVATE in /proc/4242/maps\"])"
scene unread no
put_area 7f0000000000 7f0040000000 rw-p "/memfd:ram (deleted)" 4 Rss=1048576 \
	Anonymous=0
bill "a private memfd that nobody wrote" ".copied_bytes == 0"
scene anon no
put_area 7f0000000000 7f0040000000 rw-p "" 4 Rss=1048576 Anonymous=1048576
bill "memory that is no file" ".copied_bytes == 0 and .memory_bytes == $GIB"
scene disk no
put_area 7f0000000000 7f0040000000 rw-p /usr/lib/libbig.so 4 Rss=1048576 \
	Anonymous=1048576
bill "a file of a disk" ".copied_bytes == 0"
scene small no
put_area 7f0000000000 7f0003fff000 rw-p "/memfd:x (deleted)" 4 Anonymous=65532
bill "what is no VM's memory" ".copied_bytes == 0 and .memory_bytes == 0"

scene readonly no
put_area 7f0000000000 7f0040000000 r--p "/memfd:x (deleted)" 4 Rss=4
bill "what cannot be written" ".memory_bytes == 0 and .areas == []"

# A private mapping of huge pages: two of 32 are copies. Is the file there, too?
huge() {
	scene "$1" no
	put_area 7f0000000000 7f0004000000 rw-p /dev/hugepages/ram 2048 Rss=0 \
		Anonymous=0 Private_Hugetlb=65536
	[[ $counting ]] && return
	: >"$root/proc/4242/pagemap"
	for i in {0..31}; do
		page=$((0x7f0000000 + i * 512))
		flags='\x00\x00\x00\x00\x00\x00\x00\xa0'
		((i > 1)) || flags='\x00\x00\x00\x00\x00\x00\x00\x80'
		# shellcheck disable=SC2059 # it is made of escapes
		printf "$flags" | dd of="$root/proc/4242/pagemap" bs=8 \
			seek=$page conv=notrunc status=none
	done
	mkdir -p "$root/proc/4242/map_files"
	link=$root/proc/4242/map_files/7f0000000000-7f0004000000
}
huge file
[[ $counting ]] || dd if=/dev/urandom of="$link" bs=1M count=16 status=none
owes "private huge pages, and those of the file" private-copies \
	".copied_bytes == 2 * $TWO_M"
[[ $counting ]] || : >"$link"
bill "private huge pages, and a file that is empty" ".copied_bytes == 0"
[[ $counting ]] || rm "$link"
bill "private huge pages, and a file that cannot be asked" \
	".missing | any(test(\"is there twice\"))"

# ---- page tables ----

scene empty
edit census '/3b:00.0/ s/table_bytes=61440 empty_tables=0/table_bytes=4194304 empty_tables=1000/'
json "memory: empty tables" '.io_empty_bytes == 4096000 and .fix_needed == false and
	.tables["1"].full_bytes == 98304 and
	.causes[0].cause == "empty-tables" and .causes[0].fixable == false' \
	memory 4242 --json
scene torn
edit census '/3b:00.0/ s/torn=0/torn=1/'
bill "a table that changes" '.missing | any(test("changed while it was"))'
scene kvm
put /proc/meminfo "MemTotal: 99 kB"
bill "a kernel without SecPageTables" '.host_sec_table_bytes == null and
	(.missing | any(test("SecPageTables")))'

# ---- what it still asks for ----

scene pool no
put_area 7f0000000000 7f0008000000 rw-s /dev/hugepages/ram 2048 Rss=0 \
	Shared_Hugetlb=8192
bill "a pool that suffices" ".hugetlb[\"$TWO_M\"] == {page_bytes: $TWO_M,
	needed_bytes: (128 * $MIB), resident_bytes: (8 * $MIB),
	missing_bytes: (120 * $MIB), free_bytes: (120 * $MIB),
	reserved_bytes: (20 * $MIB), node_free_bytes: {\"0\": (120 * $MIB)}}"
put_pool 2048 100 10 0 59 41
owes "a pool whose pages are on another node" pool-short \
	".causes[0].short_bytes == $TWO_M and
	(.causes[0].fix | test(\"^1 more pages\"))"
put_pool 2048 100 10 1 59 41
bill "a pool that may grow" '.causes == []'

scene limit no
put_area 7f0000000000 7f0080000000 rw-s "/memfd:ram (deleted)" 4 Rss=4
put /proc/4242/limits "Max locked memory  $GIB  $GIB  bytes"
put_status 0 0 0
owes "more memory than it may lock" memlock ".causes[0].over_bytes == $GIB"
put_status 0 0 000001ffffffffff
bill "and with CAP_IPC_LOCK" '.process.ipc_lock == true'
put_status 2097152 0 0
bill "what is locked already" ".process.locked_bytes == 2 * $GIB"

# ---- what cannot be known ----

scene older
edit domains 's/^(3 .*)exact=1 inexact=/\1exact=0 inexact=older/'
bill "pins that the module has not seen" ".pinned_by == \"status\" and
	.pinned_bytes == 64 * $GIB and
	(.missing | any(test(\"VmLck and VmPin\")))"
scene gone
[[ $counting ]] || rm "$tree/census"
bill "a module without a census" '.missing | any(test("has no census"))'
tree=
bill "no module" ".tables == {} and .memory_bytes == 64 * $GIB and
	.pinned_by == \"status\" and (.missing | any(test(\"not loaded\")))"

unset IOVASCOPE_SYSROOT
tree=$recorded
