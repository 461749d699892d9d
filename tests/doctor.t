#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# tollgate doctor on this machine: what it prints, that it changes nothing; and that
# nothing which names the machine gets into it or into a report.
set -u
cd "$(dirname -- "$0")/.." || exit 1
. tests/tap.sh

tollgate=$PWD/bench/tollgate
as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
valid=(/usr/bin/python3 tests/unit/validate_schema.py)
export TMPDIR=$scratch/tmp
mkdir "$TMPDIR"

# A home without the probe of KVM, which takes its time, but where it is what is tested.
home=$scratch/home
mkdir "$home"
cp -r vm "$home/"
rm -f "$home/vm/kvm-probe.sh"
ln -s "$PWD/.cache" "$home/.cache"
probe() # what the probe of this home does
{
	printf '#!/bin/sh\n%s\n' "$1" >"$home/vm/kvm-probe.sh"
	chmod +x "$home/vm/kvm-probe.sh"
}
export TOLLGATE_HOME=$home

### What it prints

rc=0
$tollgate doctor >"$scratch/text" 2>"$scratch/err" || rc=$?
is "exit code: ring 3 can be measured" "$rc: $(<"$scratch/err")" "0: "
is "it begins with a verdict for each lane" \
	"$(sed -nE '/^(user|host|vm):/p' "$scratch/text" | cut -d: -f1 | tr '\n' ' ')" "user host vm "
like "ring 3 is measured in cycles, ticks or insns, and how well" \
	'^user: yes, (cycles by calibrated chains|TSC ticks only.*), error ~[0-9.]+ %' "$(<"$scratch/text")"
is "no line is longer than 80 columns" "$(awk 'length > 80' "$scratch/text")" ""
is "it is ASCII" "$(LC_ALL=C grep -n '[^ -~]' "$scratch/text")" ""
is "each finding has what it means and what to do, a line each" \
	"$(grep -cE '^(ok  |note|warn|stop) ' "$scratch/text") $(grep -c '^     means: ' "$scratch/text")" \
	"$(grep -c '^     do: ' "$scratch/text") $(grep -c '^     do:    [^ ]' "$scratch/text")"
for topic in counters tsc calibration neighbour mitigations lockdown "secure boot" signatures \
	"ring 0" frequency smt isolation fred pti debugfs tollgate.ko qemu kvm; do
	[[ $topic != signatures || -e /proc/modules ]] || continue
	ok "it tells of $topic" grep -qE "^(ok  |note|warn|stop) $topic: " "$scratch/text"
done
$tollgate doctor --json >"$scratch/doctor.json"
ok "its JSON fits its schema" "${valid[@]}" "$scratch/doctor.json"
is "JSON and text hold the same findings" \
	"$(/usr/bin/python3 -c 'import json, sys
for f in json.load(open(sys.argv[1]))["findings"]: print(f["topic"])' "$scratch/doctor.json")" \
	"$(sed -nE 's/^(ok  |note|warn|stop) ([^:]*):.*/\2/p' "$scratch/text")"

fact() # KEY
{
	/usr/bin/python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["facts"][sys.argv[2]])' "$scratch/doctor.json" "$1"
}
is "the kernel" "$(fact kernel)" "$(uname -r)"
is "root or not" "$(fact root)" "$([[ $EUID -eq 0 ]] && echo True || echo False)"
is "modules or not" "$(fact modules)" "$([[ -e /proc/modules ]] && echo True || echo False)"
is "PTI" "$(fact pti)" "$(grep -qw pti /proc/cpuinfo && echo True || echo False)"
is "invariant TSC" "$(fact tsc_invariant)" "$(grep -qw nonstop_tsc /proc/cpuinfo && echo True || echo False)"
like "a body of 12 cycles takes 12" '^(1[12]\.[0-9]+|[0-9.]+|None)$' "$(fact known)"
if grep -q ': figures are core\|^user: yes, cycles' "$scratch/text"; then
	like "a body of 12 cycles takes 12 core cycles" '^1(1\.[6-9]|2\.[0-4])' "$(fact known)"
else
	skip "a body of 12 cycles takes 12 core cycles" "this machine is not calibrated"
fi

### Bad input

refuses "an unknown CPU" 2 "--cpu 4095: this machine has CPU 0.*; allowed: 0" $tollgate doctor --cpu 4095
refuses "no CPU" 2 "--cpu 'x' is not allowed; allowed: a whole number" $tollgate doctor --cpu x
refuses "a word too many" 2 "'now' is not allowed; allowed: options alone" $tollgate doctor now
refuses "an unknown option" 2 "option '--bogus' is unknown" $tollgate doctor --bogus
refuses "standard output full" 6 "standard output" bash -c "$tollgate doctor >/dev/full"
ok "--help" bash -c "$tollgate doctor --help | grep -q 'Changes nothing'"
like "another CPU" "CPU 0 is" "$($tollgate doctor --cpu 0)"

### KVM: what the probe says counts

