#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# `tollgate model`: every search ends as it must; the proofs it writes; what it refuses.
set -u
cd "$(dirname -- "$0")/.." || exit 1
. tests/tap.sh

tollgate=bench/tollgate

rc=0
$tollgate model -o "$scratch/proofs" >"$scratch/all" 2>"$scratch/err" || rc=$?
# A time gates nothing here: a busy machine's says nothing. results/fpu-model.txt has it.
grep '^base bound' "$scratch/all" | sed 's/^/# /'
like "it tells its processor time" '^base bound: ours took [0-9.]+ s of 60 s' "$(grep '^base' "$scratch/all")"
is "every search ends as it must" \
	"$rc $(grep -v ' states found so far were followed$' "$scratch/err")" "0 "
is "each variant is there once" \
	"$(grep -cE '^(ours|posted|mutant|spared|history|frame)/' "$scratch/all")" \
	"$($tollgate model --list | wc -l)"
is "ours has no fault" "$(grep '^ours/' "$scratch/all" | grep -vc ': no fault, ')" 0
is "v4.8 has none but two about protection keys" \
	"$(grep -A1 '^posted/v4.8' "$scratch/all" | sed -n 's/^  fault \([^,]*\),.*/\1/p' | xargs)" \
	"pkru:REMOTE valid:OWN_WRITE"
is "every mutant is caught" "$(grep '^mutant/' "$scratch/all" | grep -vc ': faults as expected')" 0
is "what is spared a guard it does not need has no fault" \
	"$(grep '^spared/' "$scratch/all" | grep -vc ': no fault, ')" 0
is "the cures leave no fault, nor bring one to light" \
	"$(grep -cE 'STILL FOUND|hidden' "$scratch/all")" 0
like "with three tasks too" '^posted/1-5:cured/regs-wide: no fault, .* 3 tasks, 2 CPUs' \
	"$(grep '^posted/1-5:cured/regs-wide:' "$scratch/all")"
like "PKRU's cure with all others" '^posted/1-5:cured/pkru-small: no fault, ' \
	"$(grep '^posted/1-5:cured/pkru-small:' "$scratch/all")"
like "a lost write of PKRU is found" '^history/ptrace-pkru-2021: faults as expected' \
	"$(grep '^history/ptrace-pkru' "$scratch/all")"
like "patch 4 has faults that a fifth does not cure" 'sees:RESTORE/resched\+' "$(<"$scratch/all")"

proofs=$(/usr/bin/python3 -c '
import json, sys
for p in json.load(open(sys.argv[1]))["proofs"]:
    print(p["name"], p["result"], p["states"] > 0)' "$scratch/proofs/report.json")
is "all proofs passed" "$(grep -vc ' passed True$' <<<"$proofs")" 0
for claim in states broken pkru gup signal guest test; do
	like "a proof for fpu.$claim" "fpu\\.$claim/" "$proofs"
done
ok "the report can be read" $tollgate report "$scratch/proofs/report.json"

text=$($tollgate report "$scratch/proofs/report.json")
is "and tells nothing of what was not measured" \
	"$(grep -cE '^(plan|errors|calibration|clock):|ring 3' <<<"$text")" 0
like "but that it was not" 'note: +nothing was measured: proofs alone' "$text"
like "and how the proofs ended" 'proofs: +[0-9]+ passed, 0 failed, 0 skipped' "$text"

like "and one for frame.enough" 'frame\.enough passed True' "$proofs"

# Frames without RESTORE_TOP_OF_STACK: none must be missed, and each control must be found.
for frame in rsp_flags rsp_flags_rest; do
	like "$frame is enough" "^frame/enough/$frame: no fault, [0-9]{7,} calls, " \
		"$(grep "^frame/enough/$frame:" "$scratch/all")"
done
is "with RESTORE nothing is lost" "$(grep '^frame/restored/' "$scratch/all" | grep -c ': no fault, ')" 6
is "every control is found" "$(grep -E '^frame/(control|planted)/' "$scratch/all" |
	grep -c ': faults as expected, ')" 12
lost() # NAME: what is lost there
{
	awk -v "name=frame/$1:" '/^frame/ { here = $1 == name }
	here && /^  fault .* lost in [0-9]+ calls:$/ { sub(",", "", $2); print $2 }' "$scratch/all" | xargs
}
is "(a) alone loses flags" "$(lost control/rsp)" flags
is "(b) alone loses sp" "$(lost control/flags)" sp
is "neither loses both" "$(lost control/partial)" "flags sp"
is "a switch without usersp loses sp" "$(lost control/switch)" sp
is "a fix-up that forgets SS is found" "$(lost planted/ss)" ss
like "with the shortest trace" "user 0; a call; fix-up, a signal; no RESTORE, SYSRET
 +sp is 0x[0-9a-f]+, and must be 0x[0-9a-f]+, as the user gets it" \
	"$(grep -A6 '^frame/control/flags:' "$scratch/all")"
like "what it leaves out is told" 'ring 3 without syscall, swapgs, sysretq;' \
	"$(tr -s '\n ' ' ' <"$scratch/all")"

