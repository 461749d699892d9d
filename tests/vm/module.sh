#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What tests/vm/2*-module-KERNEL.t run: the module on one kernel, in one boot.
# Its name says which: 20-module-6.12.t tests 6.12.
set -u
name=${0##*/}
cd "$(dirname -- "$0")/../.." || exit 1
. tests/tap.sh

kernel=${name#*-module-}
kernel=${kernel%.t}
# The newest that the mirror has, by what an unknown one is answered with.
if [[ $kernel == newest ]]; then
	kernel=$(vm/fetch.sh 99.9 2>&1 | grep -oE '[0-9]+\.[0-9]+' | grep -vx 99.9 | sort -V | tail -n 1)
	echo "# the newest is ${kernel:=newest}"
fi
fetched=$(vm/fetch.sh "$kernel") || { echo "Bail out! no kernel $kernel"; exit 1; }
image=$(sed -n 's/^image=//p' <<<"$fetched")
release=$(sed -n 's/^release=//p' <<<"$fetched")

# Built with every warning there is; kbuild, gcc and objtool all say "warning:".
warnings=$(TOLLGATE_W=1 vm/module.sh "$kernel" "$scratch/tollgate.ko" 2>&1)
is "builds for $release at W=1 without a warning" "$warnings" ""
[[ -e $scratch/tollgate.ko ]] || { echo "Bail out! no module"; exit 1; }

start=$SECONDS
said=$(vm/boot.sh --image "$image" --job tests/vm/guest-module.sh --out "$scratch/out" \
	--file "$scratch/tollgate.ko" --file bench/tollgate \
	--file tests/vm/module-checks.sh --file tests/vm/guest-lib.sh --timeout 600 2>&1)
rc=$?
is "the guest is fine" "$rc: $said" "0: "
echo "# booted, tested and done in $((SECONDS - start)) s"
[[ $rc -eq 0 ]] || sed 's/^/# /' "$scratch/out/console.log" | tail -n 30

# TAP from inside, renumbered.
inside() # FILE
{
	local line

	if [[ ! -s $1 ]]; then
		not_ok "${1##*/} came out"
		return
	fi
	while IFS= read -r line; do
		if [[ $line =~ ^(not\ )?ok\ [0-9]+\ ?(.*)$ ]]; then
			n=$((n + 1))
			[[ -z ${BASH_REMATCH[1]} ]] || failures=$((failures + 1))
			echo "${BASH_REMATCH[1]}ok $n ${BASH_REMATCH[2]}"
		elif [[ $line =~ ^1\.\.([0-9]+) ]]; then
			planned=${BASH_REMATCH[1]}
		else
			echo "# ${line#\# }"
		fi
	done <"$1"
	is "${1##*/} is complete" "$(grep -cE '^(not )?ok ' "$1")" "${planned:-no plan}"
	planned=
}
inside "$scratch/out/guest.tap"
inside "$scratch/out/checks.tap"

count() # FILE
{
	/usr/bin/python3 - "$1" <<-'EOF'
	import json, sys
	r = json.load(open(sys.argv[1]))
	f = r["figures"][0]
	print(f["name"], f["value"], f["error"], f["unit"])
	EOF
}
before=$(count "$scratch/out/before.json")
like "a null syscall is counted" '^crossing/syscall_null@r3 [0-9.]+ 0(\.0)? insns$' "$before"
is "module loaded, nothing armed: a null syscall runs 0 instructions more" \
	"$(count "$scratch/out/after.json")" "$before"
echo "# $before on $release"

ok "the host script's report fits the schema" \
	/usr/bin/python3 tests/unit/validate_schema.py "$scratch/out/host.json"
is "every experiment is in it" \
	"$(/usr/bin/python3 -c 'import json, sys
for f in json.load(open(sys.argv[1]))["figures"]: print(f["name"])' "$scratch/out/host.json")" \
	"$(bench/tollgate list --names)"
is "each ran, or is skipped with a reason" \
	"$(/usr/bin/python3 -c 'import json, sys
for f in json.load(open(sys.argv[1]))["figures"]:
    if f["status"] != "ok" and not (f["status"] == "skipped" and f["reason"]): print(f)' \
	"$scratch/out/host.json")" ""
done_testing
