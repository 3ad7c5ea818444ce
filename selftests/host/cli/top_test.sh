# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # engine.sh sets what is read here
#
# `top`: what it says of two readings, as text and JSON for a log, and its screen
# in a terminal that keys are typed on.

# shellcheck source=terminal.sh
. ./terminal.sh

tree=$recorded
check "top -b: the sum" 0 \
	'^~66\.0 GiB mapped in 2 domains of 2 processes: ~64\.0G 1G, ~2\.0G 2M' \
	'' top -b -n 1 -i 0.05
check "top -b: a VM and its leaves" 0 \
	'^qemu-system-x86 \(4242\) +64\.0G G{39}K +64\.0G +0  24\.0M ' '' \
	top --batch -n 1 -i 0.05
check "top -b: what is known to be off" 0 \
	'^CPU 0/KVM \(5151\) +~2\.0G M{39}K +~0  ~2\.0G  ~2\.0M ' '' \
	top -b -n 1 -i 0.05
check "top -b: what has not returned" 0 \
	'^call 4301\.1: pin in flight for 65\.0 min, .* by qemu-system-x86 \(4242\)$' \
	'' top -b -n 1 -i 0.05
check "top -b: the incident" 0 '^Stuck \(stuck-pin\): a pin of qemu' $'\033' \
	top -b -n 1 -i 0.05
json "top -b: an object" '.format == 1 and (.vms | length == 3) and
	(.incident | test("^Stuck"))' top -b -j -n 1 -i 0.05
check "top -b: rates that nobody knows" 0 '0 refused; a second: not known$' \
	' -B' top -b -n 1 -i 0.05
check "top -b: no end of a line is a space" 0 '' ' $' top -b -n 1 -i 0.05
check "top -b: one process" 0 '^CPU 0/KVM' '^qemu-' top -b -n 1 -i 0.05 -p 5151
check "top: no terminal" 2 'needs a terminal: try .iovascope top --batch' '' top
check "top: colours" 2 "not auto, always or never: 'red'" '' \
	top -b --color red

# Of a module that is older than refusals.
new_tree older
[[ $counting ]] || {
	rm "$tree/refusals"
	echo 'format 1' >"$tree/inflight"
}
check "top -b: a module without refusals" 0 '^0 in flight; 0 refused' '' \
	top -b -n 1 -i 0.05
check "show: a module without refusals" 0 '^~66\.0 GiB mapped' '' show

# Ten seconds later: 60 maps of 60 MiB by 4242, 20 of its pins, one refusal that
# was repeated twice, and a domain that has gone.
new_tree later
if [[ -z $counting ]]; then
	sed -i 's/^now_ns .*/now_ns 4822000000000/' "$tree/info"
	sed -i 's/^map_calls .*/map_calls 196290/; s/^pin_calls .*/pin_calls 196187/
		s/^map_bytes .*/map_bytes 94577360896/' "$tree/counters"
	sed -i '/^1 /{ s/ map_calls=6230 / map_calls=6290 /
		s/ map_bytes=85924511744 / map_bytes=85987426304 /
		s/ pin_calls=6167 / pin_calls=6187 / }' "$tree/processes"
	sed -i '/^3 / s/ map_calls=6230 / map_calls=6290 /' "$tree/domains"
	sed -i '/^5 /d' "$tree/domains"
	sed -i '/^2 /d' "$tree/processes"
	sed -i '/pid=5151/d' "$tree/inflight"
	printf '%s\n' '1 pid=4242 tid=4242 comm=vmm call=map_dma step=memlock errno=12 start_ns=900000000000 first_ns=4821000000000 last_ns=4821500000000 wall_ns=1 overcome_ns=0 repeats=3 backend=type1 domain=3 iova=0x40000000 bytes=2097152' \
		>>"$tree/refusals"
fi
later=$tree

# turning COMMAND...: while it runs, what it reads is turned from the recorded
# tree to the later one.
turning() {
	tree=$tmp/turning
	ln -sfn "$recorded" "$tree"
	(
		sleep 0.3
		ln -sfn "$later" "$tmp/turned"
		mv -T "$tmp/turned" "$tree"
	) &
	tool "$@"
	wait $!
}

# told FILTER: the JSON of the last run.
told() {
	jq -e "$1" <"$tmp/out" >/dev/null || {
		echo "not so: $1"
		cat "$tmp/out"
		return 1
	}
}