# What a proof alone settles is settled by the saved report.
claims=$($tollgate claims --claim frame.enough "$scratch/proofs/report.json")
like "frame.enough is settled" "holds, by proof" "$claims"
text=$($tollgate model --variant frame -o "$scratch/frame")
like "by its own searches as well" 'frame.enough: proved, [0-9]+ calls' "$text"
like "whose report says so" '"result": "passed"' "$(grep -A3 '"name": "frame.enough"' "$scratch/frame/report.json")"
for part in '--depth 2 --variant frame' '--variant frame/enough'; do
	# shellcheck disable=SC2086	# two words and more
	text=$($tollgate model $part -o "$scratch/less"; echo "rc $?")
	like "a part of it proves nothing: $part" 'a part was searched, which proves nothing.*rc 0$' "$text"
	is "and is skipped" "$(grep '"result"' "$scratch/less/report.json" | xargs)" "result: skipped,"
done
refuses "a search of frames that is not there" 2 "no variant 'frame/control/none'" \
	$tollgate model --variant frame/control/none
claims=$($tollgate claims --claim 'fpu.*' "$scratch/proofs/report.json")
for claim in gup states broken; do
	like "fpu.$claim is settled" "holds, by proof" "$(grep -A4 "^fpu\.$claim " <<<"$claims")"
done
like "fpu.test is not: that takes real tasks" "not measured yet" "$(grep -A4 "^fpu\.test " <<<"$claims")"

# A part of it settles nothing.
ok "a part can be saved" $tollgate model --depth 3 --variant ours/eager -o "$scratch/part"
like "and says so" "not measured yet|cannot be measured" \
	"$($tollgate claims --claim fpu.states "$scratch/part/report.json")"
is "as skipped" "$(grep -c '"result": "skipped"' "$scratch/part/report.json")" 6

# What the bound keeps a search from is neither a success nor a failure.
bounded=$($tollgate model --depth 2 --variant posted -o "$scratch/bounded"; echo "rc $?")
like "patches as posted are not reached in two events" \
	'posted/1-4/regs-small: not reached within depth 2, ' "$bounded"
like "which is no failure" 'rc 0$' "$bounded"
is "nor anything proved" "$(grep '"result"' "$scratch/bounded/report.json" | sort -u | xargs)" \
	"result: skipped,"
bounded=$($tollgate model --depth 2 --variant 'mutant/eager/*'; echo "rc $?")
is "nor are planted faults said to be found, or not there" \
	"$(grep -c '^mutant.*: not reached within depth 2, ' <<<"$bounded") $(grep -c '^mutant.*: no fault' <<<"$bounded")" \
	"$(sed -n 's/^bounded by .*: \([0-9]*\) did not reach.*/\1/p' <<<"$bounded") 0"
bounded=$($tollgate model --cpus 1 --variant posted; echo "rc $?")
is "one CPU gives no false alarm" "$(grep -c 'NOT AS EXPECTED' <<<"$bounded") $(tail -1 <<<"$bounded")" "0 rc 0"
like "what it finds there is not judged by names" \
	'posted/1-4/regs-small: faults found, another bound: not judged by their names, ' "$bounded"
like "its own bound is, asked for by number" 'posted/1-4:xsaves/regs-one: faults as expected, ' "$bounded"
like "a part of its depth has a part of its faults" 'small: faults as expected, as far as the depth goes, ' \
	"$($tollgate model --depth 4 --variant posted/1-4/regs-small)"
like "a mutant's fault is found in the same steps" 'SWITCH_SAVE: faults as expected, ' \
	"$($tollgate model --depth 8 --variant mutant/eager/SWITCH_SAVE)"

# One change that cures, each fault for itself.
text=$($tollgate model --cures --variant posted/1-5:xsaves)
is "each fault has its cure" "$(grep -c 'with that change: not found' <<<"$text")" 19
is "and there are no more" "$(grep -c '^  fault ' <<<"$text") $(grep -c hidden <<<"$text")" "19 0"
text=$($tollgate model --traces --variant posted/1-5/regs-wide --depth 5)
like "a trace cites" '\[patch 5, fpu/signal.c, hunk 1, copy_fpstate_to_sigframe\(\)' "$text"
like "a trace ends in the fault" 'BROKEN: no save stores' "$text"
again=$($tollgate model --traces --variant posted/1-5/regs-wide --depth 5)
is "the same twice" "$(sed 's/, [0-9.]* s$//' <<<"$again")" "$(sed 's/, [0-9.]* s$//' <<<"$text")"

refuses "tasks" 2 "--tasks '5' is not allowed; allowed: a whole number from 2 to 4" \
	$tollgate model --tasks 5
refuses "cpus" 2 "--cpus 'x' is not allowed" $tollgate model --cpus x
refuses "depth" 2 "--depth '0' is not allowed" $tollgate model --depth 0
refuses "memory" 2 "--memory '' is not allowed" $tollgate model --memory ''
refuses "variant" 2 "no variant 'ours/none'" $tollgate model --variant ours/none
refuses "stray word" 2 "unexpected 'eager'" $tollgate model eager
refuses "memory that does not suffice" 1 'do not fit into 1 MiB; allowed: --memory' \
	$tollgate model --memory 1 --variant ours/deferred_skip/regs
