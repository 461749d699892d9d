#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Fetch a distribution kernel and its headers by apt, without installing them,
# into CACHE/kernels/RELEASE. Prints where things are as key=value lines.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=suites.sh
. "$vm/suites.sh"

kernels=$cache/kernels
aside=$kernels/.new
child=""
lists=""
# 1: from another Debian release, with its own tools (see unpack)
foreign=0
# apt-get download as root drops to a user who cannot write into the cache.
apt_options=(-q -o Acquire::Retries=3 -o APT::Sandbox::User=root)
with_all=(-y --no-install-recommends --download-only)
readonly series_name='^([0-9]+\.[0-9]+)-(cloud|amd64|rt)$'
readonly release_name='^[0-9]+\.[0-9]+\.[0-9]+[A-Za-z0-9.+~-]*-amd64$'
have=""

usage()
{
	cat <<-'EOF'
	usage: vm/fetch.sh KERNEL [--refresh]

	  KERNEL     a series, with a flavour if it is not cloud:
	             6.1, 6.12, 6.12-cloud, 6.1-amd64, 6.12-rt; newer ones come from
	             Debian's other releases with the compiler they were built with;
	             or a whole release: 6.1.0-55-cloud-amd64
	  --refresh  look for a newer release of a kernel that is there already

	prints release=, version=, image=, build= (a KDIR for kbuild), modules=
	The cache is TOLLGATE_CACHE, or .cache in the tree; `rm -r` it at any time.
	EOF
}

# Releases that apt knows with their headers, one a line, without the flavour.
offered()
{
	apt-cache search --names-only '^linux-headers-[0-9][^ ]*-common$' |
		sed -nE 's/^linux-headers-([^ ]*)-common .*/\1/p'
}

# Those in $have that are worth naming: of a release's series if there are any,
# else the series.
nearest() # NAME -> "6.12.115+deb12 6.12.117+deb12 ", or "6.1 6.12 "
{
	local near=""

	if [[ ! $1 =~ $series_name && $1 =~ ^([0-9]+)\.([0-9]+)\. ]]; then
		near=$(grep "^${BASH_REMATCH[1]}\\.${BASH_REMATCH[2]}\\." <<<"$have") || true
	fi
	[[ -n $near ]] || near=$(sed -E 's/^([0-9]+\.[0-9]+)\..*/\1/' <<<"$have")
	sort -Vu <<<"${near:-none}" | tr '\n' ' '
}

# The archive rotates, so releases are never spelled here: the metapackage says
# which one is current. A series has its own metapackage, unless it is the one
# that the distribution was released with.
resolve() # SERIES FLAVOUR -> release
{
	local series=$1 flavour=$2
	local part meta release

	if [[ $foreign -eq 1 ]]; then
		newest "$series" "$flavour"
		return
	fi
	case $flavour in
	amd64) part="" ;;
	*) part=$flavour- ;;
	esac
	for meta in "linux-image-$series-${part}amd64" "linux-image-${part}amd64"; do
		release=$(LC_ALL=C apt-cache depends "$meta" 2>/dev/null |
			sed -nE 's/^ *\|?Depends: linux-image-([0-9][^ ]*)$/\1/p' | tail -n 1) || true
		if [[ $release == "$series".* ]]; then
			echo "$release"
			return 0
		fi
	done
	return 1
}

# -> $release; NAME is SERIES-FLAVOUR or itself a release
find_release() # NAME
{
	if [[ $1 =~ $series_name ]]; then
		release=$(resolve "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}")
	else
		release=$1
		known_package "linux-headers-$release"
	fi
}

packages() # RELEASE -> the package names
{
	local headers=linux-headers-$1 binary=linux-binary-$1

	# Newer image packages are empty and depend on this one.
	known_package "$binary" || binary=linux-image-$1
	echo "$binary"
	echo "$headers"
	[[ $foreign -eq 0 ]] || return 0
	LC_ALL=C apt-cache show --no-all-versions "$headers" |
		grep '^Depends:' | grep -oE 'linux-(headers-[^ ,]*-common(-rt)?|kbuild-[^ ,]*)'
}

