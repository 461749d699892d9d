#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Negative controls of arming: a module in which one rule of safety is broken must
# fail the very check that stands for that rule, or bring the guest down. Each is
# tollgate-mut.ko, built from a copy of the sources with one edit, in a guest of its
# own; the copy without an edit is the shipped module, and passes the same checks. An
# edit that changes nothing, or another symptom, is a failure.
set -u
cd "$(dirname -- "$0")/../.." || exit 1
. tests/tap.sh
# shellcheck source-path=SCRIPTDIR source=armed-lib.sh
. tests/vm/armed-lib.sh

kernel=6.12
armed_guest $kernel
cp -r Kbuild mod include vm "$scratch/"
mkdir "$scratch/cache"
ln -s "$(realpath "${TOLLGATE_CACHE:-.cache}")/kernels" "$scratch/cache/kernels"
all="PARTS='points cpus calls refusals deaths cost offline kvm rmmod'"
two=(--smp 2 --no-icount)

build()
{
	TOLLGATE_CACHE=$scratch/cache "$scratch/vm/module.sh" $kernel "$scratch/tollgate-mut.ko" \
		>"$scratch/said" 2>&1 && mv "$scratch/tollgate-mut.ko" "$scratch/tollgate.ko"
}

# A rule broken by sed, the part of the checks that shows it, and by what: lines of
# failed checks, or how the guest ended.
mutant() # NAME FILES SED PARTS SYMPTOM [boot options]...
{
	local rc=0 built=0 seen words="" file

	[[ $4 != *=* ]] || words=$4
	for file in $2; do
		sed -Ei "$3" "$scratch/$file"
		if cmp -s "$file" "$scratch/$file"; then
			not_ok "$1: the edit changes $file"
			return
		fi
	done
	build || built=$?
	for file in $2; do
		cp "$file" "$scratch/$file"
	done
	if [[ $built -ne 0 ]]; then
		not_ok "$1: builds" "$(tail -n 5 "$scratch/said")"
		return
	fi
	armed_boot mutant "${words:-PARTS='$4'} EXACT=0" "" --timeout 100 "${@:6}" || rc=$?
	seen=$(cat "$scratch/said"; grep -h '^not ok' "$where/checks.tap" 2>/dev/null)
	if [[ $rc -ne 0 ]]; then
		like "$1: is caught" "$5" "$seen"
	else
		not_ok "$1: is caught" "the guest found nothing wrong"
	fi
}

text() # MODULE -> what its code is
{
	objcopy -O binary -j .noinstr.text -j .text "$1" "$scratch/text" && sha256sum <"$scratch/text"
}

ok "the copy builds" build
vm/module.sh $kernel "$scratch/shipped.ko" || { echo "Bail out! no module"; exit 1; }
is "to the shipped module's code" "$(text "$scratch/tollgate.ko")" "$(text "$scratch/shipped.ko")"
ok "of which there is some" test -s "$scratch/text"
armed_boot whole "$all" "" --timeout 280 "${kvm[@]}"
is "and passes on one CPU, its counts too" "$?: $(<"$scratch/said")" "0: "
armed_boot whole "$all EXACT=0" "" --timeout 280 "${two[@]}"
is "and on two" "$?: $(<"$scratch/said")" "0: "

# A triple fault starts the guest anew, which ends it without what it has to say.
end="kernel panic|did not end|without a word|the end is missing"
blocks=include/tollgate/frame_blocks.h
# stubs and gates
mutant "a register is not restored" $blocks \
	's/popq	%r12$/popq	%r13/; t; s/popq	%r13$/popq	%r12/' points '^not ok .* - stub, .*r12='
mutant "SWAPGS is forgotten" $blocks '0,/^	swapgs/{/^	swapgs/d}' points "$end"
mutant "the user's stack is kept" $blocks '/mov	TG_GS\(tg_stack_top\), %rsp/d' points "$end"
mutant "forwarding changes a register" $blocks \
	's/^	jmp	tg_forward$/	xor %r10d, %r10d; jmp tg_forward/' points "^not ok .* - getpid, .* r10="
