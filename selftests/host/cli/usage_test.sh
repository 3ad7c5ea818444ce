# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # engine.sh sets what is read here
#
# The command line itself, and that everything which lists commands, options
# or exit codes lists the same ones.

check "no command is show" 0 '^~66\.0 GiB mapped in 2 domains' ''
check "unknown command" 2 "no such command: 'frob': try" '' frob
check "unknown option" 2 "no such option: '--xyzzy': try" '' show --xyzzy
check "a command that was mistyped" 2 "'shew': did you mean 'show'\?" '' shew
check "two letters that changed places" 2 "did you mean 'host'" '' hots
check "a command with a letter too few" 2 "did you mean 'metrics'" '' metric
check "an option that was mistyped" 2 "'--jsno': did you mean 'json'" '' \
	show --jsno
check "a key that was mistyped" 2 \
	"pin_cals: no such key: did you mean 'pin_calls'\? " '' \
	counters pin_cals
check "a key that is like none" 2 'zzz: no such key .`iovascope c' 'mean' \
	counters zzz
check "no command, but options: show" 0 '"live_bytes"' '' --json
check "unknown letter" 2 "no such option: '-y'" '' show -y
check "argument missing" 2 "argument missing after '--pid'" '' show --pid
check "an option of another command" 2 'probes does not take --pid' '' \
	probes --pid 1
check "an argument too many" 2 "show takes no argument: 'x'" '' show x
for word in 0 -1 1x '' 99999999999999999999; do
	check "pid '$word'" 2 'not a positive number' '' show --pid "$word"
	check "count '$word'" 2 'not a positive number' '' watch -n "$word"
done
for word in 0 -1 nan inf 1e9 x ''; do
	check "interval '$word'" 2 'not a number of seconds' '' \
		watch -i "$word"
done
check "watch: what cannot be watched" 2 "'snapshot' cannot be watched" '' \
	watch snapshot
check "watch: an unknown command" 2 "'frob' cannot be watched" '' watch frob
check "watch: a process's histograms" 2 'hist does not take --pid' '' \
	watch --pid 1 hist
check "watch: a walk that there is not" 2 'counters does not take --check' '' \
	watch --check counters
check "runs: no device" 2 'runs needs one device' '' runs
check "runs: two devices" 2 'runs needs one device' '' runs 0:1 0:2
for word in x '' ../.. 0000:3b:00.0/.. . -- 3b:00 0000:3g:00.0; do
	check "runs: device '$word'" 2 'runs needs one device|not a PCI device' \
		'' runs "$word"
done
for word in -1 x '' 0x 1x 0x10000000000000000; do
	check "runs: from '$word'" 2 'not an IOVA' '' \
		runs 0000:3b:00.0 --from "$word"
done
check "diff: one file" 2 'diff needs two files' '' diff x
check "help of an unknown command" 2 "no such command: 'frob'" '' help frob
check "help" 0 '^usage: iovascope COMMAND' '' help
check "--help" 0 '^usage: iovascope COMMAND' '' --help
check "-h after a command" 0 '^usage: iovascope show' '' show -h
check "help needs no module" 0 '^usage: ' '' --debugfs /nonexistent --help
check "version" 0 '^iovascope [0-9]+\.[0-9]+\.[0-9]+$' '' version
check "--version" 0 '^iovascope [0-9]+\.[0-9]+\.[0-9]+$' '' --version
check "-V" 0 '^iovascope [0-9]+\.[0-9]+\.[0-9]+$' '' -V
# One meaning each; what they were called before is understood.
check "runs --limit" 0 '^2 runs, leaves' '' runs 0000:3b:00.0 --limit 2
check "runs --count, as it was" 0 '^2 runs, leaves' '' runs 0000:3b:00.0 -n 2
check "runs speaks of runs only" 0 '^-l, --limit COUNT' 'report|FILE|--count' \
	help runs
check "watch speaks of reports only" 0 '^-n, --count COUNT +end after COUNT reports' \
	'runs' help watch
check "why speaks of leaves only" 0 '^-w, --want .* leaf size' 'align|IOVA' \
	help why
check "bench speaks of alignment" 0 '^-a, --align' 'want|IOVA' help bench
check "bench --input" 1 'nosuch: No such file' '' bench --input nosuch
check "bench --from, as it was" 1 'nosuch: No such file' '' bench --from nosuch
check "refusals --from, as it was" 1 'nosuch: No such file' '' \
	refusals --from nosuch
check "why --input without --start" 2 'takes --input with --start only' '' \
	why 3 --from x
check "runs --from is no file" 2 'not an IOVA' '' runs 0000:3b:00.0 --from x
check "a letter is that of the command" 2 "bench takes no argument: 'x'" '' \
	bench -b thp --device 0:1 x
check "options before the command" 0 '"format": 1' '' --json show
check "--debugfs wins over the environment" 0 '^Nothing is mapped' '' \
	show --debugfs "$PWD/trees/idle"

