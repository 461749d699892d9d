#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# vm/kvm-probe.sh: the verdict on given times, each limit crossed alone; the real
# ROM under QEMU's own emulator, which must be found out; what it says where it
# cannot ask.
set -u
cd "$(dirname -- "$0")/.." || exit 1
. tests/tap.sh

export TOLLGATE_CACHE=$scratch/cache
probe=vm/kvm-probe.sh

# Ticks of 100 copies: one tick a cycle (IMUL: three), all well within the limits.
times()
{
	cat <<-'EOF'
	imul3 300 100
	ret3 150 100
	jump3 120 100
	imul 310 100
	ret 160 100
	jump 120 100
	cli 900 100
	sti 1000 100
	swapgs 2500 100
	cr2 5000 100
	cr8 3000 100
	iretq 20000 100
	end
	EOF
}

with() # NAME TICKS: that line in the place of its own
{
	times | sed "s/^$1 .*/$1 $2 100/"
}

judge() { "$probe" --judge; }

is "all within the limits" "$(times | judge)" \
	"native cli=9 sti=10 swapgs=25 cr2=50 cr8=30 iretq=200 imul=1x ret=1.1x jump=1x"
for name in cli sti swapgs cr2 cr8; do
	like "$name of 199 cycles is native" "^native .*$name=199" "$(with $name 19900 | judge)"
	like "$name of 200 cycles is not" "^emulated .*$name=200 .*beyond the limit: $name\)" \
		"$(with $name 20000 | judge)"
done
like "iretq of 699 cycles is native" '^native .*iretq=699' "$(with iretq 69900 | judge)"
like "iretq of 700 cycles is not" '^emulated .*beyond the limit: iretq\)' "$(with iretq 70000 | judge)"
for name in imul ret jump; do
	ring3=$(times | sed -n "s/^${name}3 \([0-9]*\) .*/\1/p")
	like "$name at twice ring 3's is native" "^native .*$name=2x" \
		"$(with $name $((2 * ring3)) | judge)"
	like "$name above it is not" "^emulated .*beyond the limit: $name\)" \
		"$(with $name $((2 * ring3 + 20)) | judge)"
	# ring 0 alone cannot tell: all of an interpreter is slow alike
	like "$name faster in ring 3 flips it, too" "^emulated .* ${name}[ )]" \
		"$(with ${name}3 $((ring3 / 3)) | judge)"
done
like "cycles are those of ring 3's IMUL" "^native cli=5 " \
	"$(times | sed 's/^imul\(3*\) .*/imul\1 600 100/; s/^cli .*/cli 1000 100/' | judge)"
like "several beyond are all named" 'beyond the limit: sti iretq jump\)$' \
	"$(with sti 99999 | sed 's/^iretq .*/iretq 99999999 100/; s/^jump .*/jump 900 100/' | judge)"
is "the least of several lines counts" "$( { times; echo 'cli 99999 100'; } | judge)" \
	"$(times | judge)"
like "without the end it is slow" '^slow cli=9 .*\(no end within 20 s\)$' \
	"$(times | sed '/^end/d' | judge)"
like "cut off in the middle it is slow" '^slow cli=9 imul=1x \(no end' \
	"$(times | sed '/^sti/,$d' | sed '/^ret \|^jump /d' | judge)"
like "nothing at all is slow" '^slow \(no end' "$(times | sed '/^imul /,$d' | judge)"
like "without ring 3 there is no verdict" '^absent \(ring 3 could not be timed' \
	"$(times | sed '/3 /d' | judge)"
like "noise is no time" '^slow ' "$(times | sed 's/^sti .*/sti -5 100/' | judge)"

# The real ROM. An emulator's cheap instructions may pass; its indirect branches do not.
said=$("$probe" --accel tcg)
like "the ROM runs, and QEMU's emulator is found out" \
	'^emulated cli=.* sti=.* swapgs=.* cr2=.* cr8=.* iretq=.* imul=.*x ret=.*x jump=.*x \(beyond' "$said"
