# SPDX-License-Identifier: GPL-2.0-only
#
# Parts, and what census.sh says, as a run.

def ns: . * 1e9 | floor;

def census_part: {
	kernel: "lab", part: "census",
	result: {
		bench: 1,
		machine: {kernel: .results[0].kernel, hypervisor: "TCGTCGTCGTCG",
			time: "instructions", module: "loaded", devices: []},
		rounds: (.results[0].census.seconds | length),
		first_touch: [], rows: [], slopes: [], node: [], refused: [],
		times: [.results[] | .what as $what | .leaves as $leaves |
			to_entries[] | select(.value | type == "object" and
				has("median_s")) |
			{work: "\($leaves) 4K leaves, \($what)", op: "read",
			 by: .key, time_ns: (.value.median_s | ns),
			 time_min_ns: (.value.min_s | ns),
			 time_max_ns: (.value.max_s | ns)}]
	}
};

{bench: 1, iovascope: $version, seconds: $seconds, census: $census[0],
 parts: (. + [$census[0] | select(.) | census_part])}
