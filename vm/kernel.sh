#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# From what a person calls a kernel to its image and what modules are built
# against: fetched, installed on this machine, or the person's own.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

# Where /boot and /lib/modules are: another system's root, mounted here.
sysroot=${TOLLGATE_SYSROOT:-}

usage()
{
	cat <<-'EOF'
	usage: vm/kernel.sh KERNEL
	       vm/kernel.sh path/to/bzImage [--build TREE]

	  KERNEL   what vm/fetch.sh takes (6.1, 6.12-rt, 7.3, ...), or a kernel that is
	           installed here, by the name uname -r would say
	  bzImage  a kernel of your own: a name with a slash in it
	  TREE     its built source tree (or O= folder), or its headers; without it the
	           tree that the bzImage lies in

	prints release=, image=, build= (for vm/module.sh). What a kernel of your own must
	have built in stands in vm/guest.config and is checked here.
	EOF
}

# The setup header (Documentation/arch/x86/boot.rst): "HdrS" at 0x202, bit 0 of
# 0x236 for a 64-bit entry, 0x200 behind the number at 0x20e the version's text.
image_text() # IMAGE -> "6.12.1 (who@where) #1 SMP date"
{
	local image=$1 magic at flags

	magic=$(od -An -c -j 514 -N 4 -- "$image" 2>/dev/null | tr -d ' \n') || magic=""
	[[ $magic == HdrS ]] ||
		die $EXIT_INPUT "$image is no bzImage (arch/x86/boot/bzImage of a kernel tree is one, vmlinux is not)"
	flags=$(od -An -tu1 -j 566 -N 1 -- "$image" | tr -d ' ')
	[[ $((flags & 1)) -eq 1 ]] || die $EXIT_INPUT "$image is a kernel for 32-bit CPUs"
	at=$(od -An -tu2 -j 526 -N 2 -- "$image" | tr -d ' ')
	head -c $((at + 512 + 256)) -- "$image" | tail -c 256 | tr '\0' '\n' |
		sed -n 1p | LC_ALL=C tr -cd '\12\40-\176'
}

defined() # NAME FILE -> the text of #define NAME "text"
{
	sed -n "s/^#define $1 \"\\(.*\\)\"/\\1/p" "$2" 2>/dev/null || true
}

# The tree must be of this very build: a module takes the places of members from it.
check_tree() # IMAGE TREE
{
	local image=$1 tree=$2 text release version

	[[ -d $tree ]] || die $EXIT_INPUT "no folder $tree (a built kernel tree, or a kernel's headers)"
	[[ $tree != *[[:space:]:]* ]] ||
		die $EXIT_INPUT "kbuild cannot work with a folder with a space or colon in its name: $tree"
	[[ -e $tree/Makefile && -e $tree/include/generated/utsrelease.h ]] ||
		die $EXIT_INPUT "$tree holds no built kernel: no include/generated/utsrelease.h (with O= it is the output folder)"
	text=$(image_text "$image")
	release=$(defined UTS_RELEASE "$tree/include/generated/utsrelease.h")
	[[ ${text%% *} == "$release" ]] ||
		die $EXIT_INPUT "$image is ${text%% *}, but $tree is $release: modules must be built against the kernel's own tree"
	version=$(defined UTS_VERSION "$tree/include/generated/utsversion.h")
	[[ -z $version || $text == *" $version" ]] ||
		die $EXIT_INPUT "$tree was built again since $image (image #${text##*) #}; tree $version): use the tree's own arch/x86/boot/bzImage, and a tree for each kernel"
	[[ -e $tree/Module.symvers ]] ||
		die $EXIT_INPUT "$tree has no Module.symvers: build it with 'make' ('make modules_prepare' does not make it)"
	check_config "$tree"
}

