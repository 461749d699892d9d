#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The README is true: its generated parts are what is generated now, its
# commands run, its files exist.
set -u
cd "$(dirname -- "$0")/.." || exit 1
. tests/tap.sh

ok "the generated parts are up to date (make readme)" tests/readme.sh --check
is "they are not empty" "$(grep -A1 '^<!-- generated' README.md | grep -c '^<!-- end')" 0

# Every command in a sh block is run, or its make target is shown to exist:
# make bench and make check would run this test again, LANE=host loads a module.
mapfile -t commands < <(awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' README.md)
ran=0
for command in "${commands[@]}"; do
	case $command in
	"bench/tollgate run"*)
		ok "runs: $command" bash -c "${command/ run/ run -o $scratch/run$ran}"
		ok "its report can be printed" bench/tollgate report "$scratch/run$ran/report.json"
		;;
	"sudo bench/tollgate run --lane host -o R "*)
		# a module is loaded where one can be, and what it says is said to claims; else why not
		rc=0
		bash -c "${command#sudo } -o $scratch/R" >/dev/null 2>"$scratch/host" || rc=$?
		like "runs, or says what is in the way: $command" '^(0|[34]:tollgate: .+)' \
			"$rc:$(<"$scratch/host")"
		mkdir -p "$scratch/R"
		[[ -s $scratch/R/report.json ]] ||
			cp results/reference/amd-epyc-*/user-*/report.json "$scratch/R/"
		;;
	bench/tollgate*" R/report.json"*) ok "runs: $command" bash -c "${command/ R\// $scratch/R/}" ;;
	bench/tollgate*) ok "runs: $command" bash -c "$command" ;;
	"make -C /path/"* | "make module KDIR=/path"*)
		build=$(vm/fetch.sh 6.12 | sed -n 's/^build=//p')
		mkdir -p "$scratch/tree" && cp -r Makefile Kbuild mod include "$scratch/tree/"
		ok "runs: $command" bash -c "cd '$scratch/tree' && rm -f *.ko && env -u MAKEFLAGS \
			-u MAKELEVEL ${command//\/path\/to\/kernel\/build\/tree/$build} && [ -s tollgate.ko ]"
		;;
	"make "* | "sudo make "*) ok "make knows: $command" make -n ${command#*make } ;;
	*) not_ok "a command this test does not know: $command" ;;
	esac
	ran=$((ran + 1))
done
ok "there are commands" test $ran -ge 8

# shellcheck disable=SC2013 # words
for path in $(grep -oE '(^|[ `(])(include/tollgate|mod|bench|vm|tests|results)/[a-z_/0-9.*-]*' \
	README.md | tr -d ' `(' | sort -u); do
	[[ $path == results/local* ]] || ok "exists: $path" compgen -G "${path%.}"
done
done_testing
