#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# vm/boot.sh and vm/extract.sh: files come out whole or not at all, every way in
# which a guest fails is told apart, and nothing is left running.
# TAP for prove(1). TOLLGATE_TEST_KERNEL chooses the kernel (default 6.12).
set -uo pipefail
cd "$(dirname -- "$0")/../.." || exit 1
# shellcheck source=tests/tap.sh
. tests/tap.sh
vm=$PWD/vm

kernel=${TOLLGATE_TEST_KERNEL:-6.12}
image=$("$vm/fetch.sh" "$kernel" | sed -n 's/^image=//p') || exit 1
# Everything below puts its temporary files here, so what is left can be seen.
export TMPDIR=$scratch/tmp
mkdir "$TMPDIR"

boot() # JOB-TEXT OUT [options]... ; without icount: half the time, same paths
{
	printf '%s\n' "$1" >"$scratch/job"
	"$vm/boot.sh" --image "$image" --job "$scratch/job" --out "$2" --no-icount \
		--timeout 60 "${@:3}"
}

leftovers() # -> names of what boot.sh did not clean up
{
	ls -A "$TMPDIR"
	find "$scratch" -maxdepth 1 -name '.*.part.*'
	# The emulator's command line has our folder in it; grep's own, so written,
	# has not.
	grep -ls "$TMPDIR/tollgate[-]vm" /proc/[0-9]*/cmdline
}

none_left_within() # SECONDS
{
	local tries=$(($1 * 10))

	while [[ -n $(leftovers) ]]; do
		[[ $((tries--)) -gt 0 ]] || return 1
		sleep 0.1
	done
}

### Files and exit codes

head -c 1048576 /dev/urandom >"$scratch/random"
# shellcheck disable=SC2016 # the guest's own $
boot 'cp /in/random /out/random
	printf "a\r\nb\n\000\021\023\003\377" >/out/control
	: >/out/empty
	i=0; while [ $i -lt 200 ]; do echo "console noise $i"; i=$((i + 1)); done
	(while :; do echo more; done) &
	echo "<4>noise from the kernel" >/dev/kmsg
	exit 7' "$scratch/files" --file "$scratch/random:/in/random:0644" --icount
is "the job's exit code is boot.sh's" $? 7
ok "a random MiB comes out as it was" cmp "$scratch/random" "$scratch/files/random"
ok "so do control characters" cmp <(printf 'a\r\nb\n\000\021\023\003\377') "$scratch/files/control"
ok "so does an empty file" test -f "$scratch/files/empty" -a ! -s "$scratch/files/empty"
ok "the console's text is in console.log" grep -q "console noise 199" "$scratch/files/console.log"
ok "the kernel's log is in dmesg.log" grep -q "Linux version" "$scratch/files/dmesg.log"
is "a good run leaves nothing behind" "$(leftovers)" ""

# shellcheck disable=SC2016
boot 'cd /sys/devices/system/node && cat online has_memory node*/cpulist >/out/nodes' \
	"$scratch/nodes" --smp 4 --numa 2
is "--numa splits CPUs and memory" "$(tr '\n' ' ' <"$scratch/nodes/nodes")" "0-1 0-1 0-1 2-3 "

# shellcheck disable=SC2016
boot 'mkdir /out/folder; kill -9 $$' "$scratch/died"
is "a job that is killed says so" $? 137
ok "a folder in /out is named on the console" grep -q "cannot hand over /out/folder" "$scratch/died/console.log"

### Ways to fail

refuses "a job that hangs" 5 '^tollgate: guest: did not end within 15 s' \
	boot 'echo going; echo kept >/out/report; while :; do :; done' "$scratch/hang" --timeout 15
ok "a hang keeps its console" grep -q going "$scratch/hang/console.log"
is "a hang keeps only logs" "$(cd "$scratch/hang" && echo *)" "console.log qemu.log"

refuses "a panic" 5 '^tollgate: guest: kernel panic: sysrq triggered crash' \
	boot 'echo kept >/out/report; echo c >/proc/sysrq-trigger' "$scratch/panic"

complain='echo kept >/out/report; echo "<4>WARNING: CPU: 0 PID: 1 at test.c" >/dev/kmsg'
refuses "a kernel warning" 5 'the kernel complained:.*WARNING: CPU: 0' boot "$complain" "$scratch/warning"
ok "a warning's results are not kept" test ! -e "$scratch/warning/report"
ok "a warning's kernel log is kept" test -s "$scratch/warning/dmesg.log"
ok "--allow-warnings lets a warning pass" boot "$complain" "$scratch/allowed" --allow-warnings
ok "... with its results" grep -q kept "$scratch/allowed/report"

refuses "a guest that ends early" 5 'no TGEND' boot 'poweroff -f' "$scratch/noend"
refuses "options that QEMU refuses" 5 'QEMU ended with 1:.*no-such-cpu' \
	boot : "$scratch/badcpu" --qemu-cpu no-such-cpu

### Input

refuses "a full output folder" 2 "$scratch/files is there and not empty" boot : "$scratch/files"
refuses "an unknown option" 2 "unknown option --bogus" boot : "$scratch/new" --bogus
refuses "a number that is none" 2 "not a number: many" boot : "$scratch/new" --smp many
refuses "CPUs that do not split into nodes" 2 "--smp 3 and --mem 512 do not split evenly into --numa 2" \
	boot : "$scratch/new" --smp 3 --numa 2
