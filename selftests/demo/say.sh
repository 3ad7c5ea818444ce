# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the demo says between what it runs. It runs in a machine whose output is
# no terminal, but may end on one: who starts it says so, by "colour".

BOLD=
CYAN=
PLAIN=

# $COLOUR is "colour" where our output is a terminal and nobody minds.
# shellcheck disable=SC2034 # who sources this reads it
colour_choose() {
	COLOUR=plain
	[[ ! -t 1 || -n ${NO_COLOR-} || ${TERM-dumb} == dumb ]] || COLOUR=colour
}

# colour_use WORD: from now on, as colour_choose found it.
colour_use() {
	[[ $1 == colour ]] || return 0
	BOLD=$'\033[1m'
	CYAN=$'\033[36m'
	PLAIN=$'\033[0m'
}

say() {
	printf '\n%s== %s%s\n' "$BOLD" "$*" "$PLAIN"
}

note() {
	printf '   %s\n' "$@"
}

# A command as a person would type it.
typed() {
	printf '%s# %s%s\n' "$CYAN" "$*" "$PLAIN"
}
