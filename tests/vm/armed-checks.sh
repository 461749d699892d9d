#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Arming, checked from inside a guest: busybox sh as root, debugfs mounted,
# tollgate.ko, armed and tollgate at /. Prints TAP; exits 1 if a check failed.
#
#	EXPECT=runs (default)	all there is, or the PARTS that are named; EXACT=0 leaves
#				out what wants ticks to be instructions
#	KIND="WORD=VALUE..."	what the guest has: preempt=, smap=, fsgsbase=
#	LOADS=NUMBER		times that the part rmmod loads the module
#	EXPECT=PATTERN		arming is refused with such a line, bodies run
#	EXPECT=task:PATTERN	refused by the CPU TRY_CPU, the task or TRY_FLAGS, once tried;
#				bodies run, with quiet=QUIET
#
# Modules of KVM's at /kvm, in the order of their loading, if any.

# shellcheck source-path=SCRIPTDIR source=guest-lib.sh
. "${LIB:-/guest-lib.sh}"
# shellcheck source-path=SCRIPTDIR source=armed-knobs.sh
. /armed-knobs.sh
EXPECT=${EXPECT:-runs}
EXACT=${EXACT:-1}
KIND=${KIND:-}
LOADS=${LOADS:-100}
PARTS=${PARTS:-points stubs calls refusals deaths windows found probes compat cost knobs rules run
       breaks unusual trace lstar suspend kvm rmmod}
POINT=frame/point:full@cross

# TAP without numbers, from a program.
take() # FILE
{
	while IFS= read -r line; do
		case $line in
		"ok - "*) ok 0 "${line#ok - }" ;;
		"not ok - "*) ok 1 "${line#not ok - }" ;;
		*) echo "# $line" ;;
		esac
	done <"$1"
}

soon() # COMMAND -> it did, within a minute
{
	tries=600
	until eval "$1"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.1
	done
}

hold() # POINT CPU -> holder is armed there
{
	rm -f "$W/hold" # what the last one said
	/armed hold "$1" "$2" >"$W/hold" &
	holder=$!
	soon '[ -s "$W/hold" ]'
	is "$(cat "$W/hold")" armed "a task is armed on CPU $2, and stays"
}

end_holder()
{
	kill -9 "$holder"
	wait "$holder" 2>/dev/null
	soon '[ "$(fact armed)" = none ]'
	is "$(fact armed)" none "killed: nothing is armed"
}

bodies_run()
{
	for name in irq/cli@r0 insn/nop@r0 fpu/fxsave@r0; do
		ask "$name samples=5 quiet=${QUIET:-tpr}"
		is "$?:$(answer name)" "0:$name" "refused or not, $name runs"
	done
	/tollgate run --lane user --quick --json "$W/crossing.json" crossing/syscall_null >"$W/said" 2>&1
	like "$?:$(grep '"value"' "$W/crossing.json")" '0:*"value": *[0-9]*' "and so does crossing"
}

check_refused()
{
	like "$(sed -n "s|^$POINT	unavailable	[^	]*	||p" $T/experiments)" "$EXPECT" \
		"experiments says why" # facts of a CPU or task are not there
	bodies_run
}

# What is refused for the task's or the CPU's sake shows when it is armed.
check_try()
{
	like "$(/armed try $POINT "${TRY_FLAGS:-0}" "${TRY_CPU:-0}")" "$EXPECT" "arming is refused"
	is "$(fact armed):$(fact armings)" none:0 "nothing is armed, nothing was"
	[ "${TRY_FLAGS:-0}" = 0 ] || is "$(/armed try $POINT)" armed "without quiet stretches it is not"
	bodies_run
}

