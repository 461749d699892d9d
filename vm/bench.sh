#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# `make bench`: install what is missing, build, measure, print the reports.
#
#   LANE=       (empty) lane user here, then lane vm on the default kernel
#   LANE=user   lane user alone        LANE=vm     lane vm alone
#   LANE=host   ring 0 of this very machine: load the module, run, unload it
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

lane=${LANE:-}

build_harness()
{
	"$vm/setup.sh" harness
	make -s -C "$tree" harness
}

case $lane in
"" | user | vm | host) ;;
*) die $EXIT_INPUT "LANE='$lane' is not allowed; allowed: user vm host, or nothing for user and vm" ;;
esac
if [[ $lane == host && $EUID -ne 0 ]]; then
	die $EXIT_REFUSED "LANE=host loads a module: run it as root (sudo make bench LANE=host)"
fi
# Before anything is installed and built for it.
[[ $lane != host ]] || "$vm/host-run.sh" --check

build_harness
if [[ $lane == host ]]; then
	"$vm/setup.sh" module host
	make -s -C "$tree" module KDIR="${KDIR:-/lib/modules/$(uname -r)/build}"
	exec "$vm/host-run.sh" "$tree/tollgate.ko" "$tree/bench/tollgate"
fi

# One lane's failure is not the other's: both run, the first failure is the
# exit code.
failed=0
if [[ $lane == "" || $lane == user ]]; then
	"$tree/bench/tollgate" run || failed=$?
	[[ $failed -ne $EXIT_INTERRUPTED ]] || exit "$failed"
fi
if [[ $lane == "" || $lane == vm ]]; then
	"$vm/setup.sh" module vm
	rc=0
	"$tree/bench/tollgate" run --lane vm || rc=$?
	[[ $failed -ne 0 ]] || failed=$rc
fi
exit "$failed"
