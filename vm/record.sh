#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# vm/record.sh FILE COMMAND...: run a long test, show it, and keep what it said
# in FILE, headed by the commit and the kernels it ran on.
set -euo pipefail
cd "$(dirname -- "$0")/.."
file=$1
shift
aside=$file.tmp.$$
trap 'rm -f -- "$aside"' EXIT
{
	echo "commit:  $(git rev-parse HEAD 2>/dev/null || echo unknown)$(
		! git status --porcelain 2>/dev/null | grep -qv " $file" || echo ' with changes')"
	echo "date:    $(date -u +%Y-%m-%dT%H:%M:%SZ)"
	echo "cpu:     $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) CPUs"
	for kernel in 6.1 6.12; do
		echo "kernel:  $(vm/fetch.sh $kernel | sed -n 's/^release=//p')"
	done
	echo "qemu:    $(qemu-system-x86_64 --version | head -n 1)"
	echo
} >"$aside"
rc=0
"$@" 2>&1 | tee -a "$aside" || rc=$?
mv "$aside" "$file"
exit "$rc"
