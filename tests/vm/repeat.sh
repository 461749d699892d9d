#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What tests/vm/4*-repeat-KERNEL.t run: ten boots, every figure bit-identical.
set -u
name=${0##*/}
cd "$(dirname -- "$0")/../.." || exit 1
kernel=${name#*-repeat-}
kernel=${kernel%.t}
dir=$(mktemp -d "${TMPDIR:-/tmp}/tollgate-test.XXXXXX")
trap 'rm -rf -- "$dir"' EXIT
bench/tollgate run --lane vm --accel tcg --kernel "$kernel" --boots 10 -o "$dir/r" >/dev/null 2>"$dir/err" || {
	echo "not ok 1 - ten boots of $kernel"
	sed 's/^/# /' "$dir/err"
	echo "1..1"
	exit 1
}
tests/golden.py same "$dir/r/report.json"
