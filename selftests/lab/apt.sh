# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A private apt per suite, inside the cache: its own sources, lists and an
# empty status file, so that the packages of any Debian suite can be looked
# up and fetched without touching the machine's own apt. It is still apt:
# signatures and hashes are checked, and the machine's proxies are used.

# suite_sources SUITE: the sources.list of the private apt of SUITE.
# Point releases and security updates belong to a release; backports need the
# release that they are for, and are not preferred to it; nor is experimental,
# which is for unstable.
suite_sources() {
	local mirror=$IOVASCOPE_MIRROR security=$IOVASCOPE_SECURITY_MIRROR
	local by="[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
	local release=${1%-backports}

	[[ $1 != experimental ]] || release=sid
	echo "deb $by $mirror $release main"
	if [[ $release != sid ]]; then
		echo "deb $by $mirror $release-updates main"
		echo "deb $by $security $release-security main"
	fi
	[[ $1 == "$release" ]] || echo "deb $by $mirror $1 main"
}

# The mirrors the machine is configured for, or Debian's own.
find_mirrors() {
	local sites

	# shellcheck disable=SC2016
	sites=$(apt-get indextargets --format '$(SITE)' \
		'Created-By: Packages' 'Component: main' 'Origin: Debian' \
		2>/dev/null) || sites=
	: "${IOVASCOPE_MIRROR:=$(grep -m1 -E '/debian/?$' <<<"$sites")}"
	: "${IOVASCOPE_MIRROR:=http://deb.debian.org/debian}"
	: "${IOVASCOPE_SECURITY_MIRROR:=$(grep -m1 -E \
		'/debian-security/?$' <<<"$sites")}"
	: "${IOVASCOPE_SECURITY_MIRROR:=http://deb.debian.org/debian-security}"
}

# suite_apt SUITE PROGRAM ARGS...: apt-get or apt-cache on the private apt.
suite_apt() {
	local dir=$LAB_CACHE/apt/$1 program=$2
	shift 2

	"$program" -qq \
		-o Dir::Etc::SourceList="$dir/sources.list" \
		-o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::Preferences=/dev/null \
		-o Dir::Etc::PreferencesParts=/dev/null \
		-o Dir::State="$dir/state" \
		-o Dir::State::status="$dir/status" \
		-o Dir::Cache="$dir/cache" \
		-o APT::Architecture=amd64 -o APT::Architectures::=amd64 \
		-o APT::Sandbox::User=root \
		-o APT::Get::List-Cleanup=1 -o Acquire::Languages=none \
		-o Acquire::Retries=3 -o Acquire::http::Timeout=30 \
		"$@"
}

# The stamp is the last step: without it there is no index.
suite_update() {
	local dir=$LAB_CACHE/apt/$1

	mkdir -p "$dir"/state/lists/partial "$dir"/cache/archives/partial
	: >"$dir/status"
	suite_sources "$1" >"$dir/sources.new"
	# What another mirror said is no index of this one.
	cmp -s "$dir/sources.new" "$dir/sources.list" || rm -f "$dir/stamp"
	mv "$dir/sources.new" "$dir/sources.list"
	twice suite_apt "$1" apt-get -o APT::Update::Error-Mode=any \
		-o Acquire::Retries=1 update || return
	rm -f "$dir"/answer-*
	touch "$dir/stamp"
}

# suite_fresh SUITE: was the index read within a day, with these mirrors?
suite_fresh() {
	local dir=$LAB_CACHE/apt/$1

	[[ -n $(find "$dir/stamp" -mmin -1440 2>/dev/null) ]] &&
		cmp -s <(suite_sources "$1") "$dir/sources.list"
}

# suite_index SUITE: have an index of SUITE, not older than a day when the
# network allows. An old index still names packages that may be in the cache.
suite_index() {
	local log=$LAB_CACHE/apt/$1.log

	suite_fresh "$1" && return 0
	say "reading the package index of $1 from $IOVASCOPE_MIRROR ..."
	mkdir -p "$LAB_CACHE/apt"
	(suite_update "$1") >"$log" 2>&1 && return 0
	[[ ! -e $LAB_CACHE/apt/$1/stamp ]] || {
		say "no network? going on with the older index of $1"
		return 0
	}
	sed 's/^/  | /' "$log" >&2
	die "no network: cannot read $1 from $IOVASCOPE_MIRROR" \
		"(IOVASCOPE_MIRROR names another mirror)"
}

# remember SUITE WORD...: what the command WORD... prints about the index of
# SUITE, kept as long as the index is. apt takes seconds to answer.
remember() {
	local file
	file=$LAB_CACHE/apt/$1/answer-$(key_of <<<"${*:2}")

	if [[ ! -e $file ]]; then
		"${@:2}" >"$file.new" || return
		mv "$file.new" "$file"
	fi
	cat "$file"
}

# suite_field SUITE PACKAGE FIELD: one field of the candidate version. Backports
# are no candidates unless one insists.
suite_field() {
	local package=$2

	[[ $1 != *-backports && $1 != experimental ]] || package+=/$1
	remember "$1" suite_apt "$1" apt-cache show --no-all-versions \
		"$package" |
		sed -n "s/^$3: //p" | sed -n 1p
}

# suite_download SUITE DIR PACKAGE...: the .deb files into DIR.
suite_download() {
	local suite=$1 dir=$2
	shift 2

	mkdir -p "$dir"
	(cd "$dir" && twice suite_apt "$suite" apt-get download "$@")
}

# suite_closure SUITE PACKAGE...: "name version" of all that would be
# installed, the packages' dependencies included.
suite_closure() {
	local suite=$1
	shift

	remember "$suite" suite_apt "$suite" apt-get -s \
		--no-install-recommends install "$@" |
		sed -n 's/^Inst \([^ ]*\) (\([^ ]*\) .*/\1 \2/p' | sort
}
