#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# How often compare calls a change where there is none, and how often it finds
# one that is there, over real runs on this machine:
#
#	tests/compare-aa.sh [DIR]	DIR: reports of earlier runs are used (those of
#				another state than the first are renamed), others go there
#
# 41 CORE runs of lane user, one after another, make 40 comparisons of a run with
# the next: at most 1 % of rows may be flagged, at most 2 comparisons may pass
# --fail-above 5%. In 20 of the pairs the second run's figures of an instruction
# (2 %) and of a crossing (5 %) are made slower: each must be found 19 times.
# The same with 8 runs against 8, taken in turn. Some 12 minutes; TAP, of which
# results/compare-aa.txt is one.
set -u
cd "$(dirname -- "$0")/.." || exit 1
. tests/tap.sh

tollgate=${TOLLGATE:-bench/tollgate}
runs=41 pairs=40 plants=20 least=19
body=insn/imul_x16@r3 crossing=crossing/syscall_null@r3
dir=${1:-$scratch}

report() # NUMBER
{
	printf '%s/r%02d/report.json' "$dir" "$1"
}

joined() # FIRST: of 16 runs from there every second
{
	local i list=

	for ((i = $1; i < $1 + 16; i += 2)); do
		list+=,$(report "$i")
	done
	echo "${list#,}"
}

# Compares, adds rows and verdicts to the sums; flagged names go to standard error.
rows=0 flagged=0 alarmed=0
compare_alike() # A B
{
	local text rc=0

	text=$($tollgate compare --markdown --fail-above 5% "$1" "$2") || rc=$?
	[[ $rc -le 1 ]] || { echo "# compare failed: exit $rc"; exit 1; }
	rows=$((rows + $(awk '/^[0-9]+ compared:/ { print $1 }' <<<"$text")))
	flagged=$((flagged + $(grep -cE '[|] (faster|slower) [|]$' <<<"$text")))
	alarmed=$((alarmed + rc))
	awk -F' [|] ' '/[|] (faster|slower) [|]$/ { print "#  ", substr($1, 3), $4 }' <<<"$text"
}

# Whether the row is called slower once the second side's is.
finds() # NAME FACTOR A B[,B...]
{
	local i=0 b list=

	for b in ${4//,/ }; do
		i=$((i + 1))
		/usr/bin/python3 tests/compare_reports.py "$b" "$scratch/plant$i.json" \
			scale "$1" "$2" || exit 1
		list+=,$scratch/plant$i.json
	done
	$tollgate compare --markdown "$3" "${list#,}" >"$scratch/text" &&
		grep -qF "| $1 |" "$scratch/text" || { echo "# no row $1"; exit 1; }
	grep -F "| $1 |" "$scratch/text" | grep -q '| slower |$'
}

judge() # WHAT COMPARISONS BODIES CROSSINGS PLANTED
{
	ok "$1: $flagged of $rows rows flagged, at most 1 %" test $((flagged * 100)) -le "$rows"
	ok "$1: $alarmed of $2 comparisons pass --fail-above 5%, at most 1 in 20" \
		test $((alarmed * 20)) -le "$2"
	ok "$1: $body made 2 % slower is found in $3 of $5" test $(($3 * plants)) -ge $((least * $5))
	ok "$1: $crossing made 5 % slower is found in $4 of $5" \
		test $(($4 * plants)) -ge $((least * $5))
}

# A run whose calibration was refused has other units: compare says so and refuses it.
# Of a run in another state of the core compare says so too, and asks 4 % of its rows.
# Either is what a user would take again; so it is here, some times, and counted.
state_of() # NUMBER
{
	/usr/bin/python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["calibration"]["state"] or 0)' "$(report "$1")"
}

alike() # NUMBER
{
	grep -q '"cycles_per_tick": null' "$(report "$1")" && return 1
	awk -v a="$(state_of 0)" -v b="$(state_of "$1")" 'BEGIN { d = a - b; exit d * d > 1e-4 * a * a }'
}

again=0
for ((i = 0; i < runs; i++)); do
	for ((;;)); do
		[[ -e $(report $i) ]] ||
			$tollgate run -o "$(dirname "$(report $i)")" >/dev/null 2>&1 ||
			{ echo "# run $i failed"; exit 1; }
		alike $i && break
		mv "$(report $i)" "$(report $i).unlike$again"
		again=$((again + 1))
		[[ $again -le 15 ]] || { echo "# $again runs not alike"; exit 1; }
	done
done
echo "# $runs runs; taken again, not calibrated or in another state of the core: $again"

bodies=0 crossings=0
for ((i = 0; i < pairs; i++)); do
	compare_alike "$(report $i)" "$(report $((i + 1)))"
done
for ((i = 0; i < pairs; i += pairs / plants)); do
	finds $body 1.02 "$(report $i)" "$(report $((i + 1)))" && bodies=$((bodies + 1))
	finds $crossing 1.05 "$(report $i)" "$(report $((i + 1)))" && crossings=$((crossings + 1))
done
judge "one run against one" $pairs $bodies $crossings $plants

rows=0 flagged=0 alarmed=0 bodies=0 crossings=0
for ((i = 0; i < 20; i++)); do
	compare_alike "$(joined $i)" "$(joined $((i + 1)))"
	finds $body 1.02 "$(joined $i)" "$(joined $((i + 1)))" && bodies=$((bodies + 1))
	finds $crossing 1.05 "$(joined $i)" "$(joined $((i + 1)))" && crossings=$((crossings + 1))
done
judge "8 runs against 8" 20 $bodies $crossings 20
done_testing
