#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What the module must do, checked from inside a guest: busybox sh as root, debugfs
# mounted, tollgate.ko at / (or $KO). Prints TAP; exits 1 if a check failed.
#
#	vm/boot.sh --image VMLINUZ --job tests/vm/module-checks.sh --out DIR \
#		--file tollgate.ko --file tests/vm/guest-lib.sh [--smp 2] [--qemu-cpu MODEL]
#
# EXACT=1 (default): ticks are instructions (QEMU -icount), so that every
# sample of a series must be the same and slopes must be whole numbers. With a
# second CPU the least sample is looked at instead: QEMU runs the CPUs in turn
# on one counter, and what the other one does in between is in some samples.

EXACT=${EXACT:-1}
LONG="insn/imul_x16@r0 samples=65536 unroll=4096"	# seconds, unless it is killed
alone=1
[ -e /sys/devices/system/cpu/cpu1 ] && alone=0
# shellcheck source-path=SCRIPTDIR source=guest-lib.sh
. "${LIB:-/guest-lib.sh}"

# The figure of the answer, as bench/reading.c makes it; or what is wrong with
# the samples. The preparation of fpu and cold rows has an IMUL in the body's place.
slope() # NAME
{
	awk -F= -v name="$1" -v alone="$alone" '
	/^(method|unroll|samples)=/ { fact[$1] = $2; next }
	!/=/ {
		n = split($0, w, " ")
		first[w[1]] = w[2]
		for (i = 3; i <= n; i++) {
			if (alone && w[i] != w[2])
				print w[1] " differs: " w[2] " " w[i]
			if (w[i] + 0 < first[w[1]] + 0)
				first[w[1]] = w[i]
		}
		count[w[1]] = n - 1
	}
	END {
		shots = fact["samples"] * (fact["method"] == "SHOT" ? 16 : 1)
		if (count["hi"] != shots || count["lo"] != shots)
			print "short of samples"
		x = first["hi"] - first["lo"] - (first["prep_hi"] - first["prep_lo"])
		x = x / fact["unroll"] + (name ~ /^fpu\/|_cold/)
		if (fact["method"] == "PAIR")
			x += first["first_new"] - first["first_old"]
		print x
	}' "$W/answer"
}

wanted() # NAME -> instructions in its body
{
	case $1 in
	*/empty@*) echo 0 ;;
	irq/cli_sti@* | irq/local_irq_disable_enable@* | insn/gs_store_load@*) echo 2 ;;
	irq/local_irq_save_restore@*) echo 6 ;;
	irq/local_irq_save_restore:if0@*) echo 5 ;;
	insn/add_x4@* | insn/imul_x4@*) echo 4 ;;
	insn/imul_x16@*) echo 16 ;;
	*) echo 1 ;;
	esac
}

check_files()
{
	is "$(stat -c %a $T)" 700 "the directory is root's"
	is "$(find $T -type f ! -perm 0600 | wc -l)" 0 "so are all files"
	for file in experiments run status irq/name irq/ifwas irq/run fpu/comp fpu/state fpu/run; do
		[ -f "$T/$file" ]
		ok $? "there is $file"
	done
	is "$(cut -f2 $T/experiments | sort -u | grep -cvx -e available -e unavailable)" 0 \
		"experiments are available or unavailable"
	is "$(awk -F'\t' '$2 == "unavailable" && $4 == ""' $T/experiments)" "" \
		"what is unavailable says why"
	is "$(cut -f1 $T/experiments | sort | uniq -d)" "" "names are unique"
}

run_point() # NAME KEYS...
{
	if ! ask "$*"; then
		ok 1 "$*"
		echo "# $(cat "$W/said" "$W/answer")"
		return
	fi
	is "$(answer name)" "$1" "$*: the answer has the full name"
	is "$(answer 'cr8')" "$(fact cr8)/$(fact cr8)" "$*: CR8 is the same after as before"
	[ "$EXACT" -eq 1 ] || return
	is "$(slope "$1")" "$(wanted "$1")" "$*: instructions"
}

