#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# `tollgate claims` on reports made from the reference ones: what it prints, what
# it refuses, its exit codes, and that results/claims.md is what it prints now.
set -u
cd "$(dirname -- "$0")/.." || exit 1
. tests/tap.sh

tollgate=bench/tollgate
users=(results/reference/*/user-*/report.json)
vms=(results/reference/*/vm-6.12*/report.json)
user=${users[0]} vm=${vms[0]}

make_report() # OUT EDIT...: from lane user
{
	/usr/bin/python3 tests/compare_reports.py "$user" "$scratch/$1.json" "${@:2}" || exit 1
}

verdict() # ID REPORT...: the verdict of each column, one a line
{
	$tollgate claims --json -c "$1" "${@:2}" | /usr/bin/python3 -c '
import json, sys
for column in json.load(sys.stdin)["claims"][0]["columns"]:
    rehearsed = " in rehearsal" if column["in_rehearsal"] else ""
    print(column["verdict"] + rehearsed)'
}

text=$($tollgate claims "$user" "$vm")
is "text is at most 75 columns of ASCII" \
	"$(LC_ALL=C awk 'length > 75 || /[^ -~]/' <<<"$text")" ""
is "every row of the list is there" "$(grep -cE '^(irq|ctx|frame|fpu|gs)\.[a-z0-9]+ ' <<<"$text")" \
	$(($(grep -c '^CLAIM(' include/tollgate/claims.def) * 2))
like "the machine is named" $'\nA:  .*microcode 0x.*hypervisor.*kernel.*lane user, cycles' \
	"$(tr '\n' ' ' <<<"$text" | sed 's/  *A: /\nA: /')"
like "a figure has unit, error, lane, rounds and samples" \
	'gs/rdfsbase@r3 [0-9.]+ \+- [0-9.]+ cycles, lane user, [0-9]+x[0-9]+' "$text"
like "a row that nothing measures yet says so" 'not measured yet: nothing measures this yet' "$text"
is "the sum is of all claims" "$(grep -oE '^[A-Z] 49 claims:' <<<"$text" | tr '\n' ' ')" \
	"A 49 claims: B 49 claims: "

# What this machine's ring 3 settles, and what the virtual machine's counts never do.
is "gs.user is settled" "$(verdict gs.user "$user")" holds
is "fpu.parts is answered" "$(verdict fpu.parts "$user")" answered
like "fpu.boundary is settled" '^(holds|does not hold)$' "$(verdict fpu.boundary "$user")"
like "a rehearsal can settle a claim" '^(holds|depends|does not hold) in rehearsal$' \
	"$(verdict fpu.skip "$user")"
like "... and another" '^(holds|depends|does not hold) in rehearsal$' "$(verdict fpu.atomic "$user")"
is "nothing is settled by instructions" \
	"$($tollgate claims --json "$vm" | grep -cE '^     "verdict": "(holds|does not hold|depends|answered)"')" 0
make_report slow scale 'gs/wrgsbase@r3' 10
is "one figure across the threshold flips it" "$(verdict gs.user "$scratch/slow.json")" \
	"does not hold"
make_report stay scale 'fpu/scenario:dirty@r3' 3
like "a stay that is no sum of its instructions is named" '^fpu/scenario:dirty@r3: [0-9.]+, bare ' \
	"$(results/scenarios.py sums "$scratch/stay.json" | grep '^fpu/scenario:dirty@r3')"
outside() # REPORT: how many such rows it has, as counted by itself
{
	results/scenarios.py sums "$1" | sed -nE '$s/.* sums, ([0-9]+) outside .*/\1/p'
}
is "... and is one more" "$(outside "$scratch/stay.json")" $(($(outside "$user") + 1))
make_report quick rounds 3
is "quick figures are not used" "$(verdict gs.user "$scratch/quick.json")" "not measured yet"
make_report ticks set calibration.unit '"tsc"'
sed -i 's/"unit": "cycles"/"unit": "tsc"/' "$scratch/ticks.json"
is "nor are ticks" "$(verdict gs.user "$scratch/ticks.json")" "not measured yet"
make_report lacks skip 'gs/*' skipped 'this CPU or kernel lacks FSGSBASE'
is "what the CPU lacks" "$(verdict gs.user "$scratch/lacks.json")" "cannot be measured here"
like "with its reason" 'cannot be measured here: skipped: this CPU or kernel lacks FSGSBASE: gs/rd' \
	"$($tollgate claims -c gs.user "$scratch/lacks.json" | tr -s '\n ' ' ')"
make_report interpreted set calibration.entry 90000
is "a kernel that is interpreted settles nothing" \
	"$(verdict gs.user "$scratch/interpreted.json")" "cannot be measured here"
like "... and why" "the kernel's half is not native below this hypervisor: ARCH_GET_GS takes 90000 cycles" \
	"$($tollgate claims -c gs.user "$scratch/interpreted.json" | tr -s '\n ' ' ')"
make_report bare set calibration.entry 90000 set environment.hypervisor '"none"'
is "... but on bare metal" "$(verdict gs.user "$scratch/bare.json")" holds
make_report metal set environment.hypervisor '"none"'
is "no hypervisor, no boundary" "$(verdict fpu.boundary "$scratch/metal.json")" \
	"cannot be measured here"

# Columns.
make_report bases only 'gs/*'
make_report calls only 'crossing/*'
is "two runs in one lane: two columns" \
	"$(verdict gs.user "$scratch/bases.json" "$scratch/calls.json" | tr '\n' ,)" \
	"not measured yet,not measured yet,"
