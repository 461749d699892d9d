#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The job of tests/vm/2*-counters-*.t: the module's counters, then `run -e` in both
# rings. Leaves TAP, reports, and what refusals said in /out.

sh /counter-checks.sh >/out/checks.tap 2>&1
insmod /tollgate.ko || exit 1
# a software event costs instructions where it happens: one run counts none
/tollgate run --lane host --icount --rounds 1 -e msr/tsc/ --json /out/tsc.json || exit 1
/tollgate run --lane host --icount --rounds 1 -e page-faults,context-switches \
	--json /out/software.json 'crossing/*' insn/nop irq/cli || exit 1
for list in cycles msr/tsc/,instructions cyles cpu/cycles/; do
	/tollgate run --lane host --icount -e "$list" --json /out/never.json insn/nop 2>/tmp/said
	echo "$list $? $(cat /tmp/said)" >>/out/refusals.txt
done
rmmod tollgate
[ ! -e /out/never.json ]
