# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Causes that the host decides, for all that is mapped: the kernel's command
# line, the remapping units, and what the module can see.

identity() {
	echo identity >"/sys/bus/pci/devices/$SECOND_EDU/iommu_group/type" &&
		answer_is 1 "$(cause identity 'true')" why "$SECOND_EDU"
}

# The module must not see pins, nor who attaches devices.
blind() {
	rmmod iovascope && insmod ./iovascope.ko skip=pin,attach
}

host_blind() {
	answer_is 1 '[.causes[] | select(.cause == "blind-probe") | .probe] ==
		["pin", "attach"]' host
}

host_without_backend() {
	answer_is 1 'any(.causes[]; .cause == "no-backend") and
		.backends.vfio_iommu_type1 == 0' host
}

host_able() {
	answer_is 0 '.fix_needed == false and .causes == [] and
		.units.dmar0.second_leaves == ["4k", "2m", "1g"] and
		.units.dmar0.translation == true and .hugetlb["1g"].total == 4 and
		(.cmdline | index("intel_iommu=on") != null) and
		.backends.vfio_iommu_type1 == 1' host
}

no_1g_pages() {
	answer_is 1 'any(.causes[]; .cause == "no-1g-pages") and
		.hugetlb["1g"].total == 0' host
}

sp_off() {
	hold ./why_client "${GIB_FILE[@]}" &&
		answer_is 1 "$(cause sp-off "
			\$c.bytes == $G and \$c.used == \"4k\" and
			.causes == [\$c]")" why "$PID"
}

# What hardware lacks cannot be fixed: why names it and ends with 0.
hw_no_1g() {
	hold ./why_client "${GIB_FILE[@]}" &&
		answer_is 0 "$(cause hw-no-1g "
			\$c.bytes == $G and \$c.used == \"2m\" and
			\$c.unit == \"dmar0\" and .fix_needed == false and
			\$c.evidence[0] ==
				\"its capability register is 0xd20084222f0606: bit 35 is 0\"")" \
			why "$PID" &&
		answer_is 0 "$NOTHING_TO_FIX" why "$PID" --want 2m
}

# There are two units. dmar0 has no 1G leaves and only SECOND_EDU behind it. A
# kernel that looks at all units uses none for the devices of dmar1, either.
other_unit() {
	hold ./why_client "${GIB_FILE[@]}" &&
		answer_is 0 "$(cause hw-no-1g "
			\$c.bytes == $G and \$c.used == \"2m\" and
			\$c.unit == \"dmar0\" and .fix_needed == false and
			(\$c.says | test(\"what all units have\")) and
			(\$c.evidence | any(test(\"dmar1, which serves\")))")" \
			why "$PID"
}

# A kernel that looks at the unit of the device.
own_unit() {
	hold ./why_client "${GIB_FILE[@]}" &&
		answer_is 0 "$NOTHING_TO_FIX and .leaf_bytes[\"1g\"] == $G" why "$PID"
}

behind_the_weak_unit() {
	hold ./why_client --device "$SECOND_EDU" "${GIB_FILE[@]}" &&
		answer_is 0 "$(cause hw-no-1g "
			\$c.bytes == $G and \$c.unit == \"dmar0\" and
			(\$c.says | test(\"second-stage\")) and
			.causes == [\$c]")" why "$PID"
}

host_two_units() {
	answer_is 0 "$(cause hw-no-1g "\$c.unit == \"dmar0\" and .able == false and
		.units.dmar0.second_leaves == [\"4k\", \"2m\"] and
		.units.dmar1.second_leaves == [\"4k\", \"2m\", \"1g\"] and
		(.units | map(.translation) == [true, true])")" host
}

hw_no_2m() {
	hold ./why_client --backing hugetlb_2m --size 4M &&
		answer_is 0 "$(cause hw-no-2m "
			\$c.bytes == 4 * $M and \$c.used == \"4k\" and
			\$c.unit == \"dmar0\" and .fix_needed == false")" \
			why "$PID" --want 2m
}

not_intel() {
	answer_is 0 "$(cause not-vtd "\$c.fixable == false and .fix_needed == false and
		(\$c.says | test(\"ivhd0\"))")" "$@"
}