refuses "memory that does not split into nodes" 2 "--smp 2 and --mem 511 do not split" \
	boot : "$scratch/new" --smp 2 --numa 2 --mem 511
refuses "a number of nodes that is none" 2 "not a number: 0" boot : "$scratch/new" --numa 0
refuses "a file that is not there" 2 "cannot read /nowhere" boot : "$scratch/new" --file /nowhere
TOLLGATE_NO_INSTALL=1 refuses "an unknown kernel, naming those there are" 2 "no kernel '99.9-cloud'.* 6\.[0-9]+" \
	"$vm/fetch.sh" 99.9
refuses "a kernel name that is none" 2 "6.1 or 6.12" "$vm/fetch.sh" ../../etc

# Everything but QEMU, as links.
mkdir "$scratch/bin"
for program in /usr/sbin/* /sbin/* /usr/bin/* /bin/*; do
	[[ ${program##*/} == qemu* ]] || ln -sf "$program" "$scratch/bin/"
done
without_qemu()
{
	PATH=$scratch/bin boot "$@"
}
refuses "a machine without QEMU" 3 "install the package qemu-system-x86 " without_qemu : "$scratch/new"
is "no refusal leaves anything behind" "$(leftovers)" ""
ok "no refusal makes the output folder" test ! -e "$scratch/new"

### Signals. In every case nothing may stay: no process, no folder.

hang="$scratch/hang-job"
echo 'while :; do :; done' >"$hang"

emulating()
{
	grep -qszx -- "file,id=console,path=$TMPDIR/tollgate[-]vm.*" /proc/[0-9]*/cmdline
}

packing()
{
	find "$TMPDIR" -name busybox 2>/dev/null | grep -q .
}

interrupted() # SIGNAL group|script [COMMAND: when it succeeds] -> exit code in $code
{
	local leader i when=${3:-emulating}

	# A session of its own, as a terminal gives one; a background job of a
	# script would ignore SIGINT.
	setsid env --default-signal=INT "$vm/boot.sh" --image "$image" --job "$hang" \
		--out "$scratch/signal" --no-icount --timeout 60 2>/dev/null &
	leader=$!
	for ((i = 0; i < 3000; i++)); do
		"$when" && break
		sleep 0.01
	done
	((i < 3000)) || echo "# it was never $when"
	case $2 in
	group) kill "-$1" -- "-$leader" ;;
	script) kill "-$1" "$leader" ;;
	esac
	wait "$leader" 2>/dev/null
	code=$?
}

interrupted INT group
is "SIGINT to the group: exit 130" "$code" 130
is "SIGINT leaves nothing" "$(leftovers)" ""
interrupted TERM script
is "SIGTERM to the script: exit 130" "$code" 130
is "SIGTERM leaves nothing" "$(leftovers)" ""
interrupted KILL script
ok "SIGKILL of the script leaves nothing" none_left_within 30
interrupted KILL group
ok "SIGKILL of the group leaves nothing" none_left_within 30
for who in script group; do
	interrupted KILL $who packing
	ok "SIGKILL of the $who while it packs leaves nothing" none_left_within 30
done
ok "no signal left results" test ! -e "$scratch/signal"

### vm/extract.sh alone

sum=$(printf abc | sha256sum)
sum=${sum%% *}
whole="TGFILE x 3 $sum\nabc"

extract() # STREAM, with printf's escapes
{
	rm -rf "$scratch/extract"
	mkdir -p "$scratch/extract/in"
	printf '%b' "$1" >"$scratch/stream"
	"$vm/extract.sh" "$scratch/stream" "$scratch/extract/in"
}

lost() # NAME STREAM MESSAGE
{
	refuses "extract: $1" 5 "$3" extract "$2"
	is "extract: $1: nothing outside the folder" "$(ls -A "$scratch/extract")" in
}

is "extract prints the job's exit code" "$(extract "${whole}TGEND 0\n")" 0
is "extract makes the file" "$(<"$scratch/extract/in/x")" abc
lost "an empty stream" "" "no TGEND"
lost "a missing TGEND" "$whole" "no TGEND"
lost "a truncated TGEND" "${whole}TGEND 0" "no TGEND"
lost "a truncated file" "TGFILE x 3 $sum\nab" "x has 2 bytes of 3"
lost "another sum" "TGFILE x 3 ${sum/[0-9]/f}\nabcTGEND 0\n" "another sha256"
lost "a name with a slash" "TGFILE a/x 3 $sum\nabcTGEND 0\n" "malformed"
lost "a name that is .." "TGFILE .. 3 $sum\nabcTGEND 0\n" "malformed"
lost "a name that climbs" "TGFILE ../x 3 $sum\nabcTGEND 0\n" "malformed"
lost "the same name twice" "$whole${whole}TGEND 0\n" "twice"
lost "a length that is none" "TGFILE x -3 $sum\nabcTGEND 0\n" "malformed"
lost "lost bytes before a header" "junk\n${whole}TGEND 0\n" "malformed"
lost "a line without end" "$(printf '%0600d' 0)" "malformed"
lost "an exit code that is none" "${whole}TGEND\n" "malformed"
lost "bytes after the end" "${whole}TGEND 0\nmore" "bytes follow"

done_testing
