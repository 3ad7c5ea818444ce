# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
#
# For scripts that run in a root with dkms, with this tree in /tree: what dkms
# was told to do, in $transcript, and whether it did. Wants $kver as well.

# The modules that dkms is told to make.
mapfile -t modules < <(sed -n \
	's/^BUILT_MODULE_NAME\[[0-9]*\]="\(.*\)"/\1/p' /tree/dkms.conf)

# log COMMAND...: into the transcript, and nowhere else.
log() {
	printf '# %s\n' "$*"
	"$@" 2>&1
} >>"$transcript"

# Debian's headers come with no vmlinux, or with one that is stripped.
OF_THE_HEADERS="Skipping BTF generation|readelf: .*'.comment' was not dumped"

# does COMMAND...: succeeds, and its part of the transcript complains of nothing.
does() {
	local before said rc=0

	before=$(wc -l <"$transcript")
	log "$@" || rc=$?
	said=$(tail -n "+$((before + 1))" "$transcript")
	if ((rc)) || grep -v -E "$OF_THE_HEADERS" <<<"$said" |
		grep -q -i -E 'warning|error|fail'; then
		echo "$said"
		return 1
	fi
}

# status_is LINE...: what dkms status says, in any order. Before 3.0 it put a
# comma between name and version.
status_is() {
	diff <(dkms status | sed 's:^iovascope, :iovascope/:' | sort) \
		<((($#)) && printf '%s\n' "$@" | sort)
}

# installed VERSION KERNEL: all modules are there, of that version.
installed() {
	local module file

	((${#modules[@]})) || return
	for module in "${modules[@]}"; do
		file=$(echo "/lib/modules/$2/updates/dkms/$module".ko*)
		[[ $(modinfo -F version "$file") == "$1" ]] || return
		[[ $(modinfo -F vermagic "$file") == "$2 "* ]] || return
	done
}

# keep NAME: the modules of KVER, for the lab.
keep() {
	cp -r "/lib/modules/$kver/updates/dkms" "/out/$1"
}

make_log_is_clean() {
	local log

	for log in /var/lib/dkms/iovascope/*/*/x86_64/log/make.log; do
		! grep -v -E "$OF_THE_HEADERS" "$log" |
			grep -i -E 'warning|error' || return
	done
}

# no_trace: no file of ours is left in the root.
no_trace() {
	local found

	found=$(find / -xdev \( -path /debs -o -path /out -o -path /tree \) \
		-prune -o \( -iname '*iovascope*' \) -print)
	[[ -z $found ]] || {
		echo "$found"
		return 1
	}
}
