#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What tests/vm/3*-golden-KERNEL.t run: lane vm as a user runs it, from command
# to report, and its counts against the golden file.
set -u
name=${0##*/}
cd "$(dirname -- "$0")/../.." || exit 1
. tests/tap.sh

kernel=${name#*-golden-}
kernel=${kernel%.t}
build=$(vm/fetch.sh "$kernel" | sed -n 's/^build=//p')
# so that what the time says is the command and not the compiler
vm/module.sh "$kernel" "$scratch/tollgate.ko" >/dev/null 2>&1

start=$(date +%s%N)
ok "run --lane vm --kernel $kernel" bench/tollgate run --lane vm --accel tcg --kernel "$kernel" \
	-o "$scratch/r"
echo "# from command to report in $((($(date +%s%N) - start) / 1000000)) ms"
report=$scratch/r/report.json
ok "the report fits the schema" /usr/bin/python3 tests/unit/validate_schema.py "$report"
is "no line of its text is longer than 75 columns" "$(awk 'length > 75' "$scratch/r/report.txt")" ""

against_golden() # REPORT KIND
{
	tests/golden.py check "$1" "$build" "$2" >"$scratch/golden.tap"
	while IFS= read -r line; do
		case $line in
		"ok "*) n=$((n + 1)); echo "ok $n - ${line#ok * - }" ;;
		"not ok "*)
			n=$((n + 1)); failures=$((failures + 1)); echo "not ok $n - ${line#not ok * - }" ;;
		"# "*) echo "$line" ;;
		esac
	done <"$scratch/golden.tap"
	like "every golden count of $2 was compared" '^1\.\.[0-9]{3}' \
		"$(grep '^1\.\.' "$scratch/golden.tap")"
}

against_golden "$report" bodies
ok "every point of frame/point" bench/tollgate run --lane vm --accel tcg --kernel "$kernel" \
	-o "$scratch/frames" 'frame/point*@cross'
against_golden "$scratch/frames/report.json" frames

ok "parts add up to pairs" tests/sums.py "$report"
ok "cli and sti are resolved" /usr/bin/python3 -c '
import json, sys
f = {f["name"]: f for f in json.load(open(sys.argv[1]))["figures"]}
for name in "irq/cli@r0", "irq/cli:if0@r0", "irq/sti@r0", "irq/sti:if1@r0":
    assert f[name]["status"] == "ok" and f[name]["value"] > f[name]["error"], f[name]
' "$report"
done_testing
