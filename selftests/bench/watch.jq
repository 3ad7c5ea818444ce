# SPDX-License-Identifier: GPL-2.0-only
#
# Samples of watch_bench on $kernel as a part of a run.

def median: sort | if length % 2 == 1 then .[length / 2 | floor]
	else (.[length / 2 - 1] + .[length / 2]) / 2 | floor end;

select(length > 0) | {
	kernel: $kernel, part: "watch", samples: .,
	result: {
		bench: 1,
		machine: {kernel: $kernel, hypervisor: "TCGTCGTCGTCG",
			time: "instructions", module: "as told", devices: []},
		rounds: (group_by([.work, .op, .watcher])[0] | length),
		first_touch: [], rows: [], slopes: [], node: [], refused: [],
		times: [group_by([.work, .op, .watcher])[] |
			{work: .[0].work, op: .[0].op, by: .[0].watcher,
			 hits: .[0].hits, time_ns: (map(.ns) | median),
			 time_min_ns: (map(.ns) | min),
			 time_max_ns: (map(.ns) | max)}]
	}
}
