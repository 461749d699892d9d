#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# `tollgate compare` on reports made from the reference ones: what it prints,
# what it refuses, and its exit codes.
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

make_vm() # OUT EDIT...: from lane vm
{
	/usr/bin/python3 tests/compare_reports.py "$vm" "$scratch/$1.json" "${@:2}" || exit 1
}

row() # NAME TEXT: its line of a Markdown table
{
	grep -F "| $1 |" <<<"$2"
}

exits() # NAME CODE COMMAND...: that code, and nothing on standard error
{
	local name=$1 code=$2 rc=0
	shift 2
	"$@" >"$scratch/out" 2>"$scratch/err" || rc=$?
	if [[ $rc -eq $code && ! -s $scratch/err ]]; then
		pass "$name"
	else
		not_ok "$name" "exit $rc, wanted $code" "$(<"$scratch/err")"
	fi
}

make_report a
make_report slower scale insn/imul_x16@r3 1.02 scale crossing/syscall_null@r3 1.3
make_report faster scale insn/imul_x16@r3 0.9

# The same again.
exits "a report against itself" 0 $tollgate compare --fail-above 0% "$scratch/a.json" "$user"
text=$(<"$scratch/out")
measured=$(grep -c '"status": "ok"\|"status": "not-resolvable"' "$scratch/a.json")
is "a report against itself: nothing changed" "$(tail -n 1 <<<"$text")" \
	"$measured compared: $measured ~"
is "text is at most 75 columns of ASCII" \
	"$(LC_ALL=C awk 'length > 75 || /[^ -~]/' <<<"$text")" ""
like "a single boot says so" 'within this boot only' "$text"
like "what both lack is named once, with the reason" 'skipped in A and B: [0-9]+: XCR0 lacks' \
	"$(tr '\n' ' ' <<<"$text")"

# Changes.
text=$($tollgate compare --markdown "$scratch/a.json" "$scratch/slower.json")
like "2 % slower is slower" '\| \+(1\.9|2\.0)[0-9]% \|.*\| slower \|$' \
	"$(row insn/imul_x16@r3 "$text")"
like "an interval and an absolute change" '\| \+[0-9.]+\.\.\+[0-9.]+ \| \+0\.9[0-9] \|' \
	"$(row insn/imul_x16@r3 "$text")"
like "30 % slower is slower" '\| slower \|$' "$(row crossing/syscall_null@r3 "$text")"
is "nothing else changed" "$(grep -cE '\| (faster|slower) \|$' <<<"$text")" 2
text=$($tollgate compare "$scratch/slower.json" "$scratch/a.json")
like "the other way round is faster" '2 faster$' "$(tail -n 1 <<<"$text")"
text=$($tollgate compare "$scratch/a.json" "$scratch/slower.json" "$scratch/faster.json")
is "three configurations: each against the first" "$(grep '^A: ' <<<"$text" | sort -u | wc -l)" 1
is "three configurations: two comparisons" \
	"$(grep ' compared:' <<<"$text" | sed 's/.*~, //' | tr '\n' ' ')" "2 slower 1 faster "

# The threshold.
exits "--fail-above not passed" 0 $tollgate compare --fail-above 40% "$scratch/a.json" \
	"$scratch/slower.json"
exits "--fail-above passed" 1 $tollgate compare --fail-above 5% "$scratch/a.json" \
	"$scratch/slower.json"
exits "--fail-above without the sign" 1 $tollgate compare --fail-above 5 "$scratch/a.json" \
	"$scratch/slower.json"
exits "--fail-above passed by a later configuration" 1 $tollgate compare --fail-above=5% \
	"$scratch/a.json" "$scratch/faster.json" "$scratch/slower.json"
exits "faster is never above" 0 $tollgate compare --fail-above 0 "$scratch/a.json" \
	"$scratch/faster.json"
for bad in '' x 5x '5%%' -1 nan inf 0x5 '5 %' 1e99 %; do
	refuses "--fail-above '$bad'" 2 "--fail-above '.*' is not allowed; allowed: a percentage" \
		$tollgate compare "--fail-above=$bad" "$scratch/a.json" "$scratch/a.json"
done

