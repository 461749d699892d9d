#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# How well figures repeat on this machine, beside other tools in the same minutes:
#
#	bench/precision.sh [--runs N] [--output FILE] [--dir DIR]
#
# N separate CORE runs of lane user (10; 2 to 100), after each one run of every
# other tool that is there. The table goes to FILE (standard output), the reports
# stay in DIR if one is given; reports that are in it already (rNN/report.json) are
# used, which is how the table is made anew. Where runs differ in the state of the
# core, or had another thread beside them, up to N more are taken: the table is of N
# that are alike, and says how all of them did. Takes some 20 s a run: let nothing else
# run meanwhile.
#
# Other tools: perf in PATH; lmbench's lat_syscall, lat_sig and lat_ctx in PATH or in
# $LMBENCH; libMicro's getpid in $LIBMICRO; uarch-bench and nanoBench in
# $UARCH_BENCH and $NANOBENCH. What is not there is named in the table.
set -u -o pipefail
cd "$(dirname -- "$0")/.." || exit 1

tollgate=${TOLLGATE:-bench/tollgate}
runs=10 output="" dir=""
PATH=$PATH${LMBENCH:+:$LMBENCH}

die()
{
	echo "precision.sh: $*" >&2
	exit 2
}

while [[ $# -gt 0 ]]; do
	case $1 in
	--runs | --output | --dir)
		[[ $# -ge 2 ]] || die "$1 needs a value"
		declare "${1#--}=$2"
		shift 2
		;;
	-h | --help)
		sed -n '/^#	/,/^set/{/^set/d;s/^# \?//;p}' "$0"
		exit 0
		;;
	*) die "unknown argument: $1; allowed: --runs N, --output FILE, --dir DIR" ;;
	esac
done
[[ $runs =~ ^[0-9]+$ ]] && ((10#$runs >= 2 && 10#$runs <= 100)) ||
	die "--runs $runs: allowed: 2 to 100"
runs=$((10#$runs))
[[ -x $tollgate ]] || die "$tollgate is missing: make harness builds it"
if [[ -n $output ]]; then
	# a place that cannot be written to is better known now than in five minutes
	(: >>"$output") 2>/dev/null || die "--output $output: cannot be written"
fi
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [[ -n $dir ]]; then
	mkdir -p "$dir" || die "--dir $dir: cannot be made"
else
	dir=$scratch/runs
	mkdir "$dir"
fi

# label | unit | what must be there | command | the first number behind this word
others()
{
	cat <<'EOF'
perf bench syscall basic|s for 2 million|perf|perf bench --format=simple syscall basic -l 2000000|
perf bench sched pipe|s for 50 thousand|perf|perf bench --format=simple sched pipe -l 50000|
lmbench lat_syscall null|us|lat_syscall|lat_syscall null|syscall:
lmbench lat_sig catch|us|lat_sig|lat_sig catch|overhead:
lmbench lat_ctx 2|us|lat_ctx|lat_ctx -s 0 2|2 |
libMicro getpid|us|$LIBMICRO/bin/getpid|$LIBMICRO/bin/getpid -E -C 200 -L -S -W -N getpid -I 5|getpid |
uarch-bench getuid|cycles|$UARCH_BENCH|$UARCH_BENCH --timer=libpfc --test-name=syscall/getuid|getuid
nanoBench lfence|cycles|$NANOBENCH/nanoBench.sh|$NANOBENCH/nanoBench.sh -asm lfence -n_measurements 100 -unroll_count 100|cycles:
EOF
}

# One run of each other tool: label, unit, number; tabs between.
run_others()
{
	local label unit there command behind text

	while IFS='|' read -r label unit there command behind; do
		there=$(eval "echo \"$there\"" 2>/dev/null)
		command -v "$there" >/dev/null || continue
		text=$(eval "taskset -c $(($(nproc) - 1)) $command" 2>&1) || continue
		[[ -z $behind ]] || text=${text##*"$behind"}
		[[ $text =~ ([0-9]+\.?[0-9]*) ]] || continue
		printf '%s\t%s\t%s\n' "$label" "$unit" "${BASH_REMATCH[1]}"
	done < <(set +u; others)
}

# As many runs more where some had a neighbour on the core, or another state of it.
for ((i = 1; i <= 2 * runs; i++)); do
	if ((i > runs)); then
		alike=$(perl bench/precision.pl alike "$runs" "$dir") || exit 2
		((alike < runs)) || break
	fi
	at=$dir/r$(printf %02d $i)
	[[ -e $at/report.json ]] && continue
	[[ -t 2 ]] && printf '\rrun %d of %d ' "$i" "$runs" >&2
	start=$EPOCHREALTIME
	"$tollgate" run --lane user -o "$at" >"$scratch/said" 2>&1
	code=$?
	[[ -e $at/report.json ]] || die "run $i: exit code $code: $(tail -n 1 "$scratch/said")"
	awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f\n", b - a }' >"$at/seconds"
	run_others >"$at/others"
done
[[ -t 2 ]] && printf '\r%20s\r' "" >&2

missing=$(while IFS='|' read -r label _ there _; do
	command -v "$(eval "echo \"$there\"" 2>/dev/null)" >/dev/null || echo "$label"
done < <(set +u; others) | paste -sd, | sed 's/,/, /g')
perl bench/precision.pl table "$runs" "$dir" "$missing" >"$scratch/table" || die "no table"
if [[ -n $output ]]; then
	cp "$scratch/table" "$output" && echo "Written: $output"
else
	cat "$scratch/table"
fi
