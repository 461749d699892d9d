#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Lane host: load the module, run the harness, unload. The same script runs on a
# test machine and, unchanged, under busybox in the guest of vm/boot.sh.
#
#	vm/host-run.sh MODULE.ko HARNESS [words for "tollgate run --lane host"]
#	vm/host-run.sh --check		only whether this kernel would take the module
#
# Exits with the harness's code; before that 2 bad input, 3 will not load,
# 4 refused (root, lockdown, already loaded), 1 will not unload, 130 interrupted.

# Not every way to become root adds these.
PATH=$PATH:/usr/sbin:/sbin
debugfs=/sys/kernel/debug
lockdown=/sys/kernel/security/lockdown
secure_boot=/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c
otherwise="or use lane user or vm"
mounted=no
loaded=no
child=

say()
{
	echo "tollgate: $*" >&2
}

die() # CODE MESSAGE
{
	code=$1
	shift
	say "$@"
	exit "$code"
}

is_loaded()
{
	grep -q '^tollgate ' /proc/modules
}

vermagic() # MODULE -> release it was built for; needs no modinfo
{
	LC_ALL=C tr '\0' '\n' <"$1" | LC_ALL=C sed -n 's/^vermagic=\([^ ]*\) .*/\1/p'
}

# What bench/host_faults.c says of the same faults, in the same order and words.
kernel()
{
	[ "$(id -u)" -eq 0 ] || die 4 "lane host loads a module: run it as root"
	[ -e /proc/modules ] ||
		die 3 "this kernel was built without modules: boot another (a distribution's), $otherwise"
	# Lockdown refuses unsigned modules and, whatever the signature, debugfs.
	if grep -Eq '\[(integrity|confidentiality)\]' "$lockdown" 2>/dev/null; then
		! tail -c 1 "$secure_boot" 2>/dev/null | grep -q "$(printf '\001')" ||
			die 4 "Secure Boot locks this kernel down, which refuses the module and its debugfs files: switch it off in the firmware's setup, $otherwise"
		die 4 "kernel lockdown refuses the module and its debugfs files: boot without lockdown= and without Secure Boot, $otherwise"
	fi
	! is_loaded || die 4 "the module tollgate is loaded already; remove it first: rmmod tollgate"
	! grep -qx 1 /proc/sys/kernel/modules_disabled 2>/dev/null ||
		die 4 "kernel.modules_disabled=1 refuses all modules until the next boot: reboot without it, $otherwise"
	# Who signs a module knows of this; load() tells who does not.
	grep -q "	debugfs$" /proc/filesystems ||
		die 3 "lane host needs debugfs, which is off (debugfs=off or no-mount, or not built in): boot with debugfs=on, $otherwise"
}

files()
{
	[ -r "$module" ] || die 2 "cannot read the module $module (make builds it)"
	[ -x "$harness" ] || die 2 "cannot run the harness $harness (make builds it)"
	command -v insmod >/dev/null || die 3 "needs insmod: install the package kmod"
	built=$(vermagic "$module")
	[ "$built" = "$(uname -r)" ] ||
		die 2 "$module was built for kernel ${built:-(none)}, this one is $(uname -r): make KDIR=/lib/modules/$(uname -r)/build"
}

mount_debugfs()
{
	! grep -q " $debugfs debugfs " /proc/mounts || return 0
	why=$(mount -t debugfs debugfs "$debugfs" 2>&1) ||
		die 3 "cannot mount debugfs at $debugfs: $why"
	mounted=yes
}

# busybox and kmod word the same refusals differently; errno's text is in both.
load()
{
	if why=$(insmod "$module" 2>&1); then
		loaded=yes
		return 0
	fi
	case $why in
	*[Kk]ey*"rejected"* | *[Kk]ey*"not available"*)
		die 4 "this kernel takes only signed modules (module.sig_enforce): sign $module with a key it trusts, boot without that, $otherwise" ;;
	*"not permitted"*)
		die 4 "this kernel refuses to load the module (dmesg says why), $otherwise: $why" ;;
	*[Ii]"nvalid module format"*)
		die 2 "$module does not fit this kernel: make KDIR=/lib/modules/$(uname -r)/build ($why)" ;;
	*[Ff]"ile exists"*)
		die 4 "the module tollgate is loaded already; remove it first: rmmod tollgate" ;;
	esac
	last=$(dmesg 2>/dev/null | grep -i tollgate | tail -n 1)
	die 3 "the module does not load: $why${last:+; the kernel said: $last}"
}

# shellcheck disable=SC2317 # run by the trap
# A process that is just ending may hold its debugfs file a moment longer.
unload()
{
	tries=0
	until why=$(rmmod tollgate 2>&1); do
		tries=$((tries + 1))
		if [ "$tries" -ge 5 ]; then
			say "cannot unload the module: $why"
			return 1
		fi
		sleep 1
	done
	loaded=no
}

# shellcheck disable=SC2317 # run by the trap
restore() # on every way out
{
	code=$?
	trap '' INT TERM HUP
	trap - EXIT
	if [ -n "$child" ]; then
		kill "$child" 2>/dev/null
		wait "$child" 2>/dev/null
	fi
	[ "$loaded" = no ] || unload || code=1
	if [ "$mounted" = yes ] && ! umount "$debugfs"; then
		say "cannot unmount $debugfs"
		code=1
	fi
	exit "$code"
}

if [ "$*" = --check ]; then
	kernel
	exit 0
fi
[ $# -ge 2 ] || die 2 "usage: vm/host-run.sh MODULE.ko HARNESS [words for tollgate run]"
module=$1
harness=$2
shift 2

kernel
files
trap restore EXIT
trap 'exit 130' INT TERM HUP
mount_debugfs
load

# In the background, so that a signal ends both at once: a shell would wait for
# a foreground child first.
"$harness" run --lane host "$@" &
child=$!
wait "$child"
code=$?
child=
exit "$code"