rates_are_told() {
	turning top -b -j -n 1 -i 1
	((rc == 0)) && (($(wc -l <"$tmp/out") == 1)) &&
		told '.format == 1 and .interval_ns == 10000000000' &&
		told '.vms | length == 2 and .[0].pid == 4242' &&
		told '.vms[0] | .map_calls_per_s == 6 and .pin_calls_per_s == 2
			and .map_bytes_per_s == 6291456
			and .unmap_calls_per_s == 0 and .refused == 3' &&
		told '.all | .map_calls_per_s == 6 and .refused == 3
			and .live_bytes == 68744642560 and .exact == true' &&
		told '.domains["3"] | .map_calls_per_s == 6
			and (has("pin_calls_per_s") | not)' &&
		told '.vms[1].owner == "host" and (.domains | has("5") | not)'
}

rates_are_printed() {
	turning top -b -n 1 -i 1
	((rc == 0)) &&
		grep -q '; 3 refused; a second: map 6 6.0MB, unmap 0 0B, pin 2$' \
			"$tmp/out" &&
		grep -qE '^qemu.* 6 +0 +6\.0M +0 +2 +2  65min   3$' "$tmp/out"
}

# As many objects as asked for, one a line, on one reading each.
json_lines() {
	tool top -b -j -n 3 -i 0.05
	((rc == 0)) && (($(wc -l <"$tmp/out") == 3)) &&
		[[ $(jq -s 'length' <"$tmp/out") == 3 ]]
}

verify "top -b -j: what happens in a second" rates_are_told
verify "top -b: the same as text" rates_are_printed
verify "top -b -j: an object a line" json_lines

# batch_waits TREE: the module goes, and comes back as TREE.
batch_waits() {
	new_tree waits
	(
		sleep 0.4
		mv "$tree" "$tree.old"
		sleep 0.4
		cp -r "$1" "$tree.new"
		mv "$tree.new" "$tree"
	) &
	IOVASCOPE_DEBUGFS=$tree run timeout 60 "$IOVASCOPE" top -b -n 40 -i 0.05
	wait $!
	rm -rf "$tree.old"
	((rc == 0)) && grep -q '^Waiting for the module to be loaded\.$' "$tmp/out" &&
		(($(grep -c '^~66' "$tmp/out") == 40))
}

[[ $counting ]] || {
	cp -r "$recorded" "$tmp/anew"
	sed -i 's/^loaded_ns .*/loaded_ns 900/' "$tmp/anew/info"
}
verify "top -b: the module goes and comes back" batch_waits "$recorded"
verify "top -b: the module is replaced" batch_waits "$tmp/anew"

# A name that would forge a row, turn the line around, or take two columns for
# each of its letters: what stands behind it is in its column.
new_tree names
[[ $counting ]] || sed -i \
	-e 's/comm=qemu-system-x86/comm=a\\012b\\342\\200\\256c\\033[2J/' \
	-e 's/comm=CPU\\0400\/KVM/comm=日本語/' \
	"$tree"/{domains,processes,inflight}

# How many columns the part of the output takes that matches.
columns_of() {
	grep -o -e "$1" "$tmp/out" | LC_ALL=C.UTF-8 wc -L
}

names_are_clean() {
	tool top -b -n 1 -i 0.05
	((rc == 0)) && grep -q '^a?b?c?\[2J (4242)   ' "$tmp/out" &&
		! grep -q $'\033\|\342\200\256' "$tmp/out" &&
		test "$(columns_of '^日本語.*~2.0G M*K')" = \
			"$(columns_of '^a?b.*64.0G G*K')"
}
verify "top -b: names are clean and keep their columns" names_are_clean

new_tree screen

# top_in COLUMNS ROWS [ARG...]
top_in() {
	local size=("$1" "$2")

	shift 2
	terminal_open "${size[@]}" \
		"IOVASCOPE_DEBUGFS=$tree '$IOVASCOPE' top -i 0.1 $*"
}

# replace FILE SED: as the module would, in one step.
replace() {
	sed "$2" "$tree/$1" >"$tmp/replaced" && mv "$tmp/replaced" "$tree/$1"
}

HEAD='^VM +MAPPED LEAVES '

small_screen() {
	top_in 80 24 '; echo "status $?"; sleep 60' && sees "$HEAD" && sees '^\+qemu.*\(4242\)' &&
		[[ $(sed -n 5p "$tmp/out") =~ ^VM ]] &&
		(($(wc -L <"$tmp/out") <= 80)) &&
		[[ $(sed -n 24p "$tmp/out") == 'by mapped; s:sort'*'q:quit' ]] &&
		! grep -q DEVICES "$tmp/out"
}

