# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # engine.sh sets what is read here
#
# The schemas of tools/schema: one for each command that prints JSON, and they
# can refuse. That what all tests made the command print fits is looked at once,
# at the end (run.sh).

schemas=$PWD/../../../tools/schema

each_command_has_one() {
	local command

	for command in $("$IOVASCOPE" --list-cmds); do
		case $command in
		# They print what another command prints; JSON is not their form, or
		# they write what another reads.
		watch | diff | metrics | record) continue ;;
		esac
		[[ -s $schemas/$command.json ]] || {
			echo "$command"
			return 1
		}
	done
}
verify "each command has a schema" each_command_has_one

each_is_of_this_format() {
	! jq -r '."$id"' "$schemas"/*.json |
		grep -v '^https://iovascope.invalid/schema/1/[a-z0-9-]*\.json$'
}
verify "each says its version" each_is_of_this_format

json "version" '.module == null or .module' version --json

# fits COMMAND FILTER: what the command prints, changed so.
fits() {
	local dir=$tmp/fits

	rm -rf "$dir"
	mkdir "$dir"
	echo "$1" >"$dir/1.args"
	IOVASCOPE_DEBUGFS=$recorded "$IOVASCOPE" "$1" --json 2>"$tmp/err" |
		jq "$2" >"$dir/1.json"
	validate "$dir"
}

refused() {
	! fits "$@"
}

if have_validator "what is right fits"; then
	verify "what is right fits" fits show .
fi
while read -r command filter; do
	name="what is wrong does not: $command $filter"
	if have_validator "$name"; then
		verify "$name" refused "$command" "$filter"
	fi
done <<-'END'
	show .format=2
	show del(.live)
	show .news=1
	show .domains["3"].devices="0000:3b:00.0"
	show .domains["3"].exact="yes"
	show .cost.pin.total.ns=-1
	show .cost.pin.total.ns=1.5
	counters .counters.pin_calls="6"
	domains .domains["3"].live_bytes=null
	inflight del(.inflight[].age_ns)
	probes .probes.pin.state="broken"
	check .check["3"].verdict="fine"
	census .census["0000:3b:00.0"].table_bytes="many"
	snapshot del(.hist)
	snapshot .refused.pin["12"]="2"
	host .able="yes"
	host .question="why"
	refusals .causes=[{"cause":"memlock"}]
	version .version=1
	help .commands.show.options=[]
END
