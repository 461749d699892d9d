#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Take apart what vm/init sent through the second serial port. The guest is not
# trusted: every name, length and sum is checked, and nothing may follow TGEND.
# Prints the job's exit code.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

# Longer than any header can be, so that a line of lost bytes ends the reading.
readonly HEADER_MAX=512

usage()
{
	echo "usage: vm/extract.sh STREAM DIR    (DIR: an empty folder)"
}

bad() # MESSAGE
{
	die $EXIT_GUEST "guest: the files did not come out whole: $*"
}

# A line that is too long, or cut by the end of the stream, matches no header.
header() # -> $line
{
	IFS= LC_ALL=C read -r -n $HEADER_MAX -u "$stream" line 2>/dev/null ||
		bad "the end is missing (no TGEND)"
}

take() # NAME BYTES SUM
{
	local name=$1 bytes=$2 sum=$3
	local file=$dir/$name got

	[[ ! -e $file ]] || bad "$name comes twice"
	head -c "$bytes" <&"$stream" >"$file" || die $EXIT_IO "cannot write $file"
	got=$(stat -c %s "$file")
	[[ $got -eq $bytes ]] || bad "$name has $got bytes of $bytes"
	got=$(sha256sum <"$file")
	[[ ${got%% *} == "$sum" ]] || bad "$name has another sha256 than it was sent with"
}

main()
{
	local rc line

	case ${1:-} in
	-h | --help) usage; exit 0 ;;
	esac
	[[ $# -eq 2 ]] || { usage >&2; exit $EXIT_INPUT; }
	dir=$2
	exec {stream}<"$1" || die $EXIT_INPUT "cannot read $1"
	[[ -d $dir ]] || die $EXIT_INPUT "no folder $dir"

	while header; do
		# A name starts with a letter or digit: no folder, no "..", nothing hidden.
		if [[ $line =~ ^TGFILE\ ([A-Za-z0-9][A-Za-z0-9._+-]{0,199})\ (0|[1-9][0-9]{0,11})\ ([0-9a-f]{64})$ ]]; then
			take "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" "${BASH_REMATCH[3]}"
		elif [[ $line =~ ^TGEND\ (0|[1-9][0-9]{0,2})$ ]]; then
			rc=${BASH_REMATCH[1]}
			[[ -z $(head -c 1 <&"$stream" | od -An -c) ]] || bad "bytes follow TGEND"
			break
		else
			bad "a header is malformed: $(printf '%.60q' "$line")"
		fi
	done
	echo "$rc"
}

main "$@"
