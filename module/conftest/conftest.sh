#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: conftest.sh SOURCE OUT SYMVERS COMPILER [OPTION...]
#
# What a kernel has of what the modules in SOURCE want, found out by compiling
# against its headers. OUT becomes a part of a makefile, which sets
#
#   ivs_have            -DIVS_HAVE_NAME for each question of features.c in which
#                       the compiler finds no error
#   ivs_hugepath_lacks  why hugepath cannot be built; empty where it can
#
# Kbuild runs it while it reads a makefile, so it says nothing, unless nothing
# can be found out: then one line, and there is no OUT. An answer holds until
# the compiler, an option, a header or a question is another.

set -u
export LC_ALL=C

source=$1
out=$2
symvers=$3
shift 3
features=$source/module/conftest/features.c
hugepath=$source/module/hugepath/conftest.c

# By when a file was put there, not by its date: packages bring theirs along.
# shellcheck disable=SC2016
still_true() {
	[ -s "$out" ] && [ -s "$out.d" ] &&
		[ "$(head -n 1 "$out")" = "# $question" ] &&
		[ -z "$(xargs sh -c 'find "$@" -newercm "$0" 2>&1' "$out" \
			<"$out.d")" ]
}

# What the compiler says of FILE, as of a file of a module.
compile() {
	"$@" -DMODULE -DKBUILD_MODNAME='"conftest"' \
		-DKBUILD_BASENAME='"conftest"' 2>&1
}

# Warnings decide nothing in features.c, whatever the kernel makes of them. clang
# gives up after some errors, unless told not to.
ask_features() {
	all=
	! "$@" --version | grep -q clang || all=-ferror-limit=0
	compile "$@" $all -w -fsyntax-only "$features" |
		sed -n 's/^\([A-Z_]*\):[0-9:]* .*error: .*/\1/p' | sort -u
}

questions() {
	sed -n 's/^#line 1 "\(.*\)"/\1/p' "$features" | sort
}

# Words of the compiler, without what means something to make or to a shell.
as_words() {
	head -n 1 | tr -c 'A-Za-z0-9_.,:;+/-' ' ' | tr -s ' '
}

# unexported OBJECT: the first symbol it needs that the kernel keeps to itself.
unexported() {
	[ -s "$symvers" ] || return 0
	${NM:-nm} -u "$1" | awk '
		NR == FNR { exported[$2]; next }
		!($2 in exported) { print $2 " is not exported"; exit }
	' "$symvers" -
}

# why_no_hugepath COMPILER...: nothing, where it can be built. A warning of the
# kernel's own headers is no reason not to.
why_no_hugepath() {
	said=$(compile "$@" -Wno-error -c -o "$out.o" "$hugepath")
	if [ -s "$out.o" ]; then
		unexported "$out.o"
	else
		echo "$said" | sed -n 's/.*error: \([^;[]*\).*/\1/p' | grep . ||
			echo "its conftest.c does not compile"
	fi
	rm -f "$out.o"
}

question=$({
	printf '%s ' "$@"
	"$@" --version
	cat "$0" "$symvers" "$hugepath" "${hugepath%/*}/compat.h" \
		"${hugepath%/*}/vfio_ops.h" "$source/module/compat.h"
} 2>/dev/null | cksum)
! still_true "$@" || exit 0
rm -f "$out" "$out.o"

said=$(compile "$@" -w -fsyntax-only -DIVS_NO_QUESTIONS "$features")
can=$?
lacks=$(ask_features "$@")
if [ $can != 0 ] || ! echo "$lacks" | grep -q -x NOTHING; then
	echo "for this kernel nothing compiles with $1:" \
		"$(echo "$said" | grep error | as_words)"
	exit
fi
have=$(questions | grep -v -x -F "$lacks" | sed 's/^/-DIVS_HAVE_/' | tr '\n' ' ')
# shellcheck disable=SC2086
why=$(why_no_hugepath "$@" $have | as_words)
compile "$@" -M -DIVS_NO_QUESTIONS "$features" |
	sed 's/^[^:]*: *//; s/\\$//' | tr -s ' ' '\n' | grep . >"$out.d"
printf '# %s\nivs_have := %s\nivs_hugepath_lacks := %s\n' \
	"$question" "$have" "$why" >"$out"