check_cost()
{
	/tollgate run --icount --lane user --json "$W/before.json" crossing/syscall_null >/dev/null
	like "$?:$(grep '"value"' "$W/before.json")" '0:*"value": *[1-9]*' "a null system call is counted"
	hold $POINT 0
	/tollgate run --icount --lane user --json "$W/after.json" crossing/syscall_null >/dev/null
	is "$?:$(grep '"value"' "$W/after.json")" "0:$(grep '"value"' "$W/before.json")" \
		"somebody is armed: another task's system call runs 0 instructions more"
	end_holder
	# syscall, cmp, jne, sysretq and the loop's dec, jnz; ENDBR with IBT
	bare=$(/armed linear frame/point@cross)
	like "$bare" "[67]" "one to 100 000 calls of a bare stub: exactly $bare instructions each"
	# plain, outside and inside a quiet stretch: instructions that forwarding adds: ENDBR,
	# cmp, jne, jmp, and another where objtool left the jump to its trampoline
	plain='' outside='' inside=''
	eval "$(/armed cost)"
	like "$plain" "[34]" "forwarding costs 3 or 4 instructions, at most 6: $plain"
	is "$outside" $((plain + 2)) "2 more in a task that may be quiet, and is not: at most 6"
	is "$inside" $((plain + 9)) "9 more where it ends a quiet stretch: at most 20"
	for point in full full:iret; do
		is "$(/armed linear frame/point:$point@cross)" "$((bare + 54))" \
			"one to 100 000 calls of $point: exactly 54 more"
	done
	for step in sti:1 cli:1 preempt:3; do
		is "$(/armed linear frame/point:full:${step%:*}@cross)" $((bare + 54 + ${step#*:})) \
			"${step%:*} is ${step#*:} more"
	done
	/armed sums >"$W/sums"
	like "$(grep -v '^# ' "$W/sums")" "ok - *" "what choices take adds up: $(grep -v '^# ' "$W/sums")"
	cp "$W/sums" /out/sums
}

check_rmmod()
{
	hold $POINT 0
	said=$(rmmod tollgate 2>&1)
	like "$said" "*temporarily unavailable*" "rmmod is refused while a task is armed"
	end_holder
	soon 'rmmod tollgate 2>/dev/null'
	[ ! -e $T ]
	ok $? "and done once nothing is"
	insmod "$KO"
	(while :; do ls $T >/dev/null 2>&1; done) &
	worker=$!
	i=0
	while [ $i -lt "$LOADS" ] && [ "$(/armed try $POINT 1)" = armed ] && restored && rmmod tollgate &&
			insmod "$KO"; do
		i=$((i + 1))
	done
	kill $worker
	wait $worker 2>/dev/null
	is $i "$LOADS" "loaded, armed and unloaded $LOADS times, while another task works"
}

check_offline()
{
	online=/sys/devices/system/cpu/cpu1/online
	if [ ! -e $online ]; then
		skip "a second CPU" "there is none"
		return
	fi
	hold $POINT 1
	echo 0 >$online
	is "$(fact disarmed_by)" "its CPU went offline" "the armed CPU goes offline: disarmed"
	echo 1 >$online
	sleep 0.1
	is "$(fact armed):$(fact restored_lstar)" "none:same" "it comes back: still disarmed"
	end_holder
	hold $POINT 1
	end_holder
}

check_suspend()
{
	if ! echo freezer 2>/dev/null >/sys/power/pm_test; then
		skip "suspend" "this kernel has no pm_test"
		return
	fi
	hold $POINT 0
	echo freeze >/sys/power/state
	is "$(fact disarmed_by)" suspend "suspend disarms"
	echo none >/sys/power/pm_test
	end_holder
}

check_kvm()
{
	if [ ! -d /kvm ]; then
		skip "KVM" "its modules are not here"
		return
	fi
	hold $POINT 0
	for module in /kvm/*.ko; do
		insmod "$module"
	done
	like "$(fact armed_state):$(fact disarmed_by)" "*KVM is being loaded" "loading KVM disarms"
	end_holder
	EXPECT="KVM or another hypervisor keeps LSTAR*rmmod*"
	check_refused
	like "$(/armed try $POINT)" "$EXPECT" "with KVM arming is refused"
	rmmod kvm_amd 2>/dev/null
	rmmod kvm_intel 2>/dev/null
	rmmod kvm
	is "$(/armed try $POINT)" armed "without it no more"
}

check_armed() # PARTS of armed check
{
	/armed check "$@" >"$W/tap"
	is $? 0 "armed check $* ends well"
	take "$W/tap"
}

check_windows()
{
	like "$(cat $T/windows)" "# point	*frame/point@cross	plain	A	0	*" "the file windows has some"
	is "$(cat $T/windows)" "$(/tollgate list --windows)" "the windows are those that list prints"
}

# Where GS and RSP may be the user's nobody is to set an INT3: kprobes know all of .noinstr.text.
check_probes()
{
	list=/sys/kernel/debug/kprobes/blacklist
	if [ ! -e $list ]; then
		skip "kprobes" "this kernel has none"
		return
	fi
	! grep -q '	tg_arm_status' $list
	ok $? "the module's ordinary code may be probed"
	for place in __SCT__tg_to_kernel __SCT__tg_to_pf tg_stub_0 tg_stub_0_quiet tg_stub_1 tg_stub_1_quiet tg_stub_compat tg_gate_pf; do
		like "$(grep "	$place " $list)" "0x*-0x*	$place *" "none is to probe $place"
	done
	is "$(sed -n 's/.* \(tg_stub_[0-9c][0-9a-z_]*\).*/\1/p' /proc/kallsyms | sort)" \
		"$(sed -n 's/.*	\(tg_stub_[0-9c][0-9a-z_]*\) .*/\1/p' $list | sort)" "nor any other stub"
}

# Linux: entries at the top of the address space, CR8 = 1 once there is an APIC.
check_found()
{
	/armed try $POINT >/dev/null
	grep -q GenuineIntel /proc/cpuinfo && cstar=0x0 || cstar="0xffffffff*"
	like "$(fact found_lstar) $(fact found_cstar)" "0xffffffff* $cstar" "status shows LSTAR and CSTAR"
	like "$(fact found_syscall_mask) $(fact found_cr8)" "0x*[1-9a-f]* [01]" "SYSCALL_MASK and CR8"
}

# The guest is of the kind that was asked for: KIND, words of what=value.
check_kind()
{
	for word in $KIND; do
		value=${word#*=}
		case $word in
		preempt=*)
			# a real-time kernel has no none and no voluntary
			if ! grep -qw "$value" /sys/kernel/debug/sched/preempt 2>/dev/null; then
				skip "preemption is $value" "this kernel has no such kind"
			else
				like "$(cat /sys/kernel/debug/sched/preempt)" "*($value)*" "preemption is $value"
			fi ;;
		*)
			grep -qw "${word%=*}" /proc/cpuinfo && has=yes || has=no
			is $has "$value" "the CPU has ${word%=*}: $value" ;;
		esac
	done
}

# Points by the tool, as a user measures them.
check_run()
{
	# only 0 and 1 are ticks that are instructions
	[ "$EXACT" = 1 ] && how=--icount || how=--quick
	for point in point point:full point:full:iret; do
		/tollgate run $how --lane host --json "$W/run.json" frame/$point@cross >"$W/said" 2>&1
		like "$?:$(grep '"status"' "$W/run.json")" '0:*"status": "ok"*' "frame/$point@cross runs"
	done
	/tollgate run $how --lane host --json "$W/run.json" frame/point:linux-6.12-like >"$W/said" 2>&1
	like "$?:$(grep '"name": "frame' "$W/run.json")" \
		'0:*"frame/point:full:sti:cli:read:offset:compare@cross"*' "a kernel's frame runs"
	is "$(fact armed)" none "and leaves nothing armed"
}

# A tracepoint on system calls of all tasks is work that a stub would pass by.
check_trace()
{
	enable=/sys/kernel/debug/tracing/events/raw_syscalls/sys_enter/enable
	if [ ! -e $enable ]; then
		skip "tracepoints of system calls" "this kernel has none"
		return
	fi
	echo 1 >$enable
	like "$(/armed try $POINT)" "the task's system calls are traced or redirected*" \
		"with a tracepoint arming is refused"
	echo 0 >$enable
	hold $POINT 0
	echo 1 >$enable
	like "$(fact armed_state)" "withheld: *" "a tracepoint takes the stub of who is armed"
	echo 0 >$enable
	is "$(fact armed_state)" armed "and gives it back"
	end_holder
	is "$(/armed try $POINT)" armed "without it no more"
}

# The entry, past its ENDBR: as good, but not where the module found it.
check_lstar()
{
	if [ ! -e /msr.ko ] || [ "$(/armed linear frame/point@cross)" != 7 ]; then
		skip "LSTAR of another's" "no msr.ko, or entries without ENDBR"
		return
	fi
	insmod /msr.ko
	hold $POINT 0
	/armed lstar 4 >"$W/said"
	is "$?:$(cat "$W/said")" 0: "somebody else writes LSTAR"
	soon '[ "$(fact armed_state)" != armed ]'
	is "$(fact disarmed_by)" "LSTAR was not the kernel's" "LSTAR of another's disarms"
	end_holder
	like "$(/armed try $POINT)" "LSTAR is not the kernel's any more*unload*" \
		"LSTAR of another's: arming is refused"
	/armed lstar -4
	is "$(/armed try $POINT)" armed "when it is put back no more"
	rmmod msr
}

# The file is opened before, since lockdown takes all of debugfs; there is no way back.
check_lockdown()
{
	if [ ! -e /sys/kernel/security/lockdown ]; then
		skip "lockdown" "this kernel has none"
		return
	fi
	exec 4<$T/arm
	like "$(/armed by 4 $POINT)" armed "before lockdown a file arms"
	echo integrity >/sys/kernel/security/lockdown
	like "$(/armed by 4 $POINT)" "kernel lockdown: *" "lockdown: the same file does not"
	exec 4<&-
	T=/nowhere # none of its files can be read any more
}

check_compat()
{
	said=$(/armed32)
	like "$?:$said" "0:a 32-bit task: *" "a 32-bit task is refused"
}

# The CPU is as it was; of this load of the module.
restored() # -> what is not
{
	awk -F= '/^restored_/ { seen++; if ($2 != "same") bad = bad " " $1 }
		$1 == "cr8_fixups" && $2 { bad = bad " CR8 had to be put back" }
		$1 == "lstar_fixups" && $2 { bad = bad " LSTAR had to be put back" }
		$1 == "mask_fixups" && $2 { bad = bad " SYSCALL_MASK had to be put back" }
		$1 == "loads" { loads = $2 }
		$1 == "restores" && $2 != loads { bad = bad " " $2 " of " loads " loads" }
		END { if (seen < 8) bad = bad " nothing is told"; print bad; exit bad != "" }' $T/status
}

check_parts()
{
	for part in $PARTS; do
		case $part in
		points | stubs | cpus | calls | refusals | deaths | breaks | unusual) check_armed "$part" ;;
		cost) [ "$EXACT" != 1 ] || check_cost ;;
		*) "check_$part" ;;
		esac
		[ -e $T ] || break
		is "$(restored)" "" "$part: MSRs, CR8, IDTR were the same after as before ($(fact restores) times)"
	done
}

insmod "$KO" || { echo "Bail out! insmod failed"; exit 1; }
case $EXPECT in
runs)
	check_kind
	check_parts ;;
task:*) EXPECT=${EXPECT#task:}; check_try ;;
*) check_refused; check_try ;;
esac
rmmod tollgate
is "$?" 0 "rmmod"
is "$(dmesg | grep -E '\] (BUG|WARNING): |cut here|Oops|Call Trace|unchecked MSR')" "" \
	"the kernel did not complain"
echo "1..$nr"
[ $failed -eq 0 ]
