#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: static.sh
#
# What can be told without running anything: form, words, licences, linters,
# and compilers at their strictest. The versions of all tools come first, and
# a missing one is a failure: a linter that is not there finds nothing.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
. "$LAB_TREE/selftests/check/tap.sh"
. "$LAB_TREE/selftests/check/strict.sh"
cd "$LAB_TREE" || exit 1

CHECKPATCH=$LAB_CACHE/scripts/checkpatch.pl
COCCI=$LAB_CACHE/scripts/coccinelle
KVER=$("$LAB_DIR/setup.sh" --kver)

# Files of the tree: what git knows or would add; a tarball has no git.
list_files() {
	if git rev-parse --git-dir >/dev/null 2>&1; then
		git ls-files -co --exclude-standard
	else
		find . -type f ! -path './build/*' | sed 's:^\./::'
	fi | while read -r file; do
		[[ ! -f $file ]] || echo "$file"
	done | sort
}

# Recorded input is as it was recorded, faults included.
is_recorded() {
	[[ $1 == selftests/host/cli/trees/* || $1 == *.expected ||
		$1 == selftests/host/cli/recordings/* ||
		$1 == selftests/bench/results/* ]]
}

is_shell() {
	[[ $1 == *.sh ]] || head -n 1 "$1" | grep -q -E '^#!.*\b(ba|da)?sh\b'
}

mapfile -t FILES < <(list_files)
SOURCES=()
SHELLS=()
CODE=()
for file in "${FILES[@]}"; do
	! is_recorded "$file" || continue
	SOURCES+=("$file")
	! is_shell "$file" || SHELLS+=("$file")
	[[ $file != *.[ch] ]] || CODE+=("$file")
done

# tool NAME COMMAND...: its version, on one line.
tool() {
	local version

	version=$("${@:2}" 2>&1 | grep -m1 '[0-9]')
	if command -v "$2" >/dev/null && [[ -n $version ]]; then
		tap_pass "$1: $version"
	else
		tap_fail "$1 is missing" </dev/null
	fi
}

# mandoc knows no --version.
package_version() {
	command -v "$1" >/dev/null && dpkg-query -W -f '${Version}\n' "$1"
}

check_tools() {
	tool bash bash --version
	tool gcc gcc --version
	tool make make --version
	tool clang clang --version
	tool sparse sparse --version
	tool coccinelle spatch --version
	tool shellcheck bash -c 'shellcheck --version | grep version:'
	tool shfmt shfmt --version
	tool codespell codespell --version
	tool mandoc package_version mandoc
	tool jq jq --version
	tool perl perl -e 'print "$^V\n"'
	tool checkpatch bash -c "head -c 4096 '$CHECKPATCH' >/dev/null &&
		basename \"\$(readlink -f '$LAB_CACHE/source')\""
	tool QEMU qemu-system-x86_64 --version
	tool "kernel headers" bash -c "ls -d '/lib/modules/$KVER/build'"
}

# no_match WHAT PATTERN FILE...: fail with the places that match.
no_match() {
	local found

	found=$(grep -n -I -E -e "$1" -- "${@:2}")
	[[ -z $found ]] || {
		echo "$found"
		return 1
	}
}

check_last_newline() {
	local file bad=0

	for file in "${SOURCES[@]}"; do
		[[ ! -s $file || -z $(tail -c 1 "$file") ]] && continue
		echo "$file: no newline at its end"
		bad=1
	done
	return $bad
}

# Text for people, lists of patterns, and files of a form of Debian's that has
# no comments cannot carry a licence line.
needs_spdx() {
	case $1 in
	*.md | *.json | *.txt | LICENSE | LICENSES/* | COPYING | */splats)
		return 1
		;;
	*/debian/copyright | */debian/*.docs | */debian/source/format)
		return 1
		;;
	esac
}

# On line 1, or on line 2 below a "#!" or what says "#compdef" to zsh.
check_spdx() {
	local file line bad=0

	for file in "${SOURCES[@]}"; do
		needs_spdx "$file" || continue
		line=$(head -n 1 "$file")
		[[ $line != '#!'* && $line != '#compdef '* ]] || line=$(sed -n 2p "$file")
		[[ $line == *'SPDX-License-Identifier: GPL-2.0'* ]] && continue
		echo "$file: no SPDX-License-Identifier on line 1"
		bad=1
	done
	return $bad
}

check_kernel_versions() {
	local files=()

	mapfile -t files < <(printf '%s\n' "${CODE[@]}" Kbuild |
		grep -v -x -E 'module/(hugepath/)?compat\.h')
	no_match '\b(LINUX_VERSION_CODE|KERNEL_VERSION)\b' "${files[@]}"
}

