#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: package_guest.sh upgrade|enforced|lockdown OLD NEW
#
# In the lab: the modules that dkms made, old/ and new/, and the new command, on
# a machine where the module is upgraded while it is loaded; or on one that
# takes no module but those signed with a key it knows.

set -uo pipefail
. ./tap.sh

old=$2
new=$3
kver=$(uname -r)
dkms=/lib/modules/$kver/updates/dkms

# The lab's modules are read-only.
make_writable() {
	mkdir -p /run/modules/upper /run/modules/work
	mount -t overlay -o lowerdir=/lib/modules \
		-o upperdir=/run/modules/upper,workdir=/run/modules/work \
		modules /lib/modules
}

# put WHICH: as dkms does, the file that is there goes first.
put() {
	rm -rf "$dkms"
	mkdir -p "$dkms"
	cp "$1"/* "$dkms/"
	depmod "$kver"
}

loaded_is() {
	[[ $(cat /sys/module/iovascope/version) == "$1" ]]
}

shows() {
	./iovascope show | grep -q '^Nothing is mapped'
}

# refused ERROR REASON: by modprobe with this error; and the command knows why.
refused() {
	local said

	said=$(modprobe iovascope 2>&1) && return 1
	echo "$said"
	[[ $said == *": $1" ]] || return
	said=$(./iovascope show 2>&1)
	(($? == 3)) || return
	echo "$said"
	[[ $said == *"$2"*"\"$1\""*mokutil* ]]
}

lock_down() {
	mount -t securityfs securityfs /sys/kernel/security
	echo "$1" >/sys/kernel/security/lockdown
}

# Lockdown refuses a file when it is opened.
reads_everything() {
	local file

	grep -q '\[confidentiality\]' /sys/kernel/security/lockdown || return
	./iovascope snapshot --check >/dev/null || return
	for file in /sys/kernel/debug/iovascope/devices/*/{runs,pagemap}; do
		: <"$file" || return
	done
}

absent() {
	local said

	said=$(./iovascope show 2>&1)
	(($? == 3)) || return
	echo "$said"
	[[ $said == *"$1"* ]]
}

make_writable
case $1 in
upgrade)
	tap "not installed: the command says so" \
		absent "not installed for kernel $kver"
	put old
	tap "not loaded: the command says so" \
		absent 'not loaded: load it (modprobe iovascope)'
	tap "modprobe loads $old" modprobe iovascope
	put new
	tap "$old stays loaded" loaded_is "$old"
	tap "the command of $new reads $old" shows
	tap "$old is unloaded" modprobe -r iovascope
	tap "modprobe loads $new" modprobe iovascope
	tap "$new is loaded" loaded_is "$new"
	tap "the command reads $new" shows
	lock_down confidentiality
	tap "the command reads it in lockdown" reads_everything
	umount /sys/kernel/debug
	tap "no debugfs: the command says so" absent 'debugfs is not mounted'
	;;
enforced)
	put new
	tap "a signature by an unknown key is refused" \
		refused 'Key was rejected by service' '(sig_enforce)'
	;;
lockdown)
	put new
	mount -t securityfs securityfs /sys/kernel/security
	tap "a signature by an unknown key is refused in lockdown" \
		refused 'Operation not permitted' 'locked down (integrity)'
	;;
esac
tap_totals
