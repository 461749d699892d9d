#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The house rules that a program can check.
set -u
cd "$(dirname -- "$0")/.." || exit 1
. tests/tap.sh

if git rev-parse --git-dir >/dev/null 2>&1; then
	mapfile -t files < <(git ls-files)
else
	mapfile -t files < <(find . -path ./.cache -prune -o -type f -printf '%P\n')
fi
scripts=() code=()
for file in "${files[@]}"; do
	[[ -f $file && ! -L $file ]] || continue
	case $file in
	*.c | *.h | *.S | *.def) code+=("$file") ;;
	esac
	read -r first <"$file" 2>/dev/null || true
	[[ $first != '#!/bin/bash' && $first != '#!/bin/sh' ]] || scripts+=("$file")
done

ok "shellcheck has nothing to say of ${#scripts[@]} scripts" \
	shellcheck -x -S warning -e SC1091 "${scripts[@]}"
is "version checks stand in mod/compat.h alone" \
	"$(grep -lE 'LINUX_VERSION_CODE|KERNEL_VERSION\(' "${code[@]}" | grep -v '^mod/compat.h$')" ""
is "every source file begins with its licence" \
	"$(for f in "${code[@]}"; do head -n 1 "$f" | grep -q SPDX-License-Identifier || echo "$f"; done)" ""
is "every file can be read in one sitting (450 lines)" \
	"$(wc -l "${code[@]}" "${scripts[@]}" | awk '$1 > 450 && $2 != "total" { print $2, $1 }')" ""
is "no line of code is longer than 100 columns" \
	"$(for f in "${code[@]}"; do
		expand "$f" | awk -v f="$f" 'length > 100 && !/^[^"]*"/ { print f ":" FNR }'; done)" ""
is "no trailing white space" "$(grep -nE '[ 	]+$' "${code[@]}" "${scripts[@]}")" ""
is "no promise of later work" \
	"$(grep -nwE 'TO''DO|FIX''ME|XX''X|place''holder' "${code[@]}" "${scripts[@]}")" ""
is "no product or test file reads the founders' notes" \
	"$(grep -nE '\.\./sha''red' "${code[@]}" "${scripts[@]}" Makefile Kbuild)" ""
is "the Makefile runs every test program" \
	"$(for f in tests/unit/test_*.c tests/unit/*.t tests/*.t tests/vm/*.t; do
		case $f in *.c) name=$(basename "$f" .c) ;; *) name=$f ;; esac
		grep -qwF "$name" Makefile || echo "$f"; done)" ""
done_testing
