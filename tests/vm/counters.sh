#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What tests/vm/2*-counters-KERNEL.t run: counters in both rings on one kernel.
set -u
name=${0##*/}
cd "$(dirname -- "$0")/../.." || exit 1
. tests/tap.sh

kernel=${name#*-counters-}
kernel=${kernel%.t}
fetched=$(vm/fetch.sh "$kernel") || { echo "Bail out! no kernel $kernel"; exit 1; }
image=$(sed -n 's/^image=//p' <<<"$fetched")
ok "the module builds" vm/module.sh "$kernel" "$scratch/tollgate.ko"
files=(--file "$scratch/tollgate.ko" --file bench/tollgate --file tests/vm/counter-checks.sh
	--file tests/vm/guest-lib.sh)

start=$SECONDS
ok "the guest is fine" vm/boot.sh --image "$image" --job tests/vm/guest-counters.sh \
	--out "$scratch/out" "${files[@]}" --timeout 300
echo "# booted, tested and done in $((SECONDS - start)) s"
checks=$scratch/out/checks.tap
is "no check of the module failed" "$(grep -A3 '^not ok' "$checks")" ""
is "all of them ran" "$(grep -cE '^(not )?ok ' "$checks")" "$(sed -n 's/^1\.\.//p' "$checks")"

# Each event of each figure of a report for which an expression is false.
wrong() # FILE EXPRESSION over name, f (the figure), c (its event)
{
	/usr/bin/python3 - "$@" <<-'EOF' || echo "the expression is none"
	import json, sys
	seen = 0
	for f in json.load(open(sys.argv[1]))["figures"]:
	    if f["status"] in ("skipped", "not-resolvable"):
	        continue
	    for c in f["events"]:
	        if c["name"].startswith("fpu-"):	# by the scenario itself, no counter
	            continue
	        if f["name"].endswith("@cross"):	# see the last of these
	            continue
	        seen += 1
	        if not eval(f"({sys.argv[2]})", {"name": f["name"], "f": f, "c": c}):
	            print(f["name"], f["value"], c)
	if not seen:
	    print("nothing was counted")
	EOF
}
# Without faults and switches, for which the kernel keeps counters of its own. Scenarios
# are C, compiled once for each.
is "msr/tsc/ counts what the time stamps say, in every body of ring 0 and of insn, gs, fpu" \
	"$(wrong "$scratch/out/tsc.json" 'abs(c["value"] - f["value"]) < 0.02 or
	name.startswith("crossing/") or
	name.startswith("fpu/scenario") and abs(c["value"] - f["value"]) < 3')" ""
is "and in a system call" "$(wrong "$scratch/out/tsc.json" 'abs(c["value"] - f["value"]) < 0.02 or
	"crossing/syscall_" not in name')" ""
is "what its PMU does not tell apart has no shares" \
	"$(wrong "$scratch/out/tsc.json" 'c["user"] is None and c["kernel"] is None')" ""
is "faults: one, in user mode, and none elsewhere" \
	"$(wrong "$scratch/out/software.json" 'c["name"] != "page-faults" or
	c["value"] == (c["user"] or 0) == ("/fault_" in name or "_segv" in name)')" ""
# Crossings that end by IRET have no witness: the scheduler may have been in a sample.
is "two switches a round trip, in kernel mode, and none elsewhere" \
	"$(wrong "$scratch/out/software.json" 'c["name"] != "context-switches" or
	abs(c["value"] - 2 * ("crossing/switch" in name)) < 0.1 and not c["user"]')" ""
is "ring 0 has no user mode" \
	"$(wrong "$scratch/out/software.json" 'c["user"] is None or name.endswith("@r3")')" ""
is "of a counter that takes a system call none is read in a quiet stretch, which says so" \
	"$(/usr/bin/python3 - "$scratch/out/tsc.json" <<-'EOF'
	import json, sys
	told = [c for f in json.load(open(sys.argv[1]))["figures"] if f["name"].endswith("@cross")
	        for c in f.get("events", [])]
	print(len(told) > 0 and all(c["value"] is None and "RDPMC" in c["reason"] for c in told))
	EOF
	)" True
ok "the reports fit the schema" /usr/bin/python3 tests/unit/validate_schema.py \
	"$scratch/out/tsc.json" "$scratch/out/software.json"
like "no PMU: the report says so" '"counters": "none: no PMU is shown here; cycles from the TSC' \
	"$(<"$scratch/out/tsc.json")"
said=$(<"$scratch/out/refusals.txt")
like "no PMU: cycles are refused" 'cycles 3 tollgate: run: -e: cycles: no PMU here counts it' "$said"
like "no PMU: also beside what can be counted" \
	'instructions 3 tollgate: run: -e: instructions: no PMU here' "$said"
like "an unknown event names near ones" "cyles 2 tollgate: run: -e: 'cyles' is no event here: .*near it: CYCLES" "$said"
like "an absent PMU" 'cpu/cycles/ 2 .*this machine has no PMU called cpu ' "$said"

done_testing