# Who takes in whom in module/: a line for each include of our own, with both
# files named without their endings, for a .c and its .h are one thing.
module_includes() {
	local file taken

	printf '%s\n' "${CODE[@]}" | grep '^module/' |
		xargs grep -H -o '^#include "[^"]*"' | while IFS=: read -r file taken; do
		taken=${file%/*}/${taken#*\"}
		taken=$(realpath -m --relative-to=. "${taken%.h\"}")
		[[ ${file%.[ch]} == "$taken" ]] || echo "${file%.[ch]} $taken"
	done
}

check_circles() {
	local taken

	taken=$(module_includes)
	[[ -n $taken ]] && tsort <<<"$taken" >/dev/null
}

# Flow and census are two witnesses, who must not have talked to each other:
# only the files at the top see both. A folder takes in itself and base/, and
# base/ nobody; compat.h and uapi/ are for all. hugepath/ is another module.
check_folders() {
	local found

	found=$(module_includes | grep -v -E \
		-e '^module/(\w+)/\w+ module/\1/' \
		-e '^module/(flow|census|hugepath)/\w+ module/base/' \
		-e ' module/(compat$|uapi/)' \
		-e '^module/\w+ module/(\w+|base/\w+|flow/\w+|census/\w+)$')
	[[ -z $found ]] || {
		echo "$found"
		return 1
	}
}

# What checkpatch says of code that is not the kernel's: helpers that only the
# kernel has, volatile on a device's registers, macros of the kselftest harness,
# which declare things and cannot be wrapped, and sentences for people, which
# can be searched for only in one piece.
USER_IGNORES=(
	ARRAY_SIZE BIT_MACRO PREFER_DEFINED_ATTRIBUTE_MACRO PREFER_KERNEL_TYPES
	CONST_STRUCT ENOSYS VOLATILE COMPLEX_MACRO MACRO_ARG_REUSE
	MULTISTATEMENT_MACRO_USE_DO_WHILE LONG_LINE_STRING
)

# The files that may, and must, name kernel versions; to checkpatch the
# kernel's own version looks like a constant.
COMPAT_IGNORES=(LINUX_VERSION_CODE CONSTANT_COMPARISON)

# The compiler's own words, without the macros that the kernel has for them.
FEATURES_IGNORES=(CAMELCASE OPEN_ENDED_LINE)

# TRACE_EVENT() is laid out as all of the kernel's own headers lay it out.
TRACE_IGNORES=(PARENTHESIS_ALIGNMENT OPEN_ENDED_LINE MACRO_ARG_REUSE)

# checkpatch takes "FIXTURE_DATA(x) *self" for a multiplication.
drop_fixture_data() {
	local line number file

	while IFS= read -r line; do
		IFS=: read -r file number _ <<<"$line"
		[[ $line == *:SPACING:*"'*'"* ]] &&
			sed -n "${number}p" "$file" |
			grep -q 'FIXTURE_DATA([a-z_0-9]*) \*self' && continue
		printf '%s\n' "$line"
	done
}

# checkpatch_options FILE: which rules are not for what it is.
checkpatch_options() {
	local ignores=()

	case $1 in
	module/compat.h | module/hugepath/compat.h) ignores=("${COMPAT_IGNORES[@]}") ;;
	module/flow/trace.h) ignores=("${TRACE_IGNORES[@]}") ;;
	module/conftest/features.c) ignores=("${FEATURES_IGNORES[@]}") ;;
	module/*) ;;
	*) ignores=("${USER_IGNORES[@]}") ;;
	esac
	echo "--terse ${ignores[*]/#/--ignore=}"
}

# checkpatch FILE...: those with the same rules at once, for it takes longer to
# start than to read most of them.
checkpatch() {
	local file options said all=''
	local -A files=()

	for file; do
		files[$(checkpatch_options "$file")]+="$file "
	done
	for options in "${!files[@]}"; do
		# shellcheck disable=SC2086 # neither options nor names have blanks
		said=$("$CHECKPATCH" $options --no-summary -f ${files[$options]} 2>&1 |
			drop_fixture_data)
		all+=${said:+$said$'\n'}
	done
	[[ -z $all ]] || {
		printf '%s' "$all"
		return 1
	}
}

# words_of CMD-FILE: those of a command of kbuild's that say what is compiled,
# a line each. How it is compiled, gcc and clang say in different words.
words_of() {
	local word arg=

	sed -n '1 s/^[a-z]*cmd_[^=]*:= //; 1 s/ ; .*//; 1 p' "$1" |
		xargs printf '%s\n' | while read -r word; do
		case $arg$word in
		-Wp,*) continue ;;
		-include | -nostdinc | -[DIW]* | -std=* | *.c | arg:*)
			printf '%s\n' "$word"
			;;
		esac
		arg=
		[[ $word != -include ]] || arg=arg:
	done
}

