# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# What the checks inside a guest share: TAP, and questions to the module. Sourced by
# busybox sh as root, debugfs mounted, tollgate.ko at / (or $KO).

KO=${KO:-/tollgate.ko}
T=/sys/kernel/debug/tollgate
W=${TMPDIR:-/tmp}/checks
mkdir -p "$W"
nr=0
failed=0

ok() # STATUS WHAT
{
	nr=$((nr + 1))
	[ "$1" -eq 0 ] && echo "ok $nr - $2" && return
	echo "not ok $nr - $2"
	failed=$((failed + 1))
}

is() # GOT WANTED WHAT
{
	[ "$1" = "$2" ]
	ok $? "$3"
	[ "$1" = "$2" ] || echo "# got '$1', wanted '$2'"
}

like() # GOT PATTERN WHAT
{
	# shellcheck disable=SC2254 # a pattern is meant
	case $1 in
	$2) ok 0 "$3" && return ;;
	esac
	ok 1 "$3"
	echo "# got '$1', wanted '$2'"
}

skip() { ok 0 "$1 # SKIP $2"; } # WHAT WHY

fact() { sed -n "s/^$1=//p" $T/status; } # KEY -> its value in status

# ask COMMAND [FILE]: one write (with a newline: an empty one would be none) and
# one read on the same open file. The answer goes to $W/answer, what the shell
# said of a failed write to $W/said. echo, since printf hides the error.
ask()
{
	exec 3<>"${2:-$T/run}"
	echo "$1" 2>"$W/said" >&3
	# shellcheck disable=SC2320 # the write that is meant is echo's
	asked=$?
	cat <&3 >"$W/answer"
	exec 3>&-
	return $asked
}

answer() { sed -n "s/^$1=//p" "$W/answer"; } # KEY -> its value in the answer

refuses() # COMMAND PATTERN-OF-THE-LINE WHAT [MESSAGE-OF-ERRNO] [FILE]
{
	runs=$(fact runs)
	ask "$1" "$5" && echo "# the write did not fail" >>"$W/said"
	like "$(cat "$W/said")" "*${4:-Invalid argument}*" "$3: the write fails"
	like "$(cat "$W/answer")" "error=$2" "$3: says why"
	is "$(wc -l <"$W/answer")" 1 "$3: in one line"
	is "$(fact runs)" "$runs" "$3: nothing ran"
}
