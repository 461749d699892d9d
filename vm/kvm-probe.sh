#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Is ring 0 under /dev/kvm the silicon's own? A hypervisor below us may run it in
# an emulator, and cycles measured there would be its cycles.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

limit=20
work="" child="" line=""

usage()
{
	cat <<-'EOF'
	usage: vm/kvm-probe.sh [--limit S] [--fresh] [--no-keep] [--accel kvm|tcg]
	       vm/kvm-probe.sh --judge <TIMES

	Prints one line, a word and what it rests on:
	  native    KVM runs ring 0 natively: cycles measured there are the CPU's
	  emulated  something emulates it
	  slow      no end within the limit (default 20 s): emulated, and crawling
	  absent    no /dev/kvm, or QEMU cannot use it
	  denied    no right to use /dev/kvm
	The numbers: core cycles of CLI, STI, SWAPGS, MOV to CR2 and CR8 (below 200 is
	native) and IRETQ (below 700), by this machine's own ring-3 IMUL chain; then what
	an IMUL, a call with its return and an indirect jump take in that ring 0, as a
	multiple of ring 3's ("x", at most 2). The answer is kept until the machine or
	QEMU is started anew, in CACHE/kvm-probe; --fresh asks again, --no-keep keeps none.

	  --accel tcg  probe QEMU's emulator instead (nothing is kept)
	  --judge      read "NAME TICKS COPIES" lines and "end", print the line

	Exits with 0 whatever the answer; 2 bad input.
	EOF
}

# The verdict, a pure function of the times: lines "name ticks copies" of the ROM's
# bodies and, with a 3 behind the name, of the same chains in ring 3; "end" when all
# came. TICKS are TSC ticks of COPIES bodies, the least of several lines counts.
# The limits: no CPU with these instructions takes as long for one, no exit to a
# hypervisor is as short, and indirect branches are what a translator is worst at.
judge() # LIMIT-IN-SECONDS, lines on stdin -> the line
{
	awk -v limit="$1" '
	function add(text) { line = line (line == "" ? "" : " ") text }
	function beyond(name) { over = over (over == "" ? "" : " ") name }
	$1 == "end" { ended = 1; next }
	function show(x) { return sprintf(x < 99.5 ? "%.2g" : "%.0f", x) }
	NF == 3 && $2 ~ /^[0-9]+$/ && $3 ~ /^[1-9][0-9]*$/ {
		ticks = $2 / $3
		if (!($1 in per) || ticks < per[$1])
			per[$1] = ticks
	}
	END {
		n = split("cli sti swapgs cr2 cr8 iretq", bodies)
		m = split("imul ret jump", chains)
		if (!(per["imul3"] > 0) || !(per["ret3"] > 0) || !(per["jump3"] > 0)) {
			print "absent (ring 3 could not be timed)"
			exit
		}
		cycle = per["imul3"] / 3
		for (i = 1; i <= n; i++) {
			name = bodies[i]
			if (!(name in per)) {
				missing = 1
				continue
			}
			cycles = per[name] / cycle
			add(name "=" show(cycles))
			if (cycles >= (name == "iretq" ? 700 : 200))
				beyond(name)
		}
		for (i = 1; i <= m; i++) {
			name = chains[i]
			if (!(name in per)) {
				missing = 1
				continue
			}
			times = per[name] / per[name "3"]
			add(name "=" show(times) "x")
			if (times > 2)
				beyond(name)
		}
		if (!ended || missing)
			print "slow" (line == "" ? "" : " " line) " (no end within " limit " s)"
		else if (over != "")
			print "emulated " line " (beyond the limit: " over ")"
		else
			print "native " line
	}'
}

answer() # the line that ends it all
{
	echo "$*"
	exit 0
}

# -> work/rom.bin, work/ring3
build_probe()
{
	local probe=$vm/probe
	local flags=(-std=gnu11 -Wall -Wextra -Werror -O2)
	local rom=(-DTG_PROBE_RING0 -m64 -ffreestanding -fno-pic -no-pie -static -nostdlib
		-mno-red-zone -mgeneral-regs-only -fno-stack-protector -fcf-protection=none
		-fno-asynchronous-unwind-tables -Xlinker --build-id=none -T "$probe/rom.lds")

	gcc "${flags[@]}" "${rom[@]}" -o "$work/rom.elf" \
		"$probe/rom.S" "$probe/rom.c" "$probe/chains.S" &&
		objcopy -O binary "$work/rom.elf" "$work/rom.bin" &&
		gcc "${flags[@]}" -o "$work/ring3" "$probe/host.c" "$probe/chains.S"
}

