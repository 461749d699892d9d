#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# `make golden`: write tests/golden anew, from a boot of each kernel. Review the
# diff: a count that changed is a body that changed.
set -euo pipefail
cd "$(dirname -- "$0")/.."
dir=$(mktemp -d "${TMPDIR:-/tmp}/tollgate-golden.XXXXXX")
trap 'rm -rf -- "$dir"' EXIT
vm/setup.sh
for kernel in 6.1 6.12; do
	build=$(vm/fetch.sh $kernel | sed -n 's/^build=//p')
	bench/tollgate run --lane vm --accel tcg --kernel $kernel -o "$dir/$kernel" >/dev/null
	tests/golden.py write "$dir/$kernel/report.json" "$build" bodies
	bench/tollgate run --lane vm --accel tcg --kernel $kernel -o "$dir/frames-$kernel" \
		'frame/point*@cross' >/dev/null
	tests/golden.py write "$dir/frames-$kernel/report.json" "$build" frames
done
