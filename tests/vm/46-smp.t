#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Several CPUs under -icount share one counter: bodies are counted exactly all the
# same, one boot is like the next, and only reports of like guests are compared.
set -u
cd "$(dirname -- "$0")/../.." || exit 1
. tests/tap.sh

tollgate=bench/tollgate
bodies=('irq/*' 'insn/*' 'gs/*' 'fpu/*')
for run in "one" "four --smp 4 --numa 2" "again --smp 4 --numa 2"; do
	read -ra words <<<"$run"
	ok "run --lane vm ${words[*]:1}" $tollgate run --lane vm --full -o "$scratch/${words[0]}" \
		"${words[@]:1}" "${bodies[@]}"
done
report() { echo "$scratch/$1/report.json"; }

ok "two boots with four CPUs: the same counts" $tollgate compare --fail-above 0 \
	"$(report four)" "$(report again)"
refuses "one CPU against four" 4 \
	"topology differs: 'guest of 1 CPU, 1 node, .*' and 'guest of 4 CPUs, 2 nodes, " \
	$tollgate compare "$(report one)" "$(report four)"
text=$($tollgate compare --across topology --markdown "$(report one)" "$(report four)")
is "--across topology: bodies count what they count on one CPU" \
	"$(grep -E '\| (more|fewer) \|$' <<<"$text")" ""
like "--across topology: many of them" '^[1-9][0-9][0-9] compared: [0-9]+ =$' "$(tail -n 1 <<<"$text")"
done_testing
