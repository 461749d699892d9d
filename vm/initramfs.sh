#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Pack busybox, vm/init and some files as an initramfs. The same input gives the
# same bytes.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage()
{
	cat <<-'EOF'
	usage: vm/initramfs.sh OUT FILE[:DEST[:MODE]]...

	  OUT   compressed if its name ends in .gz
	  DEST  absolute place in the guest (default /NAME); MODE 0755 by default
	EOF
}

find_busybox() # -> path of a static busybox
{
	local busybox

	need busybox busybox-static
	busybox=$(command -v busybox)
	# The guest has no C library to load.
	! ldd "$busybox" 2>/dev/null | grep -q '=>' ||
		die $EXIT_NOTHING "needs a static busybox: install the package busybox-static (vm/setup.sh does)"
	echo "$busybox"
}

add() # ROOT FILE[:DEST[:MODE]]
{
	local root=$1 source dest mode

	IFS=: read -r source dest mode <<<"$2"
	dest=${dest:-/${source##*/}}
	[[ $dest == /* && $dest != */ && $dest != */../* && $dest != */.. ]] ||
		die $EXIT_INPUT "initramfs: bad place in the guest: $dest"
	[[ -f $source && -r $source ]] || die $EXIT_INPUT "cannot read $source"
	if [[ -n $mode && ! $mode =~ ^0?[0-7]{3}$ ]]; then
		die $EXIT_INPUT "initramfs: bad mode $mode"
	fi
	install -D -m "${mode:-0755}" "$source" "$root$dest"
}

pack() # ROOT OUT
{
	local root=$1 out=$2
	local compress=(cat)

	[[ $out != *.gz ]] || compress=(gzip -n -1)
	(
		cd "$root"
		find . -exec touch -h -d @0 {} +
		find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --reproducible --quiet
	) | "${compress[@]}" >"$out"
}

main()
{
	local out busybox applet file

	case ${1:-} in
	-h | --help) usage; exit 0 ;;
	"") usage >&2; exit $EXIT_INPUT ;;
	esac
	out=$1
	shift
	need cpio cpio
	busybox=$(find_busybox)

	root=$(mktemp -d "${TMPDIR:-/tmp}/tollgate-initramfs.XXXXXX") ||
		die $EXIT_IO "cannot write in ${TMPDIR:-/tmp}"
	trap 'rm -rf "$root"' EXIT
	trap 'exit $EXIT_INTERRUPTED' INT TERM HUP
	# mktemp gives the owner alone a right to it; in the guest it is "/"
	chmod 0755 "$root"
	mkdir -p "$root"/{bin,dev,proc,sys,tmp,out,root}
	install -m 0755 "$busybox" "$root/bin/busybox"
	# Links made here cost nothing at boot; busybox --install in the guest would.
	for applet in $("$busybox" --list); do
		[[ $applet == busybox ]] || ln -s busybox "$root/bin/$applet"
	done
	install -m 0755 "$vm/init" "$root/init"
	for file in "$@"; do
		add "$root" "$file"
	done
	pack "$root" "$out" || die $EXIT_IO "cannot write $out"
}

main "$@"
