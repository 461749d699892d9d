#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The harness's commands: bad input and faults. Each gives one line that names
# the thing, the documented exit code, and leaves nothing behind.
set -u
cd "$(dirname -- "$0")/.." || exit 1
. tests/tap.sh

tollgate=bench/tollgate
quick=(--rounds 1 --samples 50)

# Before and after: no refused command may leave a file anywhere it could.
tree_state()
{
	find results/local "$TMPDIR" "$scratch/a:b" 2>/dev/null | sort
}
export TMPDIR=$scratch/tmp
mkdir "$TMPDIR" "$scratch/a:b"
before=$(tree_state)

is "no command: exit code" "$($tollgate >/dev/null 2>&1; echo $?)" 2
like "no command: says what there is" '^Usage: tollgate COMMAND' "$($tollgate 2>&1)"
refuses "unknown command" 2 "no command 'rum'; allowed: list run report compare model claims doctor" $tollgate rum
refuses "unknown experiment" 2 "'irq/clii' is no experiment" $tollgate run irq/clii
refuses "unknown experiment with a ring" 2 "'x/y' is no experiment" $tollgate run x/y@r3
refuses "glob without a match" 2 "no experiment matches 'nope\*'" $tollgate run 'nope*'
refuses "unknown axis value" 2 "'sze' is no value of fpu/xsave; allowed: x87 sse avx" \
	$tollgate run fpu/xsave:sze
refuses "axis value twice" 2 "a second value of axis comp" $tollgate run fpu/xsave:sse:avx@r3
refuses "value where there is no axis" 2 "'fast' is no value of insn/nop; allowed: none" \
	$tollgate run insn/nop:fast
refuses "unknown ring" 2 "@r7" $tollgate run insn/nop@r7
refuses "a ring the row lacks" 2 "allowed: @r0" $tollgate run irq/cli@r3
refuses "ring 0 in lane user" 2 "ring 0 only: use --lane vm" $tollgate run 'irq/cli@r0'
refuses "unknown lane" 2 "--lane 'moon' is not allowed; allowed: user host vm" \
	$tollgate run --lane moon
refuses "empty output directory" 2 "-o '' is not allowed" $tollgate run "${quick[@]}" -o '' insn/nop
for bad in 0 -1 1001 x 5x '' 99999999999999999999; do
	refuses "rounds '$bad'" 2 "--rounds '.*' is not allowed; allowed: .* from 1 to 1000" \
		$tollgate run "--rounds=$bad"
done
refuses "samples too many" 2 "allowed: a whole number from 1 to 65536" \
	$tollgate run --samples 65537
refuses "unknown CPU" 2 "--cpu 4095: this machine has CPU .*; allowed: [0-9]" \
	$tollgate run --cpu 4095 insn/nop
for bad in node nodex x 1x -1 '' 65536 99999999999999999999 node65536 'node 1'; do
	refuses "CPU '$bad'" 2 "--cpu '.*' is not allowed; allowed: a CPU's number or nodeN, up to 65535" \
		$tollgate run "--cpu=$bad" insn/nop
done
refuses "a CPU of an unknown node" 2 \
	"--cpu node4095: this machine has node [0-9, -]+; allowed, since with a CPU: [0-9]" \
	$tollgate run --cpu node4095 insn/nop
refuses "unknown node" 2 \
	"--mem-node 4095: this machine has node [0-9, -]+; allowed, since with memory: [0-9]" \
	$tollgate run --mem-node 4095 insn/nop
refuses "node that is no number" 2 "--mem-node 'x' is not allowed; allowed: a whole number" \
	$tollgate run --mem-node x insn/nop
refuses "a CPU outside the affinity" 2 "not among the CPUs that this process may use|machine has CPU 0;" \
	taskset -c 0 $tollgate run --cpu 1 insn/nop
for option in smp numa; do
	refuses "--$option without lane vm" 2 "--$option needs --lane vm" $tollgate run --$option 2 insn/nop
done
refuses "no CPU" 2 "--smp '0' is not allowed; allowed: a whole number from 1 to 64" \
	$tollgate run --lane vm --smp 0 insn/nop
