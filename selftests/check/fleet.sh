#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: fleet.sh
#
# What a fleet is watched by (tools/fleet): the rules by promtool, the systemd
# units by systemd; and the way of a number from the command by its textfile,
# Debian's node_exporter and Debian's Prometheus into every query of the
# dashboard, on a recorded tree. Two servers on ports of this machine alone.

set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

fleet=$LAB_TREE/tools/fleet
iovascope=$LAB_TREE/build/tools/iovascope
PATH=$LAB_CACHE/prometheus:$PATH
work=$(mktemp -d "${TMPDIR:-/tmp}/iovascope-fleet.XXXXXX")
tree=$work/tree
textfile=$work/textfiles/iovascope.prom
pids=()

finish() {
	((${#pids[@]})) && kill "${pids[@]}" && wait "${pids[@]}"
	rm -rf "$work"
} 2>/dev/null
trap finish EXIT

# ---- what there is before anything runs ----

units() {
	local dest=$work/dest

	make -s -C "$LAB_TREE/tools" O="$LAB_TREE/build/tools" prefix=/usr \
		DESTDIR="$dest" install || return
	# The program has to be where the unit looks for it.
	sed -i "s:ExecStart=:&$dest:" \
		"$dest/usr/lib/systemd/system/iovascope-metrics.service"
	silent systemd-analyze verify --man=no \
		"$dest"/usr/lib/systemd/system/iovascope-metrics.{service,timer}
}

# What Grafana needs to import it; panels have room and stand beside each other.
dashboard() {
	jq -e '
	.title and .uid and .schemaVersion >= 36 and
	([.templating.list[].name] == ["datasource", "instance"]) and
	(.panels | length) >= 20 and
	([.panels[].id] | length == (unique | length)) and
	all(.panels[]; (.title | length) > 0 and
		(.type | IN("stat", "timeseries", "table")) and
		.datasource.uid == "${datasource}" and
		(.gridPos | .w > 0 and .h > 0 and .x + .w <= 24) and
		all(.targets[]; .refId and (.expr | length) > 0)) and
	([.panels[].gridPos | range(.x; .x + .w) as $x | range(.y; .y + .h) as $y
		| [$x, $y]] | length == (unique | length))' \
		"$fleet/dashboard.json"
}

# ---- the way ----

# A refusal, so that there is one to be seen; and calls between two scrapes.
make_tree() {
	local now

	cp -r "$LAB_TREE/selftests/host/cli/trees/two_vms" "$tree"
	mkdir "${textfile%/*}"
	now=$(sed -n 's/^now_ns //p' "$tree/info")
	echo "1 pid=4242 tid=4242 comm=vmm call=map_dma step=check errno=17" \
		"start_ns=900000000000 first_ns=$now last_ns=$now overcome_ns=0" \
		"repeats=1 backend=type1 domain=3 iova=0x40000000 bytes=4096 flags=0x3" \
		>>"$tree/refusals"
	sed -i 's/^check$/check 17=1/' "$tree/refused"
}

# What /proc says of the VM: a GiB of shared memory, and one that is copied.
make_root() {
	local proc=$work/root/proc/4242

	mkdir -p "$proc"
	echo qemu-system-x86 >"$proc/comm"
	printf '%s\n' "VmPTE:	132 kB" "CapEff:	0" >"$proc/status"
	printf '%s\n' "Max locked memory  unlimited  unlimited  bytes" \
		>"$proc/limits"
	printf '7f00%s-7f00%s %s 00000000 00:0f 7      %s\n' \
		00000000 40000000 rw-s /dev/shm/ram \
		40000000 80000000 rw-p /dev/shm/more >"$proc/maps"
	sed 's/$/\nKernelPageSize: 4 kB\nRss: 1048576 kB/; 2s/$/\nAnonymous: 1048576 kB/' \
		"$proc/maps" >"$proc/smaps"
	export IOVASCOPE_SYSROOT=$work/root
}

# Half as many calls as there were, and of the same kind.
go_on() {
	local file

	for file in counters hist; do
		awk '
			NR == 1 || $1 ~ /_max_ns$/ { print; next }
			{ for (i = 2; i <= NF; i++) {
				n = split($i, pair, "=")
				pair[n] = sprintf("%.0f", pair[n] * 1.5)
				$i = n > 1 ? pair[1] "=" pair[2] : pair[1] }
			  print }' "$tree/$file" >"$work/$file" &&
			mv "$work/$file" "$tree/$file" || return
	done
}

write() {
	"$iovascope" metrics --check --memory --debugfs "${1:-$tree}" \
		--textfile "$textfile"
}

free_port() {
	local port

	while true; do
		port=$((RANDOM % 20000 + 20000))
		(: </dev/tcp/127.0.0.1/$port) 2>/dev/null || break
	done
	echo "$port"
}

# answers PORT PATH: within ten seconds.
answers() {
	local tries

	for ((tries = 0; tries < 100; tries++)); do
		curl -sf -o "$work/said" "http://127.0.0.1:$1$2" && return
		sleep 0.1
	done
	return 1
}

start_exporter() {
	exporter=$(free_port)
	prometheus-node-exporter --web.listen-address="127.0.0.1:$exporter" \
		--collector.disable-defaults --collector.textfile \
		--collector.textfile.directory="${textfile%/*}" \
		>"$work/exporter.log" 2>&1 &
	pids+=($!)
}

start_prometheus() {
	server=$(free_port)
	cat >"$work/prometheus.yml" <<-END
		global: { scrape_interval: 1s, evaluation_interval: 1s }
		rule_files: [ $fleet/rules.yml ]
		scrape_configs:
		  - job_name: node
		    static_configs: [ { targets: [ '127.0.0.1:$exporter' ] } ]
	END
	prometheus --config.file="$work/prometheus.yml" \
		--web.listen-address="127.0.0.1:$server" \
		--storage.tsdb.path="$work/tsdb" >"$work/prometheus.log" 2>&1 &
	pids+=($!)
}

# ask QUERY: the samples, as JSON.
ask() {
	curl -sf "http://127.0.0.1:$server/api/v1/query" \
		--data-urlencode "query=$1" | jq -ce '.data.result'
}

# becomes QUERY VALUE: within twenty seconds, the one sample.
becomes() {
	local tries said

	for ((tries = 0; tries < 100; tries++)); do
		said=$(ask "$1")
		[[ $(jq -r '.[0].value[1]' <<<"$said") == "$2" ]] && return
		sleep 0.2
	done
	echo "$1 is $said, not $2"
	return 1
}

# not_empty QUERY: as a panel asks, of all the time that there was; a number is
# there.
not_empty() {
	local query=${1//\$__rate_interval/5m} said

	query=${query//\$instance/.*}
	said=$(ask "$query")
	jq -e 'length > 0 and all(.[].value[1]; . != "NaN")' <<<"$said" \
		>/dev/null && return
	echo "$query: ${said:-no answer}"
	return 1
}

# Fifty times while it is scraped: never half a file.
replaced_often() {
	local nr

	for ((nr = 0; nr < 50; nr++)); do
		write && sleep 0.05 || return
	done
	becomes 'max_over_time(node_textfile_scrape_error[5m])' 0
}

alone() {
	[[ $(ls -A "${textfile%/*}") == "${textfile##*/}" ]]
}

gone() {
	write /nonexistent
	(($? == 3)) && becomes iovascope_up 0
}

echo "TAP version 13"
tap "the tool builds" flock "$LAB_TREE" make -C "$LAB_TREE" tools
tap "Prometheus is there" "$LAB_DIR/setup.sh" prometheus
tap "the rules are rules" promtool check rules "$fleet/rules.yml"
tap "each alert fires when it must, and only then" \
	promtool test rules "$fleet/rules_test.yml"
tap "systemd takes the units" units
tap "the dashboard can be imported" dashboard

make_tree
make_root
tap "the file is written" write
start_exporter
tap "node_exporter serves it" answers "$exporter" /metrics
start_prometheus
tap "Prometheus is ready" answers "$server" /-/ready
tap "Prometheus has what the file says" becomes \
	'iovascope_live_bytes{backend="type1",leaf="1g"}' 68719476736
tap "and what a VM has" becomes \
	'iovascope_vm_memory_bytes{pid="4242"}' 2147483648
tap "no alert for a file that is new" becomes \
	'count(ALERTS{alertname="IovascopeDown"}) or vector(0)' 0
tap "a pin that is stuck is an alert" becomes \
	'ALERTS{alertname="IovascopePinStuck",alertstate="firing"}' 1
tap "a refusal is an alert" becomes \
	'ALERTS{alertname="IovascopeRefused",alertstate="firing",cause="iova-taken"}' 1
tap "it goes on" go_on
tap "and is written" write
tap "a rate is there" becomes \
	'count(rate(iovascope_calls_total{op="region_map"}[5m]) > 0)' 1
tap "what a page costs is recorded" becomes \
	'round(iovascope:call_ns_per_page:increase1h{op="pin",backing="hugetlb_1g"})' 160
mapfile -t queries < <(jq -r '.panels[].targets[].expr' \
	"$fleet/dashboard.json")
for query in "${queries[@]}"; do
	tap "not empty: $query" not_empty "$query"
done
tap "the file is never half there" replaced_often
tap "nothing is left beside it" alone
tap "the module goes: the file says so" gone
tap "and nothing else is told" becomes \
	'count({__name__=~"iovascope_.+"})' 1
tap_totals