# Unlike reports: every key, then allowed.
while read -r key edit; do
	eval "make_report other $edit"
	refuses "unlike in $key" 4 "unlike: $key differs: '.*' and '.*'; --across $key" \
		$tollgate compare "$scratch/a.json" "$scratch/other.json"
	exits "--across $key" 0 $tollgate compare --across $key "$scratch/a.json" \
		"$scratch/other.json"
	for other in unit lane cpu microcode kernel append qemu-cpu mitigations topology counter; do
		[[ $other != "$key" ]] || continue
		$tollgate compare --across $other "$scratch/a.json" "$scratch/other.json" \
			>/dev/null 2>&1 && not_ok "--across $other lets $key pass"
	done
done <<'KEYS'
unit set calibration.unit '"tsc"' set calibration.cycles_per_tick null
lane set lane '"host"'
cpu set environment.cpu '"Another CPU"'
cpu set environment.family 99
cpu set environment.model 99
cpu set environment.stepping 99
cpu set environment.core_type '"atom"'
microcode set environment.microcode '"0x99"'
kernel set environment.kernel '"6.99.0"'
kernel set environment.kernel_build '"#99 SMP"'
append set environment.append '"nopti"'
append set environment.cmdline '"nopti quiet"'
qemu-cpu set environment.qemu_cpu '"qemu64"'
mitigations set environment.mitigations '{"spectre_v1": "Vulnerable"}'
topology set environment.nodes 2 set environment.mem_distance 10
topology set environment.nodes 1 set environment.mem_distance 20
topology set environment.nodes 1 set environment.mem_distance 0
counter set calibration.counter '"cycles"'
KEYS
make_report newer set schema 999
refuses "unlike in schema: one that this program cannot read" 2 "newer.json.*999" \
	$tollgate compare --across schema "$scratch/a.json" "$scratch/newer.json"
make_report other set environment.microcode '"0x99"' set environment.kernel '"6.99.0"'
exits "--across twice" 0 $tollgate compare --across kernel --across microcode \
	"$scratch/a.json" "$scratch/other.json"
refuses "--across one of two" 4 "microcode differs: '0x[0-9a-f]+' and '0x99'" \
	$tollgate compare --across kernel "$scratch/a.json" "$scratch/other.json"
refuses "unlike within one configuration" 4 "a.json and .*other.json are unlike" \
	$tollgate compare "$scratch/a.json,$scratch/other.json" "$scratch/a.json"
refuses "unlike in a later configuration" 4 "other.json are unlike" \
	$tollgate compare "$scratch/a.json" "$scratch/a.json" "$scratch/other.json"
refuses "all keys that differ are named at once" 4 \
	"--across kernel --across microcode compares them|--across microcode --across kernel compares" \
	$tollgate compare "$scratch/a.json" "$scratch/other.json"
refuses "unknown key" 2 "--across 'colour' is not allowed; allowed: schema unit lane cpu" \
	$tollgate compare --across colour "$scratch/a.json" "$scratch/a.json"

# Several reports of one configuration.
for i in 1 2 3 4 5 6 7 8 9 10; do
	make_report run$i shake $i 0.002
	make_report slow$i shake $i 0.002 scale insn/imul_x16@r3 1.02
done
runs() # NAME FIRST LAST
{
	local list
	list=$(for ((i = $2; i <= $3; i++)); do printf ',%s' "$scratch/$1$i.json"; done)
	echo "${list#,}"
}
exits "five reports against five" 0 $tollgate compare --fail-above 0 "$(runs run 1 5)" \
	"$(runs run 6 10)"
like "five reports: the boot is the sample" "a boot's figure, 5 against 5" "$(<"$scratch/out")"
like "five reports: nothing changed" "compared: [0-9]+ ~$" "$(tail -n 1 "$scratch/out")"
text=$($tollgate compare --markdown "$(runs run 1 5)" "$(runs slow 6 10)")
like "five reports: 2 % is found" '\| slower \|$' "$(row insn/imul_x16@r3 "$text")"
is "five reports: nothing else" "$(grep -cE '\| (faster|slower) \|$' <<<"$text")" 1
text=$($tollgate compare "$(runs run 1 4)" "$(runs run 5 10)")
like "four reports: the round is the sample" 'within these boots only, 4 against 6' \
	"$(tr -s '\n ' ' ' <<<"$text")"

cp "$scratch/run1.json" "$scratch/copy.json"
refuses "a copy does not count as another boot" 2 "run1.json and .*copy.json are the same report" \
	$tollgate compare "$scratch/run2.json,$scratch/run1.json,$scratch/copy.json" "$scratch/a.json"