if [[ -r /dev/kvm && -w /dev/kvm ]]; then
	like "no probe: says so" 'vm:   yes, insns \(KVM not probed' "$(<"$scratch/text")"
	probe 'echo "native cli=3 sti=5"'
	like "native: cycles" 'vm:   yes, cycles \(KVM native cli=3 sti=5\)' "$($tollgate doctor)"
	probe 'echo "emulated cli=2100"'
	like "emulated: insns" 'vm:   yes, insns \(KVM emulated cli=2100\)' "$($tollgate doctor)"
	probe 'echo broken >&2; exit 6'
	like "a probe that fails" 'KVM absent: vm/kvm-probe.sh: broken' "$($tollgate doctor)"
	probe 'echo $$ >"$TMPDIR/pid"; exec sleep 50'
	rm -f "$TMPDIR/pid"
	$tollgate doctor >"$scratch/out" 2>"$scratch/err" &
	pid=$!
	for _ in {1..300}; do
		[[ ! -s $TMPDIR/pid ]] || break
		sleep 0.1
	done
	sleeper=$(<"$TMPDIR/pid")
	kill -INT $pid
	rc=0
	wait $pid || rc=$?
	is "SIGINT gives 130 and one line" "$rc: $(<"$scratch/err")" "130: tollgate: doctor: interrupted"
	ok "SIGINT leaves no process" bash -c "! kill -0 $sleeper"
	rm "$TMPDIR/pid" "$home/vm/kvm-probe.sh"
else
	for name in "no probe: says so" "native: cycles" "emulated: insns" "a probe that fails" \
		"SIGINT gives 130 and one line" "SIGINT leaves no process"; do
		skip "$name" "/dev/kvm cannot be used here"
	done
fi

# The right to it: a node of our own, so that this machine's may have any mode.
private() # COMMAND...: in a mount namespace of its own
{
	unshare -m --propagation private "$@"
}
if [[ $EUID -eq 0 && -e /dev/kvm ]] && private true 2>/dev/null; then
	mkdir "$scratch/node"
	chmod 755 "$scratch" "$scratch/node"
	cp "$tollgate" "$scratch/node/"
	chmod 777 "$TMPDIR"
	# shellcheck disable=SC2016 # the inner shell's own $
	locked='mount -t tmpfs none "$0" && mknod -m 600 "$0/kvm" c 10 232 &&
		mount --bind "$0/kvm" /dev/kvm && shift 0 && exec "$@"'
	mkdir "$scratch/mnt"
	is "no right to /dev/kvm: doctor" \
		"$(private bash -c "$locked" "$scratch/mnt" "${as_nobody[@]}" env TOLLGATE_HOME="$PWD" \
			"$scratch/node/tollgate" doctor | grep -A 2 '^warn kvm:' | tr -s ' \n' ' ')" \
		"warn kvm: denied: /dev/kvm: Permission denied means: lane vm counts instructions (TCG) do: join the group kvm: usermod -aG kvm USER, log in again "
	echo true >"$scratch/job"
	refuses "no right to /dev/kvm: boot" 4 \
		'no right to use /dev/kvm: usermod -aG kvm .* and log in again, or --accel tcg' \
		unshare -m --propagation private bash -c "$locked" "$scratch/mnt" "${as_nobody[@]}" \
		bash vm/boot.sh --image "$scratch/job" --job "$scratch/job" --out "$scratch/none" --accel kvm
else
	skip "no right to /dev/kvm: doctor" "needs root, a mount namespace and /dev/kvm"
	skip "no right to /dev/kvm: boot" "needs root, a mount namespace and /dev/kvm"
fi

### Lane host where there is no way to it

if [[ $EUID -eq 0 && ! -e /proc/modules ]]; then
	refuses "make bench LANE=host looks before it builds" 3 \
		'built without modules: boot another .*, or use lane user or vm' env LANE=host vm/bench.sh
else
	skip "make bench LANE=host looks before it builds" "modules can be loaded here"
fi

### It changes nothing

# With all of vm/, and so with the probe. Files of the tree and of the places where it could leave some; settings; what is loaded,
# mounted and running below us.
state()
{
	find . "$TMPDIR" "$home" "${XDG_CACHE_HOME:-$HOME/.cache}" \
		-path './.git*' -prune -o -path './.cache/*/*' -prune -o \
		-type d -printf '%p %m\n' -o -printf '%p %s %T@ %m\n' 2>/dev/null | TMPDIR=/tmp sort
	grep -rs '' /sys/devices/system/cpu/{smt,cpufreq,intel_pstate,isolated,online} \
		/sys/devices/system/cpu/cpu*/cpufreq/scaling_{governor,{min,max}_freq} \
		/proc/sys/kernel/{perf_event_paranoid,modules_disabled,nmi_watchdog,randomize_va_space}
	ls -R /sys/kernel/debug /sys/kernel/security /sys/firmware/efi/efivars 2>/dev/null
	cat /proc/mounts /proc/modules 2>/dev/null
	ls /sys/module
	ps -o pid= --ppid $$ | wc -l
}
state >"$scratch/before"
TOLLGATE_HOME=$PWD $tollgate doctor >"$scratch/out"
state >"$scratch/after"
is "files, settings, mounts, modules and processes are as before" \
	"$(diff "$scratch/before" "$scratch/after")" ""
