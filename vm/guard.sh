#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Clean up after vm/boot.sh if it dies in a way that no trap can see (SIGKILL).
# It holds the other end of our standard input: lines "pid N" name the emulator,
# "done" says that it cleaned up itself, and the end of input that it is gone.
set -u
work=$1 # boot.sh's temporary folder, also part of the emulator's command line
shift   # what else to remove

# One's own kill by the terminal or the group must not come before theirs.
trap '' INT TERM HUP

pid=""
while read -r word value; do
	case $word in
	pid) pid=$value ;;
	done) exit 0 ;;
	esac
done

# Only the process that was meant: the number may have another owner by now.
ours()
{
	[[ -n $pid ]] && tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "$work"
}

if ours; then
	kill -TERM "$pid"
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		ours || break
		sleep 0.1
	done
	# timeout(1) leads a process group of its own, the emulator is in it.
	! ours || kill -KILL -- "-$pid"
fi

# SIGKILL of boot.sh alone leaves vm/initramfs.sh running, which makes files there.
# (Standard input tells grep the name, or it would find itself.)
packing()
{
	local everyone=(/proc/[0-9]*/cmdline)

	grep -qszxF -f - "${everyone[@]}" <<<"$work/initramfs"
}

for ((i = 0; i < 100; i++)); do
	packing || break
	sleep 0.1
done
rm -rf "$work" "$@"
