/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The proof of frame.enough (frame_proof.h): all partial frames as the stubs have them, with
 * both ways back, each with RESTORE_TOP_OF_STACK and without. For SYSCALL stands a jump with
 * what it leaves in RCX and R11, for SYSRET one to RCX with RFLAGS from R11. IRETQ is itself.
 */
#define TG_RING	3
#define TG_INTRA_CALL
#define TG_PROOF

#include "../frame_proof.h"
#include <asm/unistd.h>
#include <tollgate/arm.h>
#include <tollgate/blocks_rehearsal.h>

	.set	TG_RESTORES, 0

/*
 * The body of a slow path: the registers that C keeps saved as well, and C. What follows
 * it, C says: the way back, one more, or one more behind RESTORE and FIXUP of its own. C
 * also says where the stack goes on: a child's.
 */
.macro TG_SLOW_BODY
.Lbody\@:
	sub	$TG_PT_R11, %rsp
	mov	%rbx, TG_PT_BX(%rsp)
	mov	%rbp, TG_PT_BP(%rsp)
	mov	%r12, TG_PT_R12(%rsp)
	mov	%r13, TG_PT_R13(%rsp)
	mov	%r14, TG_PT_R14(%rsp)
	mov	%r15, TG_PT_R15(%rsp)
	mov	%rsp, %rdi
	and	$-16, %rsp
	call	tgp_in_slow_path
	mov	%rdx, %rsp
	cmp	$TG_THEN_STOP, %eax
	je	.Lproof_stop
	mov	TG_PT_R15(%rsp), %r15
	mov	TG_PT_R14(%rsp), %r14
	mov	TG_PT_R13(%rsp), %r13
	mov	TG_PT_R12(%rsp), %r12
	mov	TG_PT_BP(%rsp), %rbp
	mov	TG_PT_BX(%rsp), %rbx
	add	$TG_PT_R11, %rsp
	cmp	$TG_THEN_MORE, %eax
	je	.Lbody\@
	jb	.Lback_to_user\@
	.if	TG_RESTORES
	TG_TAKE_BACK 1
	.endif
	TG_FIX_UP
	jmp	.Lbody\@
.Lback_to_user\@:
	/* IRET follows a fix-up: what RESTORE is for is SYSRET */
	.if	TG_RESTORES && IS(exit, sysret)
	TG_TAKE_BACK 1
	.endif
.endm

/* RCX and R11, which a slow path may have written; what IRET is about to load. */
.macro TG_BEFORE_IRET
	mov	TG_PART(FLAGS), %rcx
	mov	%rcx, tgp_flags(%rip)
	mov	TG_PART(CX), %rcx
	mov	TG_PART(R11), %r11
.endm

	.text
.macro TG_PROOF_CODE frame, pace, exit, reload, restores
	.set	TG_NOW, TG_ON_frame_\frame | TG_ON_pace_\pace | TG_ON_exit_\exit | \
		TG_ON_reload_\reload | TG_ON_dispatch_indirect
	.set	TG_RESTORES, \restores
	TG_SEQUENCE .Lproof_\@
	.balign	16
.Lproof_\@:
	PRIV	syscall
	TG_FRAME \@
.Lback_\@:
	jmp	.Lproof_sysret
	.pushsection .rodata.tgp_codes, "a"
	.quad	.Lproof_\@, TG_NOW, \restores
	.popsection
.endm

	.pushsection .rodata.tgp_codes, "a"
	.balign	8
	.globl	tgp_codes
tgp_codes:
	.popsection

	/* pace fixup: what RESTORE there is stands in TG_SLOW_BODY */
.macro TG_PROOF_FRAME frame, reload=inplace
	TG_PROOF_CODE \frame, fast, sysret, \reload, 0
	.irp	restores, 0, 1
	TG_PROOF_CODE \frame, fixup, sysret, \reload, \restores
	TG_PROOF_CODE \frame, fixup, iret, \reload, \restores
	.endr
.endm

	.irp	frame, partial, rsp, flags, rest, rsp_flags, rsp_rest, flags_rest, rsp_flags_rest
	TG_PROOF_FRAME \frame
	.endr
	TG_PROOF_FRAME rsp_flags, slot

	.pushsection .rodata.tgp_codes, "a"
	.globl	tgp_codes_end
tgp_codes_end:
	.popsection

/* What TG_DISPATCH calls: the system call. Behind the return address is pt_regs->r11. */
	.pushsection .rodata.tgp_calls, "a"
	.balign	8
tg_rehearsed_calls:
	.rept	TG_REHEARSED_CALLS
	.quad	.Lproof_call
	.endr
	.popsection

	.balign	16
.Lproof_call:
	lea	8 - TG_PT_R11(%rsp), %rdi
	push	%rbp
	mov	%rsp, %rbp
	and	$-16, %rsp
	call	tgp_in_call
	mov	%rbp, %rsp
	pop	%rbp
	ret

