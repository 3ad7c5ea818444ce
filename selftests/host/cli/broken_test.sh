# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # engine.sh sets what is read here
#
# Trees that are not there, not readable or not right, and output that cannot
# be written: the exact exit code, one line that says what to do next, and
# nothing that looks like an answer.

tree=/nonexistent
check "no module" 3 'load the module \(modprobe iovascope\)' mapped show
check "no module: JSON" 3 'modprobe iovascope' '\{' show --json
check "no module: snapshot" 3 'modprobe iovascope' '\{' snapshot
check "no module: metrics" 3 'modprobe iovascope' 'iovascope_(info|up 1)' metrics
check "no module: watch" 3 'modprobe iovascope' '' watch -n 1
tree=$tmp/empty_dir
[[ $counting ]] || mkdir "$tree"
check "a directory of something else" 3 'modprobe iovascope' '' show

for file in info schema counters domains processes inflight probes; do
	new_tree broken
	[[ $counting ]] || rm "$tree/$file"
	[[ $file == info ]] && continue
	check "$file is missing" 1 "$file: not there: .* another version" \
		mapped show
done

# broken NAME FILE COMMAND...: what COMMAND does to FILE makes it broken.
broken() {
	local name=$1 file=$2

	shift 2
	new_tree broken
	[[ $counting ]] || "$@" "$tree/$file"
	check "$name" 1 "$file: broken: cut, or not a file of iovascope" \
		mapped show
}

text() {
	printf '%b' "$1" >"$2"
}

broken "empty file" counters truncate -s 0
broken "cut in the middle of a line" counters truncate -s -3
broken "cut after the format" counters text 'format 1'
broken "garbage" domains text '\177ELF\002\001\001\n\377\376\n'
broken "no format line" counters text 'pin_calls 1\n'
broken "a NUL" counters text 'format 1\npin_calls \00001\n'
broken "an empty line" counters text 'format 1\n\npin_calls 1\n'
broken "a word without a key" domains text 'format 1\n1 pid=1 comm\n'
broken "a pair without a key" domains text 'format 1\n1 =1\n'
broken "two spaces" domains text 'format 1\n1 pid=1  comm=x\n'
broken "a key twice in a line" domains text 'format 1\n1 pid=1 pid=2\n'
broken "an escape cut short" domains text 'format 1\n1 comm=a\\04\n'
broken "an escaped NUL" domains text 'format 1\n1 comm=a\\000\n'
broken "a number that is too big" counters \
	text 'format 1\npin_calls 99999999999999999999\n'
broken "a hex number that is too big" inflight \
	text 'format 1\n1.0 iova=0x10000000000000000\n'
broken "a nested line in a flat file" counters text 'format 1\npin calls=1\n'
broken "a flat line in a nested file" domains text 'format 1\npin 1\n'

for format in 2 0 01 1.0 x; do
	new_tree format
	[[ $counting ]] || sed -i "1 s/.*/format $format/" "$tree/domains"
	check "format $format" 5 'domains: unknown format: tool .* do not match' \
		mapped show
done

new_tree directory
[[ $counting ]] || { rm "$tree/domains" && mkdir "$tree/domains"; }
check "a directory in a file's place" 1 'domains: Is a directory' '' show

new_tree bucket
[[ $counting ]] || sed -i 's/^pin_duration_ns.*/pin_duration_ns few=3/' \
	"$tree/hist"
check "a bucket that is no number" 1 'hist: bucket few is no number' '' hist

# As an ordinary user, whom debugfs shows nothing.
as_nobody() {
	local name=$1 match=$2 problem

	only_count && return
	if ((EUID)); then
		skip "$name" "only root can become another user"
		return
	fi
	install -m 755 "$IOVASCOPE" "$tmp/iovascope"
	chmod 711 "$tmp"
	run setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$tmp/iovascope" show --debugfs "$tree"
	problem=$(run_problem 4)
	[[ $problem || $err =~ $match ]] ||
		problem="stderr does not match: $match"
	report "$name" "$problem"
}

new_tree private
[[ $counting ]] || chmod 700 "$tree"
as_nobody "a directory for root only" 'info: permission denied: run as root'
new_tree private
[[ $counting ]] || { chmod 755 "$tree" && chmod 400 "$tree"/*; }
as_nobody "files for root only" 'info: permission denied: run as root'

# A disk that is full is noticed by every kind of output.
no_space="iovascope: stdout: No space left on device"
to_full() {
	"$@" >/dev/full
}

full() {
	local name="/dev/full: $1"

	only_count && return
	IOVASCOPE_DEBUGFS=$recorded run to_full "$IOVASCOPE" "$@"
	if ((rc == 1)) && [[ $err == "$no_space" ]]; then
		report "$name" ""
	else
		report "$name" "exit code $rc, not 1 with the reason"
	fi
}

full show
full snapshot
full metrics
full help
full --version
full --list-cmds
full --list-opts show
full watch -n 1 -i 0.05