# The default CPU model: what is probed is in all of them, and a hypervisor may
# be unable to do "host".
run_rom() # ACCEL -> status of timeout(1); what the ROM said: work/said
{
	local status=0

	timeout -k 2 "$limit" qemu-system-x86_64 -nodefaults -no-user-config -no-reboot \
		-display none -monitor none -net none -machine "pc,accel=$1,hpet=off" -m 16 \
		-bios "$work/rom.bin" -debugcon "file:$work/said" \
		-device isa-debug-exit,iobase=0xf4,iosize=1 </dev/null >"$work/qemu.log" 2>&1 &
	child=$!
	wait "$child" 2>/dev/null || status=$?
	child=""
	return "$status"
}

cleanup()
{
	trap '' INT TERM HUP
	if [[ -n $child ]]; then
		kill -TERM "$child" 2>/dev/null || true
		wait "$child" 2>/dev/null || true
	fi
	[[ -z $work ]] || rm -rf "$work"
}

probe() # ACCEL -> $line
{
	local status=0

	work=$(mktemp -d "${TMPDIR:-/tmp}/tollgate-probe.XXXXXX") || die $EXIT_IO "cannot write in ${TMPDIR:-/tmp}"
	trap cleanup EXIT
	trap 'exit $EXIT_INTERRUPTED' INT TERM HUP
	build_probe 2>"$work/build.log" ||
		answer "absent (the probe does not build: $(head -n 1 "$work/build.log"))"
	"$work/ring3" >"$work/times"
	: >"$work/said"
	run_rom "$1" || status=$?
	# Twice, as a neighbour may have been busy.
	"$work/ring3" >>"$work/times"
	cat "$work/said" >>"$work/times"
	# 1 is isa-debug-exit's, after "end"; 124 and 137 are timeout's
	if [[ $status -ne 124 && $status -ne 137 ]] && ! { [[ $status -eq 1 ]] && grep -q '^end' "$work/said"; }; then
		answer "absent (QEMU with $1 ended with $status: $(grep -v warning: "$work/qemu.log" | tail -n 1 | cut -c 1-120))"
	fi
	line=$(judge "$limit" <"$work/times")
}

# Until the next boot, another QEMU or another probe: what is kept holds for them.
key()
{
	{
		cat /proc/sys/kernel/random/boot_id
		qemu-system-x86_64 --version
		cat "$vm/kvm-probe.sh" "$vm"/probe/*
	} 2>/dev/null | sha256sum | cut -c 1-32
}

main()
{
	local accel=kvm fresh=0 keep=1 kept=$cache/kvm-probe was now

	while [[ $# -gt 0 ]]; do
		case $1 in
		-h | --help) usage; exit 0 ;;
		--fresh) fresh=1 ;;
		--no-keep) keep=0 ;;
		--judge)
			judge "$limit"
			exit 0
			;;
		--limit | --accel)
			[[ $# -ge 2 ]] || die $EXIT_INPUT "kvm-probe: $1 needs a value"
			[[ $1 != --limit ]] || limit=$2
			[[ $1 != --accel ]] || accel=$2
			shift
			;;
		*) die $EXIT_INPUT "kvm-probe: unknown word '$1' (--limit S, --fresh, --no-keep, --accel, --judge)" ;;
		esac
		shift
	done
	[[ $limit =~ ^[1-9][0-9]{0,3}$ ]] || die $EXIT_INPUT "kvm-probe: --limit '$limit' is not allowed; allowed: 1 to 9999 (seconds)"
	[[ $accel == kvm || $accel == tcg ]] || die $EXIT_INPUT "kvm-probe: --accel '$accel' is not allowed; allowed: kvm tcg"

	if [[ $accel == kvm ]]; then
		[[ -e /dev/kvm ]] || answer "absent (this machine has no /dev/kvm)"
		[[ -r /dev/kvm && -w /dev/kvm ]] ||
			answer "denied (no right to use /dev/kvm: run as root, or join the group that owns it: $(stat -c %G /dev/kvm))"
	fi
	for program in qemu-system-x86_64 gcc objcopy; do
		command -v "$program" >/dev/null || answer "absent (the probe needs $program, which is not here)"
	done
	now=$(key)
	if [[ $accel == kvm && $fresh -eq 0 && -r $kept ]] && read -r was line <"$kept" &&
		[[ $was == "$now" ]]; then
		answer "$line"
	fi
	probe "$accel"
	# Nothing that may be put right without a reboot is kept.
	if [[ $accel == kvm && $keep -eq 1 && $line != absent* ]] && mkdir -p "$cache" 2>/dev/null; then
		{ echo "$now $line" >"$kept.$$" && mv "$kept.$$" "$kept"; } 2>/dev/null || rm -f "$kept.$$"
	fi
	answer "$line"
}

main "$@"
