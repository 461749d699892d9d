#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The job of tests/vm/13-faults-*.t: whatever a user would try first in a kernel that
# does not want the module. Leaves NAME.rc, NAME.out and NAME.err in /out. busybox sh.

try() # NAME COMMAND...
{
	name=$1
	shift
	"$@" >"/out/$name.out" 2>"/out/$name.err"
	echo $? >"/out/$name.rc"
}

try check sh /host-run.sh --check
try host-run sh /host-run.sh /tollgate.ko /tollgate --icount --json /tmp/host.json insn/nop
try run-host /tollgate run --lane host --json /tmp/host.json insn/nop
try run-user /tollgate run --icount --json /tmp/user.json insn/nop
try doctor /tollgate doctor
! grep -q lockdown= /proc/cmdline || try doctor-json /tollgate doctor --json
try insmod insmod /tollgate.ko
dmesg | tail -n 5 >/out/dmesg.tail
rmmod tollgate 2>/dev/null
grep -c '^tollgate ' /proc/modules >/out/loaded
exit 0
