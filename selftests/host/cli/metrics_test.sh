# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # engine.sh sets what is read here
#
# `metrics`: names and labels, how many series there are, and the file that
# node_exporter reads.

check "help and type" 0 '^# TYPE iovascope_call_seconds_total counter$' '' metrics
check "it is up" 0 '^iovascope_up 1$' '' metrics
check "a backing is a label" 0 \
	'^iovascope_call_bytes_total\{op="pin",backing="hugetlb_1g"\} 68719476736$' \
	'hugetlb_1g_|pin_bytes' metrics
check "an operation without backings is one series" 0 \
	'^iovascope_calls_total\{op="region_map"\} 11$' '' metrics
check "no series is the sum of others" 0 'op="pin"' \
	'_total\{op="pin"\}|live_bytes\{(backend|domain)="[a-z0-9]*"\}' metrics
check "a leaf size is a label" 0 \
	'^iovascope_domain_live_leaves\{domain="3",leaf="1g"\} 64$' '_1g_leaves' \
	metrics
check "what is mapped on the host, by backend" 0 \
	'^iovascope_live_bytes\{backend="type1",leaf="2m"\} 2147483648$' '' metrics
check "how many domains, and how many are not exact" 0 \
	'^iovascope_inexact_domains\{backend="type1"\} 1$' '' metrics
check "what never falls again is not there" 0 '' '_max' metrics
check "nothing but a domain's number tells it" 0 \
	'^iovascope_domain_calls_total\{domain="3",op="map"\} 6230$' \
	'domain_[a-z_]*total\{.*(pid|comm)=' metrics
check "what else a domain is, to be joined" 0 \
	'^iovascope_domain_info\{domain="3",.*backend="type1",.*pid="4242"\} 1$' \
	'' metrics
check "which devices it has" 0 \
	'^iovascope_device_info\{device="0000:3c:00.0",domain="3"\} 1$' '' metrics
check "what its process is called" 0 \
	'^iovascope_process_info\{pid="4242",comm="qemu-system-x86"\} 1$' \
	'^iovascope_process_calls' metrics
new_tree named
[[ $counting ]] || sed -i '2,$ s/$/ vm=web pod=gpu-0/' "$tree/processes"
check "and what else it is known by" 0 \
	'^iovascope_process_info\{pid="4242",comm="qemu-system-x86",vm="web",pod="gpu-0"\} 1$' \
	'' metrics
tree=$recorded
check "a process that is gone is not there" 0 '' 'process.*pid="5151"' \
	metrics --processes
check "a process that is alive, when asked for" 0 \
	'^iovascope_process_call_bytes_total\{pid="4242",op="pin",backing="mmio"\} 17179869184$' \
	'' metrics --processes
check "the age of the stuck pin" 0 \
	'^iovascope_inflight_oldest_seconds\{op="pin"\} 3900\.000000000$' '' metrics
check "what is not in flight is 0" 0 \
	'^iovascope_inflight_calls\{op="teardown"\} 0$' '' metrics
check "a probe that is blind" 0 \
	'^iovascope_probe_blind\{probe="teardown",state="missing"\} 1$' '' metrics
check "--check: verdicts of all" 0 \
	'^iovascope_check_domains\{verdict="inexact"\} 1$' '' metrics --check
check "--check: none differs" 0 \
	'^iovascope_check_domains\{verdict="differs"\} 0$' '' metrics --check
check "--check: each table is told once" 0 \
	'^iovascope_census_bytes\{device="0000:3b:00.0",leaf="1g"\} 68719476736$' \
	'^iovascope_census_bytes\{device="0000:3c:00.0"' metrics --check
check "--check: and under which device" 0 \
	'^iovascope_census_info\{device="0000:3c:00.0",.*told_by="0000:3b:00.0"\} 1$' \
	'' metrics --check
check "HELP is a sentence" 0 '^# HELP iovascope_[a-z_]+ [A-Z].*\.$' \
	'^# HELP iovascope_[a-z_]+ ([^A-Z].*|.*[^.])$' metrics --check

