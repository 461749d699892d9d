#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Lane vm ended half-way, and with a guest that fails: nothing is left running
# or half-written, and a failed guest's console is kept where the message says.
set -u
cd "$(dirname -- "$0")/../.." || exit 1
. tests/tap.sh

export TMPDIR=$scratch/tmp
mkdir "$TMPDIR"

emulators() # our own: their command line names our folder
{
	pgrep -f "qemu-system-x86_64.*$TMPDIR" | wc -l
}

# Long enough that the guest is still at work when it is ended.
long=(--lane vm --accel tcg --rounds 1000 --samples 5000 -o "$scratch/r" 'insn/*')

wait_for_emulator()
{

	for _ in $(seq 100); do
		[[ $(emulators) -eq 0 ]] || return 0
		sleep 0.2
	done
	return 1
}

nothing_left() # NAME
{
	for _ in $(seq 25); do
		[[ $(emulators) -ne 0 || -n $(ls -A "$TMPDIR") ]] || break
		sleep 0.2
	done
	is "$1: no emulator is left" "$(emulators)" 0
	is "$1: no temporary file is left" "$(ls -A "$TMPDIR")" ""
	is "$1: no report is half-written" "$(find "$scratch" -path "$TMPDIR" -prune -o -name '*report*' -print)" ""
}

# Ctrl-C reaches the whole foreground group; a service manager's TERM the
# program alone. A process in the background ignores INT: hence timeout(1).
for signal in INT TERM; do
	rc=0
	setsid timeout --foreground -s $signal 8 bench/tollgate run "${long[@]}" \
		>"$scratch/out" 2>"$scratch/err" &
	wrapper=$!
	ok "SIG$signal: the guest was at work" wait_for_emulator
	wait $wrapper || rc=$?
	is "SIG$signal: exit code (timeout's 124 hides the program's)" $rc 124
	like "SIG$signal: says so" "interrupted" "$(<"$scratch/err")"
	nothing_left "SIG$signal"
done

bash -c 'trap - INT; exec bench/tollgate "$@"' - run "${long[@]}" >"$scratch/out" 2>"$scratch/err" &
pid=$!
ok "TERM to the program alone: the guest was at work" wait_for_emulator
kill -TERM $pid
rc=0
wait $pid || rc=$?
is "TERM to the program alone: exit code" $rc 130
nothing_left "TERM to the program alone"

refuses "a bad value that only the guest can know" 2 "in the guest: --cpu 63 is not online" \
	bench/tollgate run --lane vm --accel tcg --cpu 63 -o "$scratch/r" insn/nop
nothing_left "bad value in the guest"
done_testing
