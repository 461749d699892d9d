# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# A little TAP for the tests of vm/. Sourced. Makes $scratch, removed at the end.

count=0
failed=0
scratch=$(mktemp -d "${TMPDIR:-/tmp}/tollgate-test.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT

result() # OK? NAME
{
	count=$((count + 1))
	if [[ $1 -eq 0 ]]; then
		echo "ok $count - $2"
	else
		failed=$((failed + 1))
		echo "not ok $count - $2"
	fi
}

ok() # NAME COMMAND...
{
	local status=0

	"${@:2}" || status=$?
	result "$status" "$1"
}

is() # GOT WANTED NAME
{
	[[ $1 == "$2" ]]
	result $? "$3"
	[[ $1 == "$2" ]] || printf '# got: %s\n# wanted: %s\n' "${1//$'\n'/ | }" "$2"
}

like() # GOT GLOB NAME
{
	# shellcheck disable=SC2053 # the right side is a pattern
	[[ $1 == $2 ]]
	result $? "$3"
	# shellcheck disable=SC2053
	[[ $1 == $2 ]] || printf '# got: %s\n# wanted: %s\n' "${1//$'\n'/ | }" "$2"
}

finish()
{
	echo "1..$count"
	[[ $failed -eq 0 ]]
}
