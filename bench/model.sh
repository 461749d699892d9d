#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# bench/model.sh: every search of `tollgate model` with traces and cures, into
# results/fpu-model.txt. Times are left out, so that the file changes only when
# the model does. Some three minutes.
set -euo pipefail
cd "$(dirname -- "$0")/.."
file=results/fpu-model.txt
trap 'rm -f -- "$file.tmp"' EXIT
{
	echo "FPU switching, searched for faults: tollgate model --traces --cures"
	echo
	bench/tollgate model --traces --cures | sed -E 's/, [0-9.]+ s$//'
} >"$file.tmp"
mv "$file.tmp" "$file"