tools=$PWD/../../../tools
manual=$tools/iovascope.1
# With a page for each of the larger commands.
manuals=("$tools"/*.1)

commands() {
	"$IOVASCOPE" --list-cmds
}

options() {
	commands | while read -r command; do
		"$IOVASCOPE" --list-opts "$command"
	done | sort -u
}

# same THIS THAT: are two lists, one item a line, the same set?
same() {
	[[ $1 ]] && diff <(sort -u <<<"$1") <(sort -u <<<"$2")
}

help_agrees() {
	same "$(commands)" \
		"$("$IOVASCOPE" help | sed -n '/^COMMAND/,/^$/p' |
			sed -n '2,$ s/ .*//p')"
}

manual_agrees() {
	same "$(commands)" \
		"$(sed -n 's/^\.It Ic \([a-z0-9]*\).*/\1/p' "$manual")"
}

manual_has_options() {
	same "$(options)" \
		"$(sed -n 's/^\.It Fl \(. , Fl \)\?\(-[a-z]*\).*/-\2/p' "$manual")"
}

help_has_options() {
	local command

	for command in $(commands); do
		same "x$("$IOVASCOPE" --list-opts "$command")" \
			"x$("$IOVASCOPE" help "$command" |
				sed -n 's/^\(-.,\|   \) \(--[a-z]*\).*/\2/p')" ||
			return
	done
}

manual_has_exit_codes() {
	same "$(grep -c '^	EXIT_' "$tools/base/fail.h")" \
		"$(sed -n '/^\.Sh EXIT/,/^\.El/p' "$manual" |
			grep -c '^\.It [0-9]')"
}

manual_has_files() {
	same "$(ls "$recorded")" \
		"$(sed -n '/^\.Sh FILES/,/^\.El/p' "$manual" |
			sed -n 's/^\.Pa \([a-z]*\).*/\1/p' | grep .)" &&
		same "$(sed -n '/ device_files\[\]/,/^}/s/.*{ "\([a-z]*\)".*/\1/p' \
			"$tools/../module/debugfs.c")" \
			"$(sed -n 's,^\.Pa devices/BDF/\([a-z]*\).*,\1,p' \
				"$manual")"
}

# Words and keys that the module's tables have for what users read; of stats.c
# those that no grammar composes.
module_words() {
	(
		cd "$tools/../module" || exit
		sed -n 's/^	\[IVS_[A-Z0-9_]*\] = "\([a-z0-9_]*\)",$/\1/p' \
			base/op.c census/context.c flow/domain_show.c flow/probe.c
		sed -n 's/^	\[IVS_[A-Z_]*\] = { "\([a-z_]*\)",.*/\1/p' base/stats.c
		sed -n 's/.*ivs_text_flat(m, "\([a-z_]*\)".*/\1/p' debugfs.c
		sed -n 's/.*seq_[a-z]*(m, "\([a-z_]\+\) .*/\1/p' debugfs.c \
			flow/rows.c
		sed -n 's/.*seq_puts(m, " \([a-z_]*\)=.*/\1/p' census_file.c
		sed -n 's/^#define SELF_BYTES "\(.*\)"/\1/p' debugfs.c
	) | sort -u
}

# There are so many at least: a list whose shape changes is not read as empty.
manual_has_words() {
	local word words

	words=$(module_words)
	(($(wc -l <<<"$words") >= 73)) || return
	for word in $words; do
		grep -qE "^\.(It )?(Cm|Ql|Pf|Xo)( .*)? $word( |\$)" \
			"${manuals[@]}" &&
			continue
		echo "$word: not in the manual"
		return 1
	done
}

# Keys that the command makes up itself: of the views, and the phases of a start.
view_keys() {
	local view

	for view in show domains census check "runs 0000:3b:00.0" inflight \
		"why 4242" "why --start 4242" refusals; do
		# shellcheck disable=SC2086
		IOVASCOPE_DEBUGFS=$recorded "$IOVASCOPE" $view --json |
			jq -r 'keys[], (.phases // {} | keys[])'
	done 2>/dev/null | sort -u
}

manual_has_view_keys() {
	local key keys

	keys=$(view_keys)
	(($(wc -l <<<"$keys") >= 40)) || return
	for key in $keys; do
		grep -qE "^\.(It |Ic |)(Cm|Ql|Ic)?( .*)? $key( |$)" "$manual" &&
			continue
		echo "$key: not in the manual"
		return 1
	done
}

# The table of causes: each identifier, with a star when nothing changes it.
causes() {
	sed -n 's/^	\[CAUSE_[A-Z0-9_]*\] = { "\([a-z0-9-]*\)", \(true\|false\),$/\1 \2/p' \
		"$tools/why/cause.c" | sed 's/ true$//; s/ false$/ */'
}

# Every line of the table was understood.
causes_are_all() {
	same "$(causes | grep -c .)" \
		"$(grep -c '^	\[CAUSE_' "$tools/why/cause.c")" &&
		same "$(causes | grep -c .)" \
			"$(grep -c '^	CAUSE_' "$tools/why/cause.h")"
}

