#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Secure Boot for real: UEFI firmware with keys enrolled (ovmf's test key), a kernel
# signed with it. The kernel locks itself down, and every command says why. TAP.
set -u
cd "$(dirname -- "$0")/../.." || exit 1
. tests/tap.sh

kernel=${TOLLGATE_TEST_KERNEL:-6.12}
keys=/usr/share/ovmf/PkKek-1-snakeoil
firmware=/usr/share/OVMF
fetched=$(vm/fetch.sh "$kernel")
image=$(sed -n 's/^image=//p' <<<"$fetched")
modules=$(sed -n 's/^modules=//p' <<<"$fetched")
[[ -n $image ]] && vm/module.sh "$kernel" "$scratch/tollgate.ko" ||
	{ echo "Bail out! no kernel $kernel, or no module"; exit 1; }

# The key of Debian's package is public, and so is its pass phrase.
ok "the kernel is signed" bash -c '
	openssl rsa -passin pass:snakeoil -in "$1.key" -out "$2/key" &&
	sbsign --key "$2/key" --cert "$1.pem" --output "$2/vmlinuz" "$3"' - "$keys" "$scratch" "$image"
cp "$firmware/OVMF_VARS_4M.snakeoil.fd" "$scratch/vars"
efivarfs=$(find "$modules" -name 'efivarfs.ko*')
case $efivarfs in
*.xz) xz -dc "$efivarfs" >"$scratch/efivarfs.ko" ;;
*) cp "$efivarfs" "$scratch/efivarfs.ko" ;;
esac

cat >"$scratch/job" <<'EOF_JOB'
try() # NAME COMMAND...
{
	name=$1
	shift
	said=$("$@" 2>&1 >/tmp/out)
	echo "tg: $name: $?: $said"
}
try check-blind sh /host-run.sh --check
/tollgate doctor | sed 's/^/tg-blind: /'
insmod /efivarfs.ko && mount -t efivarfs efivarfs /sys/firmware/efi/efivars
try check sh /host-run.sh --check
try host-run sh /host-run.sh /tollgate.ko /tollgate insn/nop
try run-host /tollgate run --lane host insn/nop
try insmod insmod /tollgate.ko
/tollgate doctor | sed 's/^/tg-doctor: /'
try user /tollgate run --rounds 2 --samples 50 --json /tmp/r.json insn/nop
EOF_JOB
ok "the initramfs" vm/initramfs.sh "$scratch/initramfs" "$scratch/job:/job" vm/host-run.sh \
	"$scratch/tollgate.ko" "$scratch/efivarfs.ko" bench/tollgate

# Not by vm/boot.sh: the firmware writes on both serial ports, where boot.sh expects
# files; so what is of interest is said on the console.
timeout -k 5 200 qemu-system-x86_64 -nodefaults -no-user-config -display none -monitor none \
	-no-reboot -net none -machine q35,smm=on,accel=tcg,hpet=off -cpu max -m 512 \
	-global driver=cfi.pflash01,property=secure,value=on \
	-drive "if=pflash,format=raw,unit=0,file=$firmware/OVMF_CODE_4M.secboot.fd,readonly=on" \
	-drive "if=pflash,format=raw,unit=1,file=$scratch/vars" -kernel "$scratch/vmlinuz" \
	-initrd "$scratch/initramfs" -append "console=ttyS0 loglevel=5 panic=-1 nokaslr no_timer_check tsc=reliable" \
	-serial "file:$scratch/raw" </dev/null
is "the guest ends by itself" $? 0
tr -d '\r' <"$scratch/raw" >"$scratch/console"
ok "the firmware has Secure Boot on" grep -q 'UEFI Secure Boot is enabled' "$scratch/console"

said() # NAME CODE REGEX
{
	like "$1 exits with $2 and names the way out" "$2: .*$3" \
		"$(sed -n "s/^tg: $1: //p" "$scratch/console")"
}
said check-blind 4 'lockdown refuses .*: boot without lockdown= and without Secure Boot, or use lane user or vm$'
like "without efivarfs the doctor cannot see it" 'note secure boot: cannot be seen: efivarfs is not mounted' \
	"$(<"$scratch/console")"
for command in check host-run run-host; do
	said $command 4 "Secure Boot locks this kernel down, .*: switch it off in the firmware's setup, or use lane user or vm\$"
done
said insmod '[1-9][0-9]*' '(not permitted|Key was rejected)'
like "the doctor's verdict" 'tg-doctor: host: no: Secure Boot, lockdown=integrity' "$(<"$scratch/console")"
like "the doctor's finding" 'tg-doctor: stop secure boot: on' "$(<"$scratch/console")"
said user 0 ''

done_testing
