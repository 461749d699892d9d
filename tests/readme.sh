#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The generated parts of README.md: between <!-- generated: COMMAND --> and
# <!-- end --> stands what COMMAND prints.
#
#	tests/readme.sh --write        write them anew (make readme)
#	tests/readme.sh --check        show what would change; exit 1 if anything
#	tests/readme.sh excerpt FILE   a report: its head and its first figures
#	tests/readme.sh claims ID...   what lane user's reference report says of these
set -euo pipefail
cd "$(dirname -- "$0")/.."

# Enough to see what a report is: the head and some figures of each family.
excerpt() # FILE
{
	echo '```'
	awk '
	/^$/ { table++ }
	table == 0 { print; next }
	/^skipped:|^failed:|^rehearsal|^trapped/ { exit }
	/^$/ || /value \+- err/ { print; shown = 0; next }
	shown < 9 { print }
	shown == 9 { print "..." }
	{ shown++ }' "$1"
	echo '```'
}

generate()
{
	local line inside=0 command

	while IFS= read -r line; do
		if [[ $line =~ ^'<!-- generated: '(.*)' -->'$ ]]; then
			command=${BASH_REMATCH[1]}
			echo "$line"
			bash -c "$command"
			inside=1
		elif [[ $line == '<!-- end -->' ]]; then
			inside=0
		fi
		[[ $inside -eq 1 ]] || echo "$line"
	done <README.md
}

# Without the machine, which stands above it.
claims() # ID...
{
	local id

	echo '```'
	for id in "$@"; do
		bench/tollgate claims -c "$id" results/reference/amd-epyc-*/user-*/report.json |
			sed -n '/^'"$id"'/,/^$/p'
	done | sed '$d'
	echo '```'
}

case ${1:-} in
claims)
	claims "${@:2}"
	;;
excerpt)
	excerpt "$2"
	;;
--write)
	generate >README.md.new
	mv README.md.new README.md
	;;
--check)
	generate | diff -u README.md -
	;;
*)
	echo "usage: tests/readme.sh --write | --check | excerpt FILE | claims ID..." >&2
	exit 2
	;;
esac