refuses "too many nodes" 2 "--numa '9' is not allowed; allowed: a whole number from 1 to 8" \
	$tollgate run --lane vm --numa 9 insn/nop
refuses "CPUs that do not split" 2 "--smp 3 does not split evenly into --numa 2; allowed: a multiple of 2" \
	$tollgate run --lane vm --smp 3 --numa 2 insn/nop
refuses "a CPU that the guest will not have" 2 "--cpu 2: the guest has --smp 2; allowed: 0 to 1" \
	$tollgate run --lane vm --smp 2 --cpu 2 insn/nop
refuses "a CPU of a node that the guest will not have" 2 \
	"--cpu node1: the guest has --numa 1; allowed: node0 to node0" \
	$tollgate run --lane vm --smp 2 --cpu node1 insn/nop
refuses "a node that the guest will not have" 2 "--mem-node 2: the guest has --numa 2; allowed: 0 to 1" \
	$tollgate run --lane vm --smp 2 --numa 2 --mem-node 2 insn/nop
refuses "a hot page on another node" 2 "crossing/fault_anon:remote@r3 means nothing: a page that the cache holds" \
	$tollgate run crossing/fault_anon:remote@r3
refuses "a lazy load that nothing asks for" 2 \
	"fpu/scenario:idle:lazy_ts@r3 means nothing: a lazy strategy loads nothing for" \
	$tollgate run fpu/scenario:idle:lazy_ts
refuses "rehearsals in ring 0" 2 "'@r0' of fpu/scenario; allowed: @r3" \
	$tollgate run fpu/scenario:dirty@r0
refuses "quiet without ring 0" 2 "--quiet is about ring 0" $tollgate run --quiet tpr insn/nop
refuses "unknown quiet" 2 "--quiet 'loud' is not allowed; allowed: tpr cli none" \
	$tollgate run --lane vm --quiet loud
refuses "kernel without lane vm" 2 "--kernel needs --lane vm" $tollgate run --kernel 6.1
refuses "memory without lane vm" 2 "--mem needs --lane vm" $tollgate run --mem 512
refuses "no memory" 2 "--mem '0' is not allowed; allowed: a whole number from 16 to 9999999" \
	$tollgate run --lane vm --mem 0
for option in build accel qemu-cpu append; do
	value=x
	[[ $option != accel ]] || value=tcg
	refuses "$option without lane vm" 2 "--$option needs --lane vm" \
		$tollgate run --$option $value insn/nop
done
# What is refused of lane vm is refused before anything is fetched, built or booted.
vm=(env TOLLGATE_CACHE="$scratch/a:b" TOLLGATE_NO_INSTALL=1 "$tollgate" run --lane vm --accel tcg
	-o "$scratch/a:b/r")
TOLLGATE_NO_INSTALL=1 refuses "unknown kernel" 2 "5\.10.*6\.1.*6\.12" \
	$tollgate run --lane vm --accel tcg --kernel 5.10 insn/nop
