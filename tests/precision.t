#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# bench/precision.sh over reports whose ranges are known; and what it refuses.
set -u
cd "$(dirname -- "$0")/.." || exit 1
. tests/tap.sh

reference=$(ls results/reference/*/user-*/report.json)

# Three reports in $scratch/NAME: as it is, and the matching figures 0.4 % and SHARE more.
make_runs() # NAME GLOB FACTOR
{
	local i factor

	for i in 1 2 3; do
		mkdir -p "$scratch/$1/r0$i"
		factor=$(awk -v i="$i" -v f="$3" 'BEGIN { print i == 1 ? 1 : i == 2 ? 1.004 : f }')
		/usr/bin/python3 tests/compare_reports.py "$reference" \
			"$scratch/$1/r0$i/report.json" scale "$2" "$factor" || exit 1
		echo "1$i.5" >"$scratch/$1/r0$i/seconds"
		printf 'a tool\tus\t%s\n' "0.1$i" >"$scratch/$1/r0$i/others"
	done
}

precision() # DIR
{
	bench/precision.sh --runs 3 --dir "$scratch/$1" --output "$scratch/$1.md"
}

make_runs same insn/imul@r3 1.004
ok "reports that are there are used" precision same
table=$(<"$scratch/same.md")
like "all the same: met" '1 cycle, of all but page faults \| 95 % \| ([0-9]+) of \1, 100 %, met' "$table"
like "page faults are counted apart" 'page faults \| 90 % \| 3 of 3, 100 %, met' "$table"
like "the median instruction does not move" 'insn, gs, fpu\) \| 0.5 % \| 0.00 %, met' "$table"
like "the longest run" '20 s \| 13.5 s, met' "$table"
like "other tools" 'a tool, us \| 3 \| 0.12 \| 16.7 %' "$table"
like "and what is not there is named" 'Not here: .*nanoBench lfence' "$table"
like "one per cent and one cycle: 3 cycles may move by 1" 'insn/imul@r3 \| 3[.0-9]* \| 0.012 \| 0.40 % \|  \|' "$table"

make_runs wide 'fpu/*' 1.02
ok "some move by 2 %" precision wide
table=$(<"$scratch/wide.md")
like "missed" 'of all but page faults \| 95 % .*, missed' "$table"
like "they are named" 'fpu/xrstor@r3 \| [0-9.]+ \| [0-9.]+ \| 1.99 % \| wide' "$table"
like "the median instruction is one of them" 'insn, gs, fpu\) \| 0.5 % \| 1.99 %, missed' "$table"

make_runs faults 'crossing/fault_*' 1.02
ok "page faults move by 2 %" precision faults
like "they are counted apart" 'the same of page faults \| 90 % \| 0 of 3, 0 %, missed' "$(<"$scratch/faults.md")"

# Runs in another state of the core, and beside another thread, are set aside for more.
odd() # DIR RUN EXPRESSION
{
	/usr/bin/python3 - "$scratch/$1/$2/report.json" "$3" <<-'EOF'
	import json, sys
	path, change = sys.argv[1:]
	r = json.load(open(path))
	exec(change)
	json.dump(r, open(path, "w"))
	EOF
}
make_runs odd 'fpu/*' 1.02
for i in 4 5 6; do
	cp -r "$scratch/odd/r01" "$scratch/odd/r0$i"
done
for i in 1 4 5; do
	odd odd r0$i 'r["calibration"].update(state=184.8, entry=410.0)'
done
odd odd r02 'r["calibration"]["state"] = 188.0'
odd odd r03 'for f in r["figures"]: f["disturbed"] = len(f["rounds"])'
odd odd r06 'r["calibration"].update(state=184.8, entry=430.0)'
ok "runs that are not alike" precision odd
table=$(<"$scratch/odd.md")
like "as many as asked for are alike" 'over 3 separate runs' "$table"
like "and no more are looked at" '184.8 [0-9.]+, 188.0 [0-9.]+, [0-9.]+ [0-9.]+!, 184.8 [0-9.]+, 184.8 [0-9.]+, 184.8 430.0\.' "$table"
like "their figures stand still; all runs' do not" \
	'of all but page faults \| 95 % \| ([0-9]+) of \1, 100 %, met \| [0-9]+ of [0-9]+, [0-9]+ %, missed' \
	"$table"

refused() # WHAT PATTERN ARGUMENT...
{
	local what=$1 pattern=$2 rc=0 said

	shift 2
	said=$(bench/precision.sh "$@" 2>&1) || rc=$?
	is "$what: exit code" "$rc" 2
	like "$what: says why" "$pattern" "$said"
}

refused "one run" '--runs 1: allowed: 2 to 100' --runs 1
refused "runs in words" '--runs ten: allowed: 2 to 100' --runs ten
refused "an unknown argument" 'unknown argument: --fast; allowed: --runs N' --fast
refused "no value" '--dir needs a value' --dir
refused "a place that is none" '--output /nonexistent/t: cannot be written' --output /nonexistent/t
mkdir -p "$scratch/insns/r01" "$scratch/insns/r02"
vm=$(ls results/reference/qemu*/vm-6.12*/report.json)
cp "$vm" "$scratch/insns/r01" && cp "$vm" "$scratch/insns/r02"
refused "instructions" 'figures in insns, not in cycles' --runs 2 --dir "$scratch/insns"
done_testing
