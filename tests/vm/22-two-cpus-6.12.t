#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The module's checks with two CPUs: one measured while the other works, one
# taken offline in the middle of a run. Without -icount, whose counter two CPUs
# share: counts are not exact here.
set -u
cd "$(dirname -- "$0")/../.." || exit 1
. tests/tap.sh

fetched=$(vm/fetch.sh 6.12)
ok "the module builds" vm/module.sh 6.12 "$scratch/tollgate.ko"
echo "EXACT=0 sh /module-checks.sh >/out/checks.tap 2>&1" >"$scratch/job"
ok "the guest is fine" vm/boot.sh --image "$(sed -n 's/^image=//p' <<<"$fetched")" \
	--job "$scratch/job" --out "$scratch/out" --file "$scratch/tollgate.ko" \
	--file tests/vm/module-checks.sh --smp 2 --no-icount --timeout 300
checks=$scratch/out/checks.tap
is "no check failed" "$(grep -A3 '^not ok' "$checks")" ""
is "all checks ran" "$(grep -cE '^(not )?ok ' "$checks")" "$(sed -n 's/^1\.\.//p' "$checks")"
is "those of a second CPU too" "$(grep -c 'SKIP there is none' "$checks")" 0
done_testing
