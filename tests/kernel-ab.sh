#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# `make kernel-ab`: a patched kernel against its parent, as a kernel engineer would.
# Builds the distribution's linux-source twice, small, the second time with
# tests/kernel-ab.patch; runs both by --kernel bzImage, compares, and holds the
# result against what the patch must do. Some 15 minutes at first; then what is
# built stays in CACHE/kernel-ab, and an interrupted build goes on where it was.
set -euo pipefail
cd "$(dirname -- "$0")/.."
. vm/lib.sh

series=6.12
work=$cache/kernel-ab
tests=$PWD/tests
tollgate=$PWD/bench/tollgate
experiments=('crossing/*' 'irq/*' 'insn/*' 'gs/*')

source_tree() # -> $work/parent, not built
{
	local package=linux-source-$series

	[[ ! -d $work/parent ]] || return 0
	mkdir -p "$work/part" || die $EXIT_IO "cannot write $work"
	progress "fetching $package"
	(cd "$work" && apt-get -q -o APT::Sandbox::User=root download "$package" >apt.log 2>&1) ||
		die $EXIT_IO "cannot download $package: $(sed -n 's/^E: //p' "$work/apt.log" | sed -n 1p)"
	progress "unpacking it (1.7 GiB)"
	dpkg-deb --fsys-tarfile "$work/$package"_*.deb | tar -xO "./usr/src/$package.tar.xz" |
		xz -dc | tar -x -C "$work/part" --strip-components=1
	rm "$work/$package"_*.deb
	mv "$work/part" "$work/parent"
}

config() # NAME: its .config, unless it is there
{
	local folder=$work/$1

	[[ ! -e $folder/.tollgate-config ]] || return 0
	make -s -C "$folder" allnoconfig
	(cd "$folder" && scripts/kconfig/merge_config.sh -m .config "$vm/guest.config" \
		"$tests/kernel-ab.config" >/dev/null)
	sed -i "s/^CONFIG_LOCALVERSION=.*/CONFIG_LOCALVERSION=\"-$1\"/" "$folder/.config"
	make -s -C "$folder" olddefconfig
	touch "$folder/.tollgate-config"
}

build() # NAME
{
	progress "building $1"
	KBUILD_BUILD_USER=tollgate KBUILD_BUILD_HOST=tollgate \
		make -s -C "$work/$1" -j"$(nproc)" bzImage modules >"$work/$1.log" 2>&1 ||
		die $EXIT_FAILED "$1 does not build: $(tail -n 1 "$work/$1.log") (log: $work/$1.log)"
}

# A copy of the built parent: only what the patch touches is compiled again.
patched_tree()
{
	[[ ! -d $work/patched ]] || return 0
	rm -rf "$work/part"
	cp -a "$work/parent" "$work/part"
	rm "$work/part/.tollgate-config"
	patch -s -p1 -d "$work/part" <"$tests/kernel-ab.patch"
	mv "$work/part" "$work/patched"
}

# From $work, so that the record names no path of this machine.
measure() # NAME
{
	local kernel=$1/arch/x86/boot/bzImage

	rm -rf "${work:?}/$1.report"
	echo "tollgate run --lane vm --accel tcg --kernel $kernel -o $1.report ${experiments[*]}"
	(cd "$work" && "$tollgate" run --lane vm --accel tcg --kernel "$kernel" -o "$1.report" \
		"${experiments[@]}" >/dev/null 2>"$1.err") || { cat "$work/$1.err" >&2; exit 1; }
}

# The patch adds instructions to every system call of 64-bit code, and nothing
# anywhere else: what cannot be seen in these counts the comparison gets wrong.
verdict()
{
	/usr/bin/python3 - "$work/parent.report/report.json" "$work/patched.report/report.json" <<-'EOF'
	import json, sys
	a, b = ({f["name"]: f["value"] for f in json.load(open(p))["figures"] if f["status"] == "ok"}
	        for p in sys.argv[1:])
	assert a.keys() == b.keys(), a.keys() ^ b.keys()
	once = b["crossing/syscall_null@r3"] - a["crossing/syscall_null@r3"]
	assert once >= 1, once
	calls = {"crossing/syscall_invalid@r3": 1, "crossing/arch_get_fs@r3": 1,
	         "crossing/arch_set_gs@r3": 1, "crossing/tgkill@r3": 1, "crossing/eventfd@r3": 2}
	for name, n in calls.items():
	    assert b[name] - a[name] == n * once, (name, a[name], b[name])
	still = [n for n in a if n.startswith(("irq/", "insn/", "gs/")) or n in
	         ("crossing/cpuid@r3", "crossing/int80@r3", "crossing/vdso_clock@r3")]
	for name in still:
	    assert a[name] == b[name], (name, a[name], b[name])
	print(f"as expected: {once:g} instructions more for each system call of 64-bit code, "
	      f"none in {len(still)} other figures")
	EOF
}

vm/setup.sh harness module vm test kernel
make -s harness
source_tree
config parent
build parent
patched_tree
config patched
build patched
echo "parent: Debian's linux-source-$series $(make -s -C "$work/parent" kernelversion)," \
	"tests/kernel-ab.config; patched: and tests/kernel-ab.patch"
measure parent
measure patched
(cd "$work" && "$tollgate" compare --across kernel parent.report/report.json \
	patched.report/report.json)
verdict