# Buckets only grow, the last is the count, and there is a sum.
buckets_grow() {
	awk '/^#/ { next }
	     /_bucket\{/ { name = $1; sub(/,?le=.*/, "", name)
		sub(/_bucket/, "", name); sub(/\{$/, "", name)
		if (name == last && $2 < count) { print "falls: " $0; bad = 1 }
		last = name; count = $2; top[name] = $2 }
	     /_count[{ ]/ { name = $1; sub(/_count/, "", name)
		sub(/\}$/, "", name); seen[name] = $2 }
	     /_sum[{ ]/ { name = $1; sub(/_sum/, "", name)
		sub(/\}$/, "", name); sum[name] = 1 }
	     END { for (name in top) {
			n++
			if (top[name] != seen[name] || !sum[name]) {
				print "no sum, or not the count: " name; bad = 1
			} }
		exit bad || n < 30 }' "$tmp/out"
}
[[ $counting ]] || tool metrics
verify "histograms are cumulative" buckets_grow

# promtool_agrees ARG...
promtool_agrees() {
	tool metrics "$@"
	promtool check metrics <"$tmp/out"
}
for args in "" "--check --processes" "--limit 1"; do
	# shellcheck disable=SC2086
	if have "promtool agrees: $args" promtool; then
		verify "promtool agrees: $args" promtool_agrees $args
	fi
done

# Some series are of one key, some of one name for several: no sample is twice.
no_series_twice() {
	tool metrics --check --processes
	! grep -v '^#' "$tmp/out" | sed 's/ [^ ]*$//' | sort | uniq -d | grep .
}
verify "no series is there twice" no_series_twice
new_tree twice
[[ $counting ]] || sed -n 's/^1 /77 /p' "$recorded/processes" \
	>>"$tree/processes"
verify "nor where two records have one PID" no_series_twice

new_tree label
[[ $counting ]] || sed -i 's/comm=[^ ]*/comm=a"b\\134c\\012d\\033/' \
	"$tree"/domains "$tree"/processes
check "labels are escaped, and clean" 0 'comm="a\\"b\\\\c\\nd\?"' $'\033' metrics

# A host with as much as the module can record.
records() {
	awk -v nr="$1" -v alive="$2" 'NR == 1
		NR == 2 { sub(/^[0-9]+ /, "")
			for (i = 1; i <= nr; i++) {
				sub(/pid=[0-9]+/, "pid=" 1000 + i % 1024)
				sub(/devices=[^ ]*/, sprintf("devices=%04x:%02x:00.0",
					int(i / 256), i % 256))
				sub(/alive=./, "alive=" (i % 2 || alive))
				sub(/live_bytes=[0-9]+/, "live_bytes=" i * 4096)
				print i, $0 } }' "$3"
}
new_tree large
if [[ -z $counting ]]; then
	records 10000 1 "$recorded/domains" >"$tree/domains"
	records 1024 0 "$recorded/processes" >"$tree/processes"
fi
series_below() {
	local nr

	nr=$(grep -vc '^#' "$tmp/out")
	echo "$nr series"
	((nr < $1 && nr > $2))
}
check "10 000 domains: what was left out is told" 0 \
	'^iovascope_left_out\{kind="domain"\} 9500$' '' metrics
verify "10 000 domains, 1 024 processes: under 20 000 series" \
	series_below 20000 10000
check "those with most have series" 0 \
	'^iovascope_domain_exact\{domain="9501"\} 1$' '\{domain="9500"' metrics
check "the sum is of all" 0 '^iovascope_domains\{backend="type1"\} 10000$' '' \
	metrics
check "of the processes those that are alive" 0 \
	'^iovascope_left_out\{kind="process"\} 12$' '' metrics --processes
check "--memory: of how many VMs it is not told" 0 \
	'^iovascope_left_out\{kind="vm"\} 312$' '' metrics --memory
check "--limit" 0 '^iovascope_left_out\{kind="domain"\} 9990$' '' \
	metrics --limit 10
verify "--limit: few series" series_below 3000 500
check "--limit: of nothing" 2 'not a positive number' '' metrics --limit 0

# ---- the file ----

# Whole or as it was: other readers have the old file open.
file=$tmp/textfile/iovascope.prom
[[ $counting ]] || mkdir -p "${file%/*}"
tree=$recorded
check "--textfile: nothing on standard output" 0 '' '.' metrics --textfile "$file"
check "--textfile: a folder that is not there" 1 \
	'/none/x.prom: No such file or directory' '' metrics --textfile /none/x.prom

file_is_like_stdout() {
	tool metrics
	diff "$file" "$tmp/out" && [[ $(stat -c %a "$file") == 644 ]] &&
		[[ $(ls -A "${file%/*}") == iovascope.prom ]]
}
verify "--textfile: the same, for others to read, and alone" file_is_like_stdout

file_is_replaced() {
	local old

	exec 7<"$file"
	(umask 077 && IOVASCOPE_DEBUGFS=$tree "$IOVASCOPE" metrics -T "$file")
	old=$(cat <&7)
	exec 7<&-
	[[ $old == "$(<"$file")" && $(stat -c %a "$file") == 644 ]]
}
verify "--textfile: who reads the old one reads all of it" file_is_replaced

tree=/nonexistent
check "--textfile: no module" 3 'modprobe iovascope' 'iovascope_up' \
	metrics --textfile "$file"
verify "--textfile: the file says so" \
	grep -qx 'iovascope_up 0' "$file"
verify "--textfile: and nothing that was" diff \
	<(grep -v '^#' "$file" 2>/dev/null) <(echo 'iovascope_up 0')
check "no module: so does standard output" 3 '^iovascope_up 0$' '' metrics
new_tree cut
[[ $counting ]] || truncate -s -1 "$tree/counters"
check "a file that is broken" 1 '^iovascope_up 0$' 'iovascope_info' metrics