check_points()
{
	while IFS="$(printf '\t')" read -r name available _ reason; do
		case $name in
		*@cross)
			refuses "$name" "${name%%[:@]*}@cross runs in a task that the file arm arms; allowed here: none" \
				"$name by run"
			continue
			;;
		esac
		if [ "$available" = unavailable ]; then
			refuses "$name" "$(echo "$reason" | tr '[]' '??')" "$name" "Operation not supported"
			continue
		fi
		run_point "$name" samples=40
		case $name in
		irq/empty@* | irq/pushf@* | insn/* | fpu/*) run_point "$name" quiet=cli samples=20 ;;
		irq/*) refuses "$name quiet=cli" "quiet=cli: *allowed: tpr none" "$name quiet=cli" ;;
		esac
	done <$T/experiments
	run_point irq/cli_sti@r0 samples=20 unroll=4096 batch=1
	is "$(answer loops)" 64 "unroll=4096 is 64 loops of 64"
	# a batch also ends when its time is up, in the middle of a pass: an
	# emulator that does not count instructions is slow enough for that
	[ "$(answer batches)" -ge 24 ]
	ok $? "batch=1: a batch for every pass at least, four of them to warm up"
	[ "$EXACT" = 0 ] || is "$(answer batches)" 24 "batch=1: and no more where time is exact"
	if grep -q '^fpu/xsave@r0	available' $T/experiments; then
		run_point fpu/xsave@r0 samples=20 unroll=64
	fi
	run_point insn/nop@r0 samples=1
	run_point insn/nop@r0 samples=65536
	run_point insn/nop@r0 samples=20 quiet=none
	is "$(answer quiet)" none "quiet=none is told"
}

# Interrupts that come are counted, and their samples thrown away.
check_interrupts()
{
	run_point insn/imul_x16@r0 samples=1500 unroll=2048 quiet=tpr
	is "$(answer interrupts)/$(answer discarded)" 0/0 "quiet=tpr: no interrupt in a sample"
	run_point insn/imul_x16@r0 samples=1500 unroll=2048 quiet=cli
	is "$(answer interrupts)/$(answer discarded)" 0/0 "quiet=cli: no interrupt in a sample"
	run_point insn/imul_x16@r0 samples=1500 unroll=2048 quiet=none
	[ "$(answer interrupts)" -gt 0 ] && [ "$(answer discarded)" -gt 0 ]
	ok $? "quiet=none: $(answer interrupts) interrupts, $(answer discarded) samples discarded"
}

check_bad_commands()
{
	n=insn/nop@r0
	refuses "" "no command; allowed: *" "an empty line"
	refuses "
" "byte 0x0a at position 0; *" "two newlines"
	refuses "   " "no command; allowed: *" "blanks alone"
	refuses "insn/nop" "no ring in 'insn/nop'; allowed: @r0 @r3" "no ring"
	refuses "insn/nop@r1" "'@r1' of *allowed: @r0 @r3" "a ring that is none"
	refuses "insn/nop@r3" "insn/nop@r3 runs without*allowed here: @r0" "a point of ring 3"
	refuses "crossing/syscall_null@r3" "*allowed here: none" "a row of ring 3 alone"
	refuses "insn/nope@r0" "'insn/nope' is no experiment*" "an unknown row"
	refuses "fpu/xsave:avx:avx@r0" "*second value of axis comp*" "an axis twice"
	refuses "fpu/xsave:wet@r0" "'wet' is no value of fpu/xsave; allowed: x87 *" "an unknown value"
	refuses "cpu=0" "'cpu=0' is no experiment*" "no name"
	refuses "$n cpus=0" "'cpus='; allowed: cpu= node= samples= unroll= batch= quiet= events=" "an unknown key"
	refuses "$n samples" "'samples'; allowed: cpu= *" "a key without a value"
	refuses "$n =5" "'='; allowed: cpu= *" "a value without a key"
	refuses "$n batch=4 batch=4" "'batch=4': a second batch*" "a key twice"
	for bad in "" 0 65537 -1 +5 1e3 0x10 5k 99999999999999999999; do
		refuses "$n samples=$bad" "samples=$bad; allowed: * 1 to 65536" "samples=$bad"
	done
	for bad in 0 1025 x; do
		refuses "$n batch=$bad" "batch=$bad; allowed: * 1 to 1024" "batch=$bad"
	done
	for bad in 0 1 63 65 4160 4294967296; do
		refuses "$n unroll=$bad" "unroll=$bad; allowed: multiples of 64 up to 4096" "unroll=$bad"
	done
	refuses "fpu/boundary@r0 unroll=8" "unroll=8; allowed: multiples of 1 up to 1" \
		"unroll of a single shot"
	refuses "fpu/xrstor:unmodified:other@r0" "fpu/xrstor:unmodified:other@r0 means nothing: *" \
		"values that mean nothing together"
	refuses "fpu/xsave@r0 unroll=12" "*multiples of 8 up to 512" "unroll of another family"
	for bad in "" -1 9999 4294967296 zero; do
		refuses "$n cpu=$bad" "cpu=$bad; allowed: caller, or an online CPU of 0*" "cpu=$bad"
		refuses "$n node=$bad" "node=$bad; allowed: auto, or a node with memory of 0*" "node=$bad"
	done
	refuses "$n quiet=TPR" "quiet=TPR; allowed: tpr cli none" "quiet=TPR"
	refuses "$n samples=5 trailing" "'trailing'; *" "trailing garbage"
	refuses "$n samples=5
$n" "byte 0x0a at position 21; *" "two lines"
	refuses "$n	samples=5" "byte 0x09 at position 11; *" "a tab"
	refuses "$(printf '%s \303\244' "$n")" "byte 0xc3 at position 12; *" "not ASCII"
	refuses "$n samples=5$(printf '%491s' '')" "command of 513 bytes; allowed: at most 512" "513 bytes"
	ask "$n samples=5$(printf '%490s' '')"
	is $? 0 "512 bytes are taken"
	refuses "$(printf '%0200d' 0)" "name of 200 bytes; allowed: at most 127" "a long name"

	exec 3<>$T/run
	printf '%s\0 samples=5' "$n" | dd bs=512 2>"$W/said" >&3
	like "$(cat "$W/said")" "*Invalid argument*" "a NUL inside is refused"
	like "$(cat <&3)" "error=byte 0x00 at position 11; *" "and named"
	exec 3>&-
}

check_reading()
{
	is "$(cat $T/run)" "" "nothing to read before a write"
	exec 3<>$T/run 4<>$T/run
	echo "irq/cli@r0 samples=3" >&3
	echo "irq/sti@r0 samples=3" >&4
	like "$(head -n 1 <&3)" name=irq/cli@r0 "two open files: the first has its own answer"
	like "$(head -n 1 <&4)" name=irq/sti@r0 "and so has the second"
	echo "insn/nop@r0 samples=3" >&3
	echo "insn/add@r0 samples=3" >&3
	is "$(dd bs=1 count=9 <&3 2>/dev/null)" name=insn "a second write replaces the answer"
	is "$(dd bs=1 count=7 <&3 2>/dev/null)" /add@r0 "reading goes on where it stopped"
	echo "insn/imul@r0 samples=3" >&3
	is "$(dd bs=1 skip=5 count=12 <&3 2>/dev/null)" insn/imul@r0 "seeking skips"
	cat <&3 >/dev/null
	is "$(cat <&3)" "" "then the end"
	echo "insn/nop@r0 batch=0" 2>/dev/null >&3
	like "$(cat <&3)" "error=batch=0; *" "an error is read from its beginning as well"
	echo "insn/nop@r0 samples=3" >&3
	like "$(head -n 1 <&3)" name=insn/nop@r0 "and the file takes another command after it"
	exec 3>&- 4>&-
	ask "fpu/xrstor:init:x87@r0 samples=2" || ask "insn/add@r0 samples=2"
	like "$(answer name)" "*/*@r0" "defaults may be spelled out, in any order"
}

