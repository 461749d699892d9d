#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# --kernel of every form, and what is wrong with one said before anything boots;
# --accel, --qemu-cpu and --append from the command line into report and compare.
set -u
cd "$(dirname -- "$0")/../.." || exit 1
. tests/tap.sh

tollgate=bench/tollgate
found=$(vm/fetch.sh 6.12) || { echo "Bail out! no kernel 6.12"; exit 1; }
field() { sed -n "s/^$1=//p" <<<"${2:-$found}"; } # KEY [TEXT]
release=$(field release)
escaped=${release//+/\\+}	# for a regular expression
image=$(field image)
headers=$(field build)
export TMPDIR=$scratch/tmp
mkdir "$TMPDIR"

### Kernels of one's own

# What is read of a tree, as a tree of our own to spoil.
mkdir -p "$scratch/tree/include/generated"
tree=$scratch/tree
cp "$headers/Makefile" "$headers/.config" "$headers/Module.symvers" "$tree/"
cp "$headers"/include/generated/uts*.h "$tree/include/generated/"
cp "$image" "$scratch/bzImage"

is "a bzImage and its tree" "$(vm/kernel.sh "$scratch/bzImage" --build "$tree")" \
	"release=$release
image=$scratch/bzImage
build=$tree"
mkdir -p "$tree/arch/x86/boot"
cp "$image" "$tree/arch/x86/boot/bzImage"
is "a bzImage in its tree needs no --build" \
	"$(field build "$(vm/kernel.sh "$tree/arch/x86/boot/bzImage")")" "$tree"
mkdir "$scratch/with space"
cp "$image" "$scratch/with space/bz,Image"
is "an image may have a space in its name" \
	"$(field image "$(vm/kernel.sh "$scratch/with space/bz,Image" --build "$tree")")" \
	"$scratch/with space/bz,Image"

# The command itself, so that its exit code and one line are tested, too.
bad() # NAME CODE REGEX KERNEL [WORDS...]
{
	local name=$1 code=$2 regex=$3 kernel=$4
	shift 4
	refuses "$name" "$code" "^tollgate: run: .*$regex" $tollgate run --lane vm --accel tcg \
		-o "$scratch/never" --kernel "$kernel" "$@" insn/nop
}

bad "a file that is not there" 2 "$scratch/none: No such file" "$scratch/none" --build "$tree"
bad "a folder" 2 "no file $tree" "$tree" --build "$tree"
bad "a file that is no kernel" 2 "README.md is no bzImage" ./README.md --build "$tree"
: >"$scratch/empty"
bad "an empty file" 2 "empty is no bzImage" "$scratch/empty" --build "$tree"
bad "a module" 2 "is no bzImage" "$(find "$(field modules)" -name '*.ko*' | sed -n 1p)" --build "$tree"
bad "no tree" 2 "needs --build TREE" "$scratch/bzImage"
bad "a tree that is not there" 2 "$scratch/none: No such file" "$scratch/bzImage" --build "$scratch/none"
bad "a tree that is a file" 2 "no folder $scratch/empty" "$scratch/bzImage" --build "$scratch/empty"
bad "a tree that is none" 2 "holds no built kernel" "$scratch/bzImage" --build tests
bad "a tree with a space in its name" 2 "space or colon in its name: $scratch/with space" \
	"$scratch/bzImage" --build "$scratch/with space"
bad "--build for a fetched kernel" 2 "--build needs --kernel path/to/bzImage" 6.12 --build "$tree"
if [[ $EUID -eq 0 ]]; then
	chmod 755 "$scratch"
	cp "$image" "$scratch/secret"
	chmod 600 "$scratch/secret"
	refuses "a kernel that one may not read" 4 "cannot read $scratch/secret" \
		setpriv --reuid=65534 --regid=65534 --clear-groups vm/kernel.sh "$scratch/secret" --build "$tree"
else
	skip "a kernel that one may not read" "needs root to become somebody else"
fi

spoiled() # NAME REGEX FILE SED-SCRIPT: the tree with one file changed
{
	cp "$tree/$3" "$scratch/kept"
	if [[ $4 == remove ]]; then
		rm "$tree/$3"
	else
		sed -i "$4" "$tree/$3"
	fi
	bad "$1" 2 "$2" "$scratch/bzImage" --build "$tree"
	cp "$scratch/kept" "$tree/$3"
}

spoiled "a tree of another release" "is $escaped, but $tree is 7\\..*own tree" \
	include/generated/utsrelease.h 's/"6/"7/'
spoiled "a tree that was built again" "was built again since .*tree #2 " \
	include/generated/utsversion.h 's/#1 /#2 /'
spoiled "a tree without Module.symvers" "no Module.symvers: build it with 'make'" Module.symvers remove
spoiled "a tree without a configuration" "neither .config nor" .config remove
spoiled "a kernel without a serial console" "lacks CONFIG_SERIAL_8250_CONSOLE=y" .config \
	's/^\(CONFIG_SERIAL_8250_CONSOLE\)=y/# \1 is not set/'
spoiled "a kernel with two things as modules" \
	"lacks CONFIG_BINFMT_SCRIPT=y CONFIG_DEVTMPFS=y; vm/guest.config" .config \
	's/^\(CONFIG_DEVTMPFS\|CONFIG_BINFMT_SCRIPT\)=y/\1=m/'
spoiled "a kernel that takes signed modules alone" "must not have CONFIG_MODULE_SIG_FORCE" .config \
	's/^# \(CONFIG_MODULE_SIG_FORCE\) is not set/\1=y/'
is "unspoiled it is fine again" "$(field release "$(vm/kernel.sh "$scratch/bzImage" --build "$tree")")" \
	"$release"
is "the distribution's own meet what is asked of guests" "$(for k in 6.1 6.12; do
	k=$(vm/fetch.sh $k)
	field release "$(vm/kernel.sh "$(field image "$k")" --build "$(field build "$k")")"
done | wc -l)" 2