# The module as clang reads it, with what was on when gcc built it. The kernel's
# own headers want GNU extensions, for which its Makefile has -Wno-gnu, too.
clang_module() {
	local cmd words said nr=0 all=

	for cmd in "$LAB_TREE"/build/strict-w1/module/{,base/,flow/,census/}.*.o.cmd; do
		mapfile -t words < <(words_of "$cmd")
		said=$(cd "/lib/modules/$KVER/build" && clang -fsyntax-only \
			-Werror -Wno-unknown-warning-option -Wno-gnu \
			"${words[@]}" 2>&1) || said+="clang failed on $cmd"
		all+=$said
		nr=$((nr + 1))
	done
	echo "$nr files"$'\n'"$all"
	((nr > 0)) && [[ -z $all ]]
}

# In tests, clang sees through the macros of the harness, as if their
# comparisons and parameters were ours. LDFLAGS are the last on its command line.
clang_programs() {
	local out=$LAB_TREE/build/strict-clang

	rm -rf "$out"
	make tools O="$out" CC=clang &&
		make selftests O="$out" CC=clang \
			LDFLAGS='-Wno-sign-compare -Wno-unused-parameter'
}

# no_circle DIR: of the objects below DIR none needs, by way of others, itself.
no_circle() {
	local objects=()

	mapfile -t objects < <(find "$1" -name '*.o')
	((${#objects[@]} > 1)) && nm -A -P -g "${objects[@]}" | awk '
		{ sub(/:$/, "", $1) }
		$3 == "U" { user[NR] = $1; symbol[NR] = $2; next }
		{ owner[$2] = $1 }
		END {
			for (i in user)
				if (symbol[i] in owner)
					print user[i], owner[symbol[i]]
		}' | tsort >/dev/null
}

# Those of the kernel's semantic patches that code like the module's can break.
RULES=(
	free/ifnullfree free/kfree iterators/itnull iterators/use_after_iter
	locks/call_kern locks/double_lock locks/flags locks/mini_lock
	misc/cond_no_effect misc/doubleinit misc/returnvar misc/semicolon
	null/deref_null null/eno tests/doubletest tests/odd_ptr_err
	tests/unsigned_lesser_than_zero
)

coccinelle() {
	local rule said all=

	for rule in "${RULES[@]}"; do
		said=$(spatch -D report --very-quiet --no-show-diff \
			--include-headers -I module --dir module \
			--cocci-file "$COCCI/$rule.cocci" 2>&1) ||
			said+="spatch failed on $rule"
		all+=$said
	done
	[[ -z $all ]] || {
		echo "$all"
		return 1
	}
}

check_man() {
	[[ -s tools/iovascope.1 ]] || {
		echo "there is no tools/iovascope.1"
		return 1
	}
	silent mandoc -T lint -W warning tools/*.1
}

# Each header of the interface compiles alone, in C and in C++'s subset.
check_uapi() {
	local header

	for header in module/uapi/*.h; do
		[[ ! -e $header ]] ||
			gcc -Wall -Wextra -Werror -std=c99 -fsyntax-only \
				-x c "$header" || return 1
	done
}

# README.md quotes the results that are kept of this version, no others.
check_figures() {
	local version kept

	version=$(iovascope_version)
	kept=selftests/bench/results/$version
	[[ -s $kept.svg && -s $kept.txt ]] || {
		echo "$kept has no .svg or no .txt: selftests/bench/keep.sh"
		return 1
	}
	grep -q -F "($kept.svg)" README.md || {
		echo "README.md does not show $kept.svg"
		return 1
	}
	diff <(sed -n '/^<!-- bench:/,/^<!-- .bench -->/p' README.md |
		sed '1d;$d') <(selftests/bench/readme.sh "$kept.json")
}

echo "TAP version 13"
check_tools
tap "no space at the end of a line" no_match '[[:space:]]+$' "${SOURCES[@]}"
tap "no space before a tab" no_match $' \t' "${SOURCES[@]}"
tap "every file ends with a newline" check_last_newline
tap "SPDX on line 1" check_spdx
tap "kernel versions only in the compat headers" check_kernel_versions
tap "nothing in module/ goes in a circle" check_circles
tap "flow/ and census/ know nothing of each other" check_folders
tap "shellcheck" silent shellcheck "${SHELLS[@]}"
tap "shfmt" silent shfmt -i 0 -d "${SHELLS[@]}"
# inflight is the name of a file of the module, Nd a macro of man pages.
tap "codespell" silent codespell -L inflight,nd "${SOURCES[@]}"
tap "checkpatch" checkpatch "${CODE[@]}"
tap "module builds with W=1 and -Werror" build_strict w1 KVER="$KVER" W=1 KCFLAGS=-Werror
tap "module is clean under sparse" build_strict sparse KVER="$KVER" C=2
tap "module: the clang front end" clang_module
tap "module: coccinelle" coccinelle
tap "the command and the tests build with clang" clang_programs
tap "no circle among the files of the command" no_circle build/strict-clang/tools
tap "uapi headers compile alone" check_uapi
tap "man pages" check_man
tap "README.md has the figures that are kept of this version" check_figures
tap_totals
