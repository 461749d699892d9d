# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # scratch is of tests/tap.sh
# What the tests of arming share: the kernel, programs and files for their guests.
# Sourced at the tree's top, behind tests/tap.sh.

# -> image, modules; $scratch/armed, armed32; guest_files, for vm/boot.sh; kvm, KVM's
# modules for it in the order of their loading, if the kernel has any.
armed_guest() # KERNEL
{
	local fetched module file
	local cc=(gcc -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -Wno-unused-result -Iinclude)

	fetched=$(vm/fetch.sh "$1") || { echo "Bail out! no kernel $1"; exit 1; }
	image=$(sed -n 's/^image=//p' <<<"$fetched")
	modules=$(sed -n 's/^modules=//p' <<<"$fetched")
	ok "armed builds" "${cc[@]}" -static -o "$scratch/armed" tests/vm/armed.c \
		tests/vm/armed-*.[cS] -lpthread
	ok "armed32 builds" "${cc[@]}" -m32 -ffreestanding -fno-pie -no-pie -fno-stack-protector \
		-idirafter "/usr/include/$(gcc -print-multiarch)" -nostdlib -static \
		-o "$scratch/armed32" tests/vm/armed32.c
	guest_files=(--file "$scratch/tollgate.ko" --file "$scratch/armed" --file "$scratch/armed32"
		--file bench/tollgate --file tests/vm/armed-checks.sh --file tests/vm/armed-knobs.sh
		--file tests/vm/guest-lib.sh)
	if [[ -e $modules/kernel/arch/x86/kernel/msr.ko.xz ]]; then
		xz -dc "$modules/kernel/arch/x86/kernel/msr.ko.xz" >"$scratch/msr.ko"
	elif [[ -e $modules/kernel/arch/x86/kernel/msr.ko ]]; then
		cp "$modules/kernel/arch/x86/kernel/msr.ko" "$scratch/msr.ko"
	fi
	[[ ! -e $scratch/msr.ko ]] || guest_files+=(--file "$scratch/msr.ko")
	kvm=()
	for module in virt/lib/irqbypass arch/x86/kvm/kvm arch/x86/kvm/kvm-amd; do
		[[ -d $modules/kernel/arch/x86/kvm ]] || break
		file=$scratch/${#kvm[@]}-${module##*/}.ko
		if [[ -e $modules/kernel/$module.ko.xz ]]; then
			xz -dc "$modules/kernel/$module.ko.xz" >"$file"
		elif [[ -e $modules/kernel/$module.ko ]]; then
			cp "$modules/kernel/$module.ko" "$file"
		else
			continue
		fi
		kvm+=(--file "$file:/kvm/${file##*/}")
	done
}

# The checks of tests/vm/armed-checks.sh in a guest; $where/checks.tap, $where/said.
armed_boot() # FOLDER SHELL-WORDS KERNEL-WORDS [boot options]... -> its status
{
	where=$scratch/$1
	rm -rf "$where"
	echo "$2 sh /armed-checks.sh >/out/checks.tap 2>&1" >"$scratch/job"
	vm/boot.sh --image "$image" --job "$scratch/job" --out "$where" "${guest_files[@]}" \
		--append "$3" "${@:4}" >"$scratch/said" 2>&1
}
