# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Completion of iovascope(1). The tool itself says what may be typed, so there
# is no list here that could grow old.

_iovascope() {
	local line=${COMP_LINE:0:COMP_POINT} words current

	# Readline breaks words at each colon of a device; the tool does not.
	read -ra words <<<"$line"
	[[ $line != *[[:space:]] ]] || words+=("")
	current=${words[-1]}
	mapfile -t COMPREPLY < <("${words[0]}" --complete "${words[@]:1}" \
		2>/dev/null)
	if [[ ${COMPREPLY[0]-} == :files ]]; then
		compopt -o default
		COMPREPLY=()
	fi
	# Only what is behind the last colon or equals sign is replaced.
	COMPREPLY=("${COMPREPLY[@]#"${current%"${current##*[:=]}"}"}")
}

complete -F _iovascope iovascope
