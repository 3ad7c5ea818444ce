#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# In the guest: run opinion_test and iommufd_test, each with a module of its
# own, and give the totals of both in the form that lab.sh reads.

set -u
export IOVASCOPE_LAB=1

pass=0 fail=0 skip=0

# total KEY LOG
total() {
	local n

	n=$(sed -n "s/^# Totals:.* $1:\([0-9]*\).*/\1/p" "$2")
	echo "${n:-0}"
}

# program NAME: a failure that its totals do not own up to is one, too.
program() {
	local log=/run/$1.log rc failed

	insmod iovascope.ko || exit 1
	"./$1" 2>&1 | tee "$log"
	rc=${PIPESTATUS[0]}
	rmmod iovascope || rc=1
	failed=$(total fail "$log")
	((rc == 0 || failed > 0)) || failed=1
	pass=$((pass + $(total pass "$log")))
	fail=$((fail + failed))
	skip=$((skip + $(total skip "$log")))
}

if [[ ! -e /sys/kernel/debug/iommu/intel/dmar_translation_struct ]]; then
	echo "not ok 1 kernel $(uname -r) has no IOMMU debugfs"
	exit 1
fi
echo 128 >/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
modprobe -a vfio-pci iommufd || exit 1
program opinion_test
program iommufd_test
echo "# totals pass=$pass fail=$fail skip=$skip"
((fail == 0))