for bad in latest 6 6.12-arm64 6.12- ../6.12 '6.12 ' ''; do
	[[ $bad == */* ]] && why="No such file" || why="no kernel '$bad'|kernel: which kernel"
	refuses "kernel '$bad'" 2 "$why" "${vm[@]}" --kernel "$bad" insn/nop
done
refuses "build without a kernel of one's own" 2 "--build needs --kernel path/to/bzImage" \
	"${vm[@]}" --build /usr/src insn/nop
refuses "empty build" 2 "--build '' is not allowed" "${vm[@]}" --kernel ./x --build '' insn/nop
refuses "unknown accelerator" 2 "--accel 'xen' is not allowed; allowed: auto kvm tcg" \
	$tollgate run --lane vm --accel xen
for bad in no-such-cpu max,nothing=1 max,-nothing host; do
	refuses "CPU model '$bad'" 2 "--qemu-cpu '$bad' is not allowed: .*allowed: what qemu" \
		"${vm[@]}" --qemu-cpu "$bad" insn/nop
done
refuses "empty CPU model" 2 "--qemu-cpu '' is not allowed; allowed: MODEL" "${vm[@]}" --qemu-cpu ''
for bad in help 'max ,avx' '-x' 'max;id'; do
	refuses "CPU model '$bad'" 2 "--qemu-cpu '$bad' is not allowed; allowed: MODEL" \
		"${vm[@]}" --qemu-cpu "$bad" insn/nop
done
refuses "empty append" 2 "--append of 0 bytes is not allowed; allowed: 1 to 1024" "${vm[@]}" --append ''
refuses "long append" 2 "--append of 1025 bytes" "${vm[@]}" --append "$(printf '%01025d' 0)"
refuses "append of two lines" 2 "--append: byte 0x0a at position 2 is not allowed" \
	"${vm[@]}" --append $'a=\nb'
refuses "unknown option" 2 "option '--bogus' is unknown" $tollgate run --bogus insn/nop
refuses "option without its value" 2 "option '--rounds' is unknown, or lacks" \
	$tollgate run --rounds
refuses "report without a file" 2 "report: no report given" $tollgate report
ok "--help" bash -c "$tollgate run --help | grep -q -- --samples"

# Lane host without the module: nothing measurable; not root: refused.
if [[ -d /sys/module/tollgate ]]; then
	skip "lane host without the module" "the module is loaded"
else
	code=3
	[[ $EUID -eq 0 ]] || code=4
	refuses "lane host without the module" $code "not loaded.*make bench LANE=host|built without modules|needs debugfs|needs root" \
		$tollgate run --lane host insn/nop
fi
mkdir "$scratch/open"
cp $tollgate "$scratch/open/"
chmod 755 "$scratch" "$scratch/open"
as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
if [[ $EUID -eq 0 ]]; then
	refuses "lane host unprivileged" 4 "needs root" \
		"${as_nobody[@]}" "$scratch/open/tollgate" run --lane host insn/nop
	refuses "make bench LANE=host unprivileged" 4 "run it as root" \
		"${as_nobody[@]}" env LANE=host bash vm/bench.sh
	refuses "missing packages unprivileged" 4 "needs root: apt-get install .*jansson" \
		"${as_nobody[@]}" env PATH="$scratch/open" /bin/bash -c \
		'PATH=/usr/bin:/bin; f() { command -v "$@"; }; dpkg-query() { return 1; };
		 compgen() { return 1; }; sudo() { return 1; }
		 export -f dpkg-query compgen sudo; bash vm/setup.sh harness'
else
	skip "lane host unprivileged" "needs root to become somebody else"
	skip "make bench LANE=host unprivileged" "needs root to become somebody else"
	skip "missing packages unprivileged" "needs root to become somebody else"
fi

# The programs a lane needs.
mkdir "$scratch/bin"
for p in bash sh env dirname cat sed grep cut sort rm mkdir uname date flock dpkg-query; do
	ln -s "$(command -v $p)" "$scratch/bin/$p"
done
refuses "missing QEMU" 3 "install package qemu-system-x86" \
	env PATH="$scratch/bin" TOLLGATE_NO_INSTALL=1 $tollgate run --lane vm insn/nop
refuses "vm files not found" 3 "needs Tollgate's vm/ directory" \
	"$scratch/open/tollgate" run --lane vm insn/nop
said=$(make -s module KDIR=/nonexistent 2>&1)
is "missing headers: make's own exit code" $? 2
like "missing headers: says so" \
	'^tollgate: no kernel build tree in KDIR=/nonexistent; install linux-headers-' "$said"
said=$(make -s harness CC=false BUILD="$scratch/none" 2>&1)
is "missing libraries: make's own exit code" $? 2
like "missing libraries: names the packages" \
	'^tollgate: cannot build against jansson, libpfm4 and libnuma; .* libjansson-dev ' "$said"
mkdir "$scratch/with space"
cp -r Makefile Kbuild mod include "$scratch/with space/"
said=$(make -s -C "$scratch/with space" module 2>&1)
is "module in a folder with a space: make's own exit code" $? 2
like "module in a folder with a space: says so" 'kbuild cannot work in a folder with a space' "$said"
refuses "TMPDIR that is not there" 2 "TMPDIR none/here: No such file" \
	env TMPDIR=none/here $tollgate run --lane vm insn/nop
refuses "TMPDIR with a colon" 2 "TMPDIR .*/a:b.*without ':'" \
	env TMPDIR="$scratch/a:b" $tollgate run --lane vm insn/nop
ok "CDPATH does not matter" env CDPATH=/tmp vm/setup.sh --print harness
is "CDPATH does not matter to what is found" "$(CDPATH=/:/tmp vm/fetch.sh 6.12)" "$(vm/fetch.sh 6.12)"

# Reports.
ok "a small run" $tollgate run "${quick[@]}" -o "$scratch/good" insn/nop insn/imul
good=$scratch/good/report.json
ok "its report prints" $tollgate report "$good"
for reference in results/reference/*/*/report.json; do
	is "text and JSON agree: ${reference%/*}" "$($tollgate report "$reference")" \
		"$(<"${reference%json}txt")"
done
refuses "no such report" 6 "nothere.json" $tollgate report "$scratch/nothere.json"
refuses "a directory as report" 6 "$scratch" $tollgate report "$scratch"
head -c 300 "$good" >"$scratch/cut.json"
echo 5 >"$scratch/five.json"
refuses "a number is no report" 2 "five.json: not JSON: line 1" $tollgate report "$scratch/five.json"
(cat "$good"; echo x) >"$scratch/more.json"
refuses "more than a report" 2 "not JSON: something follows its end" $tollgate report "$scratch/more.json"
refuses "truncated report" 2 "cut.json" $tollgate report "$scratch/cut.json"
echo '{"context": {"date": "x"}, "benchmarks": []}' >"$scratch/foreign.json"
refuses "foreign report" 2 "foreign.json.*not a Tollgate report" $tollgate report "$scratch/foreign.json"
sed 's/"schema": *1/"schema": 999/' "$good" >"$scratch/newer.json"
refuses "newer report" 2 "newer.json.*999" $tollgate report "$scratch/newer.json"
: >"$scratch/empty.json"
refuses "empty report" 2 "empty.json" $tollgate report "$scratch/empty.json"
head -c 4096 /dev/urandom >"$scratch/noise.json"
refuses "noise as report" 2 "noise.json" $tollgate report "$scratch/noise.json"
if [[ $EUID -eq 0 ]]; then
	cp "$good" "$scratch/open/secret.json"
	chmod 600 "$scratch/open/secret.json"
	refuses "unreadable report" 6 "secret.json.*[Pp]ermission denied" \
		"${as_nobody[@]}" "$scratch/open/tollgate" report "$scratch/open/secret.json"
else
	skip "unreadable report" "needs root to become somebody else"
fi

# Writing: a full disk, a directory that is a file.
disk=$scratch/disk
mkdir "$disk"
if [[ $EUID -eq 0 ]] && mount -t tmpfs -o size=16k none "$disk" 2>/dev/null; then
	mkdir "$disk/r"
	echo old >"$disk/r/report.json"
	head -c 16384 /dev/zero >"$disk/fill" 2>/dev/null
	rc=0
	$tollgate run "${quick[@]}" -o "$disk/r" insn/nop >"$scratch/out" 2>"$scratch/err" || rc=$?
	is "full disk" "$rc $(wc -l <"$scratch/err")" "6 1"
	like "full disk: says so" "report.json.*No space" "$(<"$scratch/err")"
	like "full disk: the report is printed all the same" "insn/nop@r3 " "$(<"$scratch/out")"
	is "full disk: the old report is whole" "$(<"$disk/r/report.json")" old
	is "full disk: nothing half-written" "$(ls -A "$disk/r")" report.json
	umount "$disk"
else
	skip "full disk" "cannot mount a small tmpfs"
	skip "full disk: says so" "cannot mount a small tmpfs"
	skip "full disk: the report is printed all the same" "cannot mount a small tmpfs"
	skip "full disk: the old report is whole" "cannot mount a small tmpfs"
	skip "full disk: nothing half-written" "cannot mount a small tmpfs"
fi
: >"$scratch/file"
refuses "output below a file" 6 "$scratch/file.*Not a directory" \
	$tollgate run "${quick[@]}" -o "$scratch/file/x" insn/nop
# root may write in /proc, which takes nothing; others may not
as_nobody_says='cannot write in /proc/x: /proc: Permission denied'
says='cannot write in /proc/x: /proc: nothing can be made there'
[[ $EUID -eq 0 ]] || says=$as_nobody_says
refuses "output where nobody can make a file, before measuring" 6 "$says" \
	$tollgate run --rounds 1000 -o /proc/x
if [[ $EUID -eq 0 ]]; then
	mkdir -m 755 "$scratch/open/locked"
	refuses "output that may not be written, before measuring" 6 "cannot write in .*locked" \
		"${as_nobody[@]}" "$scratch/open/tollgate" run --rounds 1000 -o "$scratch/open/locked"
	refuses "... the folder that refuses is named" 6 "$as_nobody_says" \
		"${as_nobody[@]}" "$scratch/open/tollgate" run --rounds 1000 -o /proc/x
else
	skip "output that may not be written, before measuring" "needs root to become somebody else"
	skip "... the folder that refuses is named" "needs root to become somebody else"
fi

# Two runs in one second do not share a folder.
(
	mkdir "$scratch/twice" && cp $tollgate "$scratch/twice/" && cd "$scratch/twice" || exit
	for _ in 1 2 3; do
		./tollgate run "${quick[@]}" insn/nop >/dev/null 2>&1
	done
)
is "three runs leave three reports" "$(find "$scratch/twice" -name report.json | wc -l)" 3

# Interrupted: 130, nothing written, no process left.
$tollgate run -o "$scratch/int" --rounds 1000 insn/nop 2>/dev/null &
pid=$!
sleep 1
kids=$(pgrep -P $pid | tr '\n' ' ')
kill -INT $pid
rc=0
wait $pid || rc=$?
is "SIGINT gives 130" $rc 130
is "SIGINT leaves no report" "$(ls "$scratch/int" 2>/dev/null)" ""
like "a run has processes of its own" '^[0-9]+ ' "$kids"
is "SIGINT leaves none of them" "$(for kid in $kids; do kill -0 "$kid" 2>/dev/null && echo "$kid"; done)" ""

# All that was asked for is skipped: there is a report, it says why, and exit code 3.
if grep -qw amx_tile /proc/cpuinfo; then
	skip "nothing of it can be measured here" "this CPU has AMX"
else
	rc=0
	said=$($tollgate run -o "$scratch/none" --rounds 1 fpu/xsave:amx@r3 2>&1 >/dev/null) || rc=$?
	is "nothing of it can be measured here" $rc 3
	like "nothing of it: the reason" 'nothing of this can be measured here: .*0x60000' "$said"
	like "nothing of it: the clock was looked at all the same" 'skipped: 1 figure' \
		"$($tollgate report "$scratch/none/report.json")"
fi

# Rehearsals say what they leave out, and scenarios what they did.
if grep -qw xsaveopt /proc/cpuinfo && grep -qw avx /proc/cpuinfo; then
	ok "a rehearsal runs" $tollgate run -o "$scratch/rehearsal" --rounds 1 \
		fpu/scenario:kthread:deferred_skip:dirty fpu/atomic:test insn/nop
	ok "it says what it left out, and what it did" /usr/bin/python3 -c '
import json, sys
f = {f["name"]: f for f in json.load(open(sys.argv[1]))["figures"]}
scenario = f["fpu/scenario:kthread:deferred_skip:dirty@r3"]
assert scenario["left_out"] == ["syscall", "swapgs", "rdpkru", "wrpkru", "cli", "sysretq"], scenario
assert [(e["name"], e["value"]) for e in scenario["events"] if e["name"].startswith("fpu-")] == [
    ("fpu-saves", 1), ("fpu-restores", 0), ("fpu-skips", 1)], scenario
assert f["fpu/atomic:test@r3"]["left_out"] == ["cli", "swapgs", "sysretq"], f
assert f["insn/nop@r3"]["left_out"] == [], f
' "$scratch/rehearsal/report.json"
	like "its text too" 'rehearsal, not measured: cli, swapgs, sysretq' \
		"$(<"$scratch/rehearsal/report.txt")"
else
	skip "a rehearsal runs" "this CPU lacks XSAVEOPT or AVX"
fi

# What kills the process of a round costs the figure under way, no other. Half a
# second of that process's own CPU time is behind its calibration, on a busy machine too.
$tollgate run -o "$scratch/kill" --rounds 2 --samples 65536 'insn/*' >/dev/null 2>"$scratch/err" &
pid=$!
worked() # whether a child of $pid has run for half a second
{
	local child stat

	for child in $(pgrep -P $pid); do
		read -ra stat 2>/dev/null <"/proc/$child/stat" && ((stat[13] + stat[14] >= 50)) && return
	done
	return 1
}
for ((i = 0; i < 600; i++)); do
	worked && break
	sleep 0.1
done
pkill -SEGV -P $pid
rc=0
wait $pid || rc=$?
is "a round that is killed: exit code" $rc 1
like "a round that is killed: says which figure it cost" \
	'1 of [0-9]+ experiments failed, the first: insn/[a-z0-9_]+@r3' "$(<"$scratch/err")"
like "a round that is killed: its reason" 'signal 11' "$(<"$scratch/kill/report.txt")"
is "a round that is killed: all others are there" \
	"$(grep -cE '"status": "(ok|not-resolvable|skipped)"' "$scratch/kill/report.json")" \
	$(($($tollgate list --names 'insn/*@r3' | wc -l) - 1))

# Events: names, what cannot be counted, and two counts that are known beforehand.
refuses "no event" 2 "-e '' is not allowed; allowed: NAME,NAME" $tollgate run -e '' insn/nop
refuses "unknown event" 2 "-e: 'cyles' is no event here: .*near it: CYCLES.*list --events" \
	$tollgate run -e cyles insn/nop
refuses "unknown event behind a known one" 2 "'x' is no event here" \
	$tollgate run -e page-faults,x insn/nop
refuses "unknown PMU" 2 "'moon/tsc/': this machine has no PMU called moon" \
	$tollgate run -e moon/tsc/ insn/nop
refuses "event twice" 2 "'faults' is page-faults again" $tollgate run -e page-faults,faults insn/nop
refuses "too many events" 2 "one too many; allowed: 8 events" $tollgate run \
	-e page-faults:u,faults:k,cs,cpu-clock,task-clock,minor-faults,major-faults,migrations,dummy \
	insn/nop
refuses "a clock in one mode" 2 "cpu-clock:u cannot be counted in one mode alone" \
	$tollgate run -e cpu-clock:u insn/nop
if compgen -G '/sys/bus/event_source/devices/cpu*' >/dev/null; then
	skip "cycles where there is no PMU" "this machine has one"
	skip "cycles where there is no PMU: lane user does without" "this machine has one"
else
	refuses "cycles where there is no PMU" 3 "-e: cycles: no PMU here counts it" \
		$tollgate run -e page-faults,cycles insn/nop
	like "cycles where there is no PMU: lane user does without" \
		'counters:    none: no PMU is shown here; cycles from the TSC' \
		"$($tollgate report "$good")"
fi
counted() # EVENT COLUMN PATTERN -> that column of the event's table: 2 value, 5 user, 6 kernel
{
	"${as[@]}" "$scratch/open/tollgate" run --rounds 3 --samples 100 -o "$scratch/open/counted" \
		-e "$1" "$3" 2>&1 |
		awk -v column="$2" '/^event /{ on = 1; next } on && !done { print $column; done = 1 }'
}
as=()
if [[ $EUID -eq 0 ]]; then
	is "a page fault is counted" "$(counted page-faults 2 crossing/fault_zero)" 1
	is "in user mode" "$(counted page-faults 5 crossing/fault_zero)" 1
	is "and in no other" "$(counted page-faults 6 crossing/fault_zero)" 0
	# the scheduler may be in a sample: such crossings have no witness
	is "two switches a round trip" \
		"$(printf %.0f "$(counted context-switches 2 crossing/switch_pipe)")" 2
	mkdir -m 777 "$scratch/open/counted.d"
	as=("${as_nobody[@]}" env "TMPDIR=$scratch/open/counted.d")
	chmod 777 "$scratch/open"
fi
if [[ $EUID -eq 0 && $(</proc/sys/kernel/perf_event_paranoid) == 2 ]]; then
	rm -rf "$scratch/open/counted"
	is "unprivileged: user mode is counted" "$(counted page-faults:u 2 crossing/fault_zero)" 1
	rm -rf "$scratch/open/counted"
	is "unprivileged: half an event is no whole" "$(counted page-faults 2 crossing/fault_zero)" -
	like "unprivileged: and says what is missing" \
		'kernel mode needs root, CAP_PERFMON, or sysctl' \
		"$(tr -s '\n ' ' ' <"$scratch/open/counted/report.txt")"
	refuses "unprivileged: a clock counts in kernel mode" 4 \
		"cpu-clock: kernel mode.* needs root, CAP_PERFMON, or sysctl kernel.perf_event_paranoid=1, which is 2" \
		"${as[@]}" "$scratch/open/tollgate" run -e cpu-clock -o "$scratch/open/never" insn/nop
fi
chmod 755 "$scratch/open"
like "list --windows has every stub's first" $'^# point.*\nframe/point@cross\tplain\tA\t0\t[0-9]+\n' \
	"$($tollgate list --windows)"
is "... and each window begins where the last one ends" "$($tollgate list --windows |
	awk '/^#/ { next } $4 != (seen[$1 $2] ? end[$1 $2] : 0) { print } { end[$1 $2] = $5; seen[$1 $2] = 1 }')" ""
refuses "list --windows with a pattern" 2 "--windows is a table of its own" $tollgate list --windows irq/cli
refuses "a point of an armed task in lane user" 2 "runs in an armed task only: use --lane vm" \
	$tollgate run 'frame/point@cross'
like "list says what a kernel's frame is" ':linux-3.19 is frame/point:partial:sti:cli:read:context@cross' \
	"$($tollgate list 'frame/*')"
refuses "a kernel's frame and a value beside it" 2 "'iret': a second value of axis exit" \
	$tollgate run frame/point:linux-4.2:iret@cross
refuses "a frame of which no stub is built" 2 "frame/point:full:locked:fence@cross is not built; tollgate list" \
	$tollgate run frame/point:full:fence:locked@cross
refuses "a frame that means nothing" 2 "frame/point:iret@cross means nothing: IRET takes a frame" \
	$tollgate run frame/point:iret
like "list --events names the kernel's own" $'perf::PAGE-FAULTS\t' "$($tollgate list --events)"
like "list --events names a CPU's" $'^spr::MEM_LOAD_RETIRED:L1_MISS\t' \
	"$(LIBPFM_FORCE_PMU=spr $tollgate list --events '*retired:l1_miss')"
refuses "list --events, nothing of that name" 2 "no event matches 'moon\*'" \
	$tollgate list --events 'moon*'
refuses "list --events --names" 2 "--events goes without --names" $tollgate list --events --names
refuses "list --events, standard output full" 6 "standard output" \
	bash -c "$tollgate list --events >/dev/full"

ok "list prints" $tollgate list
is "the CORE tier, by name" "$($tollgate list --core --names | wc -l)" \
	"$(cat results/reference/*/vm-6.12.*/report.json | grep -c '"method"')"
refuses "two kinds of list" 2 "one of them" $tollgate list --names --markdown
refuses "the tier and a pattern" 2 "no pattern beside it" $tollgate list --core insn/nop
is "names are unique" "$($tollgate list --names | sort | uniq -d)" ""
is "every name is found again" "$($tollgate list --names 'fpu/xsave:sse@r3')" "fpu/xsave:sse@r3"
is "defaults may be spelled out" "$($tollgate list --names fpu/xsave:x87:init@r3)" "fpu/xsave@r3"
is "a pattern without ring matches every ring" "$($tollgate list --names insn/nop | tr '\n' ' ')" \
	"insn/nop@r0 insn/nop@r3 "
refuses "standard output full" 6 "standard output" bash -c "$tollgate list >/dev/full"

is "no refused command left anything behind" "$(tree_state)" "$before"
done_testing
