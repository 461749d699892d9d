#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A clean clone: make bench measures and reports, make install runs elsewhere.
# Downloads are taken from this tree's cache; nothing else is.
set -u
cd "$(dirname -- "$0")/.." || exit 1
. tests/tap.sh

export TOLLGATE_CACHE=${TOLLGATE_CACHE:-$PWD/.cache}
export TOLLGATE_NO_INSTALL=1
unset MAKEFLAGS MAKELEVEL WERROR
git clone -q . "$scratch/clone" || exit 1
cd "$scratch/clone" || exit 1

start=$SECONDS
make bench >"$scratch/bench.txt" 2>"$scratch/bench.err"
is "make bench exits 0" "$?: $(grep -i 'error' "$scratch/bench.err")" "0: "
took=$((SECONDS - start))
echo "# make bench took $took s"
ok "make bench takes less than 3 minutes" test $took -lt 180
is "it prints a report of each lane" \
	"$(grep -oE 'report, lane (user|vm)' "$scratch/bench.txt" | tr '\n' ' ')" \
	"report, lane user report, lane vm "
is "it keeps them" "$(find results/local -name 'report.*' | wc -l)" 4
like "lane user is in cycles, or says why not" 'ring.*cycles|insn/imul@r3 .*cycles|calibration: .*refused' \
	"$(tr '\n' ' ' <"$scratch/bench.txt")"
like "lane vm has ring 0" 'irq/cli@r0 +[0-9.]+ ' "$(tr '\n' ' ' <"$scratch/bench.txt")"
is "the tree is as it was cloned" "$(git status --porcelain)" ""

ok "make install" make -s install PREFIX="$scratch/usr"
cd "$scratch" || exit 1
ok "the installed program measures" usr/bin/tollgate run --quick -o "$scratch/i" insn/nop
ok "the installed program boots a kernel" \
	usr/bin/tollgate run --lane vm -o "$scratch/v" irq/cli
ok "make clean" make -s -C clone clean
is "nothing built is left" "$(git -C clone status --porcelain --ignored | grep -v results/local)" ""
done_testing
