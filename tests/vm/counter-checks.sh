#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What the module's counters must do, checked from inside a guest that has no PMU: the
# kernel's own events and the msr PMU's TSC go the way that all events go. Prints
# TAP; exits 1 if a check failed. EXACT=0: time is not exact (two CPUs), see
# module-checks.sh.

EXACT=${EXACT:-1}
# shellcheck source-path=SCRIPTDIR source=guest-lib.sh
. "${LIB:-/guest-lib.sh}"

tsc=$(cat /sys/bus/event_source/devices/msr/type):0	# msr/tsc/
faults=1:2						# PERF_COUNT_SW_PAGE_FAULTS
clock=1:0						# PERF_COUNT_SW_CPU_CLOCK

live() { is "$(fact counters)" 0 "$1: no counter is left"; } # WHAT

# Ticks of the whole figure, from the time stamps or, with .N, from event N.
figure() # SUFFIX
{
	awk -v suffix="$1" '
	/^[a-z_]+(\.[0-9]+)? [0-9]/ {
		split($1, w, ".")
		if ($1 == w[1] suffix)
			first[w[1]] = $2
	}
	END {
		print first["hi"] - first["lo"] - (first["prep_hi"] - first["prep_lo"]) + \
			first["first_new"] - first["first_old"]
	}' "$W/answer"
}

check_counts()
{
	# each method, and bodies that leave IF other than they found it
	for name in insn/imul_x16@r0 irq/cli@r0 irq/cli:if0@r0 irq/sti@r0 irq/popf:flip@r0 \
		irq/local_irq_save_restore@r0 fpu/xsave@r0 fpu/boundary@r0; do
		for quiet in tpr cli; do
			case $quiet-$name in cli-irq/*) continue ;; esac
			ask "$name samples=40 quiet=$quiet events=$tsc,$faults,$clock"
			is $? 0 "$name quiet=$quiet is counted"
			is "$(answer events)" "${tsc%:*}:0x0,1:0x2,1:0x0" "$name: the answer names the events"
			is "$(grep -c '^hi\.[012] ' "$W/answer")" 3 "$name: a line for each"
			is "$(sed -n 's/^hi\.0 //p' "$W/answer" | wc -w)" \
				"$(sed -n 's/^hi //p' "$W/answer" | wc -w)" "$name: a count a sample"
			is "$(figure .1)" 0 "$name: no page fault"
			[ "$EXACT" = 1 ] || continue
			is "$(figure .0)" "$(figure '')" "$name: msr/tsc/ counts what the time stamps say"
		done
		live "$name"
	done
	ask "insn/nop@r0 samples=5"
	is "$(answer events)$(grep -c '\.0 ' "$W/answer")" 0 "without events there are none"
}

check_bad()
{
	n=insn/nop@r0
	for bad in "" x 1 1: :1 "1:0," ",1:0" "1:0,,1:0" 1:0x 1:-1 4294967296:0 1:18446744073709551616 \
		1:0:0:0:0 1:0/1:0 none,1:0 1:0,1:0,1:0,1:0,1:0,1:0,1:0,1:0,1:0; do
		refuses "$n events=$bad" "events=$bad; allowed: none, or TYPE:CONFIG*" "events=$bad"
	done
	refuses "$n events=1:0 events=1:0" "'events=1:0': a second events; *" "events twice"
	refuses "$n quiet=none events=1:0" "quiet=none with events=: *allowed: tpr cli" \
		"events while interrupts come"
	# 0: generic hardware, 4: raw
	for absent in 0:0 4:0x3c 99:0 1:99; do
		refuses "$n events=$absent" "event *: ENOENT: no PMU of this machine has it*" \
			"absent event $absent" "No such file or directory"
		live "absent event $absent"
	done
	refuses "$n events=${tsc%:*}:77" "event *: EINVAL: the PMU of this type *" "a PMU's unknown event"
	refuses "$n events=$tsc,$clock,0:0" "event 0:0x0: ENOENT*" "the third event absent" \
		"No such file or directory"
	live "the third event absent"
}

knob() { echo "$2" 2>"$W/said" >"$T/$1"; } # NAME VALUE

check_knob()
{
	like "$(cat $T/insn/events)" "[[]none] (TYPE:CONFIG*at most 8)" "the knob shows none"
	knob insn/events "$clock,1:2:3:4"
	like "$(cat $T/insn/events)" "none [[]1:0x0,1:0x2:0x3:0x4] *" "it is set"
	like "$(cat $T/insn/run)" "*quiet=tpr events=1:0x0,1:0x2:0x3:0x4" "run shows it"
	knob insn/events 5
	like "$(fact last_error)" "events=5; allowed: *" "a bad value is refused"
	like "$(cat $T/insn/events)" "none [[]1:0x0,1:0x2:0x3:0x4] *" "and changes nothing"
	knob insn/events "$clock"
	ask 1 $T/insn/run
	is "$?:$(answer events)" 0:1:0x0 "writing 1 counts"
	knob insn/events none
	like "$(cat $T/insn/events)" "[[]none] *" "none takes it back"
}

long_run() # KEYS...: starts one in the background, waits until it is under way
{
	(exec 3<>$T/run; echo "insn/imul_x16@r0 samples=65536 unroll=4096 events=$tsc,$clock $*" >&3) \
		2>"$W/long" &
	long=$!
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(fact counters)" = 2 ] && return
		sleep 0.05
	done
}

check_ends()
{
	for signal in KILL INT TERM; do
		long_run
		is "$(fact running):$(fact counters)" 1:2 "a long run counts with two counters"
		rmmod tollgate 2>/dev/null
		is $? 1 "rmmod is refused meanwhile"
		kill -$signal $long
		wait $long 2>/dev/null
		is "$(fact running):$(fact last_error)" "0:interrupted by a signal" "SIG$signal ends it"
		live "SIG$signal"
	done
	online=/sys/devices/system/cpu/cpu1/online
	if [ -e $online ]; then
		long_run cpu=1
		echo 0 >$online
		wait $long
		like "$(fact last_error)" "CPU 1 went offline" "its CPU goes offline"
		live "its CPU goes offline"
		echo 1 >$online
		ask "insn/nop@r0 samples=5 cpu=1 events=$clock"
		is $? 0 "and counts again when it is back"
	fi
	rmmod tollgate
	is $? 0 "rmmod"
	insmod "$KO"
	ask "insn/nop@r0 samples=5 events=$tsc"
	is $? 0 "loaded again it counts"
	rmmod tollgate
	is "$(dmesg | grep -E '\] (BUG|WARNING): |cut here|Oops|Call Trace|unchecked MSR')" "" \
		"the kernel did not complain"
}

insmod "$KO" || { echo "Bail out! insmod failed"; exit 1; }
check_counts
check_bad
check_knob
check_ends
echo "1..$nr"
[ $failed -eq 0 ]
