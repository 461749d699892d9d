# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# TAP for tests in bash. Sourced from the top of the tree:
#
#	. tests/tap.sh
#	ok "name" command args...	passes if the command exits 0
#	like "name" 'regex' "$text"
#	done_testing			last line
#
# A failed test prints what the command said.

unset CDPATH
n=0
failures=0
scratch=$(mktemp -d "${TMPDIR:-/tmp}/tollgate-test.XXXXXX")
trap 'rm -rf -- "$scratch"' EXIT

pass() # NAME
{
	n=$((n + 1))
	echo "ok $n - $1"
}

not_ok() # NAME [WHY...]
{
	n=$((n + 1))
	failures=$((failures + 1))
	echo "not ok $n - $1"
	shift
	[[ $# -eq 0 ]] || printf '%s\n' "$@" | head -n 40 | sed 's/^/# /'
}

skip() # NAME REASON
{
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

ok() # NAME COMMAND...
{
	local name=$1 said
	shift
	if said=$("$@" 2>&1); then
		pass "$name"
	else
		not_ok "$name" "exit $? of: $*" "$said"
	fi
}

is() # NAME GOT WANTED
{
	if [[ $2 == "$3" ]]; then
		pass "$1"
	else
		not_ok "$1" "got:    $2" "wanted: $3"
	fi
}

like() # NAME REGEX TEXT
{
	if [[ $3 =~ $2 ]]; then
		pass "$1"
	else
		not_ok "$1" "no match for: $2" "$3"
	fi
}

# Runs a command that must fail: with this exit code, one line on standard
# error that matches, nothing on standard output.
refuses() # NAME CODE REGEX COMMAND...
{
	local name=$1 code=$2 regex=$3 rc=0
	shift 3
	"$@" >"$scratch/out" 2>"$scratch/err" </dev/null || rc=$?
	if [[ $rc -ne $code ]]; then
		not_ok "$name" "exit $rc, wanted $code" "$(<"$scratch/err")"
	elif [[ $(wc -l <"$scratch/err") -ne 1 ]]; then
		not_ok "$name" "not one line:" "$(<"$scratch/err")"
	elif ! grep -Eq -- "$regex" "$scratch/err"; then
		not_ok "$name" "no match for: $regex" "$(<"$scratch/err")"
	elif [[ -s $scratch/out ]]; then
		not_ok "$name" "wrote to standard output:" "$(head -n 5 "$scratch/out")"
	else
		pass "$name"
	fi
}

done_testing()
{
	echo "1..$n"
	[[ $failures -eq 0 ]]
}
