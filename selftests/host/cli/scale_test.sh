# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # engine.sh sets what is read here
#
# What there is much of: holes, runs, domains, processes. An answer stays a
# screenful, and what it takes stays small: memory is held against a limit of
# address space, which is more than what is resident, and work against one of
# CPU time that only a square could reach.

MEMORY_KB=51200
CPU_S=120

# many_runs NR APART [KEYS]: the runs of a device, each a page; so many bytes
# of IOVA and two pages of memory from one to the next.
many_runs() {
	[[ $counting ]] || awk -v nr="$1" -v apart="$2" -v keys="${3:-torn=0}" '
	BEGIN {
		print "format 1"
		for (i = 0; i < nr; i++) {
			iova = 1099511627776 + i * apart
			printf "%.0f last=%.0f phys=%.0f leaves_4k=1 leaves_2m=0 leaves_1g=0 best_4k=1 best_2m=0 best_1g=0 write=1 mmio=0 %s\n",
				iova, iova + 4095, 68719476736 + i * 8192, keys
		}
	}' >"$tree/devices/0000:3b:00.0/runs"
}

# many_records FILE NR: the records of the file again and again, each with an
# ID and a PID of its own, and with numbers of its own: no two hosts' are equal.
many_records() {
	[[ $counting ]] || awk -v nr="$2" '
	function own(pair, i,   kv) {
		split(pair, kv, "=")
		if (kv[1] == "pid")
			return "pid=" 100000 + i % 1024
		if (kv[1] == "devices")
			return sprintf("devices=%04x:%02x:00.0", i / 256, i % 256)
		if (kv[2] ~ /^[0-9]+$/ && kv[1] !~ /^(exact|alive)$/)
			return sprintf("%s=%.0f", kv[1], kv[2] + i * 4096)
		return pair
	}
	NR == 1 { print; next }
	{ sub(/^[^ ]+ /, ""); record[n++] = $0 }
	END {
		for (i = 0; i < nr; i++) {
			line = i + 1
			fields = split(record[i % n], pair, " ")
			for (j = 1; j <= fields; j++)
				line = line " " own(pair[j], i)
			print line
		}
	}' "$recorded/$1" >"$tree/$1"
}

# small EXIT ARG...: the tool ends so, within the limits; what it prints is in
# $tmp/out.
small() {
	local want=$1 rc=0

	shift
	(
		ulimit -v $MEMORY_KB -t "$CPU_S"
		IOVASCOPE_DEBUGFS=$tree exec "$IOVASCOPE" "$@"
	) >"$tmp/out" 2>"$tmp/err" || rc=$?
	((rc == want)) || cat "$tmp/err"
	((rc == want))
}

small_text() { # EXIT LINES PATTERN ARG...
	small "$1" "${@:4}" && (($(wc -l <"$tmp/out") <= $2)) &&
		grep -qE -e "$3" "$tmp/out"
}

small_json() { # EXIT FILTER ARG...
	small "$1" "${@:3}" && jq -e "$2" "$tmp/out"
}

# Members are printed as they are made: so are they counted.
small_runs() { # NR ARG...
	small 0 "${@:2}" &&
		(($(grep -c '"torn": 0' "$tmp/out") == $1)) &&
		grep -q "\"runs\": $1" "$tmp/out" && tail -n 1 "$tmp/out" |
		grep -qx '}'
}

nobodys_bars() {
	local CPU_S=10

	small_text 1 24 '^1\.1 GiB of 1\.1 GiB ' why domain:3
}

system_without_pages() {
	root=$tmp/scale.root
	export IOVASCOPE_SYSROOT=$root
	[[ $counting ]] && return
	mkdir -p "$root/proc/4242"
	: >"$root/proc/4242/smaps"
	echo intel_iommu=on >"$root/proc/cmdline"
}

new_tree holes
system_without_pages
[[ $counting ]] || echo "format 1" >"$tree/inflight"
many_runs 1000 8192
check "why: a thousand holes: the first line is the sum" 1 \
	'^3\.9 MiB of 3\.9 MiB are not in 1G leaves \(hole\): .*, and 998 more like it\.$' \
	'' why domain:3
check "why: a thousand holes: three of them" 1 \
	'^  and 996 more like it: 3\.9 MiB \(--all\)$' '' why domain:3
verify "why: a thousand holes: a screenful" small_text 1 24 '^hole: 8\.0 KiB' \
	why domain:3
