#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Build tollgate.ko of this tree for one kernel, in a copy of the sources: so
# builds for two kernels, and the tree itself, never mix.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

sources=(Kbuild mod include)

usage()
{
	cat <<-'EOF'
	usage: vm/module.sh KERNEL OUT.ko

	  KERNEL  what vm/kernel.sh takes (6.1, 6.12-rt, 7.3, the name of an installed
	          one), or a folder with the headers of a kernel, or its built tree
	          (/lib/modules/$(uname -r)/build)

	TOLLGATE_W=1 builds with kbuild's W=1. Compiler and objtool warnings go to
	stderr; the whole log is CACHE/build/RELEASE-HASH.log.
	EOF
}

build_folder() # KERNEL -> folder to give to make -C
{
	local found

	if [[ -d $1 ]]; then
		[[ -e $1/Makefile && -e $1/include/generated/utsrelease.h ]] ||
			die $EXIT_INPUT "$1 does not hold the headers of a configured kernel"
		(cd "$1" && pwd -P)
		return
	fi
	[[ $1 != */* ]] || die $EXIT_INPUT "no folder $1 (kernel headers; on Debian linux-headers-RELEASE)"
	found=$("$vm/kernel.sh" "$1")
	sed -n 's/^build=//p' <<<"$found"
}

# Headers of another Debian release lie in a root of their own, with the compiler
# and the C library that kbuild's programs there need (vm/fetch.sh).
foreign_root() # BUILD -> that root; nothing if there is none
{
	local root=${1%/usr/src/*}

	[[ $root == "$1" || ! -e $root/foreign ]] || echo "$root"
}

# Debian's headers name the compiler their kernel was built with.
check_compiler() # BUILD
{
	local compiler

	if [[ -n $(foreign_root "$1") ]]; then
		need bwrap bubblewrap
		return
	fi
	need make make
	need gcc gcc
	[[ -e $1/.kernelvariables ]] || return 0
	compiler=$(grep -oE 'gcc-[0-9]+' "$1/.kernelvariables" | tail -n 1) || return 0
	need "$compiler" "$compiler"
}

# What kbuild leaves in a source folder is neither copied nor cleaned away.
source_names=('(' -name Kbuild -o -name Makefile -o -name '*.[chS]' -o -name '*.def' ')'
	! -name '*.mod.c')

# By content and not by date: a checkout touches files that stay the same, and a
# restored old file must be built again.
sync_sources() # COPY
{
	local copy=$1 file

	# A file deleted in the tree must not help a build here; kbuild does not
	# notice that a header is gone, so the objects go too.
	if [[ -d $copy ]]; then
		while IFS= read -r -d '' file; do
			[[ -e $tree/$file ]] && continue
			rm -rf "$copy"
			break
		done < <(cd "$copy" && find . -type f "${source_names[@]}" -print0)
	fi
	while IFS= read -r -d '' file; do
		cmp -s "$tree/$file" "$copy/$file" && continue
		mkdir -p "$copy/$(dirname "$file")"
		# Without the date of the source: newer than the objects is what counts.
		cp "$tree/$file" "$copy/$file" || die $EXIT_IO "cannot write $copy/$file"
	done < <(cd "$tree" && find "${sources[@]}" -type f "${source_names[@]}" -print0)
}

run_make() # BUILD COPY LOG
{
	local build=$1 copy=$2 root inside=()
	local words=("-j$(nproc)" modules)

	root=$(foreign_root "$build")
	if [[ -n $root ]]; then
		inside=(bwrap --ro-bind "$root" / --proc /proc --dev /dev --tmpfs /tmp
			--bind "$copy" /tmp/module --unshare-all --die-with-parent
			--setenv PATH /usr/sbin:/usr/bin --setenv LC_ALL C)
		build=${build#"$root"} copy=/tmp/module
	fi
	[[ ${TOLLGATE_W:-} != 1 ]] || words+=(W=1)
	! grep -qs '^CONFIG_CC_IS_CLANG=y' "$1/include/config/auto.conf" || words+=(LLVM=1)
	# Without the jobs, flags and variables of a make that may be our parent.
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS "${inside[@]}" make -C "$build" "M=$copy" \
		"${words[@]}" >"$3" 2>&1 &
	child=$!
	wait "$child"
}

# Messages name the file that one would edit, not its copy.
in_tree() # COPY
{
	local text

	text=$(cat)
	printf '%s\n' "${text//"$1/"/}"
}

main()
{
	local build copy release log status=0

	case ${1:-} in
	-h | --help) usage; exit 0 ;;
	esac
	[[ $# -eq 2 ]] || { usage >&2; exit $EXIT_INPUT; }

	build=$(build_folder "$1")
	release=$(sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' "$build/include/generated/utsrelease.h")
	copy=$cache/build/$release-$(printf '%s\n' "$tree" "$build" | sha256sum | head -c 8)
	log=$copy.log
	[[ $build$copy != *[[:space:]:]* ]] ||
		die $EXIT_INPUT "kbuild cannot work in a folder with a space or colon in its name: $copy"
	check_compiler "$build"

	mkdir -p "$cache/build" || die $EXIT_IO "cannot write $cache/build"
	{ exec {lock}>"$copy.lock"; } 2>/dev/null || die $EXIT_IO "cannot write $copy.lock"
	flock "$lock"
	sync_sources "$copy"
	progress "building tollgate.ko for $release"
	child=""
	trap '[[ -z $child ]] || kill "$child" 2>/dev/null; exit $EXIT_INTERRUPTED' INT TERM HUP
	run_make "$build" "$copy" "$log" || status=$?
	if [[ $status -ne 0 || ! -e $copy/tollgate.ko ]]; then
		tail -n 20 "$log" | in_tree "$copy" >&2
		die $EXIT_FAILED "the module does not build for $release; the whole log: $log"
	fi
	# BTF is not made of modules here, so which pahole there is does not matter.
	grep 'warning:' "$log" | grep -v 'pahole version differs' | in_tree "$copy" >&2 || true
	if ! cp "$copy/tollgate.ko" "$2.new" || ! mv "$2.new" "$2"; then
		die $EXIT_IO "cannot write $2"
	fi
}

main "$@"
