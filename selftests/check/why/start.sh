# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Where did the seconds of a start go: "iovascope why --start".

# Seven devices with large BARs: the memory is in order, the BARs take the time.
start_bars() {
	hold ./why_client "${SEVEN_DEVICES[@]}" "${GIB_FILE[@]}" \
		--bars 2G &&
		answer_is 1 "$(cause bar-lookup "
			.backings.mmio.bytes == 14 * $G and
			.backings.hugetlb_1g.bytes == $G and
			\$c.ns == .backings.mmio.ns and
			([.causes[].ns] | . == (sort | reverse)) and
			(\$c.evidence | any(test(\"no vfio_pci_mmap_huge_fault\"))) and
			(.answer | test(\"BAR\"))")" why --start "$PID" &&
		[[ $(./iovascope why --start "$PID" | sed -n 1p) == *BAR* ]]
}

# On a kernel that resolves BARs by large steps, BARs are no cause. That is
# judged by nanoseconds for each 4 KiB, so the machine has to be one on which
# time is the number of instructions.
start_bars_by_large_steps() {
	hold ./why_client --device "$BAR" --bars 128G &&
		answer_is 0 ".fix_needed == false and .missing == [] and
			.backings.mmio.bytes == 128 * $G and
			([.causes[].cause] | index(\"bar-lookup\") == null and
			index(\"bar-address\") == null)" why --start "$PID"
}

# At a virtual address that is aligned to 2 MiB only, the same kernel takes
# steps of 2 MiB. The shift that the answer names would align it to 1 GiB.
start_bar_address() {
	hold ./why_client --device "$BAR" --bars 128G --bar-shift 2M &&
		answer_is 1 "$(cause bar-address "
			.backings.mmio.bytes == 128 * $G and
			\$c.ns == .backings.mmio.ns and
			\$c.askew_bytes == 128 * $G and
			\$c.va % $G == 2 * $M and
			(\$c.va + \$c.shift_bytes) % $G == 0 and
			(.answer | test(\"BAR\"))")" why --start "$PID" || return
	# A client that is gone has no addresses any more.
	kill "$PID"
	tail --pid="$PID" -f /dev/null
	answer_is 0 '(.missing | any(test("virtual addresses of BARs"))) and
		([.causes[].cause] | index("bar-address") == null)' \
		why --start "$PID"
}

# At an address that is aligned to 4 KiB only, it takes no large steps at all,
# and the address is part of the evidence.
start_bar_lookup_by_address() {
	hold ./why_client --device "$BAR" --bars 1028M --bar-shift 4K &&
		answer_is 1 "$(cause bar-lookup "
			.backings.mmio.bytes == 1028 * $M and
			\$c.askew_bytes == 1028 * $M and
			\$c.va % $G == 4096 and
			(\$c.evidence | any(test(\"has vfio_pci_mmap_huge\"))) and
			(\$c.fix | test(\"virtual addresses\"))")" why --start "$PID"
}

# Where pins are batched they are fast, and most of the time goes into the page
# table entries, one for each 4 KiB.
start_map_entries() {
	hold ./why_client "${GIB_FILE[@]}" --iova $((IOVA + 4096)) &&
		answer_is 0 "$(cause map-entries "
			\$c.fixable == false and \$c.ns == .phases.map_ns and
			(\$c.evidence | any(test(\"262144 4K\")))")" \
			why --start "$PID"
}

# Seven devices, and 4 KiB memory that nobody has touched before.
start_first_touch() {
	hold ./why_client "${SEVEN_DEVICES[@]}" --backing base --size 512M \
		--touch none --bars 64M &&
		answer_is 1 "$(cause first-touch "
			.phases.first_touch_ns * 2 > .total_ns and
			.backings.base.bytes == 512 * $M and
			(.answer | test(\"BAR\") | not)")" why --start "$PID"
}

# The same with memory that has been touched. A 7.x kernel pins it in less time
# than is worth a fix.
start_base_pages() {
	hold ./why_client "${SEVEN_DEVICES[@]}" --backing base --size 512M \
		--bars 4M &&
		answer_is either "$(cause base-pages "
			(.fix_needed == true) == (.total_ns >= 100000000) and
			.phases.first_touch_ns == 0 and
			.backings.base.bytes == 512 * $M and
			(.answer | test(\"BAR\") | not)")" why --start "$PID"
}

start_nothing_to_fix() {
	hold ./why_client "${GIB_FILE[@]}" &&
		answer_is 0 "$(cause pin-lookup "
			.fix_needed == false and .phases.first_touch_ns == 0 and
			.backings.hugetlb_1g.bytes == $G")" why --start "$PID"
}

# The process has ended; and then only a recording of it is read.
start_teardown() {
	local pid walk

	hold ./why_client "${GIB_FILE[@]}" || return
	pid=$PID
	client_end
	walk="$(cause teardown-walk "\$c.fixable == false and \$c.ns > 0 and
		\$c.ns == .phases.walk_ns")"
	answer_is 0 "$walk" why --start "$pid" &&
		cp /run/answer /run/live &&
		./iovascope snapshot >/run/recording &&
		answer_is 0 "$walk" why --start "$pid" --from /run/recording &&
		cmp /run/live /run/answer
}

start_duplicates() {
	hold ./why_client "${SEVEN_DEVICES[@]}" --containers "${GIB_FILE[@]}" &&
		answer_is either "$(cause duplicate-pins "
			(.fix_needed == true) == (.total_ns >= 100000000) and
			\$c.factor_percent == 700 and
			.backings.hugetlb_1g.bytes == 7 * $G")" \
			why --start "$PID"
}

# The client was started long before this test, so that its pin has been stuck
# for the 10 s that make it a cause.
start_stuck() {
	local pid start

	pid=$(sed -n 's/^stuck //p' /run/gated)
	start=$(cut -d' ' -f22 "/proc/$pid/stat")
	while (($(cut -d. -f1 /proc/uptime) < start / 100 + 12)); do
		sleep 1
	done
	answer_is 1 "$(cause stuck-pin "\$c.ns >= 10000000000 and
		\$c.tid == $pid and .phases.unfinished_ns >= \$c.ns and
		(.answer | test(\"does not go on\"))")" why --start "$pid"
}

start_blind() {
	hold ./why_client --backing base --size 512M --touch none &&
		answer_is 1 "$(cause blind-probe "
			\$c.probe == \"pin\" and
			\$c.ns == .phases.map_rest_ns and
			.phases.first_touch_ns == 0 and .backings == {} and
			.missing == [\"pin: the probe pin is off\"]")" \
			why --start "$PID" &&
		answer_is 1 '.missing | index("devices: the probe attach is off") !=
			null' why "$EDU" --want 2m
}
