#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# In the guest: load the module, run opinion_test, unload, and give the totals
# in the form that lab.sh reads.

set -u
export IOVASCOPE_LAB=1

total() {
	sed -n "s/^# Totals:.* $1:\([0-9]*\).*/\1/p" /run/opinion.log
}

if [[ ! -e /sys/kernel/debug/iommu/intel/dmar_translation_struct ]]; then
	echo "not ok 1 kernel $(uname -r) has no IOMMU debugfs"
	exit 1
fi
echo 64 >/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
modprobe vfio-pci || exit 1
insmod iovascope.ko || exit 1
./opinion_test 2>&1 | tee /run/opinion.log
rc=${PIPESTATUS[0]}
rmmod iovascope || rc=1
fail=$(total fail)
((rc == 0 || ${fail:-0} > 0)) || fail=1
echo "# totals pass=$(total pass) fail=${fail:-1} skip=$(total skip)"
exit "$rc"
