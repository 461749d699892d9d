#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fpu/scenario in instructions: what must add up exactly does.
set -u
cd "$(dirname -- "$0")/../.." || exit 1
. tests/tap.sh

vm/module.sh 6.12 "$scratch/tollgate.ko" >/dev/null 2>&1
ok "run of every scenario" bench/tollgate run --lane vm --accel tcg --kernel 6.12 \
	-o "$scratch/r" 'fpu/scenario*'
ok "the report fits the schema" /usr/bin/python3 tests/unit/validate_schema.py "$scratch/r/report.json"
results/scenarios.py check "$scratch/r/report.json" >"$scratch/sums.tap"
while IFS= read -r line; do
	case $line in
	"ok "*) n=$((n + 1)); echo "ok $n - ${line#ok * - }" ;;
	"not ok "*) n=$((n + 1)); failures=$((failures + 1)); echo "not ok $n - ${line#not ok * - }" ;;
	"# "*) echo "$line" ;;
	esac
done <"$scratch/sums.tap"
like "sums were compared" '^1\.\.[0-9]{3}' "$(grep '^1\.\.' "$scratch/sums.tap")"
done_testing