json_exit "why: a thousand holes: their sum" 1 '
	.short_bytes == 4096000 and (.causes | length == 3)
	and .causes[0].hole_iova == 1099511631872 and .causes[0].runs == 2
	and (.kinds | length == 1) and (.kinds[0] | .cause == "hole"
		and .bytes == 4096000 and .runs == 1000 and .causes == 999
		and .more_causes == 996 and .more_runs == 996
		and .more_bytes == 4079616
		and .iova == 1099511627776 and .last == 1099519815679)' \
	why domain:3 --json
json_exit "why --all: every one of a thousand holes" 1 '
	(.causes | length == 999) and ([.causes[].bytes] | add) == .short_bytes
	and .kinds[0].more_runs == 0' why domain:3 --all --json
check "why --all: nothing is left out" 1 '^hole: 4\.0 KiB' 'more like it:' \
	why domain:3 --all
many_runs 1000 4096
check "why: a thousand pieces are one cause" 1 '^fragmented: 2\.0 MiB from 0x10000000000 on, 512 runs$' \
	'more like it' why domain:3
many_runs 1000 8192 torn=1
check "why: a thousand torn runs: the first, and how many" 0 \
	'^Not known: 997 more ranges that kept changing' '' why domain:3

# Several causes: the first line has all their bytes, and their names.
many_runs 4 8192
[[ $counting ]] || printf '%s\n' \
	"2199023255552 last=2199291691007 phys=274877906944 leaves_4k=0 leaves_2m=128 leaves_1g=0 write=1 mmio=0 torn=0" \
	>>"$tree/devices/0000:3b:00.0/runs"
check "why: two kinds" 1 \
	'^256\.0 MiB of 256\.0 MiB are not in 1G leaves \(hole\): .* more like it; also run-too-short\.$' \
	'' why domain:3

# More than are kept: how many there are is not said, because nobody counted.
many_runs 3000 8192
check "why: more holes than are kept" 1 \
	'^  and more like it in 2996 runs: 11\.7 MiB \(--all\)$' '' why domain:3

# BARs of nobody: who read those that there are again for each would take hours.
for nr in {10..49}; do
	put "/sys/bus/pci/devices/0000:$nr:00.0/resource" \
		"0x00000000e${nr}00000 0x00000000e${nr}fffff 0x0000000000040200"
done
many_runs 300000 8192
edit devices/0000:3b:00.0/runs 's/mmio=0/mmio=1/'
verify "why: as many pieces of BARs that nobody has, in 10 s of CPU" \
	nobodys_bars
many_runs 1000000 8192
verify "why: a million holes in 50 MiB" small_text 1 24 \
	'^3\.8 GiB of 3\.8 GiB ' why domain:3
many_runs 1000000 4096
verify "why: a million runs, beside a process, in 50 MiB" small_json 1 \
	'.runs == 1000000 and ([.kinds[].runs] | add) == 1000000
	 and .short_bytes == 4096000000 and .vmas == []' why pid:4242 --json
verify "runs: a million in 50 MiB" small_runs 1000000 \
	runs 0000:3b:00.0 -n 1000000 --json
many_runs 1500 4096
check "runs: tables of a thousand" 0 '^1500 runs, leaves for them: 1500,' '' \
	runs 0000:3b:00.0 -n 1500
verify "runs: every one of them" line_is '$' '^ *1099517767680 .* RAM$'
unset IOVASCOPE_SYSROOT

# Several targets.
tree=$recorded
check "why: several, and one that maps nothing" 1 \
	'^Something to fix in 1 of 2 targets\.$' '' why pid:4242 777
verify "why: each by its name" line_is 3 '^4242 \(qemu-system-x86\): 24\.0 MiB of '
verify "why: nothing of the other" line_is '$' \
	'^777: Nothing is mapped for 777\.$'
json_exit "why: several, as a list" 1 '.fix_needed == true and .question == "why"
	and [.targets[].target.name] == ["4242", "777"]
	and [.targets[].fix_needed] == [true, false]' why pid:4242 777 --json
new_tree all
[[ $counting ]] || cp -r "$tree/devices/0000:3b:00.0" "$tree/devices/0000:5e:00.0"
json_exit "why --all: every process" 1 '[.targets[].target |
	[.kind, .pid]] == [["pid", 4242], ["pid", 5151]]' why --all --json
