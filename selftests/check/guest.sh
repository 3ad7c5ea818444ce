#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: guest.sh [--kernel NAME] [--busy|--slow] [PROGRAM...]
#
# Build for a kernel of the lab and run the tests inside the lab. How many must
# pass, and how long that may take, the runner in the guest says itself
# (selftests/run_tests.sh --list). With --busy there are a disk and a network
# card more, and they work meanwhile; with --slow a kernel may take its time.
#
# IOVASCOPE_MODULES: a folder with modules to use in place of those built here.
# IOVASCOPE_DIFFER_EPOCHS and its kin are the tests' (differ_test.c), and
# IOVASCOPE_CASE is run_tests.sh's.

set -euo pipefail
shopt -s inherit_errexit
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"

kernel=
if [[ ${1:-} == --kernel ]]; then
	(($# >= 2)) || usage_error "--kernel needs a name"
	kernel=$2
	shift 2
fi
busy=() mode=() slower=1
if [[ ${1:-} == --busy || ${1:-} == --slow ]]; then
	mode=("$1")
	slower=6
	shift
fi
[[ ${mode[*]} != --busy ]] ||
	busy=(--device nvme:null --device e1000e)
targets=(tools selftests)
[[ -n ${IOVASCOPE_MODULES:-} ]] || targets+=(modules)
build_for "$kernel" "${targets[@]}"
out=$LAB_TREE/build
runner=$LAB_TREE/selftests/run_tests.sh
modules=${IOVASCOPE_MODULES:-$out/$kver}
read -r min seconds < <("$runner" --list | awk -v want=" $* " '
	want == "  " ? $4 == "guest" : index(want, " " $1 " ") { min += $2; s += $3 }
	END { print min + 0, s + 0 }')
mapfile -t settings < <(env | grep -E '^IOVASCOPE_(DIFFER_|CASE=)')
((min > 0)) || die "$runner --list names no tests${*:+ called $*}"
[[ -z ${IOVASCOPE_CASE:-} ]] || min=1

"$LAB_DIR/lab.sh" --kernel "$kernel" --timeout $((seconds * slower + 120)) --min-pass "$min" \
	--device edu --device edu --device edu --device edu \
	--device testdev:16G --device nvme --device e1000e "${busy[@]}" \
	--append secretmem.enable=1 \
	--payload "$modules/iovascope.ko" \
	--payload "$modules/iovascope_hugepath.ko" \
	--payload "$out/tools/iovascope" --payload "$out/selftests/." \
	-- env "${settings[@]}" ./run_tests.sh "${mode[@]}" "$@"
