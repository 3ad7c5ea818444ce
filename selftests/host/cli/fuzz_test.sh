# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # engine.sh sets what is read here
#
# The parser and everything behind it on trees that are damaged at random, built
# with the sanitizers: any exit code of the tool's own is right, a signal or a
# report of a sanitizer is not. FUZZ_SEED and FUZZ_RUNS reproduce and prolong.

FUZZ_SEED=${FUZZ_SEED:-1}
FUZZ_RUNS=${FUZZ_RUNS:-60}

# Damage one file in one of the ways that a cut, a bug or a fool would.
damage() {
	perl -e '
		my ($seed, $file) = @ARGV;
		srand($seed);
		open(my $in, "<:raw", $file) or die;
		local $/; my $text = <$in>; close($in);
		my @odd = ("", "-1", "18446744073709551615", "0x", "a=b", "\\",
			   "18446744073709551616", "\\777", "\\000", "0", ",",
			   "\xff\xfe", "x" x 5000, "%s%n", "\033[2J", "none");
		for (0 .. rand(4)) {
			my $at = int(rand(length($text) + 1));
			my $len = int(rand(40));
			my $odd = $odd[rand(@odd)];
			my $how = int(rand(7));
			if ($how == 0) { substr($text, $at, $len, "") }
			elsif ($how == 1) { substr($text, $at, 0, chr(rand(256))) }
			elsif ($how == 2) { substr($text, $at, 0, $odd) }
			elsif ($how == 3) { $text = substr($text, 0, $at) }
			elsif ($how == 4) {
				my $n = 0; my $nth = int(rand(200));
				$text =~ s/=\K[^ \n]*/$n++ == $nth ? $odd : $&/ge;
			} elsif ($how == 5) {
				my $n = 0; my $nth = int(rand(400));
				$text =~ s/[ \n]\K\w+/$n++ == $nth ? $odd : $&/ge;
			} else {
				my @lines = split(/^/, $text);
				splice(@lines, rand(@lines), 1) if @lines;
				$text = join("", @lines);
			}
		}
		open(my $out, ">:raw", $file) or die;
		print $out $text;' "$1" "$2"
}

survives() {
	local sane=$tmp/sane/iovascope code

	code=0
	"$sane" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || code=$?
	((code <= 5)) && ! grep -q 'runtime error\|Sanitizer' "$tmp/err" && return
	echo "seed $FUZZ_SEED run $run: exit $code: $*"
	cat "$tmp/err"
	return 1
}

build_sane() {
	make -s -C ../../../tools O="$tmp/sane" CFLAGS="-g -O1 \
		-fsanitize=address,undefined -fno-sanitize-recover=all"
}

damaged_trees() {
	local files=(info schema counters errors hist domains processes
		inflight probes units census check
		devices/0000:3b:00.0/runs) run file

	for ((run = 0; run < FUZZ_RUNS; run++)); do
		new_tree fuzz
		file=${files[run % ${#files[@]}]}
		damage $((FUZZ_SEED * 100000 + run)) "$tree/$file"
		export IOVASCOPE_DEBUGFS=$tree
		survives show && survives metrics && survives hist &&
			survives domains && survives processes &&
			survives counters && survives errors &&
			survives probes && survives schema &&
			survives show --pid 4242 && survives units &&
			survives census && survives check &&
			survives runs 0000:3b:00.0 &&
			survives p2p && survives host --pid $$ &&
			survives memory $$ && survives why --start 4242 &&
			survives metrics --check &&
			survives show --check --pid 4242 || return
	done
}

damaged_snapshots() {
	local run

	export IOVASCOPE_DEBUGFS=$recorded
	"$IOVASCOPE" snapshot --check >"$tmp/whole.json" || return
	for ((run = 0; run < FUZZ_RUNS; run++)); do
		cp "$tmp/whole.json" "$tmp/fuzz.json"
		damage $((FUZZ_SEED * 100000 + run)) "$tmp/fuzz.json"
		survives diff "$tmp/whole.json" "$tmp/fuzz.json" &&
			survives diff "$tmp/fuzz.json" "$tmp/fuzz.json" hist &&
			survives diff --pid 4242 "$tmp/fuzz.json" \
				"$tmp/whole.json" || return
	done
}

if have "fuzz: the tool under sanitizers builds" cc; then
	verify "fuzz: the tool under sanitizers builds" build_sane
	verify "fuzz: $FUZZ_RUNS damaged trees" damaged_trees
	verify "fuzz: $FUZZ_RUNS damaged snapshots" damaged_snapshots
fi
