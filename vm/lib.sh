# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the bash scripts in vm/ share: exit codes, messages, where things are.
# Sourced, never run.

# The same codes as bench/exit.h.
# shellcheck disable=SC2034 # used by the scripts that source this file
readonly EXIT_FAILED=1 EXIT_INPUT=2 EXIT_NOTHING=3 EXIT_REFUSED=4 EXIT_GUEST=5 \
	EXIT_IO=6 EXIT_INTERRUPTED=130

# With it, cd prints where it went, into every $(cd ... && pwd).
unset CDPATH
vm=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
tree=${vm%/*}

# Downloads and build folders. Absolute, because kbuild changes directory.
# An installed tree is not for its users to write in.
cache=${TOLLGATE_CACHE:-$tree/.cache}
if [[ -z ${TOLLGATE_CACHE:-} && ! -w $tree && ! -w $cache ]]; then
	cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/tollgate
fi
[[ $cache == /* ]] || cache=$PWD/$cache

die() # CODE MESSAGE...
{
	local code=$1
	shift
	printf 'tollgate: %s\n' "$*" >&2
	exit "$code"
}

# For a person who waits; a log wants only results and errors.
progress() # MESSAGE...
{
	if [[ -t 2 || ${TOLLGATE_PROGRESS:-} == 1 ]]; then
		printf 'tollgate: %s\n' "$*" >&2
	fi
}

need() # PROGRAM PACKAGE
{
	command -v -- "$1" >/dev/null ||
		die $EXIT_NOTHING "needs $1: install the package $2 (vm/setup.sh does)"
}

# Installing, and refreshing apt's lists, need both of these.
may_install()
{
	[[ ${TOLLGATE_NO_INSTALL:-} != 1 ]]
}

# Print the command that makes the rest root; nothing when we are root.
as_root()
{
	if [[ $EUID -eq 0 ]]; then
		return 0
	fi
	if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
		echo "sudo -n"
		return 0
	fi
	return 1
}
