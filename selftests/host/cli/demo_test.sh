# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # engine.sh sets what is read here
#
# What `make demo` says between what it runs: in colours on a terminal, and
# without one escape where its output is kept.

[[ $counting ]] || printf '%s\n' ". '$PWD/../../demo/say.sh'" colour_choose \
	"colour_use \"\$COLOUR\"" "say heading" "typed command" >"$tmp/demo"

# demo_says NO_COLOR [REDIRECTION]: on a terminal, unless it is redirected; what
# it says goes to $tmp/out.
demo_says() {
	script -qec "TERM=linux NO_COLOR=$1 bash '$tmp/demo' ${2-}" \
		"$tmp/typescript" >/dev/null </dev/null &&
		sed '1d;$d' "$tmp/typescript" >>"$tmp/out" &&
		grep -q '== heading' "$tmp/out" && grep -q '# command' "$tmp/out"
}

coloured() {
	: >"$tmp/out"
	demo_says '' && grep -q $'\033\[1m== heading' "$tmp/out"
}

redirected() {
	: >"$tmp/out"
	demo_says '' ">$tmp/out" && ! grep -q $'\033' "$tmp/out"
}

unwanted() {
	: >"$tmp/out"
	demo_says 1 && ! grep -q $'\033' "$tmp/out"
}

verify "demo: colours on a terminal" coloured
verify "demo: no escape in a file" redirected
verify "demo: NO_COLOR" unwanted