manual_has_causes() {
	same "$(causes)" \
		"$(sed -s -n '/^\.Sh CAUSES/,/^\.Sh EXIT/ s/^\.It Cm //p' \
			"${manuals[@]}" | sed 's/ Pq \*$/ \*/' |
			awk '{
				star = $NF == "*" ? " *" : ""
				for (i = 1; i <= NF; i++)
					if ($i ~ /^[a-z]/)
						print $i star
			}')"
}

# What no machine of the lab brings about is told of recorded ones.
RECORDED="memory-fsdax map-refused device-busy attach-refused
no-memory cannot-move pool-denied iova-space iova-conflict file-not-memory
noiommu identity-only coherency-mismatch width-mismatch vaddr-given-up not-known
no-group not-bound rmrr private-copies empty-tables
pool-short bar-absent"

# For each cause the lab has a machine on which the answer must name it.
causes_are_forced() {
	local cause check=$tools/../selftests/check

	for cause in $(causes | sed 's/ .*//'); do
		grep -q -E "cause $cause |\.cause == \\\\?\"$cause\\\\?\"" \
			"$check"/{why,refuse}_guest.sh "$check"/why/*.sh &&
			continue
		[[ " ${RECORDED//$'\n'/ } " == *" $cause "* ]] &&
			grep -q "\b$cause\b" {refusals,host,memory,p2p}_test.sh &&
			continue
		echo "$cause: no test in why_guest.sh, why/ or refuse_guest.sh"
		return 1
	done
}

verify "help and the commands agree" help_agrees
verify "help and the options agree" help_has_options
verify "the manual and the commands agree" manual_agrees
verify "the manual and the options agree" manual_has_options
verify "the manual and the exit codes agree" manual_has_exit_codes
verify "the manual and the files agree" manual_has_files
verify "the manual has the module's words" manual_has_words
verify "the manual has the keys of JSON" manual_has_view_keys
verify "the table of causes can be read" causes_are_all
verify "the manual and the causes agree" manual_has_causes
verify "every cause is brought about in the lab" causes_are_forced

# Pages of commands name each other and the first, and no other of ours.
manual_refers() {
	same "$(basename -s .1 "${manuals[@]}")" \
		"$(sed -n 's/^\.Xr \(iovascope[a-z-]*\) 1.*/\1/p' "${manuals[@]}")"
}

verify "the manual's pages refer to each other" manual_refers
if have "the manual is clean" mandoc; then
	verify "the manual is clean" mandoc -T lint -W warning "${manuals[@]}"
fi

# What is printed and what is complained about, in one stream.
in_order() {
	new_tree order
	echo 'format 1' >"$tree/check"
	echo '3 verdict=differs devices=0000:3b:00.0' >>"$tree/check"
	! IOVASCOPE_DEBUGFS=$tree "$IOVASCOPE" check >"$tmp/both" 2>&1 &&
		[[ $(head -n 1 "$tmp/both") == 'Flow and census:'* ]] &&
		[[ $(tail -n 1 "$tmp/both") == 'iovascope: check:'* ]]
}

verify "the message comes behind what has been printed" in_order
tree=$recorded
[[ $counting ]] || printf '{ "format": 1, "domains": [] }' >"$tmp/"$'f\033[2J'
check "a message has no control character" 1 'f\?\[2J: broken section' \
	$'\033' diff "$tmp/"$'f\033[2J' "$tmp/"$'f\033[2J'

# Set but empty: as if it were not set, so the module is looked for.
empty_directory() {
	IOVASCOPE_DEBUGFS='' IOVASCOPE_SYSROOT=$tmp/nothing \
		"$IOVASCOPE" show 2>&1 | grep -q '/proc/mounts'
}

verify "IOVASCOPE_DEBUGFS that is empty is not set" empty_directory

for command in $(commands); do
	# One has another form, the other writes what `timeline` reads.
	[[ $command != metrics && $command != record ]] || continue
	verify "$command takes --json" grep -qx -e --json \
		<("$IOVASCOPE" --list-opts "$command")
done
json "snapshot --json: is what it is" '.counters.pin_calls > 0' snapshot --json
json "help --json: every command" \
	'(.commands | length) > 20 and .commands.runs.options.from' help --json
json "help --json: one of them" '.commands | keys == ["runs"]' help runs --json
json "--help --json" '.commands.show.help' --help --json
module_version() {
	mkdir -p "$tmp/versions/sys/module/iovascope"
	echo 9.8.7 >"$tmp/versions/sys/module/iovascope/version"
	IOVASCOPE_SYSROOT=$tmp/versions "$IOVASCOPE" version --json |
		jq -e -s '.[0].version and .[0].module == "9.8.7"' &&
		IOVASCOPE_SYSROOT=$tmp/versions "$IOVASCOPE" -V |
		grep -qx 'module 9\.8\.7 is loaded' &&
		IOVASCOPE_SYSROOT=$tmp/nothing "$IOVASCOPE" version --json |
		jq -e -s '.[0].version and .[0].module == null'
}
verify "version: the module's, too" module_version