is "a comma joins them" "$(verdict gs.user "$scratch/bases.json,$scratch/calls.json")" holds
make_report host only 'gs/*' set lane '"host"'
is "another lane of the same machine joins by itself" \
	"$(verdict gs.user "$scratch/calls.json" "$scratch/host.json")" holds
make_report other only 'gs/*' set lane '"host"' set environment.microcode '"0x99"'
is "another machine's does not" \
	"$(verdict gs.user "$scratch/calls.json" "$scratch/other.json" | sort -u)" "not measured yet"
cp "$scratch/calls.json" "$scratch/copy.json"
refuses "a copy does not count twice" 2 "calls.json and .*copy.json are the same report" \
	$tollgate claims "$scratch/calls.json,$scratch/copy.json"
refuses "unlike reports are not joined" 4 "are not of one machine and kernel: microcode differs" \
	$tollgate claims "$scratch/calls.json,$scratch/other.json"
matrix=$($tollgate claims -c gs.user "$user" "$vm" "$scratch/slow.json" "$scratch/lacks.json" \
	"$scratch/quick.json" | grep -E '^(claim|gs.user) .*(  |[A-E]$)' | tr -s ' ' | tr '\n' ,)
like "a column each" 'claim A B C D,gs.user holds cannot here does not hold cannot here,claim E' \
	"$matrix"

# Formats.
$tollgate claims --json "$user" "$vm" "$scratch/slow.json,$user" >"$scratch/claims.json"
ok "JSON is as its schema says" /usr/bin/python3 tests/unit/validate_schema.py --claims \
	"$scratch/claims.json"
ok "JSON of the lone claim too" bash -c "$tollgate claims --explain gs.user >'$scratch/x' &&
	$tollgate claims --json -c gs.user '$user' >'$scratch/one.json' &&
	/usr/bin/python3 tests/unit/validate_schema.py --claims '$scratch/one.json'"
sed -i '0,/"by": "ring 3"/s//"by": "magic"/' "$scratch/one.json"
refuses "the schema refuses what is wrong" 1 "magic" \
	/usr/bin/python3 tests/unit/validate_schema.py --claims "$scratch/one.json"
markdown=$($tollgate claims --markdown "$user")
is "Markdown: a row a claim" "$(grep -c '^| `[a-z]*\.[a-z0-9]*` |' <<<"$markdown")" 49
like "Markdown: the table of fpu.parts" \
	'\| xsaveopt \| dirty \| other \| [0-9.]+ \+- [0-9.]+ \| ' "$markdown"
is "Markdown: every table is straight" "$(awk -F'|' '
	{ gsub(/\\\|/, "") }
	/^\|/ { if (n && NF != n) print FNR; n = NF; next } { n = 0 }' <<<"$markdown")" ""
is "results/claims.md is up to date (make claims)" "$(results/claims.sh -)" "$(<results/claims.md)"

# --explain.
text=$($tollgate claims --explain gs.user "$user")
like "explain: the threshold" 'holds when: +arch_prctl\(\) >= 5 times' "$text"
like "explain: the arithmetic" '= [0-9.]+ / [0-9.]+' "$text"
like "explain: what to run" 'tollgate run crossing/arch_get_fs@r3 gs/rdfsbase@r3' "$text"
run=$(sed -n '/^ring 3:/,/^$/p' <<<"$text" | tr -s '\n ' ' ' | sed 's/^ring 3: tollgate //')
# shellcheck disable=SC2086 # a command line
ok "explain: which runs" $tollgate ${run/run/run --rounds 1 --samples 50 -o $scratch/ran}
is "explain: and has all that the claim needs" "$(verdict gs.user "$scratch/ran/report.json")" \
	"not measured yet"
like "explain: then it is the rounds that lack" 'quick: from 1 rounds' \
	"$($tollgate claims -c gs.user "$scratch/ran/report.json")"
like "explain: ring 0" 'native ring 0, sudo make bench LANE=host, for irq/sti@r0' \
	"$($tollgate claims --explain irq.sti | tr -s '\n ' ' ')"
like "explain: what is yet to come" 'nothing measures or makes all of its inputs yet' \
	"$($tollgate claims --explain irq.robust | tr -s '\n ' ' ')"

# Bad input.
refuses "no report" 2 "no report given" $tollgate claims
refuses "unknown claim" 2 "no claim 'gs.usr'; near: gs.user" $tollgate claims --explain gs.usr
refuses "pattern without a match" 2 "no claim 'fpp.\*'" $tollgate claims -c 'fpp.*' "$user"
refuses "two formats" 2 "one of --explain, --markdown and --json" \
	$tollgate claims --json --markdown "$user"
refuses "an empty name" 2 "a report's name is empty" $tollgate claims "$user,"
refuses "no such report" 6 "nothere.json" $tollgate claims "$user" "$scratch/nothere.json"
head -c 300 "$user" >"$scratch/cut.json"
refuses "a truncated report" 2 "cut.json" $tollgate claims "$user" "$scratch/cut.json"
refuses "an unknown option" 2 "--bogus" $tollgate claims --bogus "$user"
for format in "" --markdown --json "--explain gs.user"; do
	refuses "standard output full ${format:-(text)}" 6 "cannot write" \
		bash -c "$tollgate claims $format '$user' >/dev/full"
done
like "help tells the exit codes" '4 when reports joined by commas' \
	"$($tollgate claims --help | tr -s '\n ' ' ')"
done_testing
