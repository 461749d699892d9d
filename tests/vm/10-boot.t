#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# vm/boot.sh and vm/extract.sh: files come out whole or not at all, every way in
# which a guest fails is told apart, and nothing is left running.
# TAP for prove(1). TOLLGATE_TEST_KERNEL chooses the kernel (default 6.12).
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
vm=$here/../../vm
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$here/tap.sh"

kernel=${TOLLGATE_TEST_KERNEL:-6.12}
if ! image=$("$vm/fetch.sh" "$kernel" | sed -n 's/^image=//p') || [[ -z $image ]]; then
	echo "1..0 # SKIP no kernel $kernel"
	exit 0
fi
# Everything below puts its temporary files here, so what is left can be seen.
export TMPDIR=$scratch/tmp
mkdir "$TMPDIR"

boot() # JOB-TEXT OUT [options]... ; without icount: half the time, same paths
{
	printf '%s\n' "$1" >"$scratch/job"
	"$vm/boot.sh" --image "$image" --job "$scratch/job" --out "$2" --no-icount \
		--timeout 60 "${@:3}" 2>"$scratch/err"
}

leftovers() # -> names of what boot.sh did not clean up
{
	ls -A "$TMPDIR"
	find "$scratch" -maxdepth 1 -name '.*.part.*'
	# The emulator's command line has our folder in it. Not in a pipe: then
	# grep would find itself.
	grep -lsF "$TMPDIR/tollgate-vm" /proc/[0-9]*/cmdline
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
boot 'cp /in/random /out/random
	printf "a\r\nb\n\000\021\023\003\377" >/out/control
	: >/out/empty
	i=0; while [ $i -lt 200 ]; do echo "console noise $i"; i=$((i + 1)); done
	(while :; do echo more; done) &
	echo "<4>noise from the kernel" >/dev/kmsg
	exit 7' "$scratch/files" --file "$scratch/random:/in/random:0644" --icount
is $? 7 "the job's exit code is boot.sh's"
ok "a random MiB comes out as it was" cmp "$scratch/random" "$scratch/files/random"
ok "so do control characters" cmp <(printf 'a\r\nb\n\000\021\023\003\377') "$scratch/files/control"
ok "and an empty file" test -f "$scratch/files/empty" -a ! -s "$scratch/files/empty"
ok "the console's text is in console.log" grep -q "console noise 199" "$scratch/files/console.log"
ok "the kernel's log is in dmesg.log" grep -q "Linux version" "$scratch/files/dmesg.log"
is "$(leftovers)" "" "a good run leaves nothing behind"

boot 'mkdir /out/folder; kill -9 $$' "$scratch/died"
is $? 137 "a job that is killed says so"

### Ways to fail

boot 'echo going; echo kept >/out/report; while :; do :; done' "$scratch/hang" --timeout 5
is $? 5 "a job that hangs: exit 5"
like "$(<"$scratch/err")" "tollgate: guest: did not end within 5 s *" "its message"
ok "its console is kept" grep -q going "$scratch/hang/console.log"
is "$(ls "$scratch/hang")" console.log "and nothing else"

boot 'echo kept >/out/report; echo c >/proc/sysrq-trigger' "$scratch/panic"
is $? 5 "a panic: exit 5"
like "$(<"$scratch/err")" "tollgate: guest: kernel panic: sysrq triggered crash*" "its message"

boot 'echo kept >/out/report; echo "<4>WARNING: CPU: 0 PID: 1 at test.c" >/dev/kmsg' "$scratch/warning"
is $? 5 "a kernel warning: exit 5"
like "$(<"$scratch/err")" "*the kernel complained:*WARNING: CPU: 0*" "its message"
ok "its results are not kept" test ! -e "$scratch/warning/report"
ok "its kernel log is" test -s "$scratch/warning/dmesg.log"

boot 'echo kept >/out/report; echo "<4>WARNING: CPU: 0 PID: 1 at test.c" >/dev/kmsg' \
	"$scratch/allowed" --allow-warnings
is $? 0 "--allow-warnings lets it pass"
ok "with its results" grep -q kept "$scratch/allowed/report"

boot 'poweroff -f' "$scratch/noend"
is $? 5 "a guest that ends early: exit 5"
like "$(<"$scratch/err")" "*no TGEND*" "its message"

boot : "$scratch/badcpu" --qemu-cpu no-such-cpu
is $? 5 "QEMU refuses its options: exit 5"
like "$(<"$scratch/err")" "*QEMU ended with 1:*no-such-cpu*" "its message"

### Input

boot : "$scratch/files"
is $? 2 "a full output folder is not overwritten"
boot : "$scratch/new" --bogus
is $? 2 "an unknown option: exit 2"
boot : "$scratch/new" --smp many
is $? 2 "a number that is none: exit 2"
"$vm/fetch.sh" 99.9 2>"$scratch/err"
is $? 2 "an unknown kernel: exit 2"
like "$(<"$scratch/err")" "*99.9*6.*" "it says which there are"

# Everything but QEMU, as links.
mkdir "$scratch/bin"
for program in /usr/sbin/* /sbin/* /usr/bin/* /bin/*; do
	[[ ${program##*/} == qemu* ]] || ln -sf "$program" "$scratch/bin/"
