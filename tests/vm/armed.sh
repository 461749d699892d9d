#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What tests/vm/5*-armed-KERNEL.t run: an armed task, on one kernel, in guests of all
# kinds that an emulator can be; and those in which arming is refused.
set -u
name=${0##*/}
cd "$(dirname -- "$0")/../.." || exit 1
. tests/tap.sh
# shellcheck source-path=SCRIPTDIR source=armed-lib.sh
. tests/vm/armed-lib.sh

kernel=${name#*-armed-}
kernel=${kernel%.t}
armed_guest "$kernel"
vm/module.sh "$kernel" "$scratch/tollgate.ko" || { echo "Bail out! no module"; exit 1; }

guest() # NAME SHELL-WORDS KERNEL-WORDS [boot options]...
{
	local line rc=0 planned

	armed_boot "${1//[ ,]/}" "$2" "$3" --timeout 600 "${@:4}" || rc=$?
	is "$1: the guest is fine" "$rc: $(<"$scratch/said")" "0: "
	is "$1: no check failed" "$(grep -hA2 '^not ok' "$where/checks.tap")" ""
	planned=$(sed -n 's/^1\.\.//p' "$where/checks.tap")
	is "$1: all ${planned:-?} checks ran" "$(grep -cE '^(not )?ok ' "$where/checks.tap")" \
		"${planned:-no plan}"
	while IFS= read -r line; do
		skip "$1: ${line%%# SKIP*}" "${line##*# SKIP }"
	done < <(sed -n 's/^ok [0-9]* - \(.*# SKIP .*\)/\1/p' "$where/checks.tap")
}

most="points calls refusals deaths cost run"
guest exact "KIND='smap=yes fsgsbase=yes preempt=voluntary' \
	PARTS='$most stubs breaks unusual windows found probes compat knobs rules trace lstar suspend kvm rmmod'" "" "${kvm[@]}"
guest "two CPUs" "EXACT=0 LOADS=10 PARTS='$most cpus offline rmmod'" "" --smp 2 --no-icount
guest "preempt=full, no SMAP" "KIND='preempt=full smap=no fsgsbase=yes' PARTS='$most unusual'" \
	"preempt=full" --qemu-cpu max,-smap
guest "preempt=none, no FSGSBASE" "KIND='preempt=none smap=yes fsgsbase=no' PARTS='$most breaks unusual'" \
	"preempt=none nofsgsbase"
guest Intel "KIND='GenuineIntel=yes' PARTS='points calls unusual found run'" pti=off \
	--qemu-cpu max,vendor=GenuineIntel
guest lockdown "PARTS='lockdown'" ""
guest pti "EXPECT='page table isolation*pti=off*'" "pti=on"
guest audit "EXPECT='task:*system calls are audited*audit=0*'" "audit=1"
guest nohz_full "TRY_CPU=1 EXPECT='task:this CPU is nohz_full*'" "nohz_full=1" --smp 2 --no-icount
guest 8259 "TRY_FLAGS=1 EXPECT='task:*(ExtINT)*noapic*'" "noapic"
if [[ $kernel == 6.1-rt ]]; then
	skip "no APIC" "this kernel does not boot without one, module or not"
else
	guest "no APIC" "QUIET=none TRY_FLAGS=1 EXPECT='task:no local APIC*nolapic*'" "nolapic"
fi
done_testing
