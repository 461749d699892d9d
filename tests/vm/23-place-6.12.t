#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Where CPU and memory are: guests with four CPUs and two nodes, and with a node
# that has no memory and one that has no CPU. Lane vm with several CPUs.
set -u
cd "$(dirname -- "$0")/../.." || exit 1
. tests/tap.sh

tollgate=bench/tollgate
image=$(vm/fetch.sh 6.12 | sed -n 's/^image=//p')
ok "the module builds" vm/module.sh 6.12 "$scratch/tollgate.ko"

inside() # KIND boot options...
{
	local kind=$1 line out=$scratch/$1
	shift

	echo "KIND=$kind sh /guest-place.sh" >"$scratch/job"
	# no counting: quicker, and nothing here is about instructions
	ok "$kind: the guest is fine" vm/boot.sh --image "$image" --job "$scratch/job" --out "$out" \
		--file "$scratch/tollgate.ko" --file $tollgate --file tests/vm/guest-place.sh \
		--no-icount --timeout 280 "$@"
	[[ -e $out/place.tap ]] || tail -n 60 "$out/console.log" | sed 's/^/# /'
	while IFS= read -r line; do
		case $line in
		"ok "*) n=$((n + 1)); echo "ok $n - $kind: ${line#ok * - }" ;;
		"not ok "*) n=$((n + 1)); failures=$((failures + 1)); echo "not ok $n - $kind: ${line#not ok * - }" ;;
		"# "*) echo "$line" ;;
		esac
	done <"$out/place.tap"
	is "$kind: every check was made" "$(grep -cE '^(not )?ok ' "$out/place.tap")" \
		"$(sed -n 's/^1\.\.//p' "$out/place.tap")"
}

inside even --smp 4 --numa 2
inside odd --smp 4 -- -smp 4,sockets=2 -object memory-backend-ram,id=m0,size=256M \
	-object memory-backend-ram,id=m2,size=256M -numa node,nodeid=0,memdev=m0,cpus=0-1 \
	-numa node,nodeid=1,cpus=2-3 -numa node,nodeid=2,memdev=m2 \
	-numa dist,src=0,dst=1,val=20 -numa dist,src=0,dst=2,val=20 -numa dist,src=1,dst=2,val=12 \
	-numa dist,src=1,dst=0,val=21 -numa dist,src=2,dst=0,val=20 -numa dist,src=2,dst=1,val=12

### Lane vm, from the command to the report

ok "run --lane vm with two nodes" $tollgate run --lane vm --smp 4 --numa 2 --cpu 0 --mem-node 1 \
	-o "$scratch/r" insn/load_cold crossing/fault_anon:cold
report=$scratch/r/report.json
ok "the report fits the schema" /usr/bin/python3 tests/unit/validate_schema.py "$report"
is "it tells of CPUs and nodes, and its figures are whole" "$(/usr/bin/python3 - "$report" <<'PY'
import json, sys
r = json.load(open(sys.argv[1]))
e = r["environment"]
print(*(e[k] for k in ("cpus", "cpu_pinned", "nodes", "cpu_node", "mem_node", "mem_distance")))
print(*((f["name"], f["status"], f["error"]) for f in r["figures"]))
PY
)" "4 0 2 0 1 20
('insn/load_cold@r0', 'ok', 0.0) ('insn/load_cold@r3', 'ok', 0.0) ('crossing/fault_anon:cold@r3', 'ok', 0.0)"
like "so does its text" $'\nmemory:      node 1, distance 20, from the CPU\'s node 0 of 2\n' "$(<"$scratch/r/report.txt")"
like "which says that all CPUs share the counter" 'on one counter for all 4' "$(<"$scratch/r/report.txt")"

# QEMU 8.1 mended what keeps older kernels from starting a second CPU.
if [[ $(qemu-system-x86_64 --version | sed -nE 's/.*version ([0-9]+)\.([0-9]+).*/\1\2/p') -lt 81 ]]; then
	refuses "6.1 with two CPUs, without waiting for it to hang" 3 \
		'--smp 2: kernel 6\.1\..* never gets its second CPU .*; allowed: --smp 1, a kernel from 6\.5, or QEMU from 8\.1' \
		$tollgate run --lane vm --kernel 6.1 --smp 2 insn/nop
else
	ok "6.1 with two CPUs" $tollgate run --lane vm --kernel 6.1 --smp 2 -o "$scratch/two" insn/nop
fi
done_testing