# knob NAME VALUE -> writes; what the shell says goes to $W/said
knob()
{
	echo "$2" 2>"$W/said" >"$T/$1"
}

check_knobs()
{
	is "$(cat $T/irq/ifwas)" "[if1] if0" "a knob shows its value and what it may be"
	knob irq/ifwas if0
	is "$?:$(cat $T/irq/ifwas)" "0:if1 [if0]" "a knob is set"
	for bad in "" if2 IF1 "if1 if0" if; do
		knob irq/ifwas "$bad"
		like "$(cat "$W/said")" "*Invalid argument*" "ifwas='$bad' is refused"
		is "$(cat $T/irq/ifwas)" "if1 [if0]" "and changes nothing"
		is "$(fact last_error)" "ifwas=$bad; allowed: if1 if0" "and status says why"
	done
	knob irq/samples 0
	is "$(fact last_error)" "samples=0; allowed: a whole number from 1 to 65536" "samples=0 too"
	knob irq/unroll 100
	is "$(fact last_error)" "unroll=100; allowed: multiples of 64 up to 4096" "unroll=100 too"
	knob irq/name nosuch
	like "$(fact last_error)" "name=nosuch; allowed: empty cli sti *" "name=nosuch too"
	is "$(cat $T/irq/samples)" "[1000] (1 to 65536)" "none changed anything"

	knob irq/samples 5
	knob irq/name cli
	is "$(cat $T/irq/run)" "irq/cli:if0@r0 cpu=caller node=auto samples=5 unroll=64 batch=16 quiet=tpr events=none" \
		"run shows the command that it stands for"
	ask 1 $T/irq/run
	is "$?:$(answer name)" 0:irq/cli:if0@r0 "writing 1 runs it"
	ask "" $T/irq/run
	is "$?:$(answer samples)" 0:5 "so does an empty line"
	refuses 2 "'2'; allowed: 1 or an empty line" "writing 2" "" $T/irq/run
	knob irq/name sti
	refuses 1 "ifwas=if0, but irq/sti has no such axis; allowed: if1" \
		"knobs that do not fit together" "" $T/irq/run
	like "$(cat $T/irq/run)" "error=ifwas=if0, but *" "reading run says so too"
	knob irq/ifwas if1
	# values that mean nothing together, whatever this CPU has
	for pair in "name xrstor" "state unmodified" "buf other"; do
		knob "fpu/${pair% *}" "${pair#* }"
	done
	refuses 1 "fpu/xrstor:unmodified:other@r0 means nothing: registers that *" \
		"knobs that mean nothing together" "" $T/fpu/run
	like "$(cat $T/fpu/run)" "error=fpu/xrstor:unmodified:other@r0 means nothing: *" \
		"reading run says so too"
	for pair in "state init" "buf same" "name boundary"; do
		knob "fpu/${pair% *}" "${pair#* }"
	done
	is "$(cat $T/fpu/unroll)" "[1] (multiples of 1 up to 1)" "a single shot is not unrolled"
	knob fpu/name xsave
	is "$(cat $T/fpu/unroll)" "[8] (multiples of 8 up to 512)" "unless set, unroll is the row's block"
	knob fpu/unroll 16
	knob fpu/name boundary
	refuses 1 "unroll=16; allowed: multiples of 1 up to 1" "the unroll of another row" "" $T/fpu/run
	knob fpu/unroll 1
	knob fpu/name fxsave
	refuses 1 "unroll=1; allowed: multiples of 8 up to 512" "and the other way round" "" $T/fpu/run
	knob fpu/unroll 8
	knob irq/quiet cli
	refuses 1 "quiet=cli: irq/sti may set*" "sti with quiet=cli" "" $T/irq/run
	knob irq/quiet tpr
	knob irq/cpu 0
	is "$(cat $T/irq/run)" "irq/sti@r0 cpu=0 node=auto samples=5 unroll=64 batch=16 quiet=tpr events=none" "mended"
	for pair in "name empty" "samples 1000" "cpu caller"; do
		knob "irq/${pair% *}" "${pair#* }"
	done
}

