# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # engine.sh sets what is read here
#
# Where the module's files are looked for, and what is said of a machine that
# has none: which of the reasons it is, and what to do about it.

root=$tmp/absent.root
release=6.1.0-99-amd64

# a_machine: installed, not loaded, no signature asked for, debugfs mounted.
a_machine() {
	[[ $counting ]] && return
	rm -rf "$root"
	put /proc/sys/kernel/osrelease "$release"
	put /proc/mounts "debugfs /sys/kernel/debug debugfs rw,nosuid 0 0"
	put "/lib/modules/$release/modules.dep" \
		"updates/dkms/iovascope.ko: kernel/drivers/vfio/vfio.ko"
	put /sys/module/module/parameters/sig_enforce N
	put /sys/kernel/security/lockdown "[none] integrity confidentiality"
}

loaded() {
	put /sys/module/iovascope/refcnt 0
}

# told NAME EXIT MATCH: what is said without being told where the files are.
told() {
	local problem

	only_count && return
	run env IOVASCOPE_SYSROOT="$root" "$IOVASCOPE" show
	problem=$(run_problem "$2")
	[[ $problem ]] || problem=$(match_problem "$3" '')
	report "absent: $1" "$problem"
}

a_machine
told "not loaded" 3 'the module is not loaded: load it \(modprobe iovascope\)$'
put "/lib/modules/$release/modules.dep" \
	"updates/dkms/iovascope_hugepath.ko: updates/dkms/iovascope.ko"
told "another module is not this one" 3 'is not installed for kernel'
put "/lib/modules/$release/modules.dep" "kernel/fs/fuse/fuse.ko.xz:"
told "not installed" 3 \
	"not installed for kernel $release: install iovascope-dkms and linux-headers-$release$"
put /sys/module/module/parameters/sig_enforce Y
told "not installed comes before signatures" 3 'not installed for kernel'
put "/lib/modules/$release/modules.dep" "updates/iovascope.ko.xz:"
told "signatures are enforced" 3 \
	'signed ones \(sig_enforce\): .*"Key was rejected by service", .*mokutil --import /var/lib/dkms/mok\.pub\)$'

a_machine
for mode in integrity confidentiality; do
	modes="none integrity confidentiality"
	put /sys/kernel/security/lockdown "${modes/$mode/[$mode]}"
	told "locked down: $mode" 3 \
		"locked down \($mode\): .*\"Operation not permitted\", .*mokutil"
done
put /sys/module/module/parameters/sig_enforce Y
told "the signature is looked at before the lockdown" 3 '\(sig_enforce\)'

a_machine
[[ $counting ]] || rm -r "${root:?}/lib" "$root/sys/kernel"
told "a machine that tells nothing more" 3 'not loaded: load it'

a_machine
loaded
put /proc/mounts "tracefs /sys/kernel/debug tracefs rw 0 0"
told "debugfs is not mounted" 3 \
	'debugfs is not mounted: mount -t debugfs none /sys/kernel/debug$'
put /proc/mounts "none /mnt/a\\040b debugfs rw 0 0"
[[ $counting ]] || {
	mkdir -p "$root/mnt/a b"
	cp -r "$recorded" "$root/mnt/a b/iovascope"
}
told "debugfs is mounted elsewhere" 0 'mapped in'
put /sys/kernel/security/lockdown "none [integrity] confidentiality"
told "loaded all the same" 0 'mapped in'
[[ $counting ]] || rm -r "$root/mnt/a b/iovascope"
told "unloaded in this moment" 3 'info: not there: load the module'

# Root is let into every directory; debugfs lets nobody else in.
a_machine
loaded
if [[ $counting ]]; then
	nr=$((nr + 1))
elif ((EUID)); then
	skip "absent: permission" "only root can become another user"
else
	mkdir -p "$root/sys/kernel/debug/iovascope"
	chmod 700 "$root/sys/kernel/debug"
	install -m 755 "$IOVASCOPE" "$tmp/iovascope"
	chmod 711 "$tmp"
	run setpriv --reuid 65534 --regid 65534 --clear-groups \
		env IOVASCOPE_SYSROOT="$root" "$tmp/iovascope" show
	if ((rc == 4)) && [[ $err == *"permission denied: run as root" ]]; then
		report "absent: permission" ""
	else
		report "absent: permission" "exit code $rc, not 4 with the reason"
	fi
fi