like "... by its indirect branches at least" 'beyond the limit: .*ret jump\)' "$said"
ok "... and no answer about KVM is kept of it" test ! -e "$TOLLGATE_CACHE/kvm-probe"

# Whatever this machine's KVM is: one line of the five words, the numbers where
# there are some; the second time from what was kept.
start=$SECONDS
said=$("$probe")
is "here: exit 0" $? 0
like "here: one line" '^(native|emulated|slow|absent|denied)( |$)[^'$'\n'']*$' "$said"
ok "here: within its limit" test $((SECONDS - start)) -le 45
echo "# $said"
case $said in
native* | emulated* | slow*)
	is "the answer is kept" "$("$probe")" "$said"
	sed -i 's/ .*/ native forged/' "$TOLLGATE_CACHE/kvm-probe"
	is "... and used" "$("$probe")" "native forged"
	like "... but for --fresh" '^(native cli|emulated|slow)' "$("$probe" --fresh)"
	sed -i 's/^./x/; s/ .*/ native forged/' "$TOLLGATE_CACHE/kvm-probe"
	like "what another boot or QEMU left does not count" '^(native cli|emulated|slow)' "$("$probe")"
	;;
*)
	for name in "the answer is kept" "... and used" "... but for --fresh" \
		"what another boot or QEMU left does not count"; do
		skip "$name" "no KVM to ask"
	done
	;;
esac

# A QEMU that hangs, one that dies, none: stand-ins for what cannot be had here.
mkdir "$scratch/bin"
for program in /usr/bin/* /bin/*; do
	[[ ${program##*/} == qemu* ]] || ln -sf "$program" "$scratch/bin/"
done
with_qemu() # SCRIPT WORDS...
{
	printf '#!/bin/sh\n%s\n' "$1" >"$scratch/bin/qemu-system-x86_64"
	chmod +x "$scratch/bin/qemu-system-x86_64"
	shift
	PATH=$scratch/bin "$probe" --accel tcg "$@"
}
start=$SECONDS
# shellcheck disable=SC2016 # the stand-in's own $
said=$(with_qemu '[ "$1" = --version ] || exec sleep 60' --limit 2)
like "no end within the limit" '^slow \(no end within 2 s\)$' "$said"
ok "... told in time" test $((SECONDS - start)) -le 30
like "a QEMU that dies" '^absent \(QEMU with tcg ended with 134: no luck\)$' \
	"$(with_qemu '[ "$1" = --version ] && exit; echo no luck >&2; kill -ABRT $$')"
rm "$scratch/bin/qemu-system-x86_64"
like "no QEMU" '^absent .*needs qemu-system-x86_64' "$(PATH=$scratch/bin "$probe" --accel tcg)"
if [[ $EUID -eq 0 && -e /dev/kvm && ! $(stat -c %a /dev/kvm) =~ [67]$ ]]; then
	mkdir "$scratch/open"
	chmod 755 "$scratch" "$scratch/open"
	cp -r vm "$scratch/open/"
	like "no right to /dev/kvm" '^denied \(no right to use /dev/kvm' \
		"$(setpriv --reuid=65534 --regid=65534 --clear-groups "$scratch/open/vm/kvm-probe.sh")"
else
	skip "no right to /dev/kvm" "needs root, and a /dev/kvm that others may not use"
fi

TOLLGATE_CACHE=$scratch/none "$probe" --no-keep --limit 5 >/dev/null
is "an answer that is not to be kept is not" "$(find "$scratch/none" -type f 2>/dev/null)" ""
refuses "an unknown word" 2 "unknown word '--bogus'" "$probe" --bogus
for bad in 0 -1 x 99999 ''; do
	refuses "--limit '$bad'" 2 "--limit '$bad' is not allowed; allowed: 1 to 9999" "$probe" --limit "$bad"
done
refuses "--limit alone" 2 "--limit needs a value" "$probe" --limit
refuses "an unknown accelerator" 2 "'xen' is not allowed; allowed: kvm tcg" "$probe" --accel xen
done_testing