refuses "nor does the same file" 2 "run1.json and .*run1.json are the same report" \
	$tollgate compare "$scratch/a.json" "$scratch/run1.json,$scratch/run1.json"
exits "on both sides it may stand" 0 $tollgate compare "$scratch/run1.json" "$scratch/copy.json"

# Rows that are not on both sides.
make_report less drop insn/lock_xadd@r3 drop insn/lock_btr@r3 skip insn/nop@r3 failed 'it ended by signal 11' \
	skip insn/lfence@r3 refused 'not permitted'
text=$($tollgate compare "$scratch/a.json" "$scratch/less.json")
like "rows of one side alone" $'only in A: 2\n  insn/lock_xadd@r3 insn/lock_btr@r3' "$text"
like "a failed row" $'failed in B: 1: it ended by signal 11\n  insn/nop@r3' "$text"
like "a refused row" $'refused in B: 1: not permitted\n  insn/lfence@r3' "$text"
text=$($tollgate compare "$scratch/less.json" "$scratch/a.json")
like "rows of the other side alone" 'only in B: 2' "$text"
make_report body only insn/imul@r3
make_report crossing only crossing/syscall_null@r3
make_report slowbody only insn/imul@r3 scale insn/imul@r3 1.02
refuses "nothing in common" 2 "have no experiment in common" \
	$tollgate compare "$scratch/body.json" "$scratch/crossing.json"
exits "one row alone" 1 $tollgate compare --fail-above 1 "$scratch/body.json" \
	"$scratch/slowbody.json"
like "one row alone: says what it lacks" 'too few other rows' "$(<"$scratch/out")"
make_report quick rounds 3
like "quick reports are marked" 'QUICK: +[0-9]+ of [0-9]+ rows' \
	"$($tollgate compare "$scratch/a.json" "$scratch/quick.json")"

# Instructions.
make_vm counts
make_vm more scale crossing/syscall_null@r3 1.01 scale irq/popf@r0 0
exits "insns against themselves" 0 $tollgate compare --fail-above 0 "$vm" "$scratch/counts.json"
is "insns: all equal" "$(tail -n 1 "$scratch/out" | sed 's/.*: //')" \
	"$(tail -n 1 "$scratch/out" | cut -d ' ' -f 1) ="
exits "insns: any more is above 0 %" 1 $tollgate compare --markdown --fail-above 0 \
	"$scratch/counts.json" "$scratch/more.json"
like "insns: more" '\| more \|$' "$(row crossing/syscall_null@r3 "$(<"$scratch/out")")"
like "insns: fewer" '\| -100% \|.*\| fewer \|$' "$(row irq/popf@r0 "$(<"$scratch/out")")"
exits "insns: 1 % is not above 2 %" 0 $tollgate compare --fail-above 2 "$scratch/counts.json" \
	"$scratch/more.json"
refuses "insns against cycles" 4 "unit differs: 'cycles' and 'insns'" \
	$tollgate compare "$scratch/a.json" "$scratch/counts.json"

refuses "no row in common: no advice that would not help" 4 \
	'unlike: .* no experiment in common that both measured in one unit$' \
	$tollgate compare "$user" "$vm"

# Bad input.
refuses "nothing to compare" 2 "at least two" $tollgate compare
refuses "one report alone" 2 "at least two" $tollgate compare "$scratch/a.json"
refuses "an empty name" 2 "a report's name is empty" $tollgate compare "$scratch/a.json," \
	"$scratch/a.json"
refuses "no such report" 6 "nothere.json" $tollgate compare "$scratch/a.json" \
	"$scratch/nothere.json"
head -c 300 "$scratch/a.json" >"$scratch/cut.json"
refuses "a truncated report" 2 "cut.json" $tollgate compare "$scratch/a.json" "$scratch/cut.json"
refuses "an unknown option" 2 "--bogus" $tollgate compare --bogus "$scratch/a.json" \
	"$scratch/a.json"
refuses "standard output full" 6 "cannot write" \
	bash -c "$tollgate compare '$scratch/a.json' '$scratch/a.json' >/dev/full"
like "help tells the exit codes" '1 when --fail-above' "$($tollgate compare --help)"
done_testing