done
PATH=$scratch/bin boot : "$scratch/new"
is $? 3 "no QEMU: exit 3"
like "$(<"$scratch/err")" "*qemu-system-x86 *" "it names the package"

### Signals. In every case nothing may stay: no process, no folder.

hang="$scratch/hang-job"
echo 'while :; do :; done' >"$hang"

interrupted() # SIGNAL group|script|group-of -> exit code in $code
{
	local leader

	# A session of its own, as a terminal gives one; a background job of a
	# script would ignore SIGINT.
	setsid env --default-signal=INT "$vm/boot.sh" --image "$image" --job "$hang" \
		--out "$scratch/signal" --no-icount --timeout 60 2>/dev/null &
	leader=$!
	sleep 1.2
	[[ -n $(leftovers) ]] || echo "# nothing was running"
	case $2 in
	group) kill "-$1" -- "-$leader" ;;
	script) kill "-$1" "$leader" ;;
	esac
	wait "$leader" 2>/dev/null
	code=$?
}

interrupted INT group
is "$code" 130 "SIGINT to the group: exit 130"
is "$(leftovers)" "" "... and nothing is left"
interrupted TERM script
is "$code" 130 "SIGTERM to the script: exit 130"
is "$(leftovers)" "" "... and nothing is left"
interrupted KILL script
ok "SIGKILL of the script: nothing is left after 3 s" none_left_within 3
interrupted KILL group
ok "SIGKILL of the group: nothing is left after 3 s" none_left_within 3
ok "none of them left results" test ! -e "$scratch/signal"

### vm/extract.sh alone

sum=$(printf abc | sha256sum)
sum=${sum%% *}
whole="TGFILE x 3 $sum"$'\n'"abc"

extract() # STREAM ; the stream has printf's escapes
{
	rm -rf "$scratch/extract"
	mkdir -p "$scratch/extract/in"
	printf '%b' "$1" >"$scratch/stream"
	"$vm/extract.sh" "$scratch/stream" "$scratch/extract/in" 2>"$scratch/err"
}

refused() # NAME STREAM MESSAGE
{
	extract "$2" >/dev/null
	is $? 5 "extract refuses $1"
	like "$(<"$scratch/err")" "*$3*" "... and says why"
}

is "$(extract "${whole}TGEND 0\n")" 0 "extract prints the job's exit code"
is "$(<"$scratch/extract/in/x")" abc "and makes the file"
refused "an empty stream" "" "no TGEND"
refused "a missing TGEND" "$whole" "no TGEND"
refused "a truncated file" "TGFILE x 3 $sum\nab" "x has 2 bytes of 3"
refused "another sum" "TGFILE x 3 ${sum/[0-9]/f}\nabcTGEND 0\n" "another sha256"
refused "a name with a slash" "TGFILE a/x 3 $sum\nabcTGEND 0\n" "malformed"
refused "a name that is .." "TGFILE .. 3 $sum\nabcTGEND 0\n" "malformed"
refused "a name that climbs" "TGFILE ../x 3 $sum\nabcTGEND 0\n" "malformed"
refused "the same name twice" "$whole${whole}TGEND 0\n" "twice"
refused "a length that is none" "TGFILE x -3 $sum\nabcTGEND 0\n" "malformed"
refused "lost bytes before a header" "junk\n${whole}TGEND 0\n" "malformed"
refused "an exit code that is none" "${whole}TGEND\n" "malformed"
refused "bytes after the end" "${whole}TGEND 0\nmore" "bytes follow"
refused "a header with a NUL" "TGFILE x\0000 3 $sum\nabcTGEND 0\n" "malformed"
ok "no file was made outside the folder" test "$(ls -A "$scratch/extract")" = in

finish