long_run() # starts one in the background and waits until it is under way
{
	(exec 3<>$T/run; echo "$LONG" >&3) 2>"$W/long" &
	long=$!
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(fact running)" = 1 ] && return
		sleep 0.05
	done
}

check_busy()
{
	long_run
	is "$(fact running)" 1 "a long run is under way"
	refuses "insn/nop@r0" "another run is under way*" "a second run" "busy"
	refuses 1 "another run is under way*" "a family's run" "busy" $T/irq/run
	rmmod tollgate 2>"$W/said"
	like "$(cat "$W/said")" "*tollgate*" "rmmod is refused meanwhile: $(cat "$W/said")"
	kill -9 $long
	wait $long 2>/dev/null
	is "$(fact running)" 0 "kill -9 ends the run"
	is "$(fact last_error)" "interrupted by a signal" "and status knows"
	run_point insn/nop@r0 samples=10
	long_run
	kill -INT $long
	kill -TERM $long
	wait $long 2>/dev/null
	is "$(fact running)" 0 "so does SIGTERM"
}

check_second_cpu()
{
	online=/sys/devices/system/cpu/cpu1/online
	if [ ! -e $online ]; then
		skip "a second CPU" "there is none"
		return
	fi
	run_point insn/nop@r0 cpu=1 samples=20
	is "$(answer cpu)" 1 "cpu=1 runs there"
	for row in irq/cli@r0 irq/popf:flip@r0 insn/gs_store_load@r0 insn/wrgsbase@r0 fpu/xsaveopt:dirty@r0; do
		if grep -q "^$row	available" $T/experiments; then
			run_point $row cpu=1 samples=20
		fi
	done
	# every CPU must answer these, so quiet stretches have to end
	LONG="$LONG cpu=1" long_run
	for _ in 1 2 3 4 5; do
		echo 3 >/proc/sys/vm/drop_caches
	done
	echo 0 >$online
	wait $long
	is "$(fact last_error)" "CPU 1 went offline" "a CPU may go offline during a run"
	refuses "insn/nop@r0 cpu=1" "cpu=1; allowed: caller, or an online CPU of 0" "an offline CPU"
	echo 1 >$online
	run_point insn/nop@r0 cpu=1 samples=20
}

