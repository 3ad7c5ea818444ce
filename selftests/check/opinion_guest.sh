#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: opinion_guest.sh PROGRAM|first
#
# In the guest: load the module, run the program, unload. Or run what has to come
# out the same with page tables of the first stage.

set -uo pipefail
export IOVASCOPE_LAB=1

if [[ $1 == first ]]; then
	export IOVASCOPE_STAGE=first
	exec ./run_tests.sh census_test
fi
if [[ ! -e /sys/kernel/debug/iommu/intel/dmar_translation_struct ]]; then
	echo "not ok 1 kernel $(uname -r) has no IOMMU debugfs"
	exit 1
fi
/lab/huge_pages.sh 128 || exit
modprobe -a vfio-pci iommufd && insmod iovascope.ko || exit 1
"./$1"
rc=$?
rmmod iovascope || rc=1
exit "$rc"