mutant "forwarding leaves CR8 high" $blocks '/TG_CALM_CR8\(%rip\), %rax/{n;d}' points \
	"quiet: over with the next system call|$end"
mutant "a gate leaves CR8 high" mod/gates.S '/%rax, %cr8/d' points "quiet: a fault ends it|$end"
mutant "stubs may be probed" mod/stubs.S 's/\.noinstr\.text/.text/' probes \
	"^not ok .* none in tg_stub_0"
# the CPU
mutant "the CPU is not checked" mod/arm.c 's/if \(cpu == a->cpu \&\& /if (/' cpus \
	"moved 2000 times|$end" "${two[@]}"
mutant "another task gets the stub" mod/arm.c \
	'/^static void tg_sched_out/,/^}/s/	tg_entry_restore\(\&a->entry\);//' calls \
	"^not ok .* (a child that is not armed|armed check calls ends well)|$end"
mutant "CSTAR is not put back" mod/switch.c '/tg_set_msr\(MSR_CSTAR, e->was.cstar\)/d' calls \
	"^not ok .* cstar was the same"
mutant "the IDT is not put back" mod/idt.c '/native_load_idt\(\&s->was\)/d' rmmod \
	"^not ok .* idtr was the same|$end"
mutant "CPU offline is not noticed" mod/watch.c 's/	tg_disarm_cpu\(.*//' offline \
	"^not ok .* the armed CPU goes offline: disarmed" "${two[@]}"
mutant "KVM is not noticed" mod/watch.c 's/tg_disarm_all\("KVM.*/;/' kvm \
	"^not ok .* loading KVM disarms" "${kvm[@]}"
# the task
mutant "exec is not noticed" mod/arm.c 's/current->mm != a->mm/!current->mm/' deaths \
	"^not ok .* exec with the file kept open: the new program is not armed"
mutant "the dead stay armed" mod/arm.c 's/a->dead = true;//' deaths \
	"^not ok .* (nothing armed, and armed again|nobody is armed)"
mutant "the owner's close is not noticed" mod/arm_file.c \
	's/if \(!iterate_fd/if (0 \&\& !iterate_fd/' deaths \
	"^not ok .* the owner's close disarms"
mutant "the last close is not noticed" mod/arm_file.c 's/	tg_arm_released\(file\);//' deaths \
	"^not ok .* another task's last close"
mutant "who is inert is armed again" mod/arm.c 's/ \&\& !a->inert//' deaths \
	"^not ok .* exec with the file kept open: the new program is not armed|$end"
mutant "two are armed" mod/arm.c '/^static int tg_make_room/,/^}/s/	if \(!a\)/	if (a || !a)/' refusals \
	"^not ok .* refused: a second|$end"
mutant "nothing holds the module" "mod/arm.c mod/arm_file.c" 's/	\.owner = THIS_MODULE,//' rmmod \
	"^not ok .* rmmod is refused|$end"
# refusals: what they keep away
mutant "PTI is not refused" mod/refuse.c '/facts \|= TG_FACT_PTI/s/facts.*/;/' \
	"EXPECT='task:page table isolation*'" "$end|^not ok .* arming is refused" --append pti=on
mutant "a tracer is not refused" mod/refuse.c '/facts \|= TG_FACT_PTRACE/s/facts.*/;/' refusals \
	"^not ok .* refused: ptrace"
mutant "a filter is not refused" mod/refuse.c '/facts \|= TG_FACT_SECCOMP/s/facts.*/;/' refusals \
	"^not ok .* refused: seccomp"
mutant "32-bit code is not refused" mod/refuse.c '/facts \|= TG_FACT_TASK32/s/facts.*/;/' compat \
	"^not ok .* a 32-bit task is refused"
# what the kernels of clouds lack
kernel=6.12-amd64
armed_guest $kernel
mutant "suspend is not noticed" mod/watch.c 's/tg_disarm_all\("suspend.*/;/' suspend \
	"^not ok .* suspend disarms"
done_testing