# At most once. Says in $lists what came of it; a list that could not be had
# need not be the one that matters, so the caller looks again in any case.
refresh_lists()
{
	local root

	if ! may_install; then
		lists="TOLLGATE_NO_INSTALL=1 keeps apt's lists as they are"
	elif ! root=$(as_root); then
		lists="refreshing apt's lists needs root: apt-get update"
	else
		progress "refreshing apt's package lists"
		# shellcheck disable=SC2086 # "sudo -n" is two words
		if $root apt-get "${apt_options[@]}" update >/dev/null 2>&1; then
			lists=fresh
		else
			lists="apt-get update reports errors"
		fi
	fi
}

check_space() # PACKAGE...
{
	local need have

	need=$(LC_ALL=C apt-cache show --no-all-versions "$@" |
		awk '/^Installed-Size:/ { kib += $2 } /^Size:/ { kib += $2 / 1024 }
			END { print int(kib) }')
	have=$(df --output=avail -k "$kernels" | tail -n 1)
	[[ $have -gt $need ]] ||
		die $EXIT_IO "needs $((need / 1024)) MiB in $kernels, $((have / 1024)) MiB are free"
	progress "fetching $1 ($((need / 1024)) MiB with its headers, unpacked)"
}

# The arch Makefile includes the common one by its installed place. By its own
# place instead, the folder works wherever it is, moved or not.
relocate() # HEADERS
{
	# shellcheck disable=SC2016 # make's own $
	sed -i -E 's,^include /usr/src/,include $(dir $(abspath $(lastword $(MAKEFILE_LIST))))../,' \
		"$1/Makefile"
}

# In the background, so that a signal is obeyed at once. apt's words are shown
# only when it fails.
download() # DIR WORDS-FOR-APT-GET...
{
	local dir=$1
	shift

	(cd "$dir" && exec apt-get "${apt_options[@]}" "$@" >apt.log 2>&1) &
	child=$!
	if wait "$child"; then
		child=""
		return 0
	fi
	child=""
	sed -n 's/^E:/tollgate: apt:/p' "$dir/apt.log" >&2
	return 1
}

# Everything is made aside and renamed, so what has its name is whole. The
# caller holds the lock: any folder still aside belongs to a run that died.
download_release() # RELEASE
{
	local names

	rm -rf "$aside"
	mkdir "$aside" || die $EXIT_IO "cannot write in $kernels"
	names=$(packages "$1") || return 1
	# shellcheck disable=SC2086 # one word a package
	set -- $names
	if [[ $foreign -eq 1 ]]; then
		check_space "$@" "${suites_tools[@]}"
		download "$aside" download "$1" && download "$aside" "${with_all[@]}" \
			-o Dir::Cache::archives="$aside" install "$2" "${suites_tools[@]}"
		return
	fi
	[[ $# -eq 4 ]] || die $EXIT_INPUT "cannot tell the header packages of $2: $names"
	check_space "$@"
	download "$aside" download "$@"
}

# What of another Debian release is unpacked is a root of its own: vm/module.sh
# builds inside it, by its compiler and its C library.
unpack() # RELEASE
{
	local release=$1
	local deb version old=$kernels/.old debs=("$aside"/*.deb)

	version=$(LC_ALL=C dpkg-deb -f "$(printf '%s\n' "${debs[@]}" | grep -E "/linux-(image|binary)-")" Version)
	mkdir "$aside/root"
	[[ $foreign -eq 0 ]] || make_root "$aside/root"
	for deb in "${debs[@]}"; do
		dpkg-deb -x "$deb" "$aside/root" || die $EXIT_IO "cannot unpack ${deb##*/}"
		rm "$deb"
	done
	rm -rf "$aside/root/usr/share"
	if [[ $foreign -eq 1 ]]; then
		ln -sf mawk "$aside/root/usr/bin/awk"
		: >"$aside/root/foreign"
	else
		relocate "$aside/root/usr/src/linux-headers-$release"
	fi
	# With vmlinux there, kbuild wants pahole to add BTF, which we do not use.
	rm -f "$aside/root/usr/src/linux-headers-$release/vmlinux"
	printf '%s\n' "$version" >"$aside/root/version"

	rm -rf "$old"
	[[ ! -e $kernels/$release ]] || mv -T "$kernels/$release" "$old"
	mv -T "$aside/root" "$kernels/$release"
	rm -rf "$old" "$aside"
}

show() # RELEASE
{
	local dir=$kernels/$1 image=$kernels/$1/boot/vmlinuz-$1

	[[ -e $image ]] || image=$dir/lib/modules/$1/vmlinuz
	echo "release=$1"
	echo "version=$(<"$dir/version")"
	echo "image=$image"
	echo "build=$dir/usr/src/linux-headers-$1"
	echo "modules=$dir/lib/modules/$1"
}

fetch() # NAME REFRESH
{
	local name=$1 refresh=$2
	local release=""

	command -v apt-get >/dev/null ||
		die $EXIT_NOTHING "fetches kernels by apt, which is not here; name one that is installed, or say --kernel path/to/bzImage --build TREE"
	need dpkg-deb dpkg
	mkdir -p "$kernels" || die $EXIT_IO "cannot write $kernels"
	exec {lock}>"$kernels/.lock" || die $EXIT_IO "cannot write $kernels/.lock"
	flock "$lock"
	trap 'rm -rf "$aside"' EXIT
	if [[ $refresh -eq 1 ]] || ! find_release "$name"; then
		refresh_lists
		find_release "$name" || elsewhere "$name" "$refresh"
	fi
	# Another run may have fetched it while we waited for the lock.
	if [[ $refresh -eq 1 || ! -e $kernels/$release/version ]]; then
		if ! download_release "$release"; then
			# Old lists name packages that the archive has dropped.
			if [[ $foreign -eq 1 ]]; then
				elsewhere "$name" 1
			elif [[ -z $lists ]]; then
				refresh_lists
				find_release "$name" || unknown "$name"
			fi
			download_release "$release" ||
				die $EXIT_IO "cannot download kernel $release ($lists)"
		fi
		unpack "$release"
	fi
	printf '%s\n' "$release" >"$kernels/.$name.new"
	mv "$kernels/.$name.new" "$kernels/$name.resolved"
}

# In Debian's other releases -> $release
elsewhere() # NAME REFRESH
{
	local name=$1

	have=$(offered)
	foreign=1
	[[ $2 -eq 0 ]] || rm -f "$cache/apt/stamp"
	other_suites && find_release "$name" || unknown "$name"
}

unknown() # NAME
{
	local code=$EXIT_INPUT

	[[ $foreign -eq 0 || ! -e $cache/apt/stamp ]] || have+=$'\n'$(offered)
	have=$(sed '/^$/d' <<<"$have")
	[[ $lists != *root* ]] || code=$EXIT_REFUSED
	[[ $lists == fresh ]] && lists="" || lists=" ($lists)"
	die "$code" "no kernel '$1' here; there are: $(nearest "$1")(each also as -cloud, -amd64, -rt)$lists"
}

main()
{
	local name="" refresh=0 word

	for word in "$@"; do
		case $word in
		-h | --help) usage; exit 0 ;;
		--refresh) refresh=1 ;;
		-*) die $EXIT_INPUT "fetch: unknown option $word" ;;
		*)
			[[ -z $name ]] || die $EXIT_INPUT "fetch: one kernel at a time"
			name=$word
			;;
		esac
	done
	[[ -n $name ]] || die $EXIT_INPUT "fetch: which kernel? (6.1, 6.12, 6.12-amd64, 6.12-rt, ...)"
	[[ $name =~ ^[0-9]+\.[0-9]+$ ]] && name+=-cloud
	[[ $name =~ $series_name || $name =~ $release_name ]] ||
		die $EXIT_INPUT "no kernel '$name'; say a series such as 6.1 or 6.12, with -cloud (default), -amd64 or -rt; a release such as 6.1.0-55-cloud-amd64; or a file with a slash in its name"

	trap '[[ -z $child ]] || kill "$child" 2>/dev/null; exit $EXIT_INTERRUPTED' INT TERM HUP
	if [[ $refresh -eq 1 || ! -e $kernels/$name.resolved ||
		! -e $kernels/$(<"$kernels/$name.resolved")/version ]]; then
		fetch "$name" "$refresh"
	fi
	show "$(<"$kernels/$name.resolved")"
}

main "$@"