### A kernel that is installed: in another system's root

export TOLLGATE_SYSROOT=$scratch/sysroot
mkdir -p "$TOLLGATE_SYSROOT"/{boot,usr/src,"lib/modules/$release"}
cp "$image" "$TOLLGATE_SYSROOT/boot/vmlinuz-$release"
cp -r "$tree" "$TOLLGATE_SYSROOT/usr/src/headers"
refuses "installed without its headers" 3 "headers are not: install linux-headers-$escaped" \
	vm/kernel.sh "$release"
ln -s /usr/src/headers "$TOLLGATE_SYSROOT/lib/modules/$release/build"
is "installed, with its headers" "$(vm/kernel.sh "$release")" "release=$release
image=$TOLLGATE_SYSROOT/boot/vmlinuz-$release
build=$TOLLGATE_SYSROOT/usr/src/headers"
unset TOLLGATE_SYSROOT
TOLLGATE_NO_INSTALL=1 refuses "a release that is neither installed nor known to apt" 2 \
	"no kernel '5.10.0-1-amd64' here; there are: 6.1 6.12 " vm/kernel.sh 5.10.0-1-amd64

### Through the command into the report

run() # NAME WORDS...
{
	local name=$1
	shift
	ok "$name" $tollgate run --lane vm --accel tcg -o "$scratch/$name" "$@" insn/imul irq/cli
}
env_of() # NAME FIELD...
{
	/usr/bin/python3 - "$scratch/$1/report.json" "${@:2}" <<-'EOF'
	import json, sys
	r = json.load(open(sys.argv[1]))
	print(*(r["environment"].get(k) for k in sys.argv[2:]), r["calibration"]["unit"], sep="|")
	EOF
}
ln -s "$headers" "$scratch/headers"
run own --kernel "$scratch/with space/bz,Image" --build "$scratch/headers" --append "nofsgsbase tgtest=a'b"
is "own kernel, --append: told in the report" "$(env_of own kernel qemu_cpu accel append kvm)" \
	"$release|max|tcg,icount|nofsgsbase tgtest=a'b|None|insns"
like "the words reached the guest" "tgtest=a'b" "$(env_of own cmdline)"
run model --qemu-cpu Skylake-Client,-avx2
is "--qemu-cpu: told in the report" "$(env_of model qemu_cpu accel append)" \
	"Skylake-Client,-avx2|tcg,icount|None|insns"
run ticks --no-icount --rounds 3 --samples 60
like "without an instruction counter: no insns, rounds as asked" '^tcg\|(tsc|cycles)$' "$(env_of ticks accel)"
like "... as the plan says" '1 boot x 3 rounds x 60 samples' "$(<"$scratch/ticks/report.txt")"

refuses "compare refuses another append" 4 "append differs" $tollgate compare \
	--across cpu --across microcode --across qemu-cpu --across mitigations "$scratch/own/report.json" "$scratch/model/report.json"
refuses "compare refuses another CPU model" 4 "qemu-cpu differs" $tollgate compare \
	--across cpu --across microcode --across append --across mitigations "$scratch/own/report.json" "$scratch/model/report.json"

# KVM: whatever it is worth here, --accel says so or uses it.
probe=$(vm/kvm-probe.sh)
echo "# $probe"
case $probe in
native*)
	skip "--accel kvm where ring 0 is not native" "it is native here"
	ok "--accel auto takes KVM" $tollgate run --lane vm -o "$scratch/auto" insn/imul irq/cli
	like "... and says so" '^kvm\|native.*\|cycles$' "$(env_of auto accel kvm)"
	;;
*)
	code=4
	[[ $probe != absent* ]] || code=3
	refuses "--accel kvm where ring 0 is not native" $code \
		"--accel kvm: ring 0 under KVM is not native here, .* says: ${probe%% *}" \
		$tollgate run --lane vm --accel kvm -o "$scratch/never" insn/nop
	ok "--accel auto takes TCG" $tollgate run --lane vm -o "$scratch/auto" insn/imul irq/cli
	is "... and says why" "$(env_of auto accel kvm)" "tcg,icount|$probe|insns"
	;;
esac
ok "no refused run made its folder" test ! -e "$scratch/never"
is "nothing else is left" "$(ls -A "$TMPDIR")" ""
done_testing