check_config() # TREE
{
	local config=$1/.config line name missing="" wrong=""

	[[ -e $config ]] || config=$1/include/config/auto.conf
	[[ -e $config ]] || die $EXIT_INPUT "$1 has neither .config nor include/config/auto.conf"
	while IFS= read -r line; do
		case $line in
		CONFIG_*)
			grep -qxF -- "$line" "$config" || missing+=" $line" ;;
		'# CONFIG_'*' is not set')
			name=${line#\# }
			name=${name%% *}
			! grep -qxF -- "$name=y" "$config" || wrong+=" $name" ;;
		esac
	done <"$vm/guest.config"
	[[ -z $missing$wrong ]] ||
		die $EXIT_INPUT "the kernel of $1 cannot be a guest:${missing:+ lacks$missing;}${wrong:+ must not have$wrong;} vm/guest.config says what and why"
}

show() # IMAGE TREE
{
	local text

	text=$(image_text "$1")
	echo "release=${text%% *}"
	echo "image=$1"
	echo "build=$2"
}

absolute() # FILE
{
	local folder

	folder=$(cd -- "$(dirname -- "$1")" 2>/dev/null && pwd -P) ||
		die $EXIT_INPUT "no folder $(dirname -- "$1")"
	echo "${folder%/}/${1##*/}"
}

own() # IMAGE TREE
{
	local image=$1 tree=$2

	[[ -f $image ]] || die $EXIT_INPUT "no file $image (--kernel with a slash in it is a bzImage of yours)"
	[[ -r $image ]] || die $EXIT_REFUSED "cannot read $image"
	image=$(absolute "$image")
	image_text "$image" >/dev/null
	if [[ -z $tree && $image == */arch/x86*/boot/bzImage ]]; then
		tree=${image%/arch/x86*/boot/bzImage}
	fi
	[[ -n $tree ]] || die $EXIT_INPUT "$image needs --build TREE: its built source tree, or its headers"
	[[ ! -d $tree ]] || tree=$(cd -- "$tree" && pwd -P)
	check_tree "$image" "$tree"
	show "$image" "$tree"
}

# /lib/modules/NAME/build is a link, absolute in the system that it is of.
installed() # NAME
{
	local image=$sysroot/boot/vmlinuz-$1 link=$sysroot/lib/modules/$1/build target

	target=$(readlink -- "$link" 2>/dev/null) || target=""
	[[ $target != /* ]] || link=$sysroot$target
	[[ -d $link ]] ||
		die $EXIT_NOTHING "kernel $1 is installed, its headers are not: install linux-headers-$1"
	[[ -r $image ]] ||
		die $EXIT_REFUSED "cannot read $image: run as root, or copy it and say --kernel ./copy --build $link"
	link=$(cd -- "$link" && pwd -P)
	check_tree "$image" "$link"
	show "$image" "$link"
}

main()
{
	local kernel="" build=""

	while [[ $# -gt 0 ]]; do
		case $1 in
		-h | --help) usage; exit 0 ;;
		--build)
			[[ -n ${2:-} ]] || die $EXIT_INPUT "kernel: --build needs a folder"
			build=$2
			shift
			;;
		-*) die $EXIT_INPUT "kernel: unknown option $1" ;;
		*)
			[[ -z $kernel ]] || die $EXIT_INPUT "kernel: one kernel at a time"
			kernel=$1
			;;
		esac
		shift
	done
	[[ -n $kernel ]] || die $EXIT_INPUT "kernel: which kernel? (6.1, 6.12-rt, a name as of uname -r, path/to/bzImage)"
	if [[ $kernel == */* ]]; then
		own "$kernel" "$build"
	elif [[ -n $build ]]; then
		die $EXIT_INPUT "--build is for a kernel of your own: --kernel path/to/bzImage, not '$kernel'"
	elif [[ -e $sysroot/boot/vmlinuz-$kernel ]]; then
		installed "$kernel"
	else
		exec "$vm/fetch.sh" "$kernel"
	fi
}

main "$@"