/*
 * void tgp_enter(const __u64 *in, const void *code): in: struct pt_regs of the user at
 * SYSCALL, whose flags RFLAGS are; the number is in orig_ax.
 */
	.globl	tgp_enter
	.type	tgp_enter, @function
	.balign	16
tgp_enter:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	pushfq
	mov	%rsp, .Lproof_host(%rip)
	mov	%rsi, .Lproof_entry(%rip)
	mov	%rdi, %rax
	mov	TG_PT_R15(%rax), %r15
	mov	TG_PT_R14(%rax), %r14
	mov	TG_PT_R13(%rax), %r13
	mov	TG_PT_R12(%rax), %r12
	mov	TG_PT_BP(%rax), %rbp
	mov	TG_PT_BX(%rax), %rbx
	mov	TG_PT_R10(%rax), %r10
	mov	TG_PT_R9(%rax), %r9
	mov	TG_PT_R8(%rax), %r8
	mov	TG_PT_DX(%rax), %rdx
	mov	TG_PT_SI(%rax), %rsi
	mov	TG_PT_DI(%rax), %rdi
	mov	TG_PT_SP(%rax), %rsp
	mov	TG_PT_IP(%rax), %rcx	/* as SYSCALL leaves them */
	mov	TG_PT_FLAGS(%rax), %r11
	mov	TG_PT_ORIG_AX(%rax), %rax
	cld				/* SYSCALL_MASK */
	jmp	*.Lproof_entry(%rip)

/* What SYSRET does with RCX and R11. */
.Lproof_sysret:
	mov	%r11, tgp_flags(%rip)
	mov	%rsp, tgp_user + TG_PT_SP(%rip)
	mov	.Lproof_host(%rip), %rsp
	push	%r11
	popfq
	mov	tgp_user + TG_PT_SP(%rip), %rsp
	jmp	*%rcx

/* The user again, at the address in rax; its own is in tgp_user. No flag changes. */
.Lproof_user:
	mov	%rax, tgp_user + TG_PT_IP(%rip)
	mov	%r15, tgp_user + TG_PT_R15(%rip)
	mov	%r14, tgp_user + TG_PT_R14(%rip)
	mov	%r13, tgp_user + TG_PT_R13(%rip)
	mov	%r12, tgp_user + TG_PT_R12(%rip)
	mov	%rbp, tgp_user + TG_PT_BP(%rip)
	mov	%rbx, tgp_user + TG_PT_BX(%rip)
	mov	%r11, tgp_user + TG_PT_R11(%rip)
	mov	%r10, tgp_user + TG_PT_R10(%rip)
	mov	%r9, tgp_user + TG_PT_R9(%rip)
	mov	%r8, tgp_user + TG_PT_R8(%rip)
	mov	%rcx, tgp_user + TG_PT_CX(%rip)
	mov	%rdx, tgp_user + TG_PT_DX(%rip)
	mov	%rsi, tgp_user + TG_PT_SI(%rip)
	mov	%rdi, tgp_user + TG_PT_DI(%rip)
	mov	%rsp, tgp_user + TG_PT_SP(%rip)
	mov	.Lproof_host(%rip), %rsp
	pushfq
	pop	tgp_user + TG_PT_FLAGS(%rip)
	mov	%cs, %eax
	mov	%rax, tgp_user + TG_PT_CS(%rip)
	mov	%ss, %eax
	mov	%rax, tgp_user + TG_PT_SS(%rip)
.Lproof_stop:
	mov	.Lproof_host(%rip), %rsp
	popfq
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret
	.size	tgp_enter, . - tgp_enter

/*
 * Places where the user goes on, each of jumps of two bytes in a row, as long as SYSCALL,
 * so that a call restarted comes to the one before.
 */
.macro TG_PROOF_PLACE
	.balign	64
.Lips\@:
	.set	TG_IP, 0
	.rept	TGP_IPS
	.byte	0xeb				/* JMP rel8 */
	.byte	(TGP_IPS * 2 + TG_IP * 19) - (TG_IP + 1) * 2
	.set	TG_IP, TG_IP + 1
	.endr
	.set	TG_IP, 0
	.rept	TGP_IPS
	.org	.Lips\@ + TGP_IPS * 2 + TG_IP * 19
	mov	%rax, tgp_user + TG_PT_AX(%rip)
	lea	.Lips\@ + TG_IP * 2(%rip), %rax
	jmp	.Lproof_user
	.set	TG_IP, TG_IP + 1
	.endr
	.pushsection .rodata.tgp_places, "a"
	.quad	.Lips\@ + (TGP_IPS - 1) * 2
	.popsection
.endm

	.pushsection .rodata.tgp_places, "a"
	.balign	8
	.globl	tgp_places
tgp_places:
	.popsection
	.rept	TGP_PLACES
	TG_PROOF_PLACE
	.endr

	.bss
	.balign	64
	.globl	tgp_user, tgp_flags
tgp_user:
	.skip	TG_PT_SIZE
tgp_flags:
	.skip	8
.Lproof_host:
	.skip	8
.Lproof_entry:
	.skip	8

	.section .note.GNU-stack, "", @progbits
