#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Install what is missing for building and testing. Quick when nothing is.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage()
{
	cat <<-'EOF'
	usage: vm/setup.sh [--print | --missing] [harness|module|vm|test|long|host|kernel|all]...

	  harness   what builds bench/tollgate
	  module    what builds tollgate.ko against unpacked kernel headers
	  vm        what boots a kernel
	  test      what the tests need
	  long      what those of check-all need besides: Secure Boot in a guest
	  host      headers of the running kernel, for the host lane
	  kernel    what builds a kernel, for make kernel-ab
	  all       the first four (default)

	  --print   list the packages, install nothing
	  --missing list those that are not there, install nothing
	TOLLGATE_NO_INSTALL=1 turns installing off.
	EOF
}

# A line is: part, package, and a witness that the thing is there although the
# package is not (another distribution, a local build): a program, or a file.
table()
{
	cat <<-EOF
	harness gcc                gcc
	harness make               make
	harness libc6-dev          /usr/include/stdio.h
	harness libjansson-dev     /usr/include/jansson.h
	harness libpfm4-dev        /usr/include/perfmon/pfmlib.h
	harness libnuma-dev        /usr/include/numa.h
	module  gcc                gcc
	module  make               make
	module  binutils           ld
	module  libelf-dev         /usr/include/gelf.h
	vm      apt                apt-get
	vm      dpkg               dpkg-deb
	vm      qemu-system-x86    qemu-system-x86_64
	vm      busybox-static     -
	vm      cpio               cpio
	vm      gzip               gzip
	vm      bubblewrap         bwrap
	vm      xz-utils           xz
	vm      util-linux         flock
	vm      coreutils          timeout
	test    gcc                gcc
	test    make               make
	test    libc6-dev          /usr/include/stdio.h
	test    libcmocka-dev      /usr/include/cmocka.h
	test    sparse             sparse
	test    perl               prove
	test    python3            python3
	test    python3-jsonschema /usr/lib/python3*/site-packages/jsonschema
	test    shellcheck         shellcheck
	long    ovmf               /usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd
	long    sbsigntool         sbsign
	long    openssl            openssl
	host    linux-headers-$(uname -r) /lib/modules/$(uname -r)/build/Makefile
	host    kmod               insmod
	kernel  flex               flex
	kernel  bison              bison
	kernel  bc                 bc
	kernel  patch              patch
	kernel  xz-utils           xz
	EOF
}

packages() # PART... -> package and witness, one a line, no package twice
{
	local wanted=" $* "
	local part package witness

	table | while read -r part package witness; do
		[[ $wanted != *" $part "* ]] || echo "$package $witness"
	done | sort -u -k1,1
}

witnessed() # WITNESS
{
	case $1 in
	-) return 1 ;;
	/*) compgen -G "$1" >/dev/null ;;
	*) command -v -- "$1" >/dev/null ;;
	esac
}

# One dpkg-query for all; only what it does not know is looked for by hand.
missing() # lines "package witness" on stdin
{
	local lines installed="" package witness

	lines=$(cat)
	if command -v dpkg-query >/dev/null; then
		# shellcheck disable=SC2046,SC2016 # one word a package; dpkg's own $
		installed=$(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' \
			$(cut -d ' ' -f 1 <<<"$lines") 2>/dev/null | sed -n 's/^ii *//p') || true
	fi
	while read -r package witness; do
		[[ $'\n'$installed$'\n' == *$'\n'"$package"$'\n'* ]] ||
			witnessed "$witness" || echo "$package"
	done <<<"$lines"
}

install_packages() # PACKAGE...
{
	local root list=$*
	local options=(-q -y --no-install-recommends -o DPkg::Lock::Timeout=120
		-o Acquire::Retries=3)
	local apt=(env DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}")

	may_install || die $EXIT_NOTHING "missing packages: $list (TOLLGATE_NO_INSTALL=1 is set)"
	command -v apt-get >/dev/null ||
		die $EXIT_NOTHING "this is not an apt system; install what Debian calls: $list"
	# shellcheck disable=SC1091
	if [[ $(. /etc/os-release && echo "$ID") == ubuntu ]]; then
		echo "tollgate: untested on Ubuntu" >&2
	fi
	root=$(as_root) || die $EXIT_REFUSED "needs root: apt-get install $list"

	progress "installing $list"
	# Lists that cannot be refreshed may still be good enough: apt-get install
	# has the last word.
	# shellcheck disable=SC2086 # "sudo -n" is two words
	quietly $root "${apt[@]}" update || true
	# shellcheck disable=SC2086
	quietly $root "${apt[@]}" install "$@" ||
		die $EXIT_IO "apt-get could not install $list${why:+ ($why)}"
}

# apt talks a lot: shown only to who waits. Leaves its first complaint in $why.
quietly() # COMMAND...
{
	local log status=0

	why=""
	if [[ -t 2 || ${TOLLGATE_PROGRESS:-} == 1 ]]; then
		"$@" >&2
		return
	fi
	log=$("$@" 2>&1) || status=$?
	[[ $status -eq 0 ]] || why=$(sed -n 's/^E: //p' <<<"$log" | head -n 1)
	return "$status"
}

main()
{
	local print=0 missing=0 parts=() word names

	for word in "$@"; do
		case $word in
		--print) print=1 ;;
		--missing) missing=1 ;;
		-h | --help) usage; exit 0 ;;
		harness | module | vm | test | long | host | kernel) parts+=("$word") ;;
		all) parts+=(harness module vm test) ;;
		*) die $EXIT_INPUT "setup: unknown word '$word' (harness, module, vm, test, long, host, kernel, all)" ;;
		esac
	done
	[[ ${#parts[@]} -gt 0 ]] || parts=(harness module vm test)

	if [[ $print -eq 1 ]]; then
		packages "${parts[@]}" | cut -d ' ' -f 1
		return
	fi
	names=$(packages "${parts[@]}" | missing)
	if [[ $missing -eq 1 ]]; then
		[[ -z $names ]] || printf '%s\n' "$names"
		return
	fi
	# shellcheck disable=SC2086 # one word a package
	[[ -z $names ]] || install_packages $names
}

main "$@"
