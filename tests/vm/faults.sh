#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What tests/vm/*-faults-KERNEL.t run: every fault that keeps a lane away, produced in
# a guest or on this machine; from each command where a user meets it come one line
# with the way out and its exit code. The name says the kernel.
set -u
name=${0##*/}
cd "$(dirname -- "$0")/../.." || exit 1
. tests/tap.sh

kernel=${name#*-faults-}
kernel=${kernel%.t}
other=6.1
[[ $kernel != 6.1 ]] || other=6.12
image=$(vm/fetch.sh "$kernel" | sed -n 's/^image=//p')
[[ -n $image ]] || { echo "Bail out! no kernel $kernel"; exit 1; }
vm/module.sh "$kernel" "$scratch/tollgate.ko" && vm/module.sh "$other" "$scratch/other.ko" ||
	{ echo "Bail out! no module"; exit 1; }

# A guest booted with these words runs guest-faults.sh.
guest() # NAME WORDS [options]...
{
	where=$scratch/$1
	ok "$1: the guest is sound" vm/boot.sh --image "$image" --job tests/vm/guest-faults.sh \
		--out "$where" --no-icount --append "$2" --timeout 120 --file "$scratch/tollgate.ko" \
		--file bench/tollgate "${@:3}"
	fault=$1
}

# One of its commands: exit code, one line on standard error that matches.
said() # COMMAND CODE REGEX
{
	local err

	err=$(<"$where/$1.err")
	is "$fault: $1 exits with $2" "$(<"$where/$1.rc")" "$2"
	like "$fault: $1 names the way out" "$3" "$err"
	is "$fault: $1 says so in one line" "$(wc -l <"$where/$1.err")" 1
}

# The same from each of them; the doctor's exit code stays 0, since ring 3 runs.
everywhere() # CODE REGEX VERDICT TOPIC
{
	said check "$1" "$2"
	said host-run "$1" "$2"
	said run-host "$1" "$2"
	is "$fault: the doctor runs" "$(<"$where/doctor.rc")" 0
	like "$fault: its verdict" "^user: yes, [^"$'\n'"]*"$'\n'"host: no: $3" "$(<"$where/doctor.out")"
	like "$fault: its finding" $'\n'"stop $4: [^"$'\n'"]*"$'\n'"     means: .*"$'\n'"     do:    [a-z]" \
		"$(<"$where/doctor.out")"
	is "$fault: ring 3 is measured all the same" "$(<"$where/run-user.rc")" 0
	is "$fault: no module stays" "$(<"$where/loaded")" 0
}

### The kernel does not take the module

level=integrity
[[ $kernel != 6.1 ]] || level=confidentiality
guest "lockdown=$level" "lockdown=$level"
everywhere 4 'lockdown refuses the module and its debugfs files: boot without lockdown=.*, or use lane user or vm$' \
	"locked down, lockdown=$level" lockdown
ok "$fault: the doctor's JSON is valid" /usr/bin/python3 tests/unit/validate_schema.py \
	"$where/doctor-json.out"
like "$fault: insmod" 'Operation not permitted' "$(<"$where/insmod.err")"
like "$fault: the kernel's word on insmod" 'unsigned module loading is restricted' \
	"$(<"$where/dmesg.tail")"

guest sig_enforce module.sig_enforce=1
is "$fault: nothing else is in the way" "$(<"$where/check.rc")" 0
cp "$where/host-run.rc" "$where/check.rc"
cp "$where/host-run.err" "$where/check.err"
everywhere 4 'takes only signed modules .*: sign .*tollgate.ko with a key it trusts, boot without that, or use lane' \
	"only signed modules" signatures
like "$fault: insmod" 'Key was rejected' "$(<"$where/insmod.err")"

words=debugfs=off
[[ $kernel != 6.1 ]] || words=debugfs=no-mount
guest $words $words
everywhere 3 'debugfs, which is off .*: boot with debugfs=on, or use lane user or vm$' \
	"debugfs is off" debugfs
like "$fault: insmod does not speak of rights or symbols" 'not supported' "$(<"$where/insmod.err")"
like "$fault: the module's own word" 'debugfs gives no files .*: boot with debugfs=on' \
	"$(<"$where/dmesg.tail")"

### A module of another kernel, in a guest that takes ours

cp "$scratch/tollgate.ko" "$scratch/ours.ko"
cp "$scratch/other.ko" "$scratch/tollgate.ko"
guest "module of $other" quiet
said host-run 2 "tollgate.ko was built for kernel $other\\..*, this one is $kernel\\..*: make KDIR=/lib/modules/$kernel"
like "$fault: insmod" '[Ii]nvalid module format' "$(<"$where/insmod.err")"
is "$fault: nothing is in the way of ours" "$(<"$where/check.rc"): $(<"$where/check.err")" "0: "
said run-host 3 "module tollgate is not loaded; 'make bench LANE=host' loads it"
like "$fault: the doctor" $'\n'"host: yes, " "$(<"$where/doctor.out")"
is "$fault: no module stays" "$(<"$where/loaded")" 0
cp "$scratch/ours.ko" "$scratch/tollgate.ko"

### A guest short of memory

# Too little for the initramfs, for the job, and for the kernel itself.
head -c 60000000 /dev/urandom >"$scratch/ballast"
refuses "memory for no initramfs" 5 'guest: out of memory: --mem 96 \(MiB\) is too little; the default is 512' \
	vm/boot.sh --image "$image" --job tests/vm/guest-faults.sh --out "$scratch/m96" --no-icount \
	--timeout 60 --mem 96 --file "$scratch/ballast"
rm "$scratch/ballast"
echo 'tail /dev/zero; echo survived' >"$scratch/hungry"
refuses "a job that needs more than there is" 5 'guest: out of memory: --mem 128 \(MiB\) is too little; the default is 512' \
	vm/boot.sh --image "$image" --job "$scratch/hungry" --out "$scratch/m128" --no-icount \
	--timeout 60 --mem 128
refuses "lane vm in too little memory" 5 'run: guest: .*out of memory\? --mem is 24 \(MiB\), the default 512 .*console' \
	env TMPDIR="$scratch" bench/tollgate run --lane vm --kernel "$kernel" --mem 24 \
	-o "$scratch/none" insn/nop
ok "lane vm in too little memory: no report" test ! -e "$scratch/none"
# what a machine says that has not the memory itself
refuses "a machine short of memory" 5 'guest: this machine has not the memory for a guest of 512 MiB: free some' \
	bash -c "ulimit -v 500000; exec vm/boot.sh --image '$image' --job '$scratch/hungry' --out '$scratch/m512' --no-icount --timeout 60"

done_testing
