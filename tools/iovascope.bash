# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Completion of iovascope(1). The tool is asked for its commands and options,
# so there is no list here that could grow old.

# What may follow on the command line so far, one word a line.
_iovascope_words() {
	local command=$1 current=$2

	if [[ $current == -* ]]; then
		iovascope --list-opts "${command:-show}" 2>/dev/null
	elif [[ -z $command || $command == help || $command == watch ]]; then
		iovascope --list-cmds 2>/dev/null
	elif [[ $command == census || $command == runs ||
		$command == why ]]; then
		# Those of VFIO; to list all would be to walk their tables.
		iovascope domains --json 2>/dev/null |
			sed -n 's/^ *"\([0-9a-f]*:[0-9a-f:.]*\)",\{0,1\}$/\1/p'
	elif [[ $command == counters || $command == hist ||
		$command == schema ]]; then
		iovascope "$command" --json 2>/dev/null |
			sed -n 's/^    "\([a-z0-9_]*\)".*/\1/p'
	fi
}

# The first word that the tool knows as a command.
_iovascope_command() {
	local word commands

	commands=$(iovascope --list-cmds 2>/dev/null)
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		if grep -qxF -e "$word" <<<"$commands"; then
			echo "$word"
			return
		fi
	done
}

# The word being typed, which readline breaks at each colon of a device.
_iovascope_current() {
	local i=$COMP_CWORD word=${COMP_WORDS[COMP_CWORD]}

	while ((i > 1)) && [[ $word == :* || ${COMP_WORDS[i - 1]} == : ]]; do
		i=$((i - 1))
		word=${COMP_WORDS[i]}$word
	done
	echo "$word"
}

_iovascope() {
	local current command

	current=$(_iovascope_current)
	command=$(_iovascope_command)
	mapfile -t COMPREPLY < <(compgen -W \
		"$(_iovascope_words "$command" "$current")" -- "$current")
	# Only what is behind the last colon is replaced.
	COMPREPLY=("${COMPREPLY[@]#"${current%"${current##*:}"}"}")
}

# Files, where the tool has no word to offer: --debugfs and diff.
complete -o bashdefault -o default -F _iovascope iovascope
