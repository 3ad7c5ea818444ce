# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # engine.sh sets what is read here
#
# A terminal for tests to type on and to look at: one window of a tmux of their
# own, which goes with the run.

trap 'terminal_close; rm -rf "$tmp"' EXIT
terminal=(tmux -L "iovascope-$$" -f /dev/null)

# terminal_open COLUMNS ROWS COMMAND: in a locale of UTF-8, with no prompt.
terminal_open() {
	terminal_close
	"${terminal[@]}" new-session -d -x "$1" -y "$2" \
		"env LC_ALL=C.UTF-8 TERM=screen-256color $3" &&
		"${terminal[@]}" set-option -g remain-on-exit on
}

terminal_close() {
	local try

	"${terminal[@]}" kill-server 2>/dev/null
	for ((try = 0; try < 100; try++)); do
		"${terminal[@]}" list-sessions >/dev/null 2>&1 || break
		sleep 0.05
	done
}

terminal_size() {
	"${terminal[@]}" resize-window -x "$1" -y "$2"
}

# press KEY...: Enter, Up, Tab, Escape, or characters.
press() {
	"${terminal[@]}" send-keys "$@"
}

# What is on the screen goes to a file.
look() {
	"${terminal[@]}" capture-pane -p >"$tmp/out" 2>"$tmp/err"
}

# sees PATTERN [MUST_NOT]: within ten seconds a line of the screen matches, and
# none the other.
sees() {
	local try

	for ((try = 0; try < 100; try++)); do
		look
		grep -qE -e "$1" "$tmp/out" &&
			{ [[ -z ${2:-} ]] || ! grep -qE -e "$2" "$tmp/out"; } &&
			return
		sleep 0.1
	done
	echo "the screen does not show: $1${2:+, without $2}"
	cat "$tmp/out"
	return 1
}