opens_and_closes() {
	press Enter && sees '^ \+domain 3 ' && sees '^  call 4301\.1: pin in' &&
		press Down Down Down Right &&
		sees '^    0x100000000\.\.0xfffffffff 60\.0 GiB: 60 of 1G$' &&
		sees '^    device 0000:3c:00\.0' &&
		sees '4K, read-only, BAR$' &&
		press Left && sees '^ \+domain 3 ' '^    0x' &&
		press Left Left && sees '^\+qemu' 'domain 3'
}

sorts() {
	press n && sees '^by name;' && [[ $(sed -n 6p "$tmp/out") == '+CPU'* ]] &&
		press r && sees '^by name reversed' &&
		[[ $(sed -n 6p "$tmp/out") == "+the host's"* ]] &&
		press r m && sees '^by mapped; ' &&
		[[ $(sed -n 6p "$tmp/out") == '+qemu'* ]] &&
		press s && sees '^by 4K;' && press '<' && sees '^by mapped;'
}

filters() {
	press / 5e:0 && sees '^Filter: 5e:0_$' && sees '^\+CPU 0/KVM' '\+qemu' &&
		press Enter && sees "filter '5e:0' hides 2" &&
		press Escape && sees '^\+qemu'
}

shows_domains() {
	press Tab && sees '^\+3 qemu-system-x86 \(4242\)' &&
		press Tab && sees '^\+qemu'
}

helps() {
	press h && sees '^  space +freeze' "$HEAD" && press x && sees "$HEAD"
}

freezes() {
	press Space && sees ' FROZEN *$' &&
		replace domains '/^5 /d' && replace processes '/^2 /d' &&
		replace inflight '/pid=5151/d' && sleep 0.5 &&
		sees '^\+CPU 0/KVM' && press Space &&
		sees '^\+qemu' '^\+CPU|FROZEN'
}

# What was selected has gone: what is there is, and keys go on.
vm_vanishes() {
	press Down && replace domains '/^9 /d' && sees '^\+qemu' "^.the host's" &&
		press Enter && sees '^ \+domain 3' && press Enter
}

grows() {
	terminal_size 200 60 && sees 'BACKEND +DEVICES' &&
		[[ $(sed -n 60p "$tmp/out") == 'by mapped;'* ]] &&
		press Enter && sees '^ \+domain 3 .* type1 +0000:3b:00\.0,0000:3c' &&
		(($(wc -L <"$tmp/out") <= 200)) &&
		terminal_size 40 10 && sees '^-qemu' BACKEND &&
		(($(wc -L <"$tmp/out") <= 40)) && terminal_size 5 2 && sleep 0.3 &&
		terminal_size 80 24 && sees "$HEAD"
}

module_goes() {
	mv "$tree" "$tree.gone" &&
		sees 'waiting for the module to be loaded' && sees '^-qemu' &&
		sed -i 's/^loaded_ns .*/loaded_ns 4000/' "$tree.gone/info" &&
		mv "$tree.gone" "$tree" && sees "$HEAD" waiting
}

quits() {
	press q && sees '^status 0' "$HEAD"
}

# An error that does not go away ends it, and is read where the screen was.
breaks() {
	top_in 80 24 '; echo "status $?"; sleep 60' && sees "$HEAD" &&
		replace info 's/^format 1/format 2/' &&
		sees '^iovascope: .*info: unknown format' "$HEAD" &&
		sees '^status 5'
}

# The place of a module that is as large as it may be, and of one reading only.
scrolls() {
	local i

	top_in 80 24 && sees "$HEAD" && {
		cat "$tree/domains"
		for i in {100..199}; do
			sed -n "s/^5 /$i /; s/pid=5151/pid=$i/p" "$tree/domains"
		done
	} >"$tmp/domains" && mv "$tmp/domains" "$tree/domains" &&
		sees 'in 102 domains' && press End && sees '\(199\)' && press Home PageDown PageDown &&
		sees '\(12.\)' '^.qemu' && press Home && sees '^.qemu' &&
		press / 0 Enter && sees "filter '0' hides" && press q
}

if have "top: the screen" tmux; then
	verify "top: a screen of 80x24" small_screen
	verify "top: opens and closes" opens_and_closes
	verify "top: sorts" sorts
	verify "top: filters" filters
	verify "top: domains alone" shows_domains
	verify "top: help" helps
	verify "top: freezes" freezes
	verify "top: what was selected vanishes" vm_vanishes
	verify "top: the size changes" grows
	verify "top: the module goes and comes back anew" module_goes
	verify "top: quits" quits
	new_tree screen
	verify "top: an error that stays" breaks
	new_tree screen
	verify "top: more lines than rows" scrolls
	[[ $counting ]] || terminal_close
fi
tree=$recorded