[[ $counting ]] || sed -i -E '/^5 / { s/backend=[^ ]+/backend=none/; s/ pid=[0-9]+//; s/ comm=[^ ]+// }' \
	"$tree/domains"
json_exit "why --all: a domain that no process is known of" 1 \
	'[.targets[].target | [.kind, .name]] == [["pid", "4242"], ["domain", "5"]]' \
	why --all --json
[[ $counting ]] || echo "format 1" >"$tree/domains"
check "why --all: nothing there" 0 '^Nothing is mapped for VFIO\.$' '' \
	why --all

# many_vms NR REGIONS: each has a device, a table of one run, and so many regions.
many_vms() {
	local domain device table nr file

	[[ $counting ]] && return
	domain=$(grep '^3 ' "$recorded/domains")
	table=$(grep '^0000:3b' "$recorded/census")
	for file in domains census regions; do
		echo "format 1" >"$tree/$file"
	done
	for ((nr = 1; nr <= $1; nr++)); do
		printf -v device '%04x:01:00.0' "$nr"
		mkdir "$tree/devices/$device"
		printf 'format 1\n0x0 last=0x3fffffff phys=0x40000000 leaves_4k=0 leaves_2m=0 leaves_1g=1 write=1 mmio=0 torn=0\n' \
			>"$tree/devices/$device/runs"
		echo "$device ${table#* }" >>"$tree/census"
		sed "s/^3 /$nr /; s/devices=[^ ]*/devices=$device/; s/pid=[0-9]*/pid=$((nr + 9000))/" \
			<<<"$domain" >>"$tree/domains"
	done
	seq $(($1 * $2)) | awk -v vms="$1" '{
		print $1 " domain=" $1 % vms + 1 " pid=" $1 % vms + 9001 \
			" comm=vmm start_ns=5 mapped_ns=5 iova=" $1 * 4096 \
			" bytes=4096 vaddr=4096 flags=3"
	}' >>"$tree/regions"
}

# Who looks at all regions for each of them takes the square.
many_answers() {
	local CPU_S=2

	small 1 why --all --json && (($(jq '.targets | length' "$tmp/out") == $1))
}

new_tree vms
many_vms 300 100
verify "why --all: 300 VMs of 100 regions, in 2 s of CPU" many_answers 300

# A host with as many as there can be.
new_tree host
many_records domains 10000
many_records processes 1024
verify "show: 10000 domains and 1024 processes in 50 MiB" small_text 0 60 \
	' mapped in [0-9]+ domains: ' show
verify "show: no line of them names ten thousand" line_is '1,$' \
	'^Quality:.{1,500}, and 3323 domains more[,;]'
verify "show: all of them as JSON in 50 MiB" small_json 0 \
	'.domains | length == 10000' show --json
verify "snapshot: all of them in 50 MiB" small_json 0 \
	'.processes | length == 1024' snapshot
verify "domains: a row each of them in 50 MiB" small_text 0 10001 \
	'^ *10000 ' domains
verify "domains: and all numbers of each" small_json 0 \
	'.domains | length == 10000' domains --json
verify "watch: two readings, and what is between them, in 50 MiB" small_text \
	0 60 ' mapped in [0-9]+ domains: ' watch -i 0.05 -n 1
verify "watch: as JSON, too" small_json 0 '.domains | length == 10000' \
	watch -i 0.05 -n 1 --json
verify "top: all VMs in 50 MiB" small_text 0 2100 \
	' mapped in 6667 domains of 1026 processes: ' top -b -i 0.05 -n 2
verify "top: as JSON, too" small_json 0 '.domains | length == 10000' \
	top -b -i 0.05 -n 1 --json
small_series() { # ARG...
	small 0 metrics "$@" && grep -qx 'iovascope_left_out{kind="domain"} 9500' \
		"$tmp/out"
}
verify "metrics: what is summed up of all of them in 50 MiB" small_series
verify "metrics: processes, too, in 50 MiB" small_series --processes
many_records census 10000
verify "metrics: their tables, too, in 50 MiB" small_series --check
verify "snapshot: their tables, too, in 50 MiB" small_json 0 \
	'.census | length == 10000' snapshot --check
json "show: as JSON it has all of them" \
	'(.domains | length == 10000) and (.processes | length == 1024)
	 and .live.live_bytes == ([.domains[] | select(.backend != "none" or
		.type == "unmanaged") | .live_bytes] | add)' show --json
