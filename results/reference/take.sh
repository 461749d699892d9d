#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# `make reference`: take this machine's reports and file them here, as
# <cpu>/<lane>-<kernelrelease>/report.{json,txt}. Nothing else should run
# meanwhile. LANE=user or vm: that one alone; LANE=host as root.
set -euo pipefail
cd "$(dirname -- "$0")/../.."
. vm/lib.sh

dir=$(mktemp -d "${TMPDIR:-/tmp}/tollgate-reference.XXXXXX")
trap 'rm -rf -- "$dir"' EXIT

field() # FILE PLACE...
{
	/usr/bin/python3 - "$@" <<-'EOF'
	import json, sys
	value = json.load(open(sys.argv[1]))
	for key in sys.argv[2:]:
	    value = value[key]
	print("" if value is None else value)
	EOF
}

# "AMD EPYC", family 26, model 2, stepping 1: amd-epyc-26-2-1
cpu_name() # REPORT
{
	local model

	model=$(field "$1" environment cpu)
	[[ -z $(field "$1" environment qemu_cpu) ]] || model="qemu $(field "$1" environment qemu_cpu)"
	printf '%s-%s-%s-%s\n' "$model" "$(field "$1" environment family)" \
		"$(field "$1" environment model)" "$(field "$1" environment stepping)" |
		tr 'A-Z ' 'a-z-' | sed -E 's/\((r|tm)\)//g; s/[^a-z0-9.-]+/-/g; s/-+/-/g'
}

file_report() # DIR
{
	local report=$1/report.json place

	place=results/reference/$(cpu_name "$report")/$(field "$report" lane)-$(field "$report" environment kernel)
	rm -rf "$place"
	mkdir -p "$place"
	cp "$report" "$1/report.txt" "$place/"
	echo "$place"
}

take() # OPTIONS...
{
	rm -rf "$dir/r"
	bench/tollgate run -o "$dir/r" "$@" >/dev/null
	file_report "$dir/r"
}

lane=${LANE:-}
# All points, for claims; rounds enough for 12 good ones each on a shared machine.
[[ $lane != user && $lane != "" ]] || take --full --rounds 100
if [[ $lane == vm || $lane == "" ]]; then
	take --lane vm --accel tcg --kernel 6.12
	take --lane vm --accel tcg --kernel 6.1
fi
if [[ $lane == host ]]; then
	make -s module
	vm/host-run.sh tollgate.ko bench/tollgate -o "$dir/r" >/dev/null
	file_report "$dir/r"
fi