setsid -w "$tollgate" doctor >"$scratch/out" &
session=$!
wait $session
is "no process of it is left" "$(ps -o pid= -s $session)" ""

# Where nothing can be written and nobody can be reached it does the same.
if [[ $EUID -eq 0 ]] && private --net true 2>/dev/null; then
	# shellcheck disable=SC2016 # the inner shell's own $
	readonly='cut -d " " -f 5 /proc/self/mountinfo | sort -ru | while read -r m; do
			mount -o remount,bind,ro "$m" 2>/dev/null
		done
		! touch /tmp/doctor-test ./doctor-test "$TMPDIR/doctor-test" 2>/dev/null || exit 99
		exec "$@"'
	rc=0
	private --net bash -c "$readonly" - "$tollgate" doctor >"$scratch/ro" 2>"$scratch/err" || rc=$?
	is "all read-only and no network: it runs" "$rc: $(<"$scratch/err")" "0: "
	is "all read-only and no network: it says the same" \
		"$(sed -nE 's/^(ok  |note|warn|stop) ([^:]*):.*/\2/p' "$scratch/ro")" \
		"$(sed -nE 's/^(ok  |note|warn|stop) ([^:]*):.*/\2/p' "$scratch/text")"
else
	skip "all read-only and no network: it runs" "needs root and namespaces"
	skip "all read-only and no network: it says the same" "needs root and namespaces"
fi

### What names a machine stays out of reports

if [[ $EUID -eq 0 ]] && private --uts true 2>/dev/null; then
	cat >"$scratch/cmdline" <<-'EOF'
	BOOT_IMAGE=/boot/vmlinuz-quagga root=UUID=0123dead-89ab-cdef-0123-456789abcdef ro mitigations=auto ip=10.77.66.55::10.77.66.1:255.255.255.0:quagga-host:eth0:off systemd.hostname=quagga-host systemd.machine_id=feedfacefeedfacefeedfacefeedface BOOTIF=01-52-54-00-77-88-99 foo.server=quagga.example.net foo.peer=10.77.66.54 name=quagga-host nohz_full=1-3 -- --quagga
	EOF
	# shellcheck disable=SC2016 # the inner shell's own $
	renamed='hostname quagga-host && mount --bind "$0" /proc/cmdline && shift 0 && "$@"'
	named='quagga|0123dead|10\.77\.66|feedface|77-88-99|ffff[0-9a-f]{12}'
	private --uts bash -c "$renamed" "$scratch/cmdline" "$tollgate" run --rounds 1 --samples 50 \
		-o "$scratch/named" insn/nop crossing/syscall_null fpu/xsave:amx >"$scratch/named.out" 2>&1
	is "a run under another name" $? 0
	is "a report has no host name, address or identifier" \
		"$(grep -nE "$named" "$scratch/named/"* "$scratch/named.out")" ""
	is "its command line" \
		"$(/usr/bin/python3 -c 'import json, re, sys
line = json.load(open(sys.argv[1]))["environment"]["cmdline"]
print(re.sub("~[0-9a-f]{4}", "~", line))' "$scratch/named/report.json")" \
		"ro mitigations=auto foo.server=~ foo.peer=~ name=~ nohz_full=1-3"
	private --uts bash -c "$renamed" "$scratch/cmdline" "$tollgate" doctor --json >"$scratch/named.json"
	private --uts bash -c "$renamed" "$scratch/cmdline" "$tollgate" doctor >"$scratch/named.txt"
	is "nor has the doctor" "$(grep -nE "$named" "$scratch/named.json" "$scratch/named.txt")" ""
	# What compare takes: whether it refuses for append is shown in compare.t, and a run as short
	# as these may be calibrated or not, which it refuses too.
	ok "the same line is the same in a report, another is not" bash -c '
		private() { unshare -m -u --propagation private "$@"; }
		run="bench/tollgate run --rounds 1 --samples 50 insn/nop"
		private bash -c "$1" "$2" $run -o "$3/a" && private bash -c "$1" "$2" $run -o "$3/b" &&
		sed "s/10.77.66.54/10.77.66.53/" "$2" >"$3/cmdline2" &&
		private bash -c "$1" "$3/cmdline2" $run -o "$3/c" &&
		/usr/bin/python3 -c "import json, sys
a, b, c = (json.load(open(sys.argv[1] + x))[\"environment\"][\"cmdline\"]
	   for x in (\"/a/report.json\", \"/b/report.json\", \"/c/report.json\"))
print(a, b, c, sep=chr(10))
sys.exit(not (a and a == b != c))" "$3"' - "$renamed" "$scratch/cmdline" "$scratch"
else
	for name in "a run under another name" "a report has no host name, address or identifier" \
		"its command line" "nor has the doctor" "the same line is the same in a report, another is not"; do
		skip "$name" "needs root and namespaces"
	done
fi

done_testing
