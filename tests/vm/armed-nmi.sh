#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What tests/vm/5*-armed-nmi-KERNEL.t run: NMIs, sent by QMP, against a task that does
# nothing but go through its stub. IF = 0 does not hold them back. Where in a stub each came is
# not counted; that #DB, which takes the same way into the kernel, may come at every
# instruction of each is shown by the part calls of tests/vm/armed.c.
set -u
name=${0##*/}
cd "$(dirname -- "$0")/../.." || exit 1
. tests/tap.sh
# shellcheck source-path=SCRIPTDIR source=armed-lib.sh
. tests/vm/armed-lib.sh

kernel=${name#*-armed-nmi-}
kernel=${kernel%.t}
armed_guest "$kernel"
vm/module.sh "$kernel" "$scratch/tollgate.ko" || { echo "Bail out! no module"; exit 1; }
cat >"$scratch/job" <<'EOF2'
insmod /tollgate.ko
echo "NMIs meet the stubs" >/dev/console
/armed loop 2 >/out/loop.tap
cp /sys/kernel/debug/tollgate/status /out/status
sed -n 's/^ *NMI: *\([0-9]*\) .*/\1/p' /proc/interrupts >/out/nmis
rmmod tollgate
EOF2

# Before the kernel has an IDT an NMI is the guest's end, so it waits for the job's word.
inject() # SOCKET FOLDER-OF-THE-CONSOLE
{
	exec /usr/bin/python3 - "$1" "$2" <<-'EOF2'
	import glob, json, socket, sys, time
	def told():
	    return any("NMIs meet" in open(f, errors="replace").read()
	               for f in glob.glob(sys.argv[2] + "/tollgate-vm.*/console"))
	end = time.time() + 100
	while not told() and time.time() < end:
	    time.sleep(0.1)
	s = socket.socket(socket.AF_UNIX)
	s.connect(sys.argv[1])
	f = s.makefile("rw")
	f.readline()
	def say(what):
	    f.write(json.dumps({"execute": what}) + "\n")
	    f.flush()
	    while "return" not in (line := json.loads(f.readline())):
	        if "error" in line:
	            sys.exit(str(line))
	say("qmp_capabilities")
	while True:
	    say("inject-nmi")
	    time.sleep(0.002)
	EOF2
}

# Plain, they come between blocks of translated code alone: with one instruction a
# block, everywhere.
shoot() # NAME QEMU-OPTIONS...
{
	local where=$scratch/${1// /} said nmis

	mkdir "$where"
	inject "$where/qmp" "$where" 2>/dev/null &
	injector=$!
	said=$(TMPDIR=$where vm/boot.sh --image "$image" --job "$scratch/job" --out "$where/out" \
		--no-icount "${guest_files[@]}" --qmp "$where/qmp" --timeout 240 \
		--append "loglevel=0" -- "${@:2}" 2>&1)
	is "$1: the guest is fine" "$?: $said" "0: "
	kill $injector 2>/dev/null
	wait $injector 2>/dev/null
	is "$1: every stub kept every register" "$(grep -c '^ok - ' "$where/out/loop.tap"):$(grep '^not' \
		"$where/out/loop.tap")" "11:"
	nmis=$(<"$where/out/nmis")
	ok "$1: ${nmis:-0} NMIs came" test "${nmis:-0}" -gt 200
	is "$1: CPU state was the same after as before" \
		"$(grep -E '^(restored_|cr8_fixups)' "$where/out/status" | grep -v 'same$\|=0$')" ""
}

shoot "instruction by instruction" -singlestep
shoot "plain"
done_testing
