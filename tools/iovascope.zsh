#compdef iovascope
# SPDX-License-Identifier: GPL-2.0-only
#
# Completion of iovascope(1) for zsh, installed as _iovascope. The tool itself
# says what may be typed, so there is no list here that could grow old.

local -a offers

offers=(${(f)"$("${(Q)words[1]}" --complete "${(@Q)words[2,CURRENT-1]}" \
	"$PREFIX" 2>/dev/null)"})
if [[ $offers[1] == :files ]]; then
	_files
else
	compadd -- $offers
fi
