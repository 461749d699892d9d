#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Several boots in one report: figures that ran, and one that is skipped.
set -u
cd "$(dirname -- "$0")/../.." || exit 1
. tests/tap.sh

ok "run --boots 3" bench/tollgate run --lane vm --accel tcg --boots 3 --rounds 2 -e msr/tsc/ -o "$scratch/r" \
	irq/cli insn/imul fpu/xsave:avx512
report=$scratch/r/report.json
ok "the report fits the schema" /usr/bin/python3 tests/unit/validate_schema.py "$report"
is "every boot is in it, and the skip once" "$(/usr/bin/python3 - "$report" <<'EOF'
import json, sys
report = json.load(open(sys.argv[1]))
print(report["plan"]["boots"])
for f in report["figures"]:
    print(f["name"], f["status"], f["value"], [r["boot"] for r in f["rounds"]],
          [(e["name"], round(e["value"], 2)) for e in f.get("events", [])])
EOF
)" "3
irq/cli@r0 ok 1.0 [0, 0, 1, 1, 2, 2] [('msr/tsc/', 1.0)]
insn/imul@r0 ok 1.0 [0, 0, 1, 1, 2, 2] [('msr/tsc/', 1.0)]
insn/imul@r3 ok 1.0 [0, 0, 1, 1, 2, 2] [('msr/tsc/', 1.0)]
fpu/xsave:avx512@r0 skipped None [] []
fpu/xsave:avx512@r3 skipped None [] []"
done_testing
