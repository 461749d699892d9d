#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Boot a kernel in QEMU, run a job in it, bring out the files it left in /out.
# Whatever happens, no emulator stays behind and DIR is whole or not there.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage()
{
	cat <<-'EOF'
	usage: vm/boot.sh --image VMLINUZ --job JOBFILE --out DIR [options] [-- qemu options]
	       vm/boot.sh --try [options] [-- qemu options]

	  --image FILE       the kernel (vm/fetch.sh prints one)
	  --job FILE         shell script that busybox runs as /job
	  --out DIR          new or empty; gets the files of the guest's /out, dmesg.log
	                     and console.log. After a failure only logs.
	  --file SRC[:DEST[:MODE]]  a file for the guest; vm/host-run.sh is always there
	  --qemu-cpu MODEL   default max (tcg), host (kvm)
	  --accel tcg|kvm    default tcg
	  --icount, --no-icount  count instructions, one a nanosecond (default with tcg)
	  --append WORDS     more words for the kernel's command line; nolapic_timer
	                     saves 2 s under --icount, spent in calibrating that timer
	  --smp N, --mem MIB, --timeout S  default 1; 512 or 256 a node; 120
	  --numa N           nodes, with CPUs and memory split evenly (default 1)
	  --qmp SOCKET       let another program talk to QEMU
	  --try              boot nothing: ask QEMU whether it takes these options
	  --allow-warnings   a kernel warning is no failure

	Exits with the job's code, or 2 bad input, 3 no QEMU, 5 guest failed (hang,
	panic, warning, lost files), 6 I/O, 130 interrupted.
	EOF
}

image="" job="" out="" cpu="" accel=tcg icount="" append="" smp=1 numa=1 mem=""
readonly default_mem=512
limit=120 qmp="" warnings=0 try=0 files=() extra=() hardware=()
work="" part="" pid=""

# What a kernel says when something is wrong in it. Messages begin a line or
# follow the time stamp: mitigations print "... : WARNING: ..." on a sound boot.
# A program's own fault ("traps: x[1] general protection fault ip:") is none.
trouble='(^|\] )(BUG|WARNING): |\[ cut here \]|Oops: |\[#[0-9]+\]'
trouble+='|general protection fault(,|: [0-9a-f]{4} )|unable to handle'
trouble+='|RCU stall|rcu.*(detected|self-detected) |Call Trace:'

# What it says when memory is short; an initramfs of ours is never broken.
starved='Out of memory: Killed|deadlocked on memory|page allocation failure'
starved+='|Initramfs unpacking failed|panic.*: Out of memory'

options()
{
	while [[ $# -gt 0 ]]; do
		case $1 in
		-h | --help) usage; exit 0 ;;
		--icount) icount=1 ;;
		--no-icount) icount=0 ;;
		--allow-warnings) warnings=1 ;;
		--try) try=1 ;;
		--)
			shift
			extra=("$@")
			return
			;;
		--image | --job | --out | --file | --qemu-cpu | --accel | --append | --smp | --numa | --mem | --timeout | --qmp)
			[[ $# -ge 2 ]] || die $EXIT_INPUT "boot: $1 needs a value"
			value "$1" "$2"
			shift
			;;
		*) die $EXIT_INPUT "boot: unknown option $1" ;;
		esac
		shift
	done
}

value() # OPTION VALUE
{
	case $1 in
	--image) image=$2 ;;
	--job) job=$2 ;;
	--out) out=${2%/} ;;
	--file) files+=("$2") ;;
	--qemu-cpu) cpu=$2 ;;
	--accel) accel=$2 ;;
	--append) append+=" $2" ;;
	--smp) smp=$2 ;;
	--numa) numa=$2 ;;
	--mem) mem=$2 ;;
	--timeout) limit=$2 ;;
	--qmp) qmp=$2 ;;
	esac
}

check_files()
{
	[[ -n $image && -n $job && -n $out ]] || die $EXIT_INPUT "boot: needs --image, --job and --out"
	[[ -r $image && -f $image ]] || die $EXIT_INPUT "cannot read the kernel $image"
	[[ -r $job && -f $job ]] || die $EXIT_INPUT "cannot read the job $job"
	if [[ -e $out ]]; then
		[[ -d $out && -z $(ls -A "$out") ]] || die $EXIT_INPUT "--out $out is there and not empty"
	fi
}

# A socket a node: Linux warns of caches that two nodes share.
machine_words() # -> QEMU's words for CPUs and memory, one a line
{
	local node each=$((smp / numa)) size=$((mem / numa))

	printf '%s\n' -m "$mem" -smp
	if [[ $numa -eq 1 ]]; then
		echo "$smp"
		return
	fi
	echo "$smp,sockets=$numa"
	for ((node = 0; node < numa; node++)); do
		printf '%s\n' -object "memory-backend-ram,id=node$node,size=${size}M" -numa \
			"node,nodeid=$node,memdev=node$node,cpus=$((node * each))-$((node * each + each - 1))"
	done
}

