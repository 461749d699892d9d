#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What tests/vm/1*-warnings-KERNEL.t run: the module built anew with kbuild's
# W=1 and sparse over every file. gcc, sparse and objtool all say "warning:".
set -u
name=${0##*/}
cd "$(dirname -- "$0")/../.." || exit 1
. tests/tap.sh

kernel=${name#*-warnings-}
kernel=${kernel%.t}
build=$(vm/fetch.sh "$kernel" | sed -n 's/^build=//p')
copy=$scratch/copy
mkdir "$copy"
cp -r Kbuild include mod "$copy/"

said=$(env -u MAKEFLAGS -u MAKELEVEL make -C "$build" M="$copy" -j"$(nproc)" W=1 C=2 \
	CHECK=sparse modules 2>&1)
rc=$?
is "builds with W=1 and C=2" "$rc" 0
for file in mod/*.c; do
	# of no module so far: the checker and ring 3 include it
	[[ $file != mod/fpu_state.c ]] || continue
	like "sparse saw $file" "CHECK +[^ ]*${file}" "$said"
done
is "no warning and no error" "$(grep -E 'warning|error' <<<"$said")" ""
# Debian exports it, kernel.org does not: there the module must load all the same.
is "task_work_add() is not insisted on" "$(nm "$copy/tollgate.ko" | grep ' task_work_add$' | tr -s ' ')" \
	" w task_work_add"

# The check itself must be able to fail: a planted fault of each kind is seen.
planted() # NAME PATTERN CODE
{
	cp mod/main.c "$copy/mod/main.c"
	printf '%s\n' "$3" >>"$copy/mod/main.c"
	like "planted: $1 is reported" "$2" "$(env -u MAKEFLAGS -u MAKELEVEL make -C "$build" \
		M="$copy" W=1 C=2 CHECK=sparse modules 2>&1)"
}
planted "what W=1 finds" "no previous prototype" 'int tg_planted(void) { return 0; }'
planted "what sparse finds" "different address spaces" \
	'static int __user *tg_planted; extern int *tg_plant(void); int *tg_plant(void) { return tg_planted; }'
planted "what objtool finds" "tg_planted.*(stack|unreachable|return)" \
	'asm(".pushsection .text\n.globl tg_planted\n.type tg_planted, @function\ntg_planted: push %rax; ret\n.size tg_planted, . - tg_planted\n.popsection");'
done_testing
