# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The cache: one folder outside the tree for all that set-up makes.
#
# An entry is a folder NAME-KEY whose key is a hash of what goes into it
# (packages with their versions, and the code that makes it). It is made in a
# temporary folder beside it and renamed, so an entry that exists is whole and
# never stale. NAME is a symbolic link to the entry of today, replaced by
# rename too: readers see the old one or the new one, nothing in between.
#
# One lock for the cache, held for moments and while packages are installed. What
# is being made has a lock of its own: a kernel takes half an hour, in which
# others only want what is there already.

NEED_CACHE_MIB=3000

cache_open() {
	mkdir -p "$LAB_CACHE" 2>/dev/null || die "cannot make the cache $LAB_CACHE"
	LAB_CACHE=$(cd "$LAB_CACHE" && pwd)
	exec 9>"$LAB_CACHE/lock"
	if ! flock -n 9; then
		say "another set-up is at work; waiting for it ..."
		flock 9
	fi
	trap cache_close EXIT
	cache_sweep
}

cache_close() {
	step_abort
	rm -rf "$LAB_CACHE/tmp.$$".*
}

# What is temporary bears the PID of its maker: is that one gone, it may go.
cache_sweep() {
	local path pid

	for path in "$LAB_CACHE"/tmp.*; do
		pid=${path##*/tmp.}
		[[ -d /proc/${pid%%.*} ]] || rm -rf "$path"
	done
}

# need_space DIR MIB
need_space() {
	local free

	free=$(df -BM --output=avail "$1" | tail -n 1 | tr -dc 0-9)
	((free >= $2)) ||
		die "not enough disk space: $1 has $free MiB free, need $2"
}

# key_of: a short hash of stdin.
key_of() {
	sha256sum | cut -c1-16
}

# point LINK TARGET: make a symbolic link, or replace it, in one step.
point() {
	ln -sfn "$2" "$LAB_CACHE/tmp.$$.link"
	mv -T "$LAB_CACHE/tmp.$$.link" "$LAB_CACHE/$1"
}

# prune NAME: remove entries that NAME no longer points to. A VM that reads
# one keeps its open file; a day's grace is for one about to open it.
prune() {
	find "$LAB_CACHE" -mindepth 1 -maxdepth 1 -type d -mtime +0 \
		-name "$1-????????????????" \
		! -name "$(readlink "$LAB_CACHE/$1")" -exec rm -rf {} +
}

# cache_make NAME-KEY WHAT FUNCTION [ARG...]: under the lock of this entry alone.
cache_make() {
	local entry=$1 what=$2 function=$3 tmp
	shift 3

	need_space "$LAB_CACHE" $NEED_CACHE_MIB
	tmp=$(mktemp -d "$LAB_CACHE/tmp.$$.XXXXXX")
	chmod 755 "$tmp"
	mkdir "$tmp/new"
	step "$what" "$function" "$tmp" "$@"
	chmod a+rX "$tmp/new"
	mv -T "$tmp/new" "$LAB_CACHE/$entry"
	rm -rf "$tmp"
}

# cache_entry NAME KEY WHAT FUNCTION [ARG...]: have the entry NAME-KEY, made
# by "FUNCTION DIR ARG..." in DIR/new if need be, and point NAME to it.
cache_entry() {
	local name=$1 entry=$1-$2
	shift 2

	if [[ ! -d $LAB_CACHE/$entry ]]; then
		# Whoever waits for one lock holds no other.
		flock -u 9
		exec 8>"$LAB_CACHE/lock-$name"
		if ! flock -n 8; then
			say "another set-up makes $name; waiting for it ..."
			flock 8
		fi
		[[ -d $LAB_CACHE/$entry ]] || cache_make "$entry" "$@"
		exec 8>&-
		flock 9
	fi
	point "$name" "$entry"
	prune "$name"
}