check_options()
{
	local number

	[[ $try -eq 1 ]] || check_files
	for number in "$smp" "$numa" "${mem:-512}" "$limit"; do
		[[ $number =~ ^[1-9][0-9]{0,6}$ ]] || die $EXIT_INPUT "boot: not a number: $number"
	done
	mem=${mem:-$((numa > 2 ? 256 * numa : default_mem))}
	[[ $((smp % numa)) -eq 0 && $((mem % numa)) -eq 0 ]] ||
		die $EXIT_INPUT "boot: --smp $smp and --mem $mem do not split evenly into --numa $numa nodes"
	case $accel in
	tcg) icount=${icount:-1} cpu=${cpu:-max} ;;
	kvm)
		[[ $icount != 1 ]] || die $EXIT_INPUT "boot: --icount needs --accel tcg"
		[[ -e /dev/kvm ]] ||
			die $EXIT_NOTHING "--accel kvm: no /dev/kvm: modprobe kvm_intel or kvm_amd, or --accel tcg"
		[[ -r /dev/kvm && -w /dev/kvm ]] ||
			die $EXIT_REFUSED "--accel kvm: no right to use /dev/kvm: usermod -aG kvm $(id -un) and log in again, or --accel tcg"
		icount=0 cpu=${cpu:-host}
		;;
	*) die $EXIT_INPUT "boot: --accel is tcg or kvm, not $accel" ;;
	esac
	need qemu-system-x86_64 qemu-system-x86
	# -cpu help would print a list and end well
	[[ $cpu =~ ^[A-Za-z0-9][A-Za-z0-9._,+=-]*$ && $cpu != help ]] ||
		die $EXIT_INPUT "--qemu-cpu '$cpu' is not allowed; allowed: MODEL[,+flag][,-flag][,name=value], as of qemu-system-x86_64 -cpu help"
	hardware=(-nodefaults -no-user-config -display none -no-reboot -net none
		-machine "pc,hpet=off" -cpu "$cpu")
	# QEMU before 8.1 with a thread a CPU may run text that another CPU has just patched
	hardware+=(-accel "$accel$([[ $accel != tcg ]] || echo ,thread=single)")
	mapfile -t -O ${#hardware[@]} hardware < <(machine_words)
	[[ $icount -eq 0 ]] || hardware+=(-icount "shift=0,sleep=off")
}

# QEMU with the machine that these options describe, ended before it runs.
try_options()
{
	local said status=0

	said=$(timeout -k 5 60 qemu-system-x86_64 "${hardware[@]}" -S -monitor stdio "${extra[@]}" \
		2>&1 >/dev/null <<<quit) || status=$?
	[[ $status -ne 0 ]] || return 0
	said=$(grep -v 'warning:' <<<"$said" | tail -n 1) || true
	said=${said#qemu-system-x86_64: }
	case $said in
	*"CPU model"* | *-x86_64-cpu*)
		die $EXIT_INPUT "--qemu-cpu '$cpu' is not allowed: $said (allowed: what qemu-system-x86_64 -cpu help lists)" ;;
	esac
	die $EXIT_INPUT "QEMU refuses the machine (accel $accel, cpu $cpu, smp $smp, numa $numa, mem $mem): ${said:-exit $status}"
}

