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
cat >"$scratch/job" <<'EOF'
EXACT=0 sh /module-checks.sh >/out/checks.tap 2>&1
EXACT=0 sh /counter-checks.sh >/out/counters.tap 2>&1
EOF
ok "the guest is fine" vm/boot.sh --image "$(sed -n 's/^image=//p' <<<"$fetched")" \
	--job "$scratch/job" --out "$scratch/out" --file "$scratch/tollgate.ko" \
	--file tests/vm/module-checks.sh --file tests/vm/counter-checks.sh \
	--file tests/vm/guest-lib.sh --smp 2 --no-icount --timeout 300
for checks in "$scratch/out/checks.tap" "$scratch/out/counters.tap"; do
	what=${checks##*/}
	is "$what: no check failed" "$(grep -A3 '^not ok' "$checks")" ""
	is "$what: all checks ran" "$(grep -cE '^(not )?ok ' "$checks")" \
		"$(sed -n 's/^1\.\.//p' "$checks")"
	like "$what: those of a second CPU too" 'ok [0-9]+ - .*CPU .*offline' "$(<"$checks")"
	is "$what: none left out" "$(grep -c 'SKIP there is none' "$checks")" 0
done
done_testing
