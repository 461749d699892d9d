#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# tollgate doctor and reports in guests: machines that this one is not, names and
# serial numbers to be kept out, nothing changed. TAP.
set -u
cd "$(dirname -- "$0")/../.." || exit 1
. tests/tap.sh

kernel=${TOLLGATE_TEST_KERNEL:-6.12}
image=$(vm/fetch.sh "$kernel" | sed -n 's/^image=//p')
[[ -n $image ]] && vm/module.sh "$kernel" "$scratch/tollgate.ko" ||
	{ echo "Bail out! no kernel $kernel, or no module"; exit 1; }

guest() # NAME JOB [options]...
{
	where=$scratch/$1
	printf '%s\n' "$2" >"$scratch/job"
	ok "$1: the guest is sound" vm/boot.sh --image "$image" --job "$scratch/job" --out "$where" \
		--timeout 120 --file "$scratch/tollgate.ko" --file bench/tollgate "${@:3}"
}

finding() # TOPIC -> what was found
{
	sed -nE "s/^(ok  |note|warn|stop) $1: (.*)/\\2/p" "$where/doctor.txt"
}

### A machine with names and numbers that are nobody's business

# shellcheck disable=SC2016 # the guest's own $
guest named 'hostname quagga-host
	state()
	{
		for f in $(find / -xdev -type f ! -path "/proc/*" ! -path "/out/*"); do
			stat -c "%n %s %Y %a" $f
		done
		cat /proc/mounts /proc/modules /sys/kernel/debug/tollgate/status
		ls /sys/kernel/debug /sys/kernel/debug/tollgate /sys/module
		cat /proc/sys/kernel/perf_event_paranoid /sys/devices/system/cpu/online
		ls /tmp /dev
		ps -o args | grep -e "[t]ollgate" -e "[k]vm-probe" -e "[q]emu"
	}
	state >/out/before.1 2>&1
	/tollgate doctor >/out/doctor.txt 2>/out/doctor.err
	echo $? >/out/doctor.rc
	state >/out/after.1 2>&1
	insmod /tollgate.ko
	state >/out/before.2 2>&1
	/tollgate doctor >/out/loaded.txt 2>&1
	/tollgate doctor --json >/out/doctor.json 2>&1
	state >/out/after.2 2>&1
	rmmod tollgate
	sh /host-run.sh /tollgate.ko /tollgate --icount --full --json /out/host.json >/out/host.out 2>&1
	sh /host-run.sh /tollgate.ko /tollgate --icount --lane vm --env-append "$(cat /proc/cmdline)" \
		--json /out/vm.json insn/nop irq/cli >>/out/host.out 2>&1
	cat /sys/class/dmi/id/product_serial /proc/sys/kernel/hostname >/out/true-names' \
	--append 'root=UUID=0123dead-89ab-cdef-0123-456789abcdef systemd.hostname=quagga-host foo.id=feedfacefeedfacefeedfacefeedface foo.at=10.77.66.55 BOOTIF=01-52-54-00-77-88-99' \
	-- -smbios type=1,serial=QUAGGA-1,uuid=feedface-0000-1111-2222-333344445555 \
	-smbios type=2,serial=QUAGGA-2 -smbios type=3,serial=QUAGGA-3,asset=QUAGGA-4
is "named: the guest was called so" "$(tr '\n' ' ' <"$where/true-names")" "QUAGGA-1 quagga-host "
is "named: the doctor runs" "$(<"$where/doctor.rc"): $(<"$where/doctor.err")" "0: "
like "named: under an instruction counter ring 3 counts" '^user: yes, insns: the clock counts' \
	"$(<"$where/doctor.txt")"
like "named: lane host could" $'\n'"host: yes, insns; a virtual machine .TCG.*loads the module" \
	"$(tr -s ' \n' ' ' <"$where/doctor.txt" | sed 's/ host:/\nhost:/')"
like "named: an emulator is none to measure on" 'an emulator' "$(finding 'ring 0')"
is "named: the doctor changes nothing" "$(diff "$where/before.1" "$where/after.1")" ""
is "named: nor with the module loaded" "$(diff "$where/before.2" "$where/after.2")" ""
ok "named: where it looked there is something" grep -q '^runs=0' "$where/before.2"
like "named: the module is seen" 'the module is loaded' "$(tr -s ' \n' ' ' <"$where/loaded.txt")"
ok "named: reports and JSON are valid" /usr/bin/python3 tests/unit/validate_schema.py \
	"$where"/{host,vm,doctor}.json
for lane in host vm; do
	bench/tollgate report "$where/$lane.json" >"$where/$lane.txt"
	ok "named: the report of lane $lane prints" test -s "$where/$lane.txt"
done
names='quagga|QUAGGA|0123dead|feedface|10\.77\.66|77-88-99'
is "named: no host name, serial number or address in a report, nor a kernel address" \
	"$(cd "$where" && grep -nEi "$names|(0x)?ffff[0-9a-f]{12}" {host,vm}.{json,txt} host.out doctor.json {doctor,loaded}.txt)" ""
like "named: what may matter still shows" '"cmdline": "console=ttyS0 .* foo.id=~[0-9a-f]{4} foo.at=~[0-9a-f]{4}"' \
	"$(<"$where/host.json")"
like "named: words appended are treated alike" '"append": "console=ttyS0 .* foo.id=~[0-9a-f]{4} foo.at=~[0-9a-f]{4}"' \
	"$(<"$where/vm.json")"

### A machine with two threads a core, an isolated CPU, PTI and another clock

# isolcpus= takes the CPU away from whoever does not ask for it
guest threads 'taskset -c 1 /tollgate doctor >/out/doctor.txt; /tollgate doctor >/out/cpu0.txt' --no-icount \
	--append 'pti=on nohz_full=1 isolcpus=domain,managed_irq,1 clocksource=acpi_pm' \
	--smp 2 -- -smp 2,sockets=1,cores=1,threads=2
is "threads: PTI" "$(finding pti)" "on"
is "threads: SMT" "$(finding smt)" "on: CPUs 0-1 are one core"
is "threads: nohz_full" "$(finding isolation)" "CPU 1 is in nohz_full=1"
is "threads: clock" "$(finding clocksource)" "acpi_pm"
like "threads: TSC" 'not invariant' "$(finding tsc)"
like "threads: a CPU that is not isolated, and which are" \
	'CPU 0 is not isolated.*do: run it under taskset -c, with a CPU of 1' "$(tr -s ' \n' ' ' <"$where/cpu0.txt")"

### A machine on which nothing can be measured

guest old '/tollgate doctor >/out/doctor.txt 2>/out/doctor.err; echo $? >/out/doctor.rc
	/tollgate doctor --json >/out/doctor.json; exit 0' --no-icount --qemu-cpu qemu64 --append 'lockdown=integrity'
is "old: exit code, and nothing on standard error" "$(<"$where/doctor.rc"): $(<"$where/doctor.err")" "3: "
like "old: no RDTSCP" '^user: no: this CPU lacks RDTSCP' "$(<"$where/doctor.txt")"
is "old: its finding" "$(finding tsc)" "no RDTSCP (CPUID 80000001H:EDX[27])"
like "old: all reasons of lane host" 'host: no: locked down, lockdown=integrity; this CPU lacks RDTSCP' \
	"$(tr -s ' \n' ' ' <"$where/doctor.txt")"
ok "old: its JSON is valid" /usr/bin/python3 tests/unit/validate_schema.py "$where/doctor.json"

done_testing