refuses "a state too wide" 2 'takes [0-9]+ bits; allowed: 128' \
	$tollgate model --tasks 4 --cpus 3 --variant posted/1-5/pkru-frames
# Before anything is searched, and nothing is left: these would take minutes.
: >"$scratch/file"
refuses "a file for the directory" 6 "cannot write in .*/file: .*Not a directory" \
	timeout 30 $tollgate model -o "$scratch/file"
refuses "a directory below a file" 6 "cannot write in .*/file/x: Not a directory" \
	timeout 30 $tollgate model -o "$scratch/file/x"
refuses "a directory where nobody can make one" 6 "cannot write in /proc/x: /proc: " \
	timeout 30 $tollgate model -o /proc/x
for name in report.json report.txt; do
	mkdir -p "$scratch/taken.$name/$name"
	refuses "a directory for $name" 6 "cannot write .*/$name: Is a directory" \
		timeout 30 $tollgate model -o "$scratch/taken.$name"
	is "which is left alone" "$(ls "$scratch/taken.$name")" "$name"
done
refuses "traces of a list" 2 "--list searches nothing; allowed with it: --variant" \
	$tollgate model --list --traces
refuses "the depth of a list" 2 "--list searches nothing" $tollgate model --depth 3 --list
is "a list of some" "$($tollgate model --list --variant 'history/kvm*' | xargs)" \
	"history/kvm-mended-2020 history/kvm-entry-2019 history/kvm-put-2020"

# A long search shows that it goes on, in a log and on a terminal; interrupted, it leaves nothing.
$tollgate model --tasks 4 --depth 12 --variant ours/deferred_skip/regs -o "$scratch/int" \
	>/dev/null 2>"$scratch/log" &
pid=$!
for ((i = 0; i < 600; i++)); do
	[[ -s $scratch/log ]] && break
	sleep 0.1
done
kill -TERM $pid
rc=0
wait $pid || rc=$?
like "a log is told how far it is" \
	'^ours/deferred_skip/regs: [0-9]+ of [0-9]+ states found so far were followed' "$(<"$scratch/log")"
is "interrupted, it says so and leaves nothing" \
	"$rc $(tail -1 "$scratch/log") $(find "$scratch" -name int)" "130 tollgate: model: interrupted "
like "what mended a fault is a control" 'kvm-mended-2020: no fault \(a control\), ' \
	"$($tollgate model --variant history/kvm-mended-2020)"
help=$($tollgate model --help)
is "every part of a name is told by --help" "$($tollgate model --list | tr '/' '\n' |
	grep -E '^(ours|posted|mutant|spared|history|frame|enough|restored|control|planted|regs|pkru|own-|all$)' | sort -u |
	while read -r part; do grep -qw -- "$part" <<<"$help" || echo "$part"; done)" ""
like "a terminal is told at once" 'ours/eager_skip/regs, [0-9]+ of [0-9]+' \
	"$(script -qec "$tollgate model --variant ours/eager_skip/regs" /dev/null </dev/null)"

# The script that reads what the strategies cost.
refuses "a report of scenarios that is not there" 6 "/nofile: cannot read: No such file" \
	results/scenarios.py sums "$scratch/nofile"
refuses "a folder for it" 6 "cannot read: Is a directory" results/scenarios.py sums "$scratch"
refuses "what is no report" 2 "/file is no report" results/scenarios.py page "$scratch/file"
refuses "a word it does not know" 2 "'bogus' is not allowed; allowed: page, screen, sums, check" \
	results/scenarios.py bogus "$scratch/file"
refuses "no word" 2 "missing; allowed: page, screen, sums, check" results/scenarios.py
refuses "no report" 2 "sums: 0 reports; allowed: one" results/scenarios.py sums

# And the one that reads what an entry's pieces cost.
refuses "a report of frames that is not there" 6 "/nofile: cannot read: No such file" \
	results/frames.py screen "$scratch/nofile"
refuses "what is no report of frames" 2 "/file is no report" results/frames.py screen "$scratch/file"
refuses "a word that it does not know" 2 "'bogus' is not allowed; allowed: screen, waterfall" \
	results/frames.py bogus "$scratch/file"
refuses "no report of frames" 2 "screen: no report; allowed: one of each lane" results/frames.py screen
vm=(results/reference/*/vm-6.12*/report.json)
refuses "two of a lane" 2 "a second report of lane vm in insns" results/frames.py screen "${vm[0]}" "${vm[0]}"
like "pieces add up to the whole in instructions" "together</text>" \
	"$(results/frames.py waterfall "${vm[0]}")"
is "exactly" "$(results/frames.py waterfall "${vm[0]}" | sed -n 's/.*>\([0-9.]*\)<\/text>/\1/p' |
	awk '{ sum += last; last = $1 } END { print sum - last }')" 0
is "the picture is of the reference reports" "$(results/frames.py waterfall "${vm[0]}" \
	results/reference/amd-epyc-*/user-*/report.json | cmp - results/frame-waterfall.svg 2>&1)" ""
done_testing