prepare()
{
	local parent

	parent=$(dirname -- "$out")
	mkdir -p "$parent" || die $EXIT_IO "cannot write $parent"
	part=$(cd "$parent" && pwd)/.${out##*/}.part.$$
	work=$(mktemp -d "${TMPDIR:-/tmp}/tollgate-vm.XXXXXX") || die $EXIT_IO "cannot write in ${TMPDIR:-/tmp}"
	trap cleanup EXIT
	trap 'exit $EXIT_INTERRUPTED' INT TERM HUP
	# In a session of its own: what kills our group must leave it alive.
	exec {guard}> >(exec setsid "$vm/guard.sh" "$work" "$part" >/dev/null 2>&1)
	guard_pid=$!

	mkdir "$part" || die $EXIT_IO "cannot write in $parent"
	# Its temporary files in ours: a SIGKILL of both leaves them to the guard.
	TMPDIR=$work "$vm/initramfs.sh" "$work/initramfs" "$job:/job" "$vm/host-run.sh" "${files[@]}"
}

cleanup()
{
	trap '' INT TERM HUP
	if [[ -n $pid ]]; then
		kill -TERM "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	fi
	rm -rf "$work" "$part"
	if [[ -n ${guard_pid:-} ]]; then
		echo "done" >&"$guard"
		wait "$guard_pid" || true
	fi
}

kvm_error() # -> what KVM said of a guest that it cannot go on with
{
	grep -aE 'KVM internal error|emulation failure' "$work/qemu.log" | tr '\n' ' '
}

# KVM stops such a guest where it is, and QEMU stays: nothing to wait for.
watch_kvm() # PID
{
	exec {guard}>&-
	while kill -0 "$1" 2>/dev/null; do
		sleep 1
		! kvm_error >/dev/null 2>&1 || kill -TERM "$1"
	done
}

# Nothing here depends on the host's time, randomness or addresses, as far as
# QEMU allows. nokaslr and seed: addresses and random numbers shift counts.
# no_timer_check, hpet=off, tsc=reliable: each spares a slow probe (0.2 to 0.5 s).
# loglevel=5: warnings and worse; a slow serial line takes the rest from dmesg.
# sleep=off: when all CPUs idle, time jumps to the next timer.
run_qemu() # -> status of timeout(1)
{
	local words="console=ttyS0 loglevel=5 panic=-1 oops=panic nokaslr no_timer_check tsc=reliable$append"
	local command=(qemu-system-x86_64 "${hardware[@]}" -monitor none
		-rtc "base=2020-01-01,clock=vm" -seed 1
		-kernel "$image" -initrd "$work/initramfs" -append "$words"
		-chardev "file,id=console,path=${work//,/,,}/console" -serial chardev:console
		-chardev "file,id=files,path=${work//,/,,}/files" -serial chardev:files)
	local status=0

	[[ -z $qmp ]] || command+=(-qmp "unix:$qmp,server=on,wait=off")
	progress "booting ${image##*/} (at most $limit s)"
	(
		# Told before it runs, so that no emulator is ever unguarded.
		echo "pid $BASHPID" >&"$guard"
		exec {guard}>&-
		exec timeout -k 5 "$limit" "${command[@]}" "${extra[@]}" </dev/null >"$work/qemu.log" 2>&1
	) &
	pid=$!
	[[ $accel != kvm ]] || watch_kvm "$pid" &
	wait "$pid" 2>/dev/null || status=$?
	pid=""
	return "$status"
}

publish()
{
	tr -d '\r' 2>/dev/null <"$work/console" >"$part/console.log" || true
	[[ ! -s $work/qemu.log ]] || cp "$work/qemu.log" "$part/qemu.log"
	mv -T "$part" "$out" || die $EXIT_IO "cannot write $out"
}

# Results of a guest that failed are not kept: nobody shall compare them.
fail() # MESSAGE
{
	find "$part" -type f ! -name dmesg.log -delete
	publish
	die $EXIT_GUEST "guest: $* (console: $out/console.log)"
}

said() # PATTERN -> first line with it, from the console or the kernel's log
{
	# Absent is a log that the guest did not get as far as sending.
	{ cat "$work/console" "$part/dmesg.log" 2>/dev/null || true; } |
		tr -d '\r' | grep -aE "$1" | sed -n 1p
}

main()
{
	local status=0 rc line

	options "$@"
	check_options
	if [[ $try -eq 1 ]]; then
		try_options
		return
	fi
	prepare
	run_qemu || status=$?

	if [[ $warnings -eq 0 ]] && [[ -n $(said "$starved") ]]; then
		fail "out of memory: --mem $mem (MiB) is too little; the default is $default_mem"
	elif grep -qs "Cannot allocate memory" "$work/qemu.log"; then
		fail "this machine has not the memory for a guest of $mem MiB: free some, or a smaller --mem"
	elif line=$(said 'Kernel panic'); then
		fail "kernel panic: ${line#*not syncing: }"
	elif line=$(kvm_error); then
		fail "KVM cannot run it: ${line% }"
	elif [[ $status -eq 124 || $status -eq 137 ]]; then
		fail "did not end within $limit s"
	elif [[ $status -eq 0 && ! -s $work/console ]]; then
		fail "the kernel ended without a word; out of memory? --mem is $mem (MiB), the default $default_mem"
	elif [[ $status -ne 0 ]]; then
		fail "QEMU ended with $status: $(tail -n 1 "$work/qemu.log")"
	fi
	rc=$("$vm/extract.sh" "$work/files" "$part" 2>"$work/why") || {
		[[ $? -ne $EXIT_IO ]] || die $EXIT_IO "cannot write $out"
		fail "$(sed 's/^tollgate: guest: //' "$work/why")"
	}
	if [[ $warnings -eq 0 ]] && line=$(said "$trouble"); then
		fail "the kernel complained: $line"
	fi
	publish
	return "$rc"
}

main "$@"
