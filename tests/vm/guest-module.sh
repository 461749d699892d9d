#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The job of tests/vm/2*-module-*.t: runs in the guest, leaves TAP in
# /out/guest.tap and reports in /out. busybox sh.

n=0
exec 5>/out/guest.tap

ok() # NAME COMMAND...
{
	n=$((n + 1))
	name=$1
	shift
	status=0
	said=$("$@" 2>&1) || status=$?
	if [ $status -eq 0 ]; then
		echo "ok $n - $name" >&5
	else
		echo "not ok $n - $name" >&5
		printf '%s\n' "exit $status of: $*" "$said" | sed 's/^/# /' >&5
	fi
}

# A command that must fail: exit code, one line of standard error that matches.
refuses() # NAME CODE PATTERN COMMAND...
{
	refusal=$1 code=$2 pattern=$3
	shift 3
	rc=0
	heard=$("$@" 2>&1 >/dev/null) || rc=$?
	ok "$refusal" test "$rc" -eq "$code"
	ok "$refusal: says why" sh -c 'printf "%s\n" "$1" | grep -q "$2"' - "$heard" "$pattern"
	ok "$refusal: in one line" test "$(printf '%s\n' "$heard" | wc -l)" -eq 1
}

quiet_dmesg() # nothing at warning level or worse since the mark
{
	! dmesg | sed '1,/tollgate-test: mark/d' | grep -E 'BUG|WARNING|cut here|Call Trace|Oops'
}

loaded() { grep -q '^tollgate ' /proc/modules; }
not_loaded() { ! loaded && [ ! -e /sys/kernel/debug/tollgate ]; }

null_syscall() # FILE
{
	/tollgate run --icount --lane user --json "$1" crossing/syscall_null
}

echo "tollgate-test: mark" >/dev/kmsg

ok "a null syscall before the module" null_syscall /out/before.json
ok "insmod" insmod /tollgate.ko
ok "it is loaded" loaded
ok "a null syscall with the module" null_syscall /out/after.json

# Somebody else has loaded it: refused, and left loaded.
refuses "module already loaded" 4 "rmmod tollgate" sh /host-run.sh /tollgate.ko /tollgate insn/nop
ok "module already loaded: still loaded" loaded
ok "rmmod" rmmod tollgate
ok "it is gone" not_loaded
sh /module-checks.sh >/out/checks.tap 2>&1

i=0
while [ $i -lt 10 ]; do
	i=$((i + 1))
	insmod /tollgate.ko && rmmod tollgate || break
done
ok "ten loads and unloads" test $i -eq 10
ok "it is gone again" not_loaded

# The script of a real test machine.
ok "host-run.sh runs" sh /host-run.sh /tollgate.ko /tollgate --icount --full \
	--json /out/host.json
ok "host-run.sh unloads" not_loaded
refuses "host-run.sh, bad pattern" 2 "'irq/nope' is no experiment" \
	sh /host-run.sh /tollgate.ko /tollgate irq/nope
ok "host-run.sh unloads after a failure" not_loaded
refuses "host-run.sh, no module" 2 "cannot read the module /nope.ko" \
	sh /host-run.sh /nope.ko /tollgate
tr '\0' '\n' </tollgate.ko >/dev/null # busybox has no cmp of parts
sed "s/vermagic=$(uname -r)/vermagic=0$(uname -r | cut -c 2-)/" /tollgate.ko >/tmp/other.ko
refuses "host-run.sh, module of another kernel" 2 "was built for kernel 0" \
	sh /host-run.sh /tmp/other.ko /tollgate
head -c 5000 /tollgate.ko >/tmp/cut.ko
refuses "host-run.sh, truncated module" 2 "was built for kernel (none)" \
	sh /host-run.sh /tmp/cut.ko /tollgate
mkdir -p /etc
echo 'somebody:x:1000:1000::/:/bin/sh' >>/etc/passwd
refuses "host-run.sh, not root" 4 "run it as root" \
	su somebody -c "sh /host-run.sh /tollgate.ko /tollgate"
umount /sys/kernel/debug
ok "host-run.sh mounts debugfs" sh /host-run.sh /tollgate.ko /tollgate --icount \
	--json /out/nop.json insn/nop
ok "and unmounts it" sh -c '! grep -q " /sys/kernel/debug " /proc/mounts'
refuses "lane host without debugfs" 3 "not loaded" /tollgate run --lane host insn/nop
insmod /tollgate.ko
refuses "lane host, module there, debugfs not mounted" 3 "mount -t debugfs" \
	/tollgate run --lane host insn/nop
rmmod tollgate
mount -t debugfs debugfs /sys/kernel/debug

# Killed in the middle: whatever the signal, the module is unloaded. The program
# stands in the foreground: one in the background ignores INT.
kill_when_loaded() # SIGNAL
{
	left=30
	while ! grep -q '^tollgate ' /proc/modules; do
		left=$((left - 1))
		[ $left -gt 0 ] || { kill -KILL "$(cat /tmp/pid)"; return; }
		sleep 1
	done
	: >/tmp/was-loaded-$1
	sleep 1
	kill -s "$1" "$(cat /tmp/pid)"
}

for signal in INT TERM HUP; do
	kill_when_loaded $signal &
	rc=0
	sh -c 'echo $$ >/tmp/pid; exec sh /host-run.sh /tollgate.ko /tollgate \
		--json /out/never.json --rounds 1000 insn/nop' >/dev/null 2>&1 || rc=$?
	ok "loaded while it runs ($signal)" test -e /tmp/was-loaded-$signal
	ok "exit code after $signal" test $rc -eq 130
	ok "unloaded after $signal" not_loaded
done
ok "no report of an interrupted run" test ! -e /out/never.json

ok "nothing in the kernel's log" quiet_dmesg
echo "1..$n" >&5
