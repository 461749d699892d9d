#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The module on CPU models and kernel settings other than the default: what they
# lack is named, what they have is exact, nothing stays behind.
set -u
cd "$(dirname -- "$0")/../.." || exit 1
. tests/tap.sh

ko() # KERNEL -> module built for it
{
	local file=$scratch/$1.ko

	[[ -e $file ]] || vm/module.sh "$1" "$file" >/dev/null
	echo "$file"
}

# EXACT=0: without -icount, or with two CPUs that share its counter
checks() # KERNEL EXACT WHAT [boot options...]
{
	local kernel=$1 exact=$2 what=$3 out=$scratch/out.$n image
	shift 3

	image=$(vm/fetch.sh "$kernel" | sed -n 's/^image=//p')
	echo "EXACT=$exact sh /module-checks.sh >/out/checks.tap 2>&1" >"$scratch/job"
	ok "$kernel, $what: the guest is fine" vm/boot.sh --image "$image" --job "$scratch/job" \
		--out "$out" --file "$(ko "$kernel"):/tollgate.ko" \
		--file tests/vm/module-checks.sh --file tests/vm/guest-lib.sh --timeout 300 "$@"
	is "$kernel, $what: no check failed" "$(grep -A3 '^not ok' "$out/checks.tap")" ""
	is "$kernel, $what: all checks ran" "$(grep -cE '^(not )?ok ' "$out/checks.tap")" \
		"$(sed -n 's/^1\.\.//p' "$out/checks.tap")"
	like "$kernel, $what: there were some" '^[1-9][0-9]+$' \
		"$(grep -cE '^(not )?ok ' "$out/checks.tap")"
}

for kernel in 6.1 6.12; do
	checks $kernel 1 "no RDTSCP: all refused" --qemu-cpu qemu64
	checks $kernel 1 "Skylake" --qemu-cpu Skylake-Client
	checks $kernel 1 "no XSAVE, no FSGSBASE" --qemu-cpu max,-xsave,-fsgsbase
	checks $kernel 1 "preempt=full" --append preempt=full
	checks $kernel 0 "two CPUs" --smp 2 --no-icount
done
checks 6.12 1 "nofsgsbase noxsave" --append "nofsgsbase noxsave"
done_testing