# Programs keep their FPU state while fpu rows change the registers.
check_user_fpu()
{
	sum='BEGIN { x = 0.5; for (i = 0; i < 200000; i++) x = x * 1.0000001 + i / 7; printf "%.17g", x }'
	alone=$(awk "$sum")
	awk "$sum" >"$W/sum" &
	for name in $(sed -n 's/^\(fpu[^\t]*\)\tavailable.*/\1/p' $T/experiments | head -n 12); do
		ask "$name samples=200"
	done
	wait
	is "$(cat "$W/sum")" "$alone" "a program's floating point is left alone"
}

check_loading()
{
	exec 5<$T/status
	rmmod tollgate 2>/dev/null
	is $? 1 "rmmod is refused while a file is open"
	exec 5<&-
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		rmmod tollgate || break
		insmod "$KO" || break
	done
	is "$(fact runs)" 0 "rmmod and insmod twenty times"
	rmmod tollgate
	is "$?:$(ls -d $T 2>/dev/null)" 0: "rmmod leaves nothing behind"
	is "$(dmesg | grep -E '\] (BUG|WARNING): |cut here|Oops|Call Trace|unchecked MSR')" "" \
		"the kernel did not complain"
}

main()
{
	insmod "$KO" || { echo "Bail out! insmod failed"; exit 1; }
	sed 's/^/# /' $T/status
	check_files
	if [ "$(fact refused)" = no ]; then
		check_bad_commands
		check_reading
		check_knobs
		check_points
		[ "$EXACT" -eq 1 ] && check_interrupts
		check_busy
		check_second_cpu
		check_user_fpu
	else
		refuses insn/nop@r0 "this CPU lacks RDTSCP *" "everything" "Operation not supported"
		refuses nonsense "*no experiment*" "a bad name comes first"
	fi
	check_loading
	echo "1..$nr"
	[ $failed -eq 0 ]
}

main
