#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What tests/vm/5*-armed-mutants-KERNEL.t run: negative controls of arming. A module in
# which one rule of safety is broken must fail the very check that stands for that
# rule, or bring the guest down in the way that is named. Each is tollgate-mut.ko, built
# from a copy of the sources with one edit, in a guest of its own; the copy without an
# edit is the shipped module, and passes the same checks. An edit that changes nothing,
# or another symptom, is a failure. TG_ONLY=REGEX runs those whose name matches alone,
# TG_TELL=1 tells what each showed.
set -u
name=${0##*/}
cd "$(dirname -- "$0")/../.." || exit 1
. tests/tap.sh
# shellcheck source-path=SCRIPTDIR source=armed-lib.sh
. tests/vm/armed-lib.sh

kernel=${name#*-armed-mutants-}
kernel=${kernel%.t}
armed_guest "$kernel"
cp -r Kbuild mod include vm "$scratch/"
mkdir "$scratch/cache" "$scratch/kept"
cp -r mod include "$scratch/kept/"
ln -s "$(realpath "${TOLLGATE_CACHE:-.cache}")/kernels" "$scratch/cache/kernels"
two=(--smp 2 --no-icount)
limit=400 # seconds, of any guest

build()
{
	TOLLGATE_CACHE=$scratch/cache "$scratch/vm/module.sh" "$kernel" "$scratch/tollgate-mut.ko" \
		>"$scratch/said" 2>&1 && mv "$scratch/tollgate-mut.ko" "$scratch/tollgate.ko"
}

# One rule or several broken by sed, the part of the checks that shows it, and by what:
# an extended regex of one line, of failed checks, of how the guest ended, or of what
# its kernel died of.
mutant() # NAME FILES SED PARTS SYMPTOM [boot options]...
{
	local rc=0 built=0 seen words="PARTS='$4'" file

	[[ $1 =~ ${TG_ONLY:-} ]] || return 0
	[[ $4 != *=* ]] || words=$4
	for file in $2; do
		sed -Ei "$3" "$scratch/$file"
		if cmp -s "$scratch/kept/$file" "$scratch/$file"; then
			not_ok "$1: the edit changes $file"
			cp -r "$scratch/kept/"* "$scratch/"
			return
		fi
	done
	build || built=$?
	for file in $2; do
		cp "$scratch/kept/$file" "$scratch/$file"
	done
	if [[ $built -ne 0 ]]; then
		not_ok "$1: builds" "$(tail -n 5 "$scratch/said")"
		return
	fi
	armed_boot mutant "EXACT=0 $words" "" --timeout $limit "${@:6}" || rc=$?
	seen=$(cat "$scratch/said"; grep -hs '^not ok' "$where/checks.tap"
	       grep -hsoE '(BUG|Oops|RIP|general protection|PANIC|double fault|rcu):.*' \
		       "$where/console.log")
	if [[ $rc -eq 0 ]]; then
		not_ok "$1: is caught" "the guest found nothing wrong"
	elif grep -qE -- "$5" <<<"$seen"; then
		pass "$1: is caught"
	else
		not_ok "$1: is caught" "no line is like: $5" "$seen"
	fi
	[[ -z ${TG_TELL:-} ]] || sed 's/^/#   /' <<<"$seen" | head -n 12
}

text() # MODULE -> what its code is
{
	objcopy -O binary -j .noinstr.text -j .text "$1" "$scratch/text" && sha256sum <"$scratch/text"
}

whole() # NAME PARTS [boot options]...
{
	[[ $1 =~ ${TG_ONLY:-} ]] || return 0
	armed_boot whole "$2" "" --timeout $limit "${@:3}"
	is "it passes $1" "$?: $(<"$scratch/said")" "0: "
}

ok "the copy builds" build
vm/module.sh "$kernel" "$scratch/shipped.ko" || { echo "Bail out! no module"; exit 1; }
is "to the shipped module's code" "$(text "$scratch/tollgate.ko")" "$(text "$scratch/shipped.ko")"
ok "of which there is some" test -s "$scratch/text"
whole "on one CPU, its counts too" "PARTS='points calls refusals deaths cost unusual rules probes compat run lstar trace kvm rmmod'" "${kvm[@]}"
whole "on two" "EXACT=0 PARTS='points cpus calls deaths offline'" "${two[@]}"

# A triple fault starts the guest anew, which ends it without what it has to say.
died="kernel panic|without a word|no TGEND"
blocks=include/tollgate/frame_blocks.h
quiet=include/tollgate/frame_quiet.h
kinds=include/tollgate/frame_kinds.h
pieces=include/tollgate/frame_pieces.h
# stubs and gates
mutant "a register is not restored" $kinds \
	's/popq	%r12$/popq	%r13/; t; s/popq	%r13$/popq	%r12/' points '^not ok .* - stub, .*r12='
mutant "SWAPGS is forgotten" $kinds '/^\.macro TG_TO_KERNEL/,/^\.endm/{/^	PRIV	swapgs$/d}' points "$died"
mutant "the user's stack is kept" $kinds '/mov	TG_GS\(tg_stack_top\), %rsp/d' points "$died"
mutant "forwarding changes a register" $blocks \
	's/^	jmp	__SCT__tg_to_kernel$/	xor %r10d, %r10d; jmp __SCT__tg_to_kernel/' points \
	"^not ok .* - getpid, .* r10="
mutant "forwarding leaves CR8 high" $quiet '/TG_CALM_CR8\(%rip\), %rax/{n;d}' run \
	"^not ok .* run: MSRs, CR8, IDTR were"
mutant "so shootdowns hang" $quiet '/TG_CALM_CR8\(%rip\), %rax/{n;d}' cpus \
	"^not ok .* (shootdowns|cpus: MSRs, CR8, IDTR were)|rcu: .* detected stalls" "${two[@]}"
mutant "a gate leaves CR8 high" mod/gates.S '/%rax, %cr8/d' points "^not ok .* quiet: .*"
mutant "a gate is missing" mod/gates.h '/GATE\(ud,/d' points "^not ok .* quiet: .*#UD"
mutant "a stretch is forgotten" $quiet '/movl	\$0, tg_calm \+ TG_CALM_BELOW/d' run "^not ok .* runs"
mutant "SYSCALL_MASK is left open" mod/gates.S '/^	TG_CLOSE$/d' stubs \
	"^not ok .* quiet: .*|^not ok .* put back|$died"
mutant "nor is it closed anywhere" $quiet \
	'/^\.macro TG_CLOSE$/,/^\.endm/{/^\.(macro|endm)/!d}' stubs \
	"^not ok .* (SYSCALL_MASK had to be|put IF back into SYSCALL_MASK)|$died"
mutant "a call leaves it open" $quiet '/^	TG_CLOSE$/d' stubs \
	"^not ok .* SYSCALL_MASK had to be|$died"
mutant "with IF = 1 to the kernel" $quiet '/^\.Llower/,/^\.endm/{/^	cli$/d}' stubs "$died"
mutant "a stub with STI answers always" $quiet \
	's/^	TG_SET_ENTRY TG_CALM_CLOSED, TG_CALM_DOOR/	TG_SET_ENTRY TG_CALM_CLOSED, TG_CALM_INSIDE/' \
	stubs "^not ok .* behind a stretch|$died"
mutant "or before the first stretch" mod/switch.c \
	's/e->door = .*/e->door = e->stub;/' stubs "^not ok .* outside a stretch"
mutant "or behind an exception" mod/gates.S '/^	TG_CLOSE$/d' unusual \
	"^not ok .*:sti@cross, flags 1, in a stretch: what JMP"
# frames and their pieces
mutant "a fix-up spoils RIP" $kinds 's/(movq	\$-1, TG_PART\()CX/\1IP/' unusual \
	"^not ok .*:partial:slow:iret@cross, .* RFLAGS through stub"
mutant "a frame forgets a register" $kinds '/mov	%r10, TG_PART\(R10\)/d' stubs \
	"^not ok .* frame/point:partial@cross, .* r10="
mutant "a frame for IRET forgets CS" $kinds '/movq	\$TG_USER_CS, TG_PART\(CS\)/d' unusual \
	"^not ok .*:partial:slow:iret@cross, .* behind 32-bit"
mutant "RFLAGS are not filled in" $kinds '/mov	%rcx, TG_PART\(FLAGS\)$/d' stubs \
	"^not ok .*:slow:iret@cross|$died"
mutant "the stack's offset stays" $pieces '/mov	%rbx, %rsp$/d' stubs \
	"$died|kernel complained|^not ok .* (armed check stubs ends well|.*:offset@cross)"
mutant "the preemption count stays" $pieces '/decl	TG_WORD\(PREEMPT\)/d' stubs \
	"^not ok .* stubs: MSRs, CR8, IDTR were"
mutant "CLI is left out" $pieces '/IS\(cli, cli\)/,/endif/{/^	PRIV	cli$/d}' "PARTS=cost EXACT=1" \
	"^not ok .* cli is 1 more"
mutant "a rule is forgotten" include/tollgate/frame.def \
	'/^VALID\(frame, point, IS\(offset, nooffset\)/,/full alone saves/d' rules \
	"^not ok .* frame=partial offset=offset: writing 1"
mutant "stubs may be probed" mod/stubs.S 's/\.noinstr\.text/.text/' probes \
	"^not ok .* none is to probe tg_stub_0"
# the CPU
mutant "the CPU is not checked" mod/arm.c 's/if \(cpu == a->cpu \&\& /if (/' cpus \
	"^not ok .* moved 2000 times|$died" "${two[@]}"
mutant "another task gets the stub" mod/arm.c \
	'/^static void tg_sched_out/,/^}/s/	tg_entry_restore\(\&a->entry\);//' calls \
	"^not ok .* (a child that is not armed|armed check calls ends well)|$died"
mutant "LSTAR is not put back" mod/switch.c '/tg_set_msr\(MSR_LSTAR, e->was.lstar\)/d' points \
	"^not ok .* TG_DISARM disarms|$died"
mutant "CSTAR is not put back" mod/switch.c '/tg_set_msr\(MSR_CSTAR, e->was.cstar\)/d' calls \
	"^not ok .* calls: MSRs, CR8, IDTR were"
mutant "SYSENTER_CS is not put back" mod/switch.c '/MSR_IA32_SYSENTER_CS, e->was.sysenter\)/d' \
	calls "^not ok .* calls: MSRs, CR8, IDTR were"
mutant "the IDT is not put back" mod/idt.c '/native_load_idt\(\&s->was\)/d' points \
	"^not ok .* points: MSRs, CR8, IDTR were|$died"
mutant "CPU offline is not noticed" mod/watch.c 's/	tg_disarm_cpu\(.*//' offline \
	"^not ok .* the armed CPU goes offline: disarmed" "${two[@]}"
# the task
mutant "exec is not noticed" mod/arm.c 's/current->mm != a->mm/!current->mm/' deaths \
	"^not ok .* exec with the file kept open"
mutant "the dead stay armed" mod/arm.c 's/a->dead = true;//' deaths \
	"^not ok .* (nothing armed, and armed again|nobody is armed)"
mutant "the owner's close is not noticed" mod/arm_file.c \
	's/if \(!iterate_fd/if (0 \&\& !iterate_fd/' deaths "^not ok .* the owner's close disarms"
mutant "the last close is not noticed" mod/arm_file.c 's/	tg_arm_released\(file\);//' deaths \
	"^not ok .* another task's last close"
# what is inert is taken off soon, so that the mark shows only where it stays
mutant "who is inert is armed again" mod/arm.c \
	's/ \&\& !a->inert \&\& / \&\& /; s/if \(a->queued \|\| /if (1 || a->queued || /' deaths \
	"^not ok .* exec with the file kept open: the new program is not armed \(status 0x0\)"
mutant "others unregister the notifier" mod/arm.c \
	's/^	tg_queue\(a\);$/	preempt_notifier_unregister(\&a->notifier); tg_queue(a);/' deaths "$died"
mutant "a notifier unregisters itself" mod/arm.c \
	's/^		tg_queue\(a\);$/		preempt_notifier_unregister(n);/' deaths "$died"
mutant "nothing takes the notifier off" mod/arm.c 's/if \(a->queued \|\| /if (1 || a->queued || /' \
	deaths "^not ok .* exec with the file kept open: the new program is not armed \(status 0x200\)"
mutant "two are armed" mod/arm.c '/^static int tg_make_room/,/^}/s/	if \(!a\)/	if (a || !a)/' refusals \
	"^not ok .* refused: a second"
mutant "who is traced later keeps its stub" mod/arm.c \
	's/ \&\& !tg_task_observed\(current\)//' refusals \
	"^not ok .* ptrace of an armed task"
mutant "nothing holds the module" "mod/arm.c mod/arm_file.c" 's/	\.owner = THIS_MODULE,//' rmmod \
	"^not ok .* rmmod is refused|$died"
[[ $kernel == 6.12 ]] || { done_testing; exit; }

# its ENDBR makes a second way into the kernel
mutant "another's LSTAR is taken for the kernel's" mod/switch.c \
	's/e->was.lstar != tg_forward_entry\(\)/!e->was.lstar/' lstar "^not ok .* LSTAR of another's"

# refusals, which say the same on every kernel: what they keep away
refusal() # FACT PATTERN SYMPTOM [SHELL-WORDS [boot options]...]
{
	mutant "$1 is not refused" mod/refuse.c "s/(facts \\|?= ).*TG_FACT_$1;/\\10;/" \
		"${4:-} EXPECT='task:$2'" "$3" "${@:5}"
}

refused="^not ok .* arming is refused"
refusal PTI 'page table isolation*' "$died|$refused" "" --append pti=on
refusal NOHZ_FULL 'this CPU is nohz_full*' "$refused" TRY_CPU=1 --append nohz_full=1 "${two[@]}"
refusal AUDIT "*audit=0*" "$refused" "" --append audit=1
refusal EXTINT '*(ExtINT)*' "$refused" TRY_FLAGS=1 --append noapic
refusal NO_APIC 'no local APIC*' "$refused" "QUIET=none TRY_FLAGS=1" --append nolapic
mutant "a tracer is not refused" mod/refuse.c '/facts \|= TG_FACT_PTRACE/s/facts.*/;/' refusals \
	"^not ok .* refused: ptrace"
mutant "a filter is not refused" mod/refuse.c '/facts \|= TG_FACT_SECCOMP/s/facts.*/;/' refusals \
	"^not ok .* refused: seccomp"
mutant "tracepoints are not refused" mod/refuse.c '/facts \|= TG_FACT_SYSCALL_WORK/s/facts.*/;/' \
	trace "^not ok .* a tracepoint"
mutant "32-bit code is not refused" mod/refuse.c '/facts \|= TG_FACT_TASK32/s/facts.*/;/' compat \
	"^not ok .* a 32-bit task is refused"
mutant "lockdown is not refused" mod/refuse.c '/facts \|= TG_FACT_LOCKDOWN/s/facts.*/;/' lockdown \
	"^not ok .* lockdown"
mutant "KVM's load is not noticed" mod/watch.c 's/tg_disarm_all\("KVM.*/;/' kvm \
	"^not ok .* loading KVM disarms" "${kvm[@]}"
mutant "KVM is not refused" mod/refuse.c '/facts \|= TG_FACT_KVM/s/facts.*/;/' kvm \
	"^not ok .* with KVM arming is refused" "${kvm[@]}"
# a gate with a stack of its own, which later parts have: it works, and its stack is needed
sed -Ei 's/\{ \.vector = number, /&.own_stack = number == 128, /' "$scratch/mod/forward.c"
ok "a gate on the shadow's IST stack: builds" build
cp "$scratch/kept/mod/forward.c" "$scratch/mod/forward.c"
whole "with INT 0x80 on the shadow's IST stack" "PARTS='points'"
mutant "the IST stack is missing" "mod/forward.c mod/idt.c" \
	's/\{ \.vector = number, /&.own_stack = number == 128, /; s/	if \(s->stack\)/	if (0)/' points "$died"
# what the kernels of clouds lack
kernel=6.12-amd64
armed_guest $kernel
ok "for another flavour: builds" build
whole "there, where suspend can be tried" "PARTS='suspend'"
mutant "suspend is not noticed" mod/watch.c 's/tg_arm_sleep\(true\);/;/' suspend \
	"^not ok .* suspend disarms"
done_testing
