# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # engine.sh sets what is read here
#
# Completion: what the tool offers, that it takes all of it, and that the shells
# put it on their command line when Tab is pressed.

# shellcheck source=terminal.sh
. ./terminal.sh

tree=$recorded
tools=$PWD/../../../tools

# offered WORD...: what the last of the words may become.
offered() {
	IOVASCOPE_DEBUGFS=$tree "$IOVASCOPE" --complete "$@"
}

# is_offered EXPECTED WORD...
is_offered() {
	offered "${@:2}" >"$tmp/offered" && diff <(echo -n "$1") "$tmp/offered"
}

# offers NAME EXPECTED WORD...
offers() {
	local name=$1 expected=$2

	shift 2
	verify "completion: $name" is_offered "$expected" "$@"
}

# list WORD...: one a line.
list() {
	(($# == 0)) || printf '%s\n' "$@"
}

nl=$'\n'
devices=$(list 0000:3b:00.0 0000:3c:00.0 0000:5e:00.0 0000:00:1f.6)$nl
watchable=$(list show domains processes inflight counters errors hist)$nl

offers "commands" "$("$IOVASCOPE" --list-cmds)$nl" ''
offers "help of a command" "metrics$nl" help met
offers "what can be watched, and not census" "$watchable" watch ''
offers "keys of what is watched" "$(list 3 5 9)$nl" watch -i 3 domains ''
offers "a second key" "pin_thp_duration_ns$nl" hist map_size_bytes pin_t
offers "devices" "$devices" runs ''
offers "one device only" "" runs 0000:3b:00.0 ''
offers "devices, several" "$devices" census 0000:3b:00.0 ''
offers "PIDs" "$(list 4242 5151)$nl" show --pid ''
offers "PIDs, by the letter" "$(list 4242 5151)$nl" -p ''
offers "PIDs of why --start" "4242$nl" why --start 42
offers "files of why --end" ":files$nl" why --end ''
offers "files of why --start" ":files$nl" why --start ./42
offers "names without what is to be quoted" "qemu-system-x86$nl" processes q
offers "targets of why" "$(list 4242 5151)$nl$devices$(list 3 5 9)$nl" why ''
offers "why --want: leaves, and no device" "$(list 1g 2m)$nl" why --want ''
offers "why --want=" "--want=2m$nl" why --want=2
offers "no target of why --start" "" why --start 4242 ''
offers "files" ":files$nl" diff before ''
offers "what a difference is told by" "$watchable" diff before after ''
offers "a directory" ":files$nl" show --debugfs ''
offers "an option's letter is that of the command" "" top -b ''
offers "options of the command" "$("$IOVASCOPE" --list-opts runs)$nl" runs --
offers "an option that its command would refuse" "" watch hist --pid
offers "no argument of bench, which measures" "" bench ''
offers "what is compared" ":files$nl" bench --compare old ''
offers "a recording" ":files$nl" timeline ''
offers "a log" ":files$nl" timeline --merge ''
offers "where a recording goes" ":files$nl" record --file ''
offers "of another tree" "$(list 2 6)$nl" --debugfs "$PWD/trees/lab" domains ''
offers "nothing where there is no module" "" --debugfs /nonexistent domains ''

# taken WORD...: the command line is not refused for what it says.
taken() {
	tool "$@"
	((rc != 2)) || {
		echo "refused: $*"
		cat "$tmp/err"
		return 1
	}
}

# watched COMMAND OPTION...: watch takes what any of those takes that it watches.
watched() {
	[[ $1 == watch ]] && taken "$@" domains
}

# Of each command that measures nothing, ends by itself, and asks the recorded tree
# only: no process of that is in /proc, which memory reads.
all_is_taken() {
	local command word quick target

	for command in $("$IOVASCOPE" --list-cmds); do
		quick=()
		case $command in
		bench | diff | memory | record | top) continue ;;
		watch) quick=(-n 1 -i 0.02) ;;
		esac
		for word in $(offered "$command" ''); do
			taken "$command" "$word" "${quick[@]}" || return
		done
		target=()
		grep -qE "^usage: iovascope $command .*\] [A-Z]" \
			<("$IOVASCOPE" help "$command") &&
			mapfile -t -n 1 target < <(offered "$command" '')
		# Those without an argument of their own.
		for word in $(offered "$command" --); do
			[[ $("$IOVASCOPE" help "$command") == *"$word "[][A-Z01]* ]] ||
				taken "$command" "$word" "${target[@]}" \
					"${quick[@]}" >"$tmp/refused" ||
				watched "$command" "$word" "${quick[@]}" || {
				cat "$tmp/refused"
				return 1
			}
		done
	done
}

verify "completion: all that is offered is taken" all_is_taken

# shell_in COMMAND: a shell that has the tool and its completion.
shell_in() {
	local bin=$tmp/bin

	mkdir -p "$bin"
	ln -sf "$IOVASCOPE" "$bin/iovascope"
	ln -sf "$tools/iovascope.zsh" "$bin/_iovascope"
	terminal_open 100 30 \
		"PATH=$bin:\$PATH IOVASCOPE_DEBUGFS=$tree HOME=$tmp $1"
}

# typed WORDS MATCH: what Tab makes of a line, which is thrown away again. What
# is typed behind it is there when Tab has done what it does.
typed() {
	press -l "iovascope $1" && press Tab && press -l '#' &&
		sees "^% iovascope $2 ?#\$" && press C-u && sees '^%$'
}

completes() {
	typed wat watch && typed 'runs 0000:3b' 'runs 0000:3b:00\.0' &&
		typed 'why --want=1' 'why --want=1g' &&
		typed 'watch hist pin_thp_d' 'watch hist pin_thp_duration_ns' &&
		typed 'show --pid 5' 'show --pid 5151' &&
		typed 'watch cen' 'watch cen' &&
		typed "diff $tmp/only_f" "diff $tmp/only_file"
}

bash_completes() {
	touch "$tmp/only_file"
	printf '%s\n' "PS1='% '" ". '$tools/iovascope.bash'" >"$tmp/bashrc"
	shell_in "bash --noprofile --rcfile $tmp/bashrc -i" && sees '^%$' &&
		completes
}

zsh_completes() {
	touch "$tmp/only_file"
	printf '%s\n' "PS1='%% '" "fpath=($tmp/bin \$fpath)" \
		'autoload -U compinit' 'compinit -u -D' >"$tmp/.zshrc"
	shell_in "ZDOTDIR=$tmp zsh -d -i" && sees '^%$' && completes
}

if have "completion: bash" tmux; then
	verify "completion: bash" bash_completes
fi
if have "completion: zsh" tmux && have "completion: zsh" zsh; then
	verify "completion: zsh" zsh_completes
fi
[[ $counting ]] || terminal_close
